//! A timer that is allocated only while it runs.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::task::Context;
use core::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// A periodic timer. It starts at its first poll, because creating it panics outside of a runtime
/// with time enabled.
#[derive(Debug)]
pub(super) struct Timer {
    period: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// Creates a timer with this period, which is at least one millisecond.
    pub(super) fn new(period: Duration) -> Self {
        Self { period: period.max(Duration::from_millis(1)), sleep: None }
    }

    pub(super) const fn is_running(&self) -> bool {
        self.sleep.is_some()
    }

    pub(super) fn stop(&mut self) {
        self.sleep = None;
    }

    /// Returns whether the period is over. If so, begins the next one; otherwise the task is woken at
    /// its end.
    pub(super) fn poll_tick(&mut self, cx: &mut Context<'_>) -> bool {
        let running = self.sleep.get_or_insert_with(|| Box::pin(sleep(self.period)));
        if running.as_mut().poll(cx).is_pending() {
            return false;
        }
        running.as_mut().reset(Instant::now() + self.period);
        let _ = running.as_mut().poll(cx); // so that it wakes this task
        true
    }
}
