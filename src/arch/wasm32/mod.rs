//! WebAssembly: simd128. Whether it is available is known at compile time.

mod simd128;

use super::Backend;

pub(super) static BACKENDS: &[Backend] = &[simd128::BACKEND];

super::only_backend!(simd128::BACKEND);
