//! Reads one byte past a slice, as a kernel with a wrong tail would.

use std::hint::black_box;

fn main() {
    let bytes = black_box(vec![1u8; 64]);
    // SAFETY: none. That is the planted bug.
    let past = unsafe { bytes.as_ptr().add(black_box(64)).read_volatile() };
    println!("{past}");
}
