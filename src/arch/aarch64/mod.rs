//! AArch64: NEON, which every build for it may use.

mod neon;

use super::Backend;

pub(super) static BACKENDS: &[Backend] = &[neon::BACKEND];

super::only_backend!(neon::BACKEND);
