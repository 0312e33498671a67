//! Compares a [`Connection`] with tungstenite on the same bytes from a peer. [`expected`] contains
//! each known difference, with the sentence of the RFC that decides it. Any other difference is a
//! bug in one of the two.
//!
//! tungstenite's close code must be derived from the kind of its error, and it checks a frame only
//! when it is complete. So it gets the complete frame in which the connection failed, and no bytes
//! after it: it must fail there.

use std::io::{self, Read, Write};

use super::naive::{self, Choices, Item};
use super::settings;
use tungstenite::protocol::frame::coding;
use tungstenite::protocol::{CloseFrame, Role as TheirRole, WebSocket, WebSocketConfig};
use tungstenite::{Error, Message};
use wsframe::{
    Assembler, CloseBody, CloseCode, Connection, Event, Limits, MaskingKey, MessageDecoder, Opcode,
    ProtocolError, ReceiveError, Role, Rules,
};

/// The settings of both.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub role: Role,
    pub accept_unmasked: bool,
    /// Whether a Close is sent before anything is received.
    pub closing: bool,
    /// The limit on frames. tungstenite needs one, because it allocates a frame's declared length.
    pub max_frame_size: u32,
    pub max_message_size: u32,
}

impl Settings {
    /// Converts bytes to settings. Any bytes are valid.
    pub fn of([choices, frame, message]: [u8; 3]) -> Self {
        Self {
            role: if choices & 1 != 0 { Role::Server } else { Role::Client },
            accept_unmasked: choices & 2 != 0,
            closing: choices & 4 != 0,
            max_frame_size: settings::limit(frame).min(1 << 16),
            max_message_size: settings::limit(message),
        }
    }
}

/// The result of receiving a stream.
#[derive(Debug, PartialEq)]
struct Heard {
    items: Vec<Item>,
    /// The opcodes and payloads of the automatic replies.
    replies: Vec<(Opcode, Vec<u8>)>,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// The stream has ended without an error.
    Open,
    /// A Close frame was received.
    Closed,
    /// The connection failed with this code.
    Failed(u16),
}

const NORMAL: CloseBody<'_> = CloseBody { code: CloseCode::NORMAL, reason: "" };

/// Compares both on this stream, in reads of these lengths (repeated; without lengths, in one
/// read).
pub fn compare(settings: Settings, cuts: &[usize], stream: &[u8]) {
    let (ours, failure) = hear(settings, cuts, stream);
    let Some((error, at)) = failure else {
        let theirs = they_hear(settings, cuts, stream);
        assert_eq!(theirs, expected(settings, ours, None, &theirs), "{settings:?} {stream:02x?}");
        return;
    };
    let last = Frame::at(at, stream, settings.max_frame_size);

    // > in all cases, the minimal number of bytes MUST be used to encode the length (§5.2)
    //
    // tungstenite accepts other forms. So both get the frame in its shortest form. A control frame
    // cannot have a longer form at all.
    let control_too_long =
        matches!(error, ProtocolError::ControlTooLong(_)) && last.declared <= 125;
    if matches!(error, ProtocolError::NonMinimalLength(_)) || control_too_long {
        let behind = stream.get(last.shown.len()..).unwrap_or_default();
        let as_it_is = [&last.shown[..], behind].concat();
        let shortest = [&last.in_shortest_form()[..], behind].concat();
        assert_eq!(they_hear(settings, cuts, &as_it_is), they_hear(settings, cuts, &shortest));
        return compare(settings, cuts, &shortest);
    }
    let theirs = they_hear(settings, cuts, &last.shown);
    let shown = last.shown.clone();
    let expected = expected(settings, ours, Some((error, last)), &theirs);
    assert_eq!(theirs, expected, "{settings:?} {error:?} {shown:02x?}");
}

/// Returns the result that tungstenite must have, given the connection's. This function is the list
/// of all differences.
fn expected(
    settings: Settings,
    mut ours: Heard,
    failure: Option<(ProtocolError, Frame)>,
    theirs: &Heard,
) -> Heard {
    // > An endpoint SHOULD use a status code […] when sending a Close frame (§7.4), and a failure
    // > is told by one: "it SHOULD send a Close frame with an appropriate status code" (§7.1.7)
    //
    // tungstenite leaves this to its caller.
    if let (End::Failed(code), false) = (ours.end, settings.closing) {
        let (opcode, told) = ours.replies.pop().expect("the failure is told");
        assert_eq!((opcode, &told[..2]), (Opcode::Close, &code.to_be_bytes()[..]));
    }
    match failure {
        // If two rules are broken, the RFC does not say which one is reported. tungstenite checks
        // the limit on frames first, and the reason of a Close before its code.
        Some((error, last)) if error.close_code() == CloseCode::PROTOCOL_ERROR => {
            let too_long = last.declared > settings.max_frame_size.into();
            if too_long && theirs.end == End::Failed(1009) {
                ours.end = End::Failed(1009);
            }
            if let ProtocolError::InvalidCloseCode(code) = error {
                match String::from_utf8(last.payload()[2..].to_vec()) {
                    Ok(reason) => wrong_code(settings, &mut ours, code, reason),
                    Err(_) => ours.end = End::Failed(1007),
                }
            }
        }
        // > 1000-2999 […] are reserved for definition by this protocol, its future revisions, and
        // > extensions specified in a permanent and readily available public specification.
        // > (§7.4.2)
        //
        // IANA's registry has had 1014 since then. tungstenite does not accept it.
        None => {
            if let Some(Item::Close(Some((1014, _)))) = ours.items.last() {
                let Some(Item::Close(Some((code, reason)))) = ours.items.pop() else {
                    unreachable!()
                };
                if !settings.closing {
                    assert_eq!(ours.replies.pop(), Some((Opcode::Close, b"\x03\xF6".to_vec())));
                }
                wrong_code(settings, &mut ours, code, reason);
            }
        }
        Some(_) => {}
    }
    // > When sending a Close frame in response, the endpoint typically echos the status code it
    // > received. (§5.5.1)
    //
    // tungstenite echoes the reason too.
    if let (Some(Item::Close(Some((_, reason)))), Some((Opcode::Close, body)), false) =
        (ours.items.last(), ours.replies.last_mut(), settings.closing)
    {
        if body.len() == 2 {
            body.extend(reason.as_bytes());
        }
    }
    ours
}

/// > these values […] MUST NOT be set as a status code in a Close control frame by an endpoint
/// > (§7.4.1, of 1005, 1006 and 1015); Status codes in the range 0-999 are not used (§7.4.2)
///
/// The connection fails. tungstenite answers with 1002, and returns the Close to its caller. It
/// does not check a code that answers its own Close.
fn wrong_code(settings: Settings, ours: &mut Heard, code: u16, reason: String) {
    let told = if settings.closing {
        (code, reason)
    } else {
        ours.replies.push((Opcode::Close, b"\x03\xEA".to_vec()));
        (1002, "Protocol violation".into())
    };
    ours.items.push(Item::Close(Some(told)));
    ours.end = End::Closed;
}

/// Receives the stream with a connection. Returns the result, and after a failure the error and the
/// offset of a byte of the frame that caused it.
fn hear(
    settings: Settings,
    cuts: &[usize],
    stream: &[u8],
) -> (Heard, Option<(ProtocolError, usize)>) {
    let strict = Rules::new(settings.role);
    let rules = if settings.accept_unmasked { strict.accept_unmasked() } else { strict };
    let limits = Limits::UNLIMITED
        .max_frame_size(settings.max_frame_size)
        .max_message_size(settings.max_message_size)
        .max_pending_replies(u16::MAX);
    let mut connection =
        Connection::with_message_decoder(MessageDecoder::with_rules(rules), || {
            MaskingKey::new([0x37, 0xFA, 0x21, 0x3D])
        })
        .limits(limits);
    let mut out = Vec::new();
    if settings.closing {
        connection.close(Some(NORMAL), &mut out).expect("nothing was sent before");
    }

    let mut assembler = Assembler::new();
    let mut items = Vec::new();
    let mut failure = None;
    let mut buffer = Vec::new();
    for (start, end) in super::drive::pieces(stream.len(), cuts.iter().copied().cycle()) {
        buffer.extend(&stream[start..end]);
        let mut input = &mut buffer[..];
        loop {
            items.extend(match connection.receive(&mut input, &mut out) {
                Ok(Some(Event::Text(chunk))) => {
                    assembler.text(chunk).unwrap().map(|text| Item::Text(text.into_owned().into()))
                }
                Ok(Some(Event::Binary(chunk))) => {
                    assembler.binary(chunk).map(|bytes| Item::Binary(bytes.into_owned()))
                }
                Ok(Some(Event::Ping(data))) => Some(Item::Ping(data.to_vec())),
                Ok(Some(Event::Pong(data))) => Some(Item::Pong(data.to_vec())),
                Ok(Some(Event::Close(body))) => {
                    Some(Item::Close(body.map(|body| (body.code.get(), body.reason.to_owned()))))
                }
                Ok(Some(Event::Raw(_))) => unreachable!("no extension"),
                Ok(None) => break,
                Err(ReceiveError::Protocol(error)) => {
                    failure = Some(error);
                    break;
                }
                Err(error) => unreachable!("there is room: {error}"),
            });
        }
        let left = input.len();
        if let Some(error) = failure {
            // An error in a payload is found after the payload was consumed.
            let payload = matches!(
                error,
                ProtocolError::InvalidUtf8(_)
                    | ProtocolError::TruncatedCloseCode
                    | ProtocolError::InvalidCloseCode(_)
            );
            let at = end - left - usize::from(payload);
            let end = End::Failed(error.close_code().get());
            let heard = Heard { items, replies: replies(settings, &out), end };
            return (heard, Some((error, at)));
        }
        buffer.drain(..buffer.len() - left);
    }
    let closed = matches!(items.last(), Some(Item::Close(_)));
    let end = if closed { End::Closed } else { End::Open };
    (Heard { items, replies: replies(settings, &out), end }, None)
}

/// A frame on the wire, which may be invalid.
struct Frame {
    /// The stream up to the frame's end. Bytes that have not arrived are zeros. A payload over the
    /// limit is left out.
    shown: Vec<u8>,
    /// The offset of the header.
    start: usize,
    /// The number of length bytes after the first two bytes: 0, 2 or 8.
    len_bytes: usize,
    declared: u64,
    masked: bool,
}

impl Frame {
    /// Returns the frame that contains this byte of the stream.
    fn at(at: usize, stream: &[u8], max_frame_size: u32) -> Self {
        let byte = |at: usize| stream.get(at).copied().unwrap_or(0);
        let mut start = 0;
        loop {
            let masked = byte(start + 1) & 0x80 != 0;
            let (len_bytes, declared) = match byte(start + 1) & 0x7F {
                126 => (2, (2..4).fold(0, |len, i| len << 8 | u64::from(byte(start + i)))),
                127 => (8, (2..10).fold(0, |len, i| len << 8 | u64::from(byte(start + i)))),
                short => (0, short.into()),
            };
            let fits = declared <= max_frame_size.into();
            let payload = start + 2 + len_bytes + if masked { 4 } else { 0 };
            let end = payload + if fits { declared as usize } else { 0 };
            if at < end || !fits {
                let shown = (0..end).map(byte).collect();
                return Self { shown, start, len_bytes, declared, masked };
            }
            start = end;
        }
    }

    /// Returns the payload, unmasked.
    fn payload(&self) -> Vec<u8> {
        let behind_len = &self.shown[self.start + 2 + self.len_bytes..];
        let (key, masked) = behind_len.split_at(if self.masked { 4 } else { 0 });
        let mut payload = masked.to_vec();
        if let Ok(key) = key.try_into() {
            naive::mask(&mut payload, key, 0);
        }
        payload
    }

    /// Returns the stream up to the frame's end, with the length in its shortest form.
    fn in_shortest_form(&self) -> Vec<u8> {
        let (before, frame) = self.shown.split_at(self.start);
        let declared = usize::try_from(self.declared).expect("a longer form would be right");
        let form = naive::shortest_form(declared);
        let short = if form == 0 { declared as u8 } else { 126 };
        let len = self.declared.to_be_bytes();
        let mask = frame[1] & 0x80;
        [before, &[frame[0], mask | short], &len[8 - form..], &frame[2 + self.len_bytes..]].concat()
    }
}

fn replies(settings: Settings, sent: &[u8]) -> Vec<(Opcode, Vec<u8>)> {
    let peer = if settings.role == Role::Client { Role::Server } else { Role::Client };
    let (frames, error) = naive::frames(sent, Choices::strict(peer), u64::MAX);
    assert_eq!(error, None);
    frames.into_iter().map(|(header, payload)| (header.opcode, payload)).collect()
}

/// A transport that returns the stream in these reads.
struct Wire<'s> {
    unread: &'s [u8],
    cuts: std::iter::Cycle<std::iter::Copied<std::slice::Iter<'s, usize>>>,
    sent: Vec<u8>,
}

impl Read for Wire<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let cut = self.cuts.next().unwrap_or(usize::MAX).max(1).min(buf.len());
        let (read, rest) = self.unread.split_at(cut.min(self.unread.len()));
        buf[..read.len()].copy_from_slice(read);
        self.unread = rest;
        Ok(read.len())
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sent.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn they_hear(settings: Settings, cuts: &[usize], stream: &[u8]) -> Heard {
    let limit = |limit| (limit != u32::MAX).then_some(limit as usize);
    let config = WebSocketConfig::default()
        .read_buffer_size(64)
        .max_frame_size(limit(settings.max_frame_size))
        .max_message_size(limit(settings.max_message_size))
        .accept_unmasked_frames(settings.accept_unmasked);
    let wire = Wire { unread: stream, cuts: cuts.iter().copied().cycle(), sent: Vec::new() };
    let role = match settings.role {
        Role::Client => TheirRole::Client,
        Role::Server => TheirRole::Server,
    };
    let mut socket = WebSocket::from_raw_socket(wire, role, Some(config));
    if settings.closing {
        let normal = CloseFrame { code: coding::CloseCode::Normal, reason: "".into() };
        socket.close(Some(normal)).expect("nothing was sent before");
    }

    let mut items = Vec::new();
    let end = loop {
        items.push(match socket.read() {
            Ok(Message::Text(text)) => Item::Text(text.as_str().into()),
            Ok(Message::Binary(bytes)) => Item::Binary(bytes.to_vec()),
            Ok(Message::Ping(data)) => Item::Ping(data.to_vec()),
            Ok(Message::Pong(data)) => Item::Pong(data.to_vec()),
            Ok(Message::Close(body)) => {
                let body = body.map(|body| (u16::from(body.code), body.reason.as_str().to_owned()));
                items.push(Item::Close(body));
                // > after receiving a control frame indicating the connection should be closed, a
                // > peer discards any further data received (§1.4)
                //
                // Reading on would be an error for tungstenite's client. Its server returns one
                // when the connection is over.
                let _ = socket.flush();
                break End::Closed;
            }
            Ok(Message::Frame(_)) => unreachable!("never read"),
            Err(Error::Protocol(
                tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
            )) => break End::Open,
            Err(Error::Protocol(_)) => break End::Failed(1002),
            Err(Error::Utf8(_)) => break End::Failed(1007),
            Err(Error::Capacity(_)) => break End::Failed(1009),
            Err(error) => unreachable!("the wire holds: {error}"),
        });
    };
    Heard { items, replies: replies(settings, &socket.get_ref().sent), end }
}
