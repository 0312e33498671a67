//! A short pipe in memory in place of a network. A board does not need this file.

use core::cell::{Cell, RefCell};
use core::convert::Infallible;
use core::future::poll_fn;
use core::task::Poll;

use embedded_io_async::{ErrorType, Read, Write};

/// The capacity of one direction in bytes.
const LEN: usize = 48;

/// One direction of the pipe.
pub(crate) struct Wire {
    bytes: RefCell<([u8; LEN], usize)>,
    ended: Cell<bool>,
}

impl Wire {
    pub(crate) const fn new() -> Self {
        Self { bytes: RefCell::new(([0; LEN], 0)), ended: Cell::new(false) }
    }
}

/// One end of the pipe. Dropping it ends the direction that it writes to.
pub(crate) struct End<'w> {
    from: &'w Wire,
    to: &'w Wire,
}

impl<'w> End<'w> {
    pub(crate) fn new(from: &'w Wire, to: &'w Wire) -> Self {
        Self { from, to }
    }
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.to.ended.set(true);
    }
}

impl ErrorType for End<'_> {
    type Error = Infallible;
}

impl Read for End<'_> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Infallible> {
        poll_fn(|_| {
            let (bytes, len) = &mut *self.from.bytes.borrow_mut();
            if *len == 0 && !self.from.ended.get() {
                return Poll::Pending;
            }
            let count = buf.len().min(*len);
            buf[..count].copy_from_slice(&bytes[..count]);
            bytes.copy_within(count..*len, 0);
            *len -= count;
            Poll::Ready(Ok(count))
        })
        .await
    }
}

impl Write for End<'_> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Infallible> {
        poll_fn(|_| {
            let (bytes, len) = &mut *self.to.bytes.borrow_mut();
            let count = buf.len().min(LEN - *len);
            if count == 0 {
                return Poll::Pending;
            }
            bytes[*len..*len + count].copy_from_slice(&buf[..count]);
            *len += count;
            Poll::Ready(Ok(count))
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
