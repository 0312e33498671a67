//! SSSE3: vectors of 16 bytes. It is the first x86 instruction set that looks up 16 bytes at once.

use crate::arch::Backend;
use crate::arch::lookup::kernels_16;
use crate::arch::masking::{long_masking_kernels, masking_kernels, short_masking_kernels};

use super::backend;
use super::vectors::vector_128;

cpufeatures::new!(detected, "ssse3");

backend!("ssse3");

vector_128!("ssse3");
kernels_16!("ssse3");
masking_kernels!("ssse3", self);
short_masking_kernels!("ssse3");
long_masking_kernels!("ssse3");
