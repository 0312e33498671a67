//! A client for text messages on a blocking socket. It sends a message, or waits for one.

use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::TcpStream;

use wsframe::deflate::{CompressedConnection, Config, DeflateParameters, Pool};
use wsframe::handshake::Uri;
use wsframe::{Assembler, CloseBody, CloseCode, Connection, Event, ReceiveError, ThreadKeys};

use crate::handshake::Handshake;
use crate::inbox::Inbox;

/// The longest wait for the server to send or to read.
const PATIENCE: Duration = Duration::from_secs(30);
/// Compressed messages are decompressed in pieces of this length.
const PIECE_LEN: usize = 16 << 10;
/// How long the server may take to end the connection after the Closes.
const LINGER: Duration = Duration::from_secs(2);

pub(crate) struct Client {
    socket: TcpStream,
    inbox: Inbox,
    websocket: CompressedConnection<ThreadKeys>,
    pool: Pool,
    /// The buffer that compressed messages are decompressed into, one piece at a time.
    buf: Vec<u8>,
    assembler: Assembler,
    /// Bytes to write.
    out: Vec<u8>,
}

fn connection(agreed: Option<DeflateParameters>) -> CompressedConnection<ThreadKeys> {
    CompressedConnection::new(Connection::client(ThreadKeys), agreed)
}

impl Client {
    /// Opens a WebSocket. If subprotocols are offered, the server must choose one.
    pub(crate) fn open(uri: Uri<'_>, subprotocols: &[&str]) -> io::Result<Self> {
        let socket = TcpStream::connect((uri.address(), uri.port()))?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let mut handshake = Handshake::new(uri, subprotocols);
        let mut client = Self {
            socket,
            inbox: Inbox::new(),
            websocket: connection(None),
            pool: Pool::new(Config::default()),
            buf: vec![0; PIECE_LEN],
            assembler: Assembler::new(),
            out: handshake.request().into(),
        };
        client.write()?;
        loop {
            client.read()?;
            let received = client.inbox.bytes();
            if let Some(opened) = handshake.check(received)? {
                let rest = received.len() - opened.frames_at;
                client.inbox.keep_last(rest);
                client.websocket = connection(opened.deflate);
                return Ok(client);
            }
        }
    }

    /// Sends a message.
    pub(crate) fn send(&mut self, text: &str) -> io::Result<()> {
        self.websocket.send(text, &mut self.pool, &mut self.out)?;
        self.write()
    }

    /// Waits for the next text message, and answers Pings meanwhile. Returns `None` if the server
    /// closes normally instead. Binary messages are skipped.
    pub(crate) fn receive(&mut self) -> io::Result<Option<String>> {
        loop {
            let received = self.take();
            self.write()?;
            match received {
                Ok(Some(text)) => return Ok(Some(text)),
                Ok(None) => match self.websocket.connection().close_code() {
                    None => self.read()?,
                    Some(CloseCode::NORMAL) => return Ok(None),
                    Some(code) => {
                        return Err(io::Error::other(format!("the server has closed: {code}")));
                    }
                },
                // The replies were written, so the output has capacity again.
                Err(ReceiveError::OutputFull) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Closes the connection, unless the server has. Everything that it still sends is discarded.
    ///
    /// # Errors
    ///
    /// Returns an error if the server does not close normally.
    pub(crate) fn close(mut self) -> io::Result<()> {
        if self.websocket.connection().close_code().is_none() {
            let bye = CloseBody { code: CloseCode::NORMAL, reason: "" };
            let websocket = self.websocket.connection_mut();
            websocket.close(Some(bye), &mut self.out)?;
            self.socket.set_read_timeout(Some(LINGER))?;
            while self.receive()?.is_some() {}
        }
        // The server ends the connection first.
        self.inbox.keep_last(0);
        while self.read().is_ok() {
            self.inbox.keep_last(0);
        }
        Ok(())
    }

    /// Returns the next message, if it has arrived.
    fn take(&mut self) -> Result<Option<String>, ReceiveError> {
        let Self { inbox, websocket, pool, buf, assembler, out, .. } = self;
        let mut input = inbox.bytes();
        let result = loop {
            match websocket.receive(&mut input, buf, pool, out) {
                Ok(Some(Event::Text(chunk))) => match assembler.text(chunk) {
                    Ok(Some(text)) => break Ok(Some(text.into_owned())),
                    Ok(None) => {}
                    Err(error) => break Err(error.into()),
                },
                Ok(Some(_)) => {}
                Ok(None) => break Ok(None),
                Err(error) => break Err(error),
            }
        };
        let unused = input.len();
        inbox.keep_last(unused);
        result
    }

    fn write(&mut self) -> io::Result<()> {
        self.socket.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    fn read(&mut self) -> io::Result<()> {
        match self.socket.read(self.inbox.space()) {
            Ok(0) => Err(io::Error::other("the server has hung up")),
            Ok(count) => {
                self.inbox.filled(count);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Err(io::Error::other("the server says nothing any more"))
            }
            Err(error) => Err(error),
        }
    }
}
