//! Pings that detect a peer that no longer responds.

use core::task::Context;
use core::time::Duration;

use super::timer::Timer;

/// The timer of the Pings. Traffic sets a flag only; it does not restart the timer.
#[derive(Debug)]
pub(super) struct KeepAlive {
    timer: Timer,
    /// Whether a Ping was sent, and nothing has arrived since.
    is_waiting: bool,
}

/// What the caller must do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Ping,
    /// The last Ping was not answered.
    Failure,
}

impl KeepAlive {
    pub(super) fn new(interval: Duration) -> Self {
        Self { timer: Timer::new(interval), is_waiting: false }
    }

    /// Notes that something has arrived.
    pub(super) const fn note(&mut self) {
        self.is_waiting = false;
    }

    /// Returns what is due. Must be called only after a read has found nothing: bytes that have
    /// arrived count as traffic, even if this task runs late.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Due {
        if !self.timer.poll_tick(cx) {
            return Due::Nothing;
        }
        if self.is_waiting {
            return Due::Failure;
        }
        self.is_waiting = true;
        Due::Ping
    }
}
