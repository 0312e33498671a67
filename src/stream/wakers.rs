//! The waker that the transport is polled with.
//!
//! Both halves of a split stream write: one sends messages, the other sends replies. Some transports
//! also write while they are read from. But a transport remembers only the waker of its last poll,
//! so the task that polled before would not be woken. Therefore every poll of the transport gets one
//! shared waker, which wakes both tasks.
//!
//! A stream that only one task polls does not need this. It passes on that task's waker until
//! another one appears.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::task::Waker;

use atomic_waker::AtomicWaker;

/// The half that polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Reader,
    Writer,
}

/// The wakers of the tasks that poll a stream.
#[derive(Debug, Default)]
pub(super) enum Wakers {
    /// No task has polled yet.
    #[default]
    None,
    /// All polls so far had a waker of this task.
    One(Waker),
    /// Polls had wakers of different tasks. The transport gets the second field, which wakes the
    /// tasks in the first.
    Shared(Arc<Tasks>, Waker),
}

#[derive(Debug, Default)]
pub(super) struct Tasks {
    reader: AtomicWaker,
    writer: AtomicWaker,
}

impl Wakers {
    /// Returns the waker to poll the transport with, for a poll of this half with `waker`.
    ///
    /// Must be called before the transport is polled, so that no wake-up is lost in between.
    pub(super) fn register<'w>(&'w mut self, side: Side, waker: &'w Waker) -> &'w Waker {
        match self {
            Self::None => *self = Self::One(waker.clone()),
            Self::One(known) if known.will_wake(waker) => {}
            Self::One(known) => {
                // The transport still has this task's own waker, for reading, writing or both. The
                // next poll replaces it by the shared waker, which must therefore wake this task
                // too.
                let tasks = Tasks::default();
                tasks.reader.register(known);
                tasks.writer.register(known);
                let tasks = Arc::new(tasks);
                *self = Self::Shared(Arc::clone(&tasks), Waker::from(tasks));
            }
            Self::Shared(..) => {}
        }
        match self {
            Self::Shared(tasks, shared) => {
                match side {
                    Side::Reader => tasks.reader.register(waker),
                    Side::Writer => tasks.writer.register(waker),
                }
                shared
            }
            _ => waker,
        }
    }

    /// Wakes the tasks of both halves after a change of state that the transport does not report to
    /// them.
    pub(super) fn wake(&self) {
        if let Self::Shared(_, shared) = self {
            shared.wake_by_ref();
        }
    }
}

impl Wake for Tasks {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.reader.wake();
        self.writer.wake();
    }
}
