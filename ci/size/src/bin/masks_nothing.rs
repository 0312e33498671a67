//! The program `masks` without masking.

use std::hint::black_box;

fn main() {
    let mut payload = [0; 1000];
    black_box((black_box(&mut payload), black_box([1, 2, 3, 4])));
    black_box(&payload);
}
