//! AArch64: NEON, which every build for it may use.

mod neon;

use super::Backend;

pub(super) static BACKENDS: &[Backend] = &[neon::BACKEND];

/// Writes the function that calls the one kernel of an operation.
macro_rules! kernel {
    ($operation:ident($($arg:ident: $type:ty),+) $(-> $result:ty)?) => {
        #[inline(always)]
        pub(super) fn $operation($($arg: $type),+) $(-> $result)? {
            (const { neon::BACKEND.$operation })($($arg),+)
        }
    };
}

kernel!(mask(bytes: &mut [u8], key: u32));
kernel!(mask_copy(from: &[u8], to: &mut [u8], key: u32));
kernel!(validate(bytes: &[u8], state: u32) -> u32);
kernel!(unmask_validate(bytes: &mut [u8], key: u32, state: u32) -> u32);
