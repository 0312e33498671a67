//! The time after which an idle stream gives its buffers back.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// A timer that is not set again for each message: traffic only sets a flag, and the timer looks at
/// it when it fires. So a stream is idle for once to twice the time when it is found to be.
#[derive(Debug)]
pub(super) struct IdleTimer {
    after: Duration,
    /// Whether there was traffic since the timer was set.
    was_used: bool,
    /// Runs while the stream may hold buffers.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl IdleTimer {
    pub(super) const fn new(after: Duration) -> Self {
        Self { after, was_used: false, sleep: None }
    }

    /// Notes that there was traffic. Returns whether the timer has to be polled, because it does
    /// not run.
    pub(super) const fn note(&mut self) -> bool {
        let was_idle = self.sleep.is_none() && !self.was_used;
        self.was_used = true;
        was_idle
    }

    /// Returns whether the buffers must be given back now. Otherwise the task is woken when that is
    /// next to be asked; not at all if there was no traffic since they were.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        if self.sleep.is_none() && !self.was_used {
            return false;
        }
        let running = self.sleep.get_or_insert_with(|| {
            self.was_used = false;
            Box::pin(sleep(self.after))
        });
        while let Poll::Ready(()) = running.as_mut().poll(cx) {
            if !self.was_used {
                self.sleep = None;
                return true;
            }
            self.was_used = false;
            running.as_mut().reset(Instant::now() + self.after);
        }
        false
    }
}
