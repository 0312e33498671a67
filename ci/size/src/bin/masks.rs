//! A program that only masks.

use std::hint::black_box;

fn main() {
    let mut payload = [0; 1000];
    wsframe::mask::apply(black_box(&mut payload), black_box([1, 2, 3, 4]));
    black_box(&payload);
}
