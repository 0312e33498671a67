//! The timer after which an idle stream frees its buffers.

use core::task::Context;
use core::time::Duration;

use super::timer::Timer;

/// The timer of an idle stream. Traffic sets a flag, which the timer checks when it fires, so no
/// message restarts the timer. A stream has then been idle for once to twice the time.
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

    /// Records traffic. Returns whether the timer must be polled, because it is not running.
    pub(super) const fn note(&mut self) -> bool {
        let was_idle = !self.timer.is_running() && !self.was_used;
        self.was_used = true;
        was_idle
    }

    /// Returns whether to free the buffers now. Otherwise the task is woken when to ask again, unless
    /// there was no traffic since they were freed.
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
