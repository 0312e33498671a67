//! Servers whose connections are a `Stream` and a `Sink`.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::{Sink, Stream};
use tokio::net::TcpStream;
use tokio_util::codec::Framed;
use wsframe::codec::{CodecError, MessageCodec};

use super::{Hub, join, publish};

/// A message type of any crate.
pub trait Message: Clone + Unpin {
    /// Returns whether this is text or binary.
    fn is_data(&self) -> bool;
}

impl Message for wsframe::Message {
    fn is_data(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Binary(_))
    }
}

impl Message for tokio_websockets::Message {
    fn is_data(&self) -> bool {
        self.is_text() || self.is_binary()
    }
}

impl Message for tokio_tungstenite::tungstenite::Message {
    fn is_data(&self) -> bool {
        self.is_text() || self.is_binary()
    }
}

impl Message for sockudo_ws::Message {
    fn is_data(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Binary(_))
    }
}

impl Message for yawc::Frame {
    fn is_data(&self) -> bool {
        matches!(self.opcode(), yawc::OpCode::Text | yawc::OpCode::Binary)
    }
}

impl Message for axum::extract::ws::Message {
    fn is_data(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Binary(_))
    }
}

/// An item of a `Stream`: a message or an error.
pub trait Received<M> {
    fn message(self) -> Option<M>;
}

impl<M, E> Received<M> for Result<M, E> {
    fn message(self) -> Option<M> {
        self.ok()
    }
}

impl Received<Self> for yawc::Frame {
    fn message(self) -> Option<Self> {
        Some(self)
    }
}

/// Echoes messages, or sends them to all connections, until the connection ends. It creates the
/// socket itself, because a future stores its arguments twice.
pub async fn serve<S, M>(socket: impl Future<Output = S>, hub: Hub<M>)
where
    S: Stream<Item: Received<M>> + Sink<M> + Unpin,
    M: Message,
{
    let mut socket = socket.await;
    let mut queue = join(&hub);
    let mut held = None;
    let mut unflushed = false;
    poll_fn(|cx| {
        loop {
            let mut sink = Pin::new(&mut socket);
            if held.is_none()
                && let Some(queue) = &mut queue
                && let Poll::Ready(message) = queue.poll_recv(cx)
            {
                held = message;
            }
            if held.is_some() {
                if ready!(sink.as_mut().poll_ready(cx)).is_err() {
                    return Poll::Ready(());
                }
                let sent = held.take().map(|message| sink.as_mut().start_send(message));
                if sent.is_some_and(|sent| sent.is_err()) {
                    return Poll::Ready(());
                }
                unflushed = true;
                if hub.is_some() {
                    continue;
                }
            }
            match sink.as_mut().poll_next(cx).map(|next| next.and_then(Received::message)) {
                Poll::Ready(Some(message)) if message.is_data() => match &hub {
                    Some(_) => publish(&hub, &message),
                    None => held = Some(message),
                },
                // The reply to a Ping is flushed with the next messages, or alone.
                Poll::Ready(Some(_)) => unflushed = true,
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => {
                    if unflushed {
                        unflushed = sink.poll_flush(cx).is_pending();
                    }
                    return Poll::Pending;
                }
            }
        }
    })
    .await;
}

/// A socket that flushes queued messages whenever it is polled for a message. So it is polled until
/// it has no more messages, and then all of them are returned.
pub struct Draining<S: Stream> {
    socket: S,
    received: VecDeque<Option<S::Item>>,
}

impl<S: Stream> Draining<S> {
    /// The greatest number of messages that are received before any is returned.
    const MAX: usize = 1024;

    pub const fn new(socket: S) -> Self {
        Self { socket, received: VecDeque::new() }
    }
}

impl<S: Stream<Item: Unpin> + Unpin> Stream for Draining<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let Self { socket, received } = &mut *self;
        if received.is_empty() {
            while received.len() < Self::MAX
                && let Poll::Ready(next) = Pin::new(&mut *socket).poll_next(cx)
            {
                let ends = next.is_none();
                received.push_back(next);
                if ends {
                    break;
                }
            }
        }
        received.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}

impl<S: Stream<Item: Unpin> + Sink<M> + Unpin, M> Sink<M> for Draining<S> {
    type Error = S::Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Pin::new(&mut self.socket).poll_ready(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, item: M) -> Result<(), S::Error> {
        Pin::new(&mut self.socket).start_send(item)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Pin::new(&mut self.socket).poll_close(cx)
    }
}

/// `Framed` with wsframe's codec, which does not answer Pings. This type does.
pub struct Replying(pub Framed<TcpStream, MessageCodec>);

impl Stream for Replying {
    type Item = Result<wsframe::Message, CodecError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(Pin::new(&mut self.0).poll_next(cx));
        if let Some(Ok(wsframe::Message::Ping(data))) = &next {
            let pong = wsframe::Message::Pong(data.clone());
            if let Err(error) = Pin::new(&mut self.0).start_send(pong) {
                return Poll::Ready(Some(Err(error)));
            }
        }
        Poll::Ready(next)
    }
}

impl Sink<wsframe::Message> for Replying {
    type Error = CodecError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), CodecError>> {
        Pin::new(&mut self.0).poll_ready(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, item: wsframe::Message) -> Result<(), CodecError> {
        Pin::new(&mut self.0).start_send(item)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), CodecError>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), CodecError>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}
