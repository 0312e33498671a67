//! What comes out of a connection whose messages may be compressed.

// Each test takes what it needs; nothing here is an API.
#![allow(dead_code)]

#[path = "deflate.rs"]
pub mod deflate;

use wsframe::deflate::{CompressedConnection, Config, Context, Parameters, Pool};
use wsframe::{Connection, Event, MaskingKeys, Output, ProtocolError, ReceiveError, Transport};

/// A pool whose connections compress every message that they may.
pub fn eager() -> Pool {
    Pool::new(Config::default().threshold(0))
}

/// What has come out of a connection.
#[derive(Debug, Default, PartialEq)]
pub struct Received {
    /// Text or binary, and whether it has ended.
    pub messages: Vec<(bool, Vec<u8>, bool)>,
    /// Pings, Pongs and Closes: how many messages had begun, and the payload.
    pub control: Vec<(usize, Vec<u8>)>,
    pub error: Option<ProtocolError>,
}

impl Received {
    fn chunk(&mut self, text: bool, bytes: &[u8], first: bool, last: bool) {
        let open = self.messages.last().is_some_and(|message| !message.2);
        assert_eq!(first, !open, "a message begins while another is open, or does not begin");
        if first {
            self.messages.push((text, Vec::new(), false));
        }
        let message = self.messages.last_mut().unwrap();
        assert_eq!(message.0, text);
        message.1.extend_from_slice(bytes);
        message.2 = last;
    }

    pub fn event(&mut self, event: Event<'_>) {
        let begun = self.messages.len();
        match event {
            Event::Text(chunk) => {
                self.chunk(true, chunk.text.as_bytes(), chunk.first, chunk.last);
            }
            Event::Binary(chunk) => {
                let (first, last) = (chunk.first, chunk.last);
                self.chunk(false, chunk.payload.unmask(), first, last);
            }
            Event::Ping(data) | Event::Pong(data) => self.control.push((begun, data.to_vec())),
            Event::Close(body) => {
                let reason = body.map_or("", |body| body.reason);
                self.control.push((begun, reason.as_bytes().to_vec()));
            }
            Event::Raw(_) => panic!("the messages that are compressed are known here"),
        }
    }

    pub fn whole(&self) -> Vec<(bool, &[u8])> {
        assert!(self.messages.iter().all(|message| message.2));
        self.messages.iter().map(|(text, bytes, _)| (*text, &bytes[..])).collect()
    }
}

/// Receives bytes that arrive in pieces of these lengths, and decompresses into buffers of those.
pub fn receive<K: MaskingKeys>(
    connection: &mut CompressedConnection<K>,
    bytes: &[u8],
    cuts: &[usize],
    buffers: &[usize],
    pool: &mut Pool,
    out: &mut impl Output,
) -> Received {
    let mut received = Received::default();
    let mut buffers = deflate::endless(buffers).map(|len| vec![0xAA; len.min(1 << 16)]);
    let mut inbox = Vec::new();
    for piece in deflate::pieces(bytes, cuts) {
        inbox.extend_from_slice(piece);
        let mut input = &mut inbox[..];
        loop {
            let mut buf = buffers.next().unwrap();
            match connection.receive(&mut input, &mut buf, pool, out) {
                Ok(Some(event)) => received.event(event),
                Ok(None) => break,
                Err(ReceiveError::Protocol(error)) => {
                    received.error = Some(error);
                    // Latched.
                    let again = connection.receive(&mut input, &mut buf, pool, out);
                    assert_eq!(again.unwrap_err(), ReceiveError::Protocol(error));
                    assert_eq!(connection.connection().transport(), Transport::Close);
                    return received;
                }
                Err(error) => panic!("{error}"),
            }
        }
        let rest = input.len();
        inbox.drain(..inbox.len() - rest);
    }
    received
}

/// Any bytes, as a server that agreed on this: cut or whole, they are the same messages, or wrong.
pub fn any_bytes(context: Context, limit: u32, bytes: &[u8], cuts: &[usize], buffers: &[usize]) {
    let config = Config::default().max_message_len(limit);
    let agreed = Parameters { server: Context::FULL, client: context };
    let run = |cuts: &[usize], buffers: &[usize]| {
        let mut connection = CompressedConnection::new(Connection::server(), Some(agreed));
        let mut out = Vec::new();
        let mut pool = Pool::new(config);
        (receive(&mut connection, bytes, cuts, buffers, &mut pool, &mut out), out)
    };
    let (whole, whole_out) = run(&[], &[]);
    let (cut, cut_out) = run(cuts, buffers);
    if whole.error.is_none() {
        assert_eq!((cut, cut_out), (whole, whole_out));
    } else {
        // Which of two things that are wrong is found first, depends on the pieces.
        assert!(cut.error.is_some(), "only whole: {:?}", whole.error);
    }
}
