//! AArch64: NEON. A build without NEON uses `words`.

mod neon;

use super::Backend;

pub(super) static BACKENDS: &[Backend] = &[neon::BACKEND];

super::only_backend!(neon::BACKEND);
