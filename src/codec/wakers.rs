//! Two tasks that wait for one transport to take bytes.
//!
//! A stream that was split into its halves is polled by two tasks, and both write: one what it sends, the
//! other replies to what it reads. But a transport remembers only the task that asked last. So it is always
//! given the same waker, which wakes both.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::task::Waker;
use std::sync::{Mutex, PoisonError};

/// The tasks that wait.
#[derive(Debug, Default)]
pub(super) struct Wakers {
    reader: Mutex<Option<Waker>>,
    writer: Mutex<Option<Waker>>,
}

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Reader,
    Writer,
}

impl Wakers {
    /// Remembers a task.
    pub(super) fn register(&self, side: Side, waker: &Waker) {
        let slot = match side {
            Side::Reader => &self.reader,
            Side::Writer => &self.writer,
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *slot {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        for slot in [&self.reader, &self.writer] {
            let waker = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}
