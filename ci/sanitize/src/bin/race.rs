//! Two threads write a number without synchronisation.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;

static mut SHARED: u64 = 0;

fn main() {
    let together = Barrier::new(2);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                together.wait();
                for _ in 0..1000 {
                    // SAFETY: none. That is the planted bug.
                    unsafe { SHARED += black_box(1) };
                }
            });
        }
    });
    // SAFETY: both threads have ended.
    println!("{}", unsafe { SHARED });
}
