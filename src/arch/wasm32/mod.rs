//! WebAssembly: simd128, which a build has or has not; there is nothing to find out at run time.

mod simd128;

use super::Backend;

pub(super) static BACKENDS: &[Backend] = &[simd128::BACKEND];

super::only_backend!(simd128::BACKEND);
