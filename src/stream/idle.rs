//! The time after which an idle stream gives its buffers back.

use core::task::Context;
use core::time::Duration;

use super::timer::Timer;

/// A timer that is not set again for each message: traffic only sets a flag, and the timer looks at
/// it when it fires. So a stream is idle for once to twice the time when it is found to be.
#[derive(Debug)]
pub(super) struct IdleTimer {
    /// Runs while the stream may hold buffers.
    timer: Timer,
    /// Whether there was traffic since the timer was set.
    was_used: bool,
}

impl IdleTimer {
    pub(super) fn new(after: Duration) -> Self {
        Self { timer: Timer::new(after), was_used: false }
    }

    /// Notes that there was traffic. Returns whether the timer has to be polled, because it does
    /// not run.
    pub(super) const fn note(&mut self) -> bool {
        let was_idle = !self.timer.is_running() && !self.was_used;
        self.was_used = true;
        was_idle
    }

    /// Returns whether the buffers must be given back now. Otherwise the task is woken when that is
    /// next to be asked; not at all if there was no traffic since they were.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.timer.is_running() {
            if !self.was_used {
                return false;
            }
            self.was_used = false;
        }
        if !self.timer.poll_tick(cx) {
            return false;
        }
        let is_idle = !self.was_used;
        if is_idle {
            self.timer.stop();
        }
        self.was_used = false;
        is_idle
    }
}
