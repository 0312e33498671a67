//! Driving connections whose messages may be compressed.

// No test program uses all of this.
#![allow(dead_code)]

pub use super::deflate;

use crate::support::naive::{self, Choices, Item, Limits};
use wsframe::deflate::{CompressedConnection, Config, DeflateContext, DeflateParameters, Pool};
use wsframe::{
    Connection, Event, MaskingKey, MaskingKeys, Opcode, Output, ProtocolError, ReceiveError, Role,
    Rsv, TransportAction,
};

/// Returns a pool whose connections compress every message that may be compressed.
pub fn eager() -> Pool {
    Pool::new(Config::default().threshold(0))
}

/// The output of a connection.
#[derive(Debug, Default, PartialEq)]
pub struct Received {
    /// For each message: whether it is text, its bytes, and whether it has ended.
    pub messages: Vec<(bool, Vec<u8>, bool)>,
    /// For each Ping, Pong and Close: how many messages had begun before, and the payload.
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

/// Receives bytes in pieces of these lengths, and decompresses into buffers of these lengths.
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
                    // The error is sticky.
                    let again = connection.receive(&mut input, &mut buf, pool, out);
                    assert_eq!(again.unwrap_err(), ReceiveError::Protocol(error));
                    assert_eq!(connection.connection().transport_action(), TransportAction::Close);
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

/// The meaning of any bytes to an endpoint, by RFC 6455 and RFC 7692: the complete messages before
/// an error, the payloads of control frames, and whether there is an error.
struct Expected {
    messages: Vec<(bool, Vec<u8>)>,
    control: Vec<Vec<u8>>,
    wrong: bool,
    /// Whether a message has begun and not ended. If it is compressed, it may already be invalid.
    open: bool,
}

impl Expected {
    fn new(role: Role, takeover: bool, limit: u32, bytes: &[u8]) -> Self {
        let choices = Choices { claimed: Rsv::RSV1.bits(), ..Choices::strict(role) };
        let message = if limit == u32::MAX { u64::MAX } else { u64::from(limit) };
        let limits =
            Limits { frame: 16 << 20, message, fragments: 1 << 17, exempt: Rsv::RSV1.bits() };
        let found = naive::messages(bytes, choices, limits, true);
        let (open, wrong) = (!found.open.is_empty(), found.error.is_some());
        let mut expected = Self { messages: Vec::new(), control: Vec::new(), wrong, open };
        let mut history = Vec::new();
        for item in found.items {
            match item {
                Item::Text(bytes) => expected.messages.push((true, bytes)),
                Item::Binary(bytes) => expected.messages.push((false, bytes)),
                Item::Ping(data) | Item::Pong(data) => expected.control.push(data),
                Item::Close(body) => {
                    expected.control.push(body.map_or_else(Vec::new, |(_, reason)| reason.into()));
                }
                Item::Raw(opcode, _, payload) => {
                    let inflated = deflate::naive::inflate(&history, &payload);
                    let text = opcode == Opcode::Text;
                    let too_long = limit != u32::MAX && inflated.bytes.len() > limit as usize;
                    let not_text = text && core::str::from_utf8(&inflated.bytes).is_err();
                    if !inflated.right || too_long || not_text {
                        return Self { wrong: true, ..expected };
                    }
                    if takeover {
                        history.extend_from_slice(&inflated.bytes);
                        history.drain(..history.len() - inflated.referable);
                    }
                    expected.messages.push((text, inflated.bytes));
                }
            }
        }
        expected
    }

    fn check(&self, received: &Received) {
        let whole = received.messages.iter().filter(|message| message.2);
        let whole: Vec<_> = whole.map(|(text, bytes, _)| (*text, bytes.clone())).collect();
        assert_eq!(whole, self.messages);
        let control: Vec<_> = received.control.iter().map(|(_, data)| data.clone()).collect();
        match received.error {
            None => {
                assert!(!self.wrong);
                assert_eq!(control, self.control);
            }
            Some(error) => {
                assert!(self.wrong || self.open, "{error}");
                // Control frames within an invalid message arrive only if they are before the
                // error.
                assert!(self.control.starts_with(&control));
            }
        }
    }
}

/// Compares a connection, which receives any bytes in pieces and whole, with the naive decoders.
pub fn any_bytes(
    role: Role,
    context: DeflateContext,
    limit: u32,
    bytes: &[u8],
    cuts: &[usize],
    buffers: &[usize],
) {
    let expected = Expected::new(role, context.takeover, limit, bytes);
    let pool = || Pool::new(Config::default());
    let agreed = match role {
        Role::Server => DeflateParameters { server: DeflateContext::DEFAULT, client: context },
        Role::Client => DeflateParameters { server: context, client: DeflateContext::DEFAULT },
    };
    let limits = wsframe::Limits::DEFAULT.max_message_size(limit).max_pending_replies(u16::MAX);
    let run = |cuts: &[usize], buffers: &[usize]| {
        let mut out = Vec::new();
        let received = match role {
            Role::Server => {
                let connection = Connection::server().limits(limits);
                let mut connection = CompressedConnection::new(connection, Some(agreed));
                receive(&mut connection, bytes, cuts, buffers, &mut pool(), &mut out)
            }
            Role::Client => {
                let keys = || MaskingKey::new([0x37, 0xFA, 0x21, 0x3D]);
                let connection = Connection::client(keys).limits(limits);
                let mut connection = CompressedConnection::new(connection, Some(agreed));
                receive(&mut connection, bytes, cuts, buffers, &mut pool(), &mut out)
            }
        };
        expected.check(&received);
        (received, out)
    };
    let (whole, cut) = (run(&[], &[]), run(cuts, buffers));
    if whole.0.error.is_none() {
        assert_eq!(cut, whole);
    } else {
        // If there are two errors, the pieces decide which one is found first.
        assert!(cut.0.error.is_some(), "only whole: {:?}", whole.0.error);
    }
}
