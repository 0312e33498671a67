use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use futures_util::{FutureExt, SinkExt};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use yawc::{CompressionLevel, Frame, Options, Role, WebSocket};

use super::LEVEL;
use super::messages::Messages;

pub fn messages(takeover: bool) -> impl FnMut(&mut Messages) {
    let pipe = Pipe::default();
    let mut server = socket(pipe.clone(), Role::Server, takeover);
    let mut client = socket(pipe.clone(), Role::Client, takeover);
    move |messages| {
        messages.each(|message, done| {
            let frame = Frame::text(message.to_vec());
            server.send(frame).now_or_never().expect("there is room").expect("no error");
            let len = pipe.0.lock().expect("one thread").len();
            let frame = client.next_frame().now_or_never().expect("it is there").expect("no error");
            // The length of the header must be subtracted. A server's has no masking key.
            let header = if len < 128 { 2 } else { 4 };
            done(len - header, frame.payload());
        });
    }
}

fn socket(io: Pipe, role: Role, takeover: bool) -> WebSocket<Pipe> {
    let extensions = if takeover {
        "permessage-deflate"
    } else {
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    };
    let options = Options::default()
        .with_utf8()
        .with_compression_level(CompressionLevel::new(LEVEL.into()))
        .with_compression_threshold(0);
    WebSocket::from_stream_with_extensions(io, role, Some(extensions), options)
        .expect("right extensions")
}

/// The bytes that the server has written and the client has not read.
#[derive(Clone, Default)]
struct Pipe(Arc<Mutex<BytesMut>>);

impl AsyncRead for Pipe {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut bytes = self.0.lock().expect("one thread");
        if bytes.is_empty() {
            return Poll::Pending;
        }
        let len = bytes.len().min(buf.remaining());
        buf.put_slice(&bytes[..len]);
        bytes.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        written: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.lock().expect("one thread").extend_from_slice(written);
        Poll::Ready(Ok(written.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
