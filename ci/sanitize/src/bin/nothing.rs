//! The other programs without their bugs. A tool must find nothing in it.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

static SHARED: AtomicU64 = AtomicU64::new(0);

fn main() {
    let bytes = black_box(vec![1u8; 64]);
    // SAFETY: the last byte of 64.
    let last = unsafe { bytes.as_ptr().add(black_box(63)).read_volatile() };
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| SHARED.fetch_add(u64::from(last), Ordering::Relaxed));
        }
    });
    println!("{}", SHARED.load(Ordering::Relaxed));
}
