//! The I/O of the programs without an operating system: a peripheral that receives and sends single
//! bytes.

#![no_std]

use core::panic::PanicInfo;

/// The greatest number of payload bytes that are read at once.
pub const BUFFER_LEN: usize = 512;

const DATA: *mut u8 = 0x4000_0000 as *mut u8;

/// Waits until the buffer is filled.
#[inline(never)]
pub fn receive(buf: &mut [u8]) {
    for byte in buf {
        // SAFETY: the address is a register's, by the definition of this device.
        *byte = unsafe { DATA.read_volatile() };
    }
}

/// Sends all bytes.
#[inline(never)]
pub fn send(bytes: &[u8]) {
    for byte in bytes {
        // SAFETY: the address is a register's, by the definition of this device.
        unsafe { DATA.write_volatile(*byte) };
    }
}

/// Ends the program.
pub fn halt() -> ! {
    loop {
        core::hint::spin_loop();
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    halt()
}
