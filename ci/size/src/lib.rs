//! What the programs without an operating system have in common: a peripheral that a peer's bytes come from
//! and go to, one at a time.

#![no_std]

use core::panic::PanicInfo;

/// The longest piece of a payload that is read at once.
pub const BUFFER_LEN: usize = 512;

const DATA: *mut u8 = 0x4000_0000 as *mut u8;

/// Fills the buffer, and waits for that.
#[inline(never)]
pub fn receive(buf: &mut [u8]) {
    for byte in buf {
        // SAFETY: the address is a register's, by the definition of this device.
        *byte = unsafe { DATA.read_volatile() };
    }
}

/// Sends all of the bytes.
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
