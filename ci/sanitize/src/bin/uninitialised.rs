//! Branches on an uninitialised byte.

use std::alloc::{Layout, alloc};
use std::hint::black_box;

fn main() {
    // SAFETY: the layout is not empty. Reading the byte is the planted bug.
    let byte = unsafe {
        let bytes = alloc(Layout::new::<[u8; 64]>());
        black_box(bytes).add(black_box(5)).read_volatile()
    };
    if byte > 7 {
        println!("large");
    }
}
