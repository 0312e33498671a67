//! Opening a connection over blocking I/O.

use alloc::string::String;
use std::io::{Read, Write};
use std::time::Instant;

use super::{Output, WebSocket, is_repeatable, read};
use crate::handshake::{HandshakeError, HandshakeRequest, HttpReply, Options};
use crate::opening::{ClientOpening, Opened, READ_LEN, ReceivedRequest, RequestReader};
use crate::{Connection, ThreadKeys};

/// Accepts a connection: reads the client's request, checks it, and responds (RFC 6455 §4.2).
///
/// To decide on the request first, call [`accept_request`]. Over TLS, `io` is the TLS stream.
///
/// # Errors
///
/// Returns a [`HandshakeError`]. If the request was rejected, a response with the reason was
/// written.
///
/// ```
/// use std::net::TcpStream;
/// use wsframe::blocking::{self, WebSocket};
/// use wsframe::handshake::{HandshakeError, Options};
///
/// fn accept(socket: TcpStream) -> Result<WebSocket<TcpStream>, HandshakeError> {
///     blocking::accept(socket, &Options::new().allow_origins(["https://example.com"]))
/// }
/// ```
#[doc(alias = "accept_hdr")]
pub fn accept<T: Read + Write>(io: T, options: &Options) -> Result<WebSocket<T>, HandshakeError> {
    accept_request_with(io, options)?.accept(options)
}

/// Reads and validates a client's request. The caller then accepts or rejects it.
///
/// A request that breaks a rule is rejected at once. Nothing is sent for other requests.
///
/// # Errors
///
/// Returns a [`HandshakeError`]. If the request was rejected, a response with the reason was
/// written.
///
/// ```
/// use std::net::TcpStream;
/// use wsframe::blocking::{self, WebSocket};
/// use wsframe::handshake::{HandshakeError, HttpReply, Options};
///
/// fn serve_chat(socket: TcpStream) -> Result<Option<WebSocket<TcpStream>>, HandshakeError> {
///     let request = blocking::accept_request(socket)?;
///     if request.request().path() == "/chat" {
///         return Ok(Some(request.accept(&Options::new())?));
///     }
///     request.reject(HttpReply::new(404, "there is only /chat"))?;
///     Ok(None)
/// }
/// ```
pub fn accept_request<T: Read + Write>(io: T) -> Result<AcceptRequest<T>, HandshakeError> {
    accept_request_with(io, &Options::new())
}

/// Reads and validates a client's request, with these options.
///
/// Same as [`accept_request`], but with the [time limit](Options::handshake_timeout), the
/// [`max_head_len`](Options::max_head_len) and the [rules](Options::handshake_rules) of the
/// options.
///
/// # Errors
///
/// Returns a [`HandshakeError`]. If the request was rejected, a response with the reason was
/// written.
pub fn accept_request_with<T: Read + Write>(
    io: T,
    options: &Options,
) -> Result<AcceptRequest<T>, HandshakeError> {
    Accepting::new(io, options).read_request()
}

/// Opens a connection to a server: writes the request, and checks the response (RFC 6455 §4.1).
///
/// `io` must be connected to the [host](crate::handshake::Uri::host) and
/// [port](crate::handshake::Uri::port) of the URI. For `wss` it must be a TLS stream.
///
/// # Errors
///
/// Returns a [`HandshakeError`]. It is [`Refused`](HandshakeError::Refused) if the server responded
/// with another status than 101, and then contains the response.
///
/// # Panics
///
/// Panics if the thread's random generator cannot be seeded.
///
/// ```
/// use std::net::TcpStream;
/// use wsframe::Message;
/// use wsframe::blocking;
/// use wsframe::handshake::Options;
///
/// fn greet() -> Result<(), Box<dyn std::error::Error>> {
///     let socket = TcpStream::connect("localhost:9001")?;
///     let mut websocket = blocking::client(socket, "ws://localhost:9001/", &Options::new())?;
///     websocket.send(Message::text("Hello"))?;
///     if let Some(message) = websocket.read()? {
///         println!("{message:?}");
///     }
///     Ok(())
/// }
/// ```
#[doc(alias = "connect")]
pub fn client<T: Read + Write>(
    io: T,
    uri: &str,
    options: &Options,
) -> Result<WebSocket<T, ThreadKeys>, HandshakeError> {
    Connecting::new(io, uri, options)?.read_response()
}

/// A server's side of an opening handshake that can be continued after `WouldBlock` or `TimedOut`.
///
/// ```
/// use std::io::ErrorKind;
/// use std::net::TcpStream;
/// use wsframe::blocking::{AcceptRequest, Accepting};
/// use wsframe::handshake::{HandshakeError, Options};
///
/// fn accept_request(socket: TcpStream) -> Result<AcceptRequest<TcpStream>, HandshakeError> {
///     socket.set_nonblocking(true)?;
///     let mut accepting = Accepting::new(socket, &Options::new());
///     loop {
///         match accepting.read_request() {
///             Err(HandshakeError::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
///                 // Wait until the socket is readable.
/// #               std::thread::yield_now();
///             }
///             result => return result,
///         }
///     }
/// }
/// ```
#[derive(Debug)]
#[doc(alias = "MidHandshake")]
pub struct Accepting<T> {
    io: Option<T>,
    reader: RequestReader,
    /// The response to a request that was rejected, and the error to return after it.
    out: Output,
    rejected: Option<HandshakeError>,
    deadline: Option<Instant>,
}

impl<T: Read + Write> Accepting<T> {
    /// Creates the handshake. Nothing is read yet.
    #[must_use]
    pub fn new(io: T, options: &Options) -> Self {
        let reader = RequestReader::new(options);
        let deadline = deadline(options);
        Self { io: Some(io), reader, out: Output::default(), rejected: None, deadline }
    }

    /// Reads and validates the request. Call it again after `WouldBlock` or `TimedOut`.
    ///
    /// # Errors
    ///
    /// Returns a [`HandshakeError`]. If the request was rejected, a response with the reason was
    /// written.
    ///
    /// # Panics
    ///
    /// Panics if it has returned the request already.
    pub fn read_request(&mut self) -> Result<AcceptRequest<T>, HandshakeError> {
        let io = self.io.as_mut().expect("the request was returned already");
        let received = loop {
            if let Some(rejected) = self.rejected.take() {
                if let Err(error) = self.out.write(io) {
                    if is_repeatable(&error) {
                        self.rejected = Some(rejected);
                    }
                    return Err(error.into());
                }
                return Err(rejected);
            }
            match self.reader.poll() {
                Ok(Some(received)) => break received,
                Ok(None) => {
                    check(self.deadline)?;
                    if read(io, &mut self.reader.input, READ_LEN)? == 0 {
                        return Err(HandshakeError::eof());
                    }
                }
                Err(rejection) => {
                    self.out = Output::new(&text(rejection.reply())?);
                    self.rejected = Some(rejection.into());
                }
            }
        };
        let io = self.io.take().expect("it was there");
        Ok(AcceptRequest { io, received })
    }
}

/// A client's request that must be accepted or rejected.
///
/// [`accept_request`] returns it. If it is dropped, the transport is dropped too, and the client
/// gets no response.
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

    /// Returns the transport, for example to ask for the client's address.
    #[must_use]
    pub const fn get_ref(&self) -> &T {
        &self.io
    }
}

impl<T: Read + Write> AcceptRequest<T> {
    /// Writes the response that accepts the request, and returns the connection.
    ///
    /// If the transport would block, the rest of the response is queued, like a message. The next
    /// call that reads or writes continues to write it.
    ///
    /// # Errors
    ///
    /// Returns a [`HandshakeError`]. It is [`Rejected`](HandshakeError::Rejected) if the options do
    /// not allow the origin. A response with the reason was written then.
    pub fn accept(self, options: &Options) -> Result<WebSocket<T>, HandshakeError> {
        let Self { mut io, received } = self;
        match received.accept(options) {
            Ok((response, opened)) => {
                let mut out = Output::new(&response);
                match out.write(&mut io) {
                    Err(error) if !is_repeatable(&error) => return Err(error.into()),
                    _ => {}
                }
                Ok(open(io, Connection::server(), opened, out, options))
            }
            Err(HandshakeError::Rejected(rejection)) => {
                reply(&mut io, rejection.reply())?;
                Err(rejection.into())
            }
            Err(error) => Err(error),
        }
    }

    /// Writes this response. A [`Rejection`](crate::handshake::Rejection) has a
    /// [`reply`](crate::handshake::Rejection::reply).
    ///
    /// If the transport would block, the rest of the response is not sent.
    ///
    /// # Errors
    ///
    /// Returns [`Write`](HandshakeError::Write) if the response contains an invalid value, and
    /// [`Io`](HandshakeError::Io) if the transport failed.
    pub fn reject(mut self, response: HttpReply<'_>) -> Result<(), HandshakeError> {
        reply(&mut self.io, response)
    }
}

/// A client's side of an opening handshake that can be continued after `WouldBlock` or `TimedOut`.
///
/// ```
/// use std::io::ErrorKind;
/// use std::net::TcpStream;
/// use wsframe::ThreadKeys;
/// use wsframe::blocking::{Connecting, WebSocket};
/// use wsframe::handshake::{HandshakeError, Options};
///
/// fn client(socket: TcpStream) -> Result<WebSocket<TcpStream, ThreadKeys>, HandshakeError> {
///     socket.set_nonblocking(true)?;
///     let mut connecting = Connecting::new(socket, "ws://example.com/", &Options::new())?;
///     loop {
///         match connecting.read_response() {
///             Err(HandshakeError::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
///                 // Wait until the socket is readable, or writable.
/// #               std::thread::yield_now();
///             }
///             result => return result,
///         }
///     }
/// }
/// ```
#[derive(Debug)]
#[doc(alias = "MidHandshake")]
pub struct Connecting<T> {
    io: Option<T>,
    opening: ClientOpening,
    options: Options,
    out: Output,
    deadline: Option<Instant>,
}

impl<T: Read + Write> Connecting<T> {
    /// Creates the handshake. Nothing is written yet.
    ///
    /// # Errors
    ///
    /// Returns [`Uri`](HandshakeError::Uri) for an invalid URI, and
    /// [`Write`](HandshakeError::Write) for an option that the request cannot contain.
    ///
    /// # Panics
    ///
    /// Panics if the thread's random generator cannot be seeded.
    pub fn new(io: T, uri: &str, options: &Options) -> Result<Self, HandshakeError> {
        let (opening, request) = ClientOpening::new(uri, options)?;
        let (out, deadline) = (Output::new(&request), deadline(options));
        Ok(Self { io: Some(io), opening, options: options.clone(), out, deadline })
    }

    /// Writes the request, and reads and checks the response. Call it again after `WouldBlock` or
    /// `TimedOut`.
    ///
    /// # Errors
    ///
    /// Returns a [`HandshakeError`]. It is [`Refused`](HandshakeError::Refused) if the server
    /// responded with another status than 101, and then contains the response.
    ///
    /// # Panics
    ///
    /// Panics if it has returned the connection already.
    pub fn read_response(&mut self) -> Result<WebSocket<T, ThreadKeys>, HandshakeError> {
        let Self { io, opening, options, out, deadline } = self;
        let transport = io.as_mut().expect("the connection was returned already");
        let opened = loop {
            if let Some(opened) = opening.poll(options)? {
                break opened;
            }
            let exchanged = check(*deadline).and_then(|()| {
                out.write(transport)?;
                match read(transport, &mut opening.input, READ_LEN)? {
                    0 => Err(HandshakeError::eof()),
                    _ => Ok(()),
                }
            });
            match exchanged {
                Ok(()) => {}
                Err(HandshakeError::Io(error)) if is_repeatable(&error) => return Err(error.into()),
                Err(error) => return Err(opening.end(error, options)),
            }
        };
        let io = io.take().expect("it was there");
        let connection = Connection::client(ThreadKeys);
        Ok(open(io, connection, opened, Output::default(), options))
    }
}

/// Creates the connection with the result of the handshake.
fn open<T, K>(
    io: T,
    connection: Connection<K>,
    opened: Opened,
    out: Output,
    options: &Options,
) -> WebSocket<T, K> {
    let connection = options.apply(connection);
    let websocket = WebSocket::from_partially_read(io, connection, opened.received);
    #[cfg(feature = "deflate")]
    let websocket = match &options.deflate {
        Some(pool) => websocket.deflate(opened.deflate, pool.clone()),
        None => websocket,
    };
    websocket.opened(opened.subprotocol, out)
}

fn deadline(options: &Options) -> Option<Instant> {
    Instant::now().checked_add(options.handshake_timeout?)
}

fn check(deadline: Option<Instant>) -> Result<(), HandshakeError> {
    match deadline {
        Some(deadline) if Instant::now() >= deadline => Err(HandshakeError::Timeout),
        _ => Ok(()),
    }
}

fn text(reply: HttpReply<'_>) -> Result<String, HandshakeError> {
    let mut text = String::new();
    reply.write(&mut text)?;
    Ok(text)
}

fn reply(io: &mut impl Write, reply: HttpReply<'_>) -> Result<(), HandshakeError> {
    Ok(Output::new(&text(reply)?).write(io)?)
}
