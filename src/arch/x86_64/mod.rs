//! x86-64: SSSE3, AVX2 and AVX-512. (Every x86-64 has SSE2, which the compiler uses for `words`.)

#[cfg(not(wsframe_backend = "ssse3"))]
mod avx2;
#[cfg(not(any(wsframe_backend = "ssse3", wsframe_backend = "avx2")))]
mod avx512;
mod ssse3;
mod vectors;

use core::mem::transmute;
use core::sync::atomic::{AtomicPtr, Ordering};

use super::{Backend, words};

/// The backends of this architecture, fastest first.
pub(super) static BACKENDS: &[Backend] = &[
    #[cfg(not(any(wsframe_backend = "ssse3", wsframe_backend = "avx2")))]
    avx512::BACKEND,
    #[cfg(not(wsframe_backend = "ssse3"))]
    avx2::BACKEND,
    ssse3::BACKEND,
];

/// Writes the function that calls the best kernel of one operation.
///
/// Each operation has a pointer of its own, so that a program which only masks links no UTF-8
/// kernel. At first the pointer is to a function that finds the best kernel, stores it and calls
/// it. So no call checks whether a kernel was found already.
macro_rules! dispatched {
    ($operation:ident($($arg:ident: $type:ty),+) $(-> $result:ty)?) => {
        #[inline(always)]
        pub(super) fn $operation($($arg: $type),+) $(-> $result)? {
            type Kernel = fn($($type),+) $(-> $result)?;

            static CHOSEN: AtomicPtr<()> = AtomicPtr::new(choose as Kernel as *mut ());

            #[cold]
            fn choose($($arg: $type),+) $(-> $result)? {
                let kernel = best();
                CHOSEN.store(kernel as *mut (), Ordering::Relaxed);
                kernel($($arg),+)
            }

            // The `const` blocks keep the tables, which refer to all four kernels, from being
            // linked.
            #[inline(always)]
            fn best() -> Kernel {
                #[cfg(not(any(wsframe_backend = "ssse3", wsframe_backend = "avx2")))]
                if avx512::is_available() {
                    return const { avx512::BACKEND.$operation };
                }
                #[cfg(not(wsframe_backend = "ssse3"))]
                if avx2::is_available() {
                    return const { avx2::BACKEND.$operation };
                }
                if ssse3::is_available() {
                    return const { ssse3::BACKEND.$operation };
                }
                const { words::BACKEND.$operation }
            }

            if BEST_IS_PROMISED {
                return best()($($arg),+);
            }
            let chosen = CHOSEN.load(Ordering::Relaxed);
            // SAFETY: `CHOSEN` is only ever `choose` or a result of `best`, and both are of this
            // type. No other memory is published with the pointer, so no ordering is needed.
            let kernel = unsafe { transmute::<*mut (), Kernel>(chosen) };
            kernel($($arg),+)
        }
    };
}

dispatched!(mask(bytes: &mut [u8], key: u32));
dispatched!(mask_copy(from: &[u8], to: &mut [u8], key: u32));
dispatched!(validate(bytes: &[u8], state: u32) -> u32);
dispatched!(unmask_validate(bytes: &mut [u8], key: u32, state: u32) -> u32);

/// Whether the build's target features include those of the best backend. Then nothing must be
/// detected at run time.
const BEST_IS_PROMISED: bool = cfg!(any(
    all(
        target_feature = "avx512f",
        target_feature = "avx512bw",
        target_feature = "avx512vl",
        target_feature = "avx512vbmi",
        target_feature = "bmi1",
        target_feature = "bmi2",
        not(any(wsframe_backend = "ssse3", wsframe_backend = "avx2"))
    ),
    all(
        target_feature = "avx2",
        target_feature = "bmi1",
        target_feature = "bmi2",
        wsframe_backend = "avx2"
    )
));

/// Writes the table of an instruction set, with the four functions in scope that have its features.
macro_rules! backend {
    ($name:literal) => {
        #[inline(always)]
        pub(super) fn is_available() -> bool {
            detected::get()
        }

        pub(super) const BACKEND: Backend = Backend {
            name: $name,
            is_available,
            // A closure in place of the cast could not inline the kernel, so it would add a call.
            // SAFETY: the two types of pointers differ only in whether the call is safe. It is safe
            // on a machine that has the features. Only `available` and `dispatched` give access to
            // a kernel, and only after `is_available` has returned `true`.
            mask: unsafe {
                core::mem::transmute::<unsafe fn(&mut [u8], u32), fn(&mut [u8], u32)>(mask)
            },
            // SAFETY: as above.
            mask_copy: unsafe {
                core::mem::transmute::<unsafe fn(&[u8], &mut [u8], u32), fn(&[u8], &mut [u8], u32)>(
                    mask_copy,
                )
            },
            // SAFETY: as above.
            validate: unsafe {
                core::mem::transmute::<unsafe fn(&[u8], u32) -> u32, fn(&[u8], u32) -> u32>(
                    validate,
                )
            },
            // SAFETY: as above.
            unmask_validate: unsafe {
                core::mem::transmute::<
                    unsafe fn(&mut [u8], u32, u32) -> u32,
                    fn(&mut [u8], u32, u32) -> u32,
                >(unmask_validate)
            },
        };
    };
}

use backend;
