//! Opening a connection over tokio's I/O.

use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::time::Duration;
use std::io;

use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::io::poll_read_buf;

use super::WebSocketStream;
use crate::handshake::{HandshakeError, HandshakeRequest, HttpReply, Options};
use crate::opening::{ClientOpening, Opened, READ_LEN, ReceivedRequest, RequestReader};
use crate::{Connection, ThreadKeys};

/// Accepts a connection: reads the client's request, checks it, and responds (RFC 6455 §4.2).
///
/// To decide on the request first, call [`accept_request`]. Over TLS, `io` is the TLS stream.
///
/// # Errors
///
/// A [`HandshakeError`]. If the request was rejected, the response that says why was written.
///
/// # Panics
///
/// Panics if the options have a time limit, and the runtime has no time enabled.
///
/// ```
/// use core::time::Duration;
/// use futures_util::{SinkExt, StreamExt};
/// use tokio::net::TcpStream;
/// use wsframe::handshake::Options;
/// use wsframe::stream;
///
/// async fn echo(socket: TcpStream) -> Result<(), Box<dyn std::error::Error>> {
///     let options = Options::new().handshake_timeout(Duration::from_secs(10));
///     let mut stream = stream::accept(socket, &options).await?;
///     while let Some(message) = stream.next().await {
///         let message = message?;
///         if message.is_text() || message.is_binary() {
///             stream.feed(message).await?;
///         }
///     }
///     Ok(())
/// }
/// ```
#[doc(alias = "accept_async")]
#[doc(alias = "accept_hdr_async")]
pub async fn accept<T>(io: T, options: &Options) -> Result<WebSocketStream<T>, HandshakeError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let accepting = async {
        let request = read_request(io, options).await?;
        request.respond(options).await
    };
    within(options.handshake_timeout, accepting).await
}

/// Reads and validates a client's request, which the caller then accepts or rejects.
///
/// Nothing is sent before the caller's decision, which may take time. A request that breaks a rule
/// is rejected immediately. To set a time limit, call [`accept_request_with`].
///
/// # Errors
///
/// A [`HandshakeError`]. If the request was rejected, the response that says why was written.
///
/// ```
/// use tokio::net::TcpStream;
/// use wsframe::handshake::{HandshakeError, HttpReply, Options};
/// use wsframe::stream::{self, WebSocketStream};
///
/// async fn authenticate(
///     socket: TcpStream,
///     options: &Options,
/// ) -> Result<Option<WebSocketStream<TcpStream>>, HandshakeError> {
///     let request = stream::accept_request(socket).await?;
///     if request.request().header("Authorization") == Some(b"Bearer 7") {
///         return Ok(Some(request.accept(options).await?));
///     }
///     let challenge = [("WWW-Authenticate", "Bearer")];
///     request.reject(HttpReply::new(401, "who are you?").headers(&challenge)).await?;
///     Ok(None)
/// }
/// ```
#[doc(alias = "accept_hdr_async")]
pub async fn accept_request<T>(io: T) -> Result<AcceptRequest<T>, HandshakeError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    accept_request_with(io, &Options::new()).await
}

/// Reads and validates a client's request, as [`accept_request`] does, with the time limit, the
/// [`max_head_len`](Options::max_head_len) and the [rules](Options::handshake_rules) of these
/// options.
///
/// # Errors
///
/// A [`HandshakeError`]. If the request was rejected, the response that says why was written.
///
/// # Panics
///
/// Panics if the options have a time limit, and the runtime has no time enabled.
///
/// ```
/// use core::time::Duration;
/// use tokio::net::TcpStream;
/// use wsframe::handshake::{HandshakeError, Options};
/// use wsframe::stream::{self, AcceptRequest};
///
/// async fn request(socket: TcpStream) -> Result<AcceptRequest<TcpStream>, HandshakeError> {
///     let options = Options::new().handshake_timeout(Duration::from_secs(10));
///     stream::accept_request_with(socket, &options).await
/// }
/// # let _ = request;
/// ```
pub async fn accept_request_with<T>(
    io: T,
    options: &Options,
) -> Result<AcceptRequest<T>, HandshakeError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    within(options.handshake_timeout, read_request(io, options)).await
}

async fn read_request<T>(mut io: T, options: &Options) -> Result<AcceptRequest<T>, HandshakeError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut reader = RequestReader::new(options);
    loop {
        match reader.poll() {
            Ok(Some(received)) => return Ok(AcceptRequest { io, received }),
            Ok(None) => {}
            Err(rejection) => {
                reply(&mut io, rejection.reply()).await?;
                return Err(rejection.into());
            }
        }
        if read(&mut io, &mut reader.input).await? == 0 {
            return Err(HandshakeError::eof());
        }
    }
}

/// A client's request that was not answered yet. Accept it or reject it.
///
/// [`accept_request`] returns it. Dropping it drops the transport, and the client gets no response.
///
/// ```
/// use wsframe::stream::AcceptRequest;
///
/// /// Returns whether the client asks for the news.
/// fn wants_news<T>(request: &AcceptRequest<T>) -> bool {
///     request.request().path() == "/news"
/// }
/// # let _ = wants_news::<tokio::net::TcpStream>;
/// ```
#[derive(Debug)]
#[must_use = "the client waits for a response"]
pub struct AcceptRequest<T> {
    io: T,
    received: ReceivedRequest,
}

impl<T> AcceptRequest<T> {
    /// Returns the request: its path, origin, subprotocols and header fields.
    #[must_use]
    pub fn request(&self) -> HandshakeRequest<'_> {
        self.received.request()
    }

    /// Returns the transport, for example to get the client's address.
    #[must_use]
    pub const fn get_ref(&self) -> &T {
        &self.io
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AcceptRequest<T> {
    /// Writes the response that accepts the request, and returns the stream.
    ///
    /// # Errors
    ///
    /// A [`HandshakeError`]. It is [`Rejected`](HandshakeError::Rejected) if the options do not
    /// allow the origin; a response with the reason was written.
    ///
    /// # Panics
    ///
    /// Panics if the options have a time limit, and the runtime has no time enabled.
    pub async fn accept(self, options: &Options) -> Result<WebSocketStream<T>, HandshakeError> {
        within(options.handshake_timeout, self.respond(options)).await
    }

    async fn respond(self, options: &Options) -> Result<WebSocketStream<T>, HandshakeError> {
        let Self { mut io, received } = self;
        match received.accept(options) {
            Ok((response, opened)) => {
                write(&mut io, response.as_bytes()).await?;
                Ok(open(io, Connection::server(), opened, options))
            }
            Err(HandshakeError::Rejected(rejection)) => {
                reply(&mut io, rejection.reply()).await?;
                Err(rejection.into())
            }
            Err(error) => Err(error),
        }
    }

    /// Writes this response, and ends the transport. A
    /// [`Rejection`](crate::handshake::Rejection) has a
    /// [`reply`](crate::handshake::Rejection::reply).
    ///
    /// # Errors
    ///
    /// [`Write`](HandshakeError::Write) if the response contains an invalid value, and
    /// [`Io`](HandshakeError::Io) if the transport failed.
    pub async fn reject(mut self, response: HttpReply<'_>) -> Result<(), HandshakeError> {
        reply(&mut self.io, response).await
    }
}

/// Opens a connection to a server: writes the request, and checks the response (RFC 6455 §4.1).
///
/// `io` is connected to the [host](crate::handshake::Uri::host) and
/// [port](crate::handshake::Uri::port) of the URI. For `wss`, it is a TLS stream.
///
/// # Errors
///
/// A [`HandshakeError`]. It is [`Refused`](HandshakeError::Refused) if the server responded with
/// another status than 101, and then contains the response.
///
/// # Panics
///
/// Panics if the options have a time limit and the runtime has no time enabled, and if the thread's
/// random generator cannot be seeded.
///
/// ```
/// use futures_util::{SinkExt, StreamExt};
/// use tokio::net::TcpStream;
/// use wsframe::Message;
/// use wsframe::handshake::Options;
/// use wsframe::stream;
///
/// async fn greet() -> Result<(), Box<dyn std::error::Error>> {
///     let socket = TcpStream::connect("localhost:9001").await?;
///     let options = Options::new().header("Authorization", "Bearer 7");
///     let mut stream = stream::client(socket, "ws://localhost:9001/", &options).await?;
///     stream.send(Message::text("Hello")).await?;
///     while let Some(message) = stream.next().await {
///         println!("{:?}", message?);
///     }
///     Ok(())
/// }
/// ```
#[doc(alias = "connect_async")]
#[doc(alias = "client_async")]
pub async fn client<T>(
    mut io: T,
    uri: &str,
    options: &Options,
) -> Result<WebSocketStream<T, ThreadKeys>, HandshakeError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let (mut opening, request) = ClientOpening::new(uri, options)?;
    let opened = within(options.handshake_timeout, async {
        write(&mut io, request.as_bytes()).await?;
        loop {
            if let Some(opened) = opening.poll(options)? {
                return Ok(opened);
            }
            match read(&mut io, &mut opening.input).await {
                Ok(1..) => {}
                Ok(0) => return Err(HandshakeError::eof()),
                Err(error) => return Err(error.into()),
            }
        }
    });
    match opened.await {
        Ok(opened) => Ok(open(io, Connection::client(ThreadKeys), opened, options)),
        Err(error @ (HandshakeError::Io(_) | HandshakeError::Timeout)) => {
            Err(opening.end(error, options))
        }
        Err(error) => Err(error),
    }
}

/// Creates the stream with what was negotiated.
pub(super) fn open<T, K>(
    io: T,
    connection: Connection<K>,
    opened: Opened,
    options: &Options,
) -> WebSocketStream<T, K> {
    let connection = options.apply(connection);
    let stream = WebSocketStream::from_partially_read(io, connection, opened.received);
    #[cfg(feature = "deflate")]
    let stream = match &options.deflate {
        Some(pool) => stream.deflate(opened.deflate, pool.clone()),
        None => stream,
    };
    let mut stream = stream.opened(opened.subprotocol);
    stream.set_keep_alive(options.keep_alive);
    stream
}

/// Fails with [`HandshakeError::Timeout`] after this time.
async fn within<R>(
    timeout: Option<Duration>,
    handshake: impl Future<Output = Result<R, HandshakeError>>,
) -> Result<R, HandshakeError> {
    match timeout {
        Some(timeout) => match tokio::time::timeout(timeout, handshake).await {
            Ok(result) => result,
            Err(_) => Err(HandshakeError::Timeout),
        },
        None => handshake.await,
    }
}

async fn read(io: &mut (impl AsyncRead + Unpin), input: &mut BytesMut) -> io::Result<usize> {
    input.reserve(READ_LEN);
    poll_fn(|cx| poll_read_buf(Pin::new(&mut *io), cx, &mut (&mut *input).limit(READ_LEN))).await
}

async fn write(io: &mut (impl AsyncWrite + Unpin), mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match poll_fn(|cx| Pin::new(&mut *io).poll_write(cx, bytes)).await? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            count => bytes = bytes.get(count..).unwrap_or_default(),
        }
    }
    poll_fn(|cx| Pin::new(&mut *io).poll_flush(cx)).await
}

/// Writes a response that rejects the request, and ends this side of the transport.
async fn reply(
    io: &mut (impl AsyncWrite + Unpin),
    reply: HttpReply<'_>,
) -> Result<(), HandshakeError> {
    let mut response = alloc::string::String::new();
    reply.write(&mut response)?;
    write(io, response.as_bytes()).await?;
    Ok(poll_fn(|cx| Pin::new(&mut *io).poll_shutdown(cx)).await?)
}
