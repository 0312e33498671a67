//! One trait for blocking and for polled I/O.

use core::task::Poll;
use std::io::{ErrorKind, Read, Result, Write};

/// A way to read from `T` and to write to it.
pub(super) trait Io<T> {
    fn read(&mut self, io: &mut T, buf: &mut [u8]) -> Poll<Result<usize>>;
    fn write(&mut self, io: &mut T, bytes: &[u8]) -> Poll<Result<usize>>;
    fn flush(&mut self, io: &mut T) -> Poll<Result<()>>;
}

/// Blocking I/O, which is never pending.
pub(super) struct Blocking;

impl<T: Read + Write> Io<T> for Blocking {
    fn read(&mut self, io: &mut T, buf: &mut [u8]) -> Poll<Result<usize>> {
        Poll::Ready(uninterrupted(|| io.read(buf)))
    }

    fn write(&mut self, io: &mut T, bytes: &[u8]) -> Poll<Result<usize>> {
        Poll::Ready(uninterrupted(|| io.write(bytes)))
    }

    fn flush(&mut self, io: &mut T) -> Poll<Result<()>> {
        Poll::Ready(uninterrupted(|| io.flush()))
    }
}

pub(crate) fn uninterrupted<R>(mut call: impl FnMut() -> Result<R>) -> Result<R> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Returns the result of blocking I/O.
pub(super) fn block<R>(polled: Poll<Result<R>>) -> Result<R> {
    match polled {
        Poll::Ready(result) => result,
        Poll::Pending => Err(ErrorKind::WouldBlock.into()),
    }
}

/// I/O that is polled for the task of this context.
#[cfg(feature = "tokio")]
pub(super) struct Async<'a, 'b>(pub(super) &'a mut core::task::Context<'b>);

#[cfg(feature = "tokio")]
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin> Io<T> for Async<'_, '_> {
    fn read(&mut self, io: &mut T, buf: &mut [u8]) -> Poll<Result<usize>> {
        let mut buf = tokio::io::ReadBuf::new(buf);
        let polled = core::pin::Pin::new(io).poll_read(self.0, &mut buf);
        polled.map_ok(|()| buf.filled().len())
    }

    fn write(&mut self, io: &mut T, bytes: &[u8]) -> Poll<Result<usize>> {
        core::pin::Pin::new(io).poll_write(self.0, bytes)
    }

    fn flush(&mut self, io: &mut T) -> Poll<Result<()>> {
        core::pin::Pin::new(io).poll_flush(self.0)
    }
}
