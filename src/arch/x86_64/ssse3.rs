//! SSSE3: the first x86 instruction set that looks up 16 bytes at once.

use crate::arch::Backend;
use crate::arch::lookup::kernels_16;
use crate::arch::words::mask::masking_kernels;

use super::{backend, vector_128};

cpufeatures::new!(detected, "ssse3");

backend!("ssse3");

vector_128!("ssse3");
kernels_16!("ssse3");
masking_kernels!("ssse3");
