//! Kernels for any machine, on words of eight bytes, in safe code.

pub(super) mod mask;
pub(crate) mod utf8;

use super::Backend;

pub(super) const BACKEND: Backend = Backend {
    name: "words",
    is_available: || true,
    mask: mask::mask,
    mask_copy: mask::mask_copy,
    validate: utf8::validate,
    unmask_validate: utf8::unmask_validate,
};
