//! RFC 6455 §5.4, §5.5, §7: a model check of fragmentation and of the closing handshake.
//!
//! Two connections exchange frames over a network that cuts, delays and ends. A breadth-first
//! search visits every state that any order of these steps reaches:
//!
//! - An application sends a message, a fragment, a Ping or a Close, at any time, also when it must
//!   not.
//! - An application hands its output to the network: all of it or, if its capacity is small, all
//!   but a byte.
//! - An application reads some of the bytes in flight, and takes one event. A read may end
//!   after each of the first 8 bytes, before the last byte, and after it. To delay a read, other
//!   steps come first.
//! - An application ends the transport when [`Connection::transport_action`] requires it, and reads
//!   the peer's end.
//! - A fault, at most one: a frame that breaks a rule, frames after a Close, a reset, an
//!   application that dies, stops reading, or does not wait for the server.
//!
//! Every step uses up an act, a byte or an end, so every path ends. The states that no step leaves
//! are the ends of the conversation. [`State::read`] and [`State::check`] check every state,
//! [`State::check_end`] the ends.
//!
//! The depth is the number of acts of both applications together, and a fault counts for two acts:
//! 3, or what `WSFRAME_MODEL_ACTS` says. The search is exhaustive but for that. A failure prints
//! the shortest path to it.

use crate::support;

use std::collections::HashSet;
use std::fmt::Write as _;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::rc::Rc;

use wsframe::{
    CloseBody, CloseCode, Connection, EncodeError, Event, FrameEncoder, Limits, MIN_BUFFER_LEN,
    Mask, MaskingKey, MessageDecoder, Opcode, Output, ReceiveError, Role, SliceOutput,
    TransportAction, Utf8Validator,
};

const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// How the two applications use their connections.
#[derive(Clone, Copy, Debug)]
struct Setup {
    /// The capacity of an empty output, in bytes.
    room: usize,
    /// The remaining capacity of an output that is not empty, in bytes.
    room_behind: usize,
    max_pending_replies: u16,
    /// Which side locates and takes; the other receives.
    locates: usize,
    /// Which side answers the peer's Close and Pings itself.
    answers: Option<usize>,
}

/// A frame or a part of one, as the peer must receive it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Said {
    /// A message begins, of text or not.
    Begin(bool),
    Byte(u8),
    End,
    Ping(u8),
    Pong(u8),
    /// 1005 is a Close without a code.
    Close(u16),
    /// An invalid frame, and the code to fail with.
    Wrong(u16),
}

/// An act of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Message,
    Fragment { fin: bool },
    Ping,
    Close { code: bool },
}

const ACTS: [Act; 6] = [
    Act::Message,
    Act::Fragment { fin: false },
    Act::Fragment { fin: true },
    Act::Ping,
    Act::Close { code: true },
    Act::Close { code: false },
];

/// A fault, of which a path has at most one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// This side sends a frame that breaks a rule, one of [`WRONG`].
    Wrong(usize),
    /// Frames follow this side's Close.
    AfterClose,
    /// This side's application dies. Its output is lost, and its transport ends.
    Die,
    /// This side's application stops reading.
    StopReading,
    /// This side does not wait until the peer ends the transport.
    GiveUp,
    /// The network loses all bytes in flight.
    Reset,
}

/// The number of kinds of invalid frames ([`State::fail`]).
const WRONG: usize = 4;

#[derive(Clone, Copy, Debug)]
enum Step {
    Act(usize, Act),
    /// The application answers the peer's Close.
    Answer(usize),
    Flush(usize, usize),
    Read(usize, usize),
    /// The application ends its direction of the transport.
    Shut(usize),
    /// The application reads the end of the peer's direction.
    End(usize),
    Fault(usize, Fault),
}

/// A connection, and a hash of its `Debug` output.
#[derive(Clone)]
struct Endpoint {
    connection: Connection<fn() -> MaskingKey>,
    digest: u64,
}

impl Endpoint {
    fn refresh(&mut self) {
        let mut text = String::with_capacity(1024);
        write!(text, "{:?}", self.connection).unwrap();
        let mut digest = Digest::default();
        digest.write(text.as_bytes());
        self.digest = digest.finish();
    }
}

/// A fast hash of 64 bits: the search does little else.
#[derive(Default)]
struct Digest(u64);

impl Hasher for Digest {
    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            self.write_u64(word.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
        }
        for byte in words.remainder() {
            self.write_u64((*byte).into());
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        let mixed = u128::from(self.0 ^ number ^ 0x9E37_79B9_7F4A_7C15) * 0xD6E8_FEB8_6659_FD93;
        self.0 = mixed as u64 ^ (mixed >> 64) as u64;
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Hash for Endpoint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.hash(state);
    }
}

/// One side. The fields contain everything that the `Debug` output of the connection does not show.
#[derive(Clone, Hash)]
struct Side {
    endpoint: Endpoint,
    /// A number in each payload, so that no payload is mistaken for another.
    number: u8,
    /// Whether a message is being sent in fragments, and whether its text so far ends inside a
    /// character.
    open: bool,
    cut: bool,
    /// Whether a message is being received, and whether it is text.
    receiving: Option<bool>,
    /// The output that the application has not passed to the network.
    out: Vec<u8>,
    /// The number of Pongs that were appended to `out` since it was empty.
    replies: u16,
    /// The bytes in flight to the peer. The peer's application has already read the first `seen`.
    wire: Vec<u8>,
    seen: usize,
    /// The frames that the peer has not received yet.
    said: Vec<Said>,
    /// A Ping that the application must answer.
    unanswered: Option<u8>,
    close_sent: bool,
    received_code: Option<u16>,
    failed: bool,
    /// Whether the output had no capacity for a reply, and was not flushed since.
    stalled: bool,
    /// Whether the bytes that the application has read contain no further event.
    idle: bool,
    /// Whether this side's direction of the transport has ended.
    shut: bool,
    /// Whether the peer's direction has ended, and the connection was told.
    ended: bool,
    dead: bool,
    stopped: bool,
}

#[derive(Clone)]
struct State {
    setup: Setup,
    sides: [Side; 2],
    /// The number of remaining acts. A fault counts for two.
    acts: usize,
    fault: Option<Fault>,
    path: Option<Rc<Path>>,
}

/// The steps to a state, in reverse order.
struct Path {
    step: Step,
    before: Option<Rc<Path>>,
}

/// Prints the path when a check fails.
struct Report(Setup, Option<Rc<Path>>);

impl Drop for Report {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut steps = Vec::new();
            let mut path = self.1.as_ref();
            while let Some(Path { step, before }) = path.map(Rc::as_ref) {
                steps.push(step);
                path = before.as_ref();
            }
            eprintln!("{:?}, client 0, server 1, after:", self.0);
            for step in steps.iter().rev() {
                eprintln!("    {step:?}");
            }
        }
    }
}

/// An output that already contains some bytes. The rest of its capacity is that of a real output.
struct Queue<'q> {
    held: usize,
    rest: SliceOutput<'q>,
}

impl Output for Queue<'_> {
    fn pending(&self) -> usize {
        self.held + self.rest.pending()
    }

    fn remaining_capacity(&self) -> usize {
        self.rest.remaining_capacity()
    }

    fn append(&mut self, frame: FrameEncoder, payload: &[u8]) -> Result<(), EncodeError> {
        self.rest.append(frame, payload)
    }
}

impl Side {
    fn new(role: Role, max_pending_replies: u16, answers: bool) -> Self {
        let keys: fn() -> MaskingKey = || MaskingKey::new(KEY);
        let mut connection = Connection::with_message_decoder(MessageDecoder::new(role), keys)
            .limits(Limits::DEFAULT.max_pending_replies(max_pending_replies));
        if answers {
            connection = connection.auto_close(false).auto_pong(false);
        }
        let mut endpoint = Endpoint { connection, digest: 0 };
        endpoint.refresh();
        Self {
            endpoint,
            number: 0,
            open: false,
            cut: false,
            receiving: None,
            out: Vec::new(),
            replies: 0,
            wire: Vec::new(),
            seen: 0,
            said: Vec::new(),
            unanswered: None,
            close_sent: false,
            received_code: None,
            failed: false,
            stalled: false,
            idle: true,
            shut: false,
            ended: false,
            dead: false,
            stopped: false,
        }
    }

    /// Calls the connection with the output. Returns how many bytes it appended.
    fn put<T>(
        &mut self,
        setup: Setup,
        put: impl FnOnce(&mut Connection<fn() -> MaskingKey>, &mut Queue<'_>) -> T,
    ) -> (T, usize) {
        let mut buf = [0; 2 * MIN_BUFFER_LEN];
        let held = self.out.len();
        let room = if held == 0 { setup.room } else { setup.room_behind };
        let rest = SliceOutput::new(&mut buf[..room]);
        let mut queue = Queue { held, rest };
        let result = put(&mut self.endpoint.connection, &mut queue);
        let bytes = queue.rest.bytes();
        self.out.extend_from_slice(bytes);
        if held == 0 && !bytes.is_empty() {
            self.replies = 0;
        }
        self.endpoint.refresh();
        (result, bytes.len())
    }

    /// Returns the length of a frame that this side sends.
    fn frame_len(&self, payload: usize) -> usize {
        payload + if self.endpoint.connection.role() == Role::Client { 6 } else { 2 }
    }

    /// Sends an invalid frame, without the connection.
    fn put_raw(&mut self, first_byte: u8, payload: &[u8]) {
        let client = self.endpoint.connection.role() == Role::Client;
        let len = payload.len() as u8;
        self.out.extend([first_byte, if client { 0x80 | len } else { len }]);
        if client {
            self.out.extend(KEY);
        }
        let key = KEY.iter().map(|byte| if client { *byte } else { 0 }).cycle();
        self.out.extend(payload.iter().zip(key).map(|(byte, key)| byte ^ key));
    }

    /// Returns whether the application may still send.
    fn check_send(&self) -> bool {
        !self.close_sent && !self.failed
    }

    fn close_code(&self) -> Option<u16> {
        self.endpoint.connection.close_code().map(CloseCode::get)
    }
}

impl State {
    fn new(setup: Setup, acts: usize) -> Self {
        let side =
            |role, index| Side::new(role, setup.max_pending_replies, setup.answers == Some(index));
        Self {
            setup,
            sides: [side(Role::Client, 0), side(Role::Server, 1)],
            acts,
            fault: None,
            path: None,
        }
    }

    fn digest(&self) -> u64 {
        let mut digest = Digest::default();
        self.sides.hash(&mut digest);
        self.acts.hash(&mut digest);
        std::mem::discriminant(&self.fault).hash(&mut digest);
        self.loses().hash(&mut digest);
        digest.finish()
    }

    /// Returns whether there was a fault that loses frames.
    fn loses(&self) -> bool {
        matches!(self.fault, Some(Fault::Die | Fault::Reset | Fault::GiveUp))
    }

    /// Returns a side, and its peer.
    fn pair(&mut self, index: usize) -> (&mut Side, &mut Side) {
        let [client, server] = &mut self.sides;
        if index == 0 { (client, server) } else { (server, client) }
    }

    /// Returns the possible steps of the applications and of the network.
    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for (index, side) in self.sides.iter().enumerate() {
            let peer = &self.sides[1 - index];
            if side.dead {
                continue;
            }
            if !side.out.is_empty() {
                steps.push(Step::Flush(index, side.out.len()));
                // All bytes but one. Then a Close does not fit.
                if side.out.len() > 1 && !side.stalled && self.setup.room == MIN_BUFFER_LEN {
                    steps.push(Step::Flush(index, side.out.len() - 1));
                }
            }
            let under_way = peer.wire.len() - peer.seen;
            if !side.stopped && !side.stalled && !side.ended {
                if side.failed || side.shut {
                    // These bytes are discarded.
                    steps.extend((under_way > 0).then_some(Step::Read(index, under_way)));
                } else {
                    let held = peer.seen;
                    let cuts =
                        (1..=under_way).filter(|len| held + len <= 8 || len + 1 >= under_way);
                    steps.extend(cuts.map(|len| Step::Read(index, len)));
                }
                if peer.shut && under_way == 0 {
                    steps.push(Step::End(index));
                }
            }
            if !side.idle && !side.stalled {
                steps.push(Step::Read(index, 0));
            }
            let answers = self.setup.answers == Some(index) && side.check_send() && !side.shut;
            let answers = answers && (side.received_code.is_some() || side.unanswered.is_some());
            if answers {
                steps.push(Step::Answer(index));
            }
            // Before an application ends the transport, it answers, sends the Close of a failure,
            // and takes the events before the peer's end.
            let waits = answers || !side.idle && (side.failed || side.ended);
            if side.out.is_empty()
                && !(waits || side.shut)
                && side.endpoint.connection.transport_action() == TransportAction::Close
            {
                steps.push(Step::Shut(index));
            }
        }
        steps
    }

    /// Returns the possible acts of applications, and faults.
    fn choices(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for (index, side) in self.sides.iter().enumerate() {
            if side.dead || side.shut {
                continue;
            }
            if self.acts > 0 && !side.ended {
                steps.extend(ACTS.map(|act| Step::Act(index, act)));
            }
            if self.fault.is_some() || self.acts < 2 {
                continue;
            }
            if side.check_send() {
                steps.extend((0..WRONG).map(|wrong| Step::Fault(index, Fault::Wrong(wrong))));
            } else if side.close_sent && !side.failed {
                steps.push(Step::Fault(index, Fault::AfterClose));
            }
            steps.push(Step::Fault(index, Fault::Die));
            if !side.stopped && !side.ended {
                steps.push(Step::Fault(index, Fault::StopReading));
            }
            let connection = &side.endpoint.connection;
            if connection.transport_action() == TransportAction::AwaitEof && side.out.is_empty() {
                steps.push(Step::Fault(index, Fault::GiveUp));
            }
            if index == 0 {
                steps.push(Step::Fault(index, Fault::Reset));
            }
        }
        steps
    }

    /// Takes a step.
    fn take(&mut self, step: Step) {
        match step {
            Step::Act(index, act) => self.act(index, act),
            Step::Answer(index) => self.answer(index),
            Step::Flush(index, len) => {
                let side = &mut self.sides[index];
                let bytes = side.out.drain(..len);
                // No byte arrives after the end.
                if side.shut {
                    drop(bytes);
                } else {
                    side.wire.extend(bytes);
                }
                side.stalled = false;
            }
            Step::Read(index, len) => self.read(index, len),
            Step::Shut(index) => self.sides[index].shut = true,
            Step::End(index) => {
                let side = &mut self.sides[index];
                side.endpoint.connection.receive_eof();
                side.endpoint.refresh();
                side.ended = true;
            }
            Step::Fault(index, fault) => self.fail(index, fault),
        }
    }

    fn act(&mut self, index: usize, act: Act) {
        let setup = self.setup;
        let side = &mut self.sides[index];
        let number = side.number;
        // Every fragment except the last ends inside a character.
        let mut text = vec![0xC3, 0xA0 + number, 0xC3];
        let fin = act == Act::Fragment { fin: true };
        text.truncate(if fin { 2 } else { 3 });
        let mut validator = Utf8Validator::new();
        if side.cut {
            validator.validate(&text[..1]).unwrap();
            text.remove(0);
        } else if !fin {
            text.truncate(1);
        }
        let chars = text.clone();
        let mut unmasked = Mask::IDENTITY;
        let chunk = validator.unmask_and_validate(&mut text, &mut unmasked).unwrap();
        let code = 3000 + u16::from(number) + 1000 * index as u16;
        let (open, before) = (side.open, side.endpoint.digest);
        let begin = |text| (!open).then_some(Said::Begin(text));
        let (result, len) = side.put(setup, |connection, out| match act {
            Act::Message => connection.send(&[number], out),
            Act::Fragment { fin } => connection.send_fragment(&chunk, fin, out),
            Act::Ping => connection.ping(&[number], out),
            Act::Close { code: false } => connection.close(None, out),
            Act::Close { code: true } => {
                connection.close(Some(CloseBody { code: CloseCode::new(code), reason: "" }), out)
            }
        });
        let allowed = side.check_send() && !(open && act == Act::Message);
        let said: Vec<_> = match act {
            Act::Message => vec![Said::Begin(false), Said::Byte(number), Said::End],
            Act::Fragment { fin } => (begin(true).into_iter())
                .chain(chars.iter().copied().map(Said::Byte))
                .chain(fin.then_some(Said::End))
                .collect(),
            Act::Ping => vec![Said::Ping(number)],
            Act::Close { code: false } => vec![Said::Close(1005)],
            Act::Close { code: true } => vec![Said::Close(code)],
        };
        match result {
            Ok(()) => {
                assert!(allowed, "{act:?} is not allowed");
                let payload = match act {
                    Act::Message | Act::Ping => 1,
                    Act::Fragment { .. } => chars.len(),
                    Act::Close { code: true } => 2,
                    Act::Close { code: false } => 0,
                };
                assert_eq!(len, side.frame_len(payload));
                side.said.extend(said);
                side.number += 1;
                match act {
                    Act::Fragment { fin } => (side.open, side.cut) = (!fin, !fin),
                    Act::Close { .. } => side.close_sent = true,
                    Act::Message | Act::Ping => {}
                }
            }
            Err(error) => {
                let full = matches!(error, EncodeError::NoRoom { .. }) && !side.out.is_empty();
                assert!(!allowed || full, "{act:?} is refused: {error}");
                assert_eq!((len, side.endpoint.digest), (0, before), "{act:?} is refused");
                return;
            }
        }
        self.acts -= 1;
    }

    /// Answers the Close or the Ping that the application must answer.
    fn answer(&mut self, index: usize) {
        let setup = self.setup;
        let side = &mut self.sides[index];
        let ping = side.unanswered;
        let (result, len) = side.put(setup, |connection, out| match ping {
            Some(data) => connection.pong(&[data], out),
            None => connection.close(None, out),
        });
        if let Err(error) = result {
            assert!(matches!(error, EncodeError::NoRoom { .. }) && !side.out.is_empty(), "{error}");
            return;
        }
        side.unanswered = None;
        side.close_sent |= ping.is_none();
        side.said.push(ping.map_or(Said::Close(1005), Said::Pong));
        assert_eq!(len, side.frame_len(usize::from(ping.is_some())));
    }

    /// Reads `len` more bytes, and takes one event.
    fn read(&mut self, index: usize, len: usize) {
        let setup @ Setup { locates, answers, max_pending_replies, .. } = self.setup;
        let (locates, answers) = (locates == index, answers == Some(index));
        let (side, peer) = self.pair(index);
        peer.seen += len;
        let mut bytes = peer.wire[..peer.seen].to_vec();
        let mut input = &mut bytes[..];
        let (was_full, told_before) = (!side.out.is_empty(), side.failed);
        let (result, put) = side.put(setup, |connection, out| {
            let event = if locates {
                match connection.next_span(input, out) {
                    Ok(None) => Ok(None),
                    Err(error) => Err(error),
                    Ok(Some(span)) => {
                        let (used, rest) =
                            std::mem::take(&mut input).split_at_mut(span.consumed_len());
                        input = rest;
                        connection.receive_span(span, used, out).map(Some)
                    }
                }
            } else {
                connection.receive(&mut input, out)
            };
            event.map(|event| event.map(heard))
        });
        let left = input.len();
        // Bytes that were not consumed are passed again, so they must still be masked.
        assert_eq!(input, &peer.wire[peer.seen - left..peer.seen]);
        peer.wire.drain(..peer.seen - left);
        peer.seen = left;

        let mut reply = None;
        match result {
            Ok(None) => {
                side.idle = true;
                assert!(!side.failed);
                if side.received_code.is_some() {
                    assert!(locates || left == 0, "what follows a Close is discarded");
                    peer.wire.drain(..left);
                    peer.seen = 0;
                }
            }
            Ok(Some((began, said))) => {
                side.idle = false;
                assert!(!side.failed && side.received_code.is_none(), "{said:?} after the end");
                assert_eq!(began.is_some(), said.first().is_some_and(is_data));
                if let Some(text) = began {
                    let begins = matches!(said[..], [Said::Begin(_), ..]);
                    assert_eq!(begins, side.receiving.is_none());
                    assert!(begins || side.receiving == Some(text));
                    side.receiving = (said.last() != Some(&Said::End)).then_some(text);
                }
                let heard: Vec<_> = peer.said.drain(..said.len().min(peer.said.len())).collect();
                assert_eq!(said, heard, "left: what was received, right: what was sent");
                match said[..] {
                    [Said::Ping(data)] if !side.close_sent && answers => {
                        side.unanswered = Some(data);
                    }
                    [Said::Ping(data)] if !side.close_sent => {
                        side.replies += 1;
                        assert!(side.replies <= max_pending_replies.max(1));
                        reply = Some((Said::Pong(data), 1));
                    }
                    [Said::Close(code)] => {
                        side.received_code = Some(code);
                        if !side.close_sent && !answers {
                            side.close_sent = true;
                            reply = Some((Said::Close(code), if code == 1005 { 0 } else { 2 }));
                        }
                    }
                    _ => {}
                }
            }
            Err(ReceiveError::OutputFull) => {
                side.idle = false;
                side.stalled = true;
                assert!(was_full && put == 0, "an empty output has room for a reply");
                side.failed = side.endpoint.connection.error().is_some();
                if side.failed && !told_before {
                    assert!(matches!(peer.said[..], [Said::Wrong(_), ..]), "{:?}", peer.said);
                }
            }
            Err(ReceiveError::Protocol(error)) => {
                side.idle = true;
                side.failed = true;
                let code = error.close_code().get();
                if !told_before {
                    assert_eq!(peer.said.first(), Some(&Said::Wrong(code)), "{error}");
                }
                // Unless a Close was sent before, this sends one.
                if !side.close_sent {
                    side.close_sent = true;
                    reply = Some((Said::Close(code), 2 + error.section().len()));
                }
                peer.wire.drain(..left);
                peer.seen = 0;
                peer.said.clear();
            }
            Err(error) => panic!("{error}"),
        }
        assert_eq!(put, reply.map_or(0, |(_, len)| side.frame_len(len)), "the reply is {reply:?}");
        side.said.extend(reply.map(|(said, _)| said));
    }

    fn fail(&mut self, index: usize, fault: Fault) {
        self.fault = Some(fault);
        self.acts -= 2;
        let side = &mut self.sides[index];
        match fault {
            Fault::Wrong(wrong) => {
                let (other, more) = if side.open { (0x81, 0x80) } else { (0x80, 0x81) };
                let (first_byte, payload, code): (_, &[u8], _) = match wrong {
                    0 => (0x83, b"", 1002),         // a reserved opcode
                    1 => (other, b"?", 1002),       // out of order
                    2 => (more, b"\xFF", 1007),     // not UTF-8
                    _ => (0x88, b"\x03\xED", 1002), // 1005 in a Close
                };
                side.put_raw(first_byte, payload);
                side.said.push(Said::Wrong(code));
            }
            Fault::AfterClose => {
                side.put_raw(0x82, b"!");
                side.put_raw(0x89, b"");
                side.put_raw(0x88, b"\x03\xE8");
                side.out.push(0xFF);
            }
            Fault::Die => {
                (side.dead, side.shut) = (true, true);
                side.out.clear();
            }
            Fault::StopReading => side.stopped = true,
            Fault::GiveUp => side.shut = true,
            Fault::Reset => {
                for side in &mut self.sides {
                    side.wire.truncate(side.seen);
                    side.shut = true;
                }
            }
        }
    }

    /// Checks the rules for every state.
    fn check(&self) {
        for side in &self.sides {
            let connection = &side.endpoint.connection;
            // > If this Close control frame contains no status code, _The WebSocket Connection
            // > Close Code_ is considered to be 1005. If _The WebSocket Connection is Closed_ and
            // > no Close control frame was received by the endpoint […], _The WebSocket Connection
            // > Close Code_ is considered to be 1006. (§7.1.5)
            let over = side.failed || side.ended;
            assert_eq!(side.close_code(), side.received_code.or(over.then_some(1006)));
            assert_eq!(connection.error().is_some(), side.failed);
            // > Once an endpoint has both sent and received a Close control frame, that endpoint
            // > SHOULD _Close the WebSocket Connection_ (§5.5.1) […] SHOULD be closed first by the
            // > server (§7.1.1)
            let both = side.close_sent && side.received_code.is_some();
            let expected = match (over, both, connection.role()) {
                (true, ..) | (false, true, Role::Server) => TransportAction::Close,
                (false, true, Role::Client) => TransportAction::AwaitEof,
                (false, false, _) => TransportAction::KeepOpen,
            };
            assert_eq!(connection.transport_action(), expected);
            let expected = side.check_send().then_some(()).ok_or(EncodeError::FrameAfterClose);
            assert_eq!(connection.check_send(Opcode::Ping), expected);
        }
    }

    /// Checks the rules for a state without further steps.
    fn check_end(&self) {
        let over = |side: &Side| side.close_sent || side.failed || side.ended || side.shut;
        let over = self.sides.iter().any(over);
        let stopped = self.sides.iter().any(|side| side.stopped);
        for (index, side) in self.sides.iter().enumerate() {
            let peer = &self.sides[1 - index];
            if side.dead || side.stopped {
                continue;
            }
            assert!(side.out.is_empty() && side.idle);
            if !self.loses() {
                assert!(peer.said.is_empty(), "side {index} has not heard {:?}", peer.said);
                assert!(peer.wire.is_empty(), "side {index} has not read {:?}", peer.wire);
            }
            if over && !stopped {
                assert!(side.shut && side.ended, "side {index} is not closed");
                let clean = self.fault.is_none();
                assert!(!clean || side.close_code() != Some(1006), "both said Close");
            }
        }
    }
}

/// Converts an event. Also returns whether data is text.
fn heard(event: Event<'_>) -> (Option<bool>, Vec<Said>) {
    let data = |text, first: bool, last: bool, bytes: &[u8]| {
        let bytes = bytes.iter().copied().map(Said::Byte);
        let begin = first.then_some(Said::Begin(text)).into_iter();
        (Some(text), begin.chain(bytes).chain(last.then_some(Said::End)).collect())
    };
    match event {
        Event::Text(chunk) => data(true, chunk.first, chunk.last, chunk.text.as_bytes()),
        Event::Binary(chunk) => data(false, chunk.first, chunk.last, chunk.payload.unmask()),
        Event::Ping(data) => (None, vec![Said::Ping(data[0])]),
        Event::Pong(data) => (None, vec![Said::Pong(data[0])]),
        Event::Close(body) => (None, vec![Said::Close(body.map_or(1005, |body| body.code.get()))]),
        Event::Raw(chunk) => panic!("no extension: {chunk:?}"),
    }
}

fn is_data(said: &Said) -> bool {
    matches!(said, Said::Begin(_) | Said::Byte(_) | Said::End)
}

/// Visits all states. Returns their number.
fn search(setup: Setup) -> usize {
    let fewer = usize::from(support::one_in() > 1);
    let acts = std::env::var("WSFRAME_MODEL_ACTS");
    let acts = acts.map_or(3 - fewer, |acts| acts.parse().unwrap());
    let start = State::new(setup, acts);
    let mut visited = HashSet::<u64, BuildHasherDefault<Digest>>::default();
    visited.insert(start.digest());
    let mut level = vec![start];
    let mut ends = 0;
    while !level.is_empty() {
        let mut next_level = Vec::new();
        for state in level {
            let mut quiet = true;
            let choices = state.choices();
            for (step, is_choice) in (state.steps().into_iter().map(|step| (step, false)))
                .chain(choices.into_iter().map(|step| (step, true)))
            {
                quiet &= is_choice;
                let mut next = state.clone();
                next.path = Some(Rc::new(Path { step, before: next.path.take() }));
                let report = Report(setup, next.path.clone());
                next.take(step);
                next.check();
                drop(report);
                if visited.insert(next.digest()) {
                    next_level.push(next);
                }
            }
            if quiet {
                let _report = Report(setup, state.path.clone());
                state.check_end();
                ends += 1;
            }
        }
        level = next_level;
    }
    println!("{setup:?}, {acts} acts: {} states, {ends} ends", visited.len());
    visited.len()
}

const ROOM: Setup =
    Setup { room: 200, room_behind: 200, max_pending_replies: 512, locates: 1, answers: None };

#[test]
fn model_with_capacity() {
    search(ROOM);
}

/// A Close fits only into an empty output. Another Pong would fit, but only one may wait.
#[test]
fn model_with_little_capacity() {
    search(Setup {
        room: MIN_BUFFER_LEN,
        room_behind: 7,
        max_pending_replies: 1,
        locates: 0,
        ..ROOM
    });
}

#[test]
fn with_a_server_that_answers_itself() {
    search(Setup { locates: 0, answers: Some(1), ..ROOM });
}
