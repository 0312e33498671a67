//! Two connections that talk to each other through a network that cuts and delays.
//!
//! After any script, these must be true: every message that was sent arrives whole and in order.
//! Every Ping is answered in order, unless the other side has closed the connection. In the end
//! both sides are closed, with the codes that were sent.

use std::collections::VecDeque;

use wsframe::{
    Assembler, CloseBody, CloseCode, Connection, Event, FrameHeader, Limits, MaskingKey,
    MaskingKeys, NoKeys, Opcode, ReceiveError, Role, Rules, TransportAction,
};

/// A step of the script. The lowest bit of a number chooses the side.
#[derive(Clone, Debug)]
pub enum Act {
    /// Sends a message in one frame.
    Send {
        side: u8,
        text: bool,
        payload: Vec<u8>,
    },
    /// Sends a fragment.
    Fragment {
        side: u8,
        text: bool,
        payload: Vec<u8>,
        fin: bool,
    },
    Ping {
        side: u8,
        payload: Vec<u8>,
    },
    Close {
        side: u8,
        code: u16,
    },
    /// Delivers this many bytes to a side.
    Deliver {
        side: u8,
        bytes: u16,
    },
}

/// Converts bytes to a script: two bytes per act, and its payload. Any bytes are a script.
pub fn script(mut bytes: &[u8]) -> Vec<Act> {
    let mut acts = Vec::new();
    while let [what, number, rest @ ..] = bytes {
        let (side, text, fin) = (what & 1, what & 2 != 0, what & 4 != 0);
        bytes = rest;
        // Some payloads are long, few very long, so that their lengths take each form.
        let mut payload = || {
            let (payload, behind) = bytes.split_at(bytes.len().min((*number).into()));
            bytes = behind;
            payload.repeat(match (what & 8, number) {
                (0, _) => 1,
                (_, 255) => 300,
                _ => 20,
            })
        };
        acts.push(match what >> 5 {
            0 => Act::Send { side, text, payload: payload() },
            1 => Act::Fragment { side, text, payload: payload(), fin },
            2 => Act::Ping { side, payload: payload() },
            3 => Act::Close { side, code: (*number).into() },
            _ => Act::Deliver { side, bytes: u16::from(*number) << (what >> 1 & 7) },
        });
    }
    acts
}

/// A message: whether it is text, and its bytes.
type Message = (bool, Vec<u8>);

/// Returns how many Pongs wait in an output of this side.
fn pongs(mut out: &[u8], role: Role) -> usize {
    let rules = Rules::new(role.peer());
    let mut pongs = 0;
    while let Some((header, len)) = FrameHeader::decode(out, rules).unwrap() {
        pongs += usize::from(header.opcode == Opcode::Pong);
        out = &out[len + header.payload_len as usize..];
    }
    pongs
}

struct Side<K> {
    connection: Connection<K>,
    max_pending_replies: usize,
    out: Vec<u8>,
    /// The delivered bytes that the connection has not consumed.
    input: Vec<u8>,
    assembler: Assembler,
    sent: Vec<Message>,
    /// The message that is being sent in fragments.
    open: Option<Message>,
    pings: VecDeque<Vec<u8>>,
    received: Vec<Message>,
    close_sent: Option<CloseCode>,
    /// Whether that Close was not an answer.
    closed_of_itself: bool,
}

impl<K: MaskingKeys> Side<K> {
    fn new(connection: Connection<K>, max_pending_replies: u16) -> Self {
        Self {
            connection: connection.limits(Limits::DEFAULT.max_pending_replies(max_pending_replies)),
            max_pending_replies: max_pending_replies.into(),
            out: Vec::new(),
            input: Vec::new(),
            assembler: Assembler::new(),
            sent: Vec::new(),
            open: None,
            pings: VecDeque::new(),
            received: Vec::new(),
            close_sent: None,
            closed_of_itself: false,
        }
    }

    fn send(&mut self, text: bool, payload: &[u8]) {
        let (payload, result) = if text {
            let payload = String::from_utf8_lossy(payload).into_owned();
            let result = self.connection.send(payload.as_str(), &mut self.out);
            (payload.into_bytes(), result)
        } else {
            (payload.to_vec(), self.connection.send(payload, &mut self.out))
        };
        let allowed = self.close_sent.is_none() && self.open.is_none();
        assert_eq!(result.is_ok(), allowed);
        if allowed {
            self.sent.push((text, payload));
        }
    }

    fn send_fragment(&mut self, text: bool, payload: &[u8], fin: bool) {
        let (payload, result) = if text {
            let payload = String::from_utf8_lossy(payload).into_owned();
            let result = self.connection.send_fragment(payload.as_str(), fin, &mut self.out);
            (payload.into_bytes(), result)
        } else {
            (payload.to_vec(), self.connection.send_fragment(payload, fin, &mut self.out))
        };
        let fits = self.open.as_ref().is_none_or(|(kind, _)| *kind == text);
        let allowed = self.close_sent.is_none() && fits;
        assert_eq!(result.is_ok(), allowed);
        if !allowed {
            return;
        }
        let mut message = self.open.take().unwrap_or((text, Vec::new()));
        message.1.extend(payload);
        if fin { self.sent.push(message) } else { self.open = Some(message) }
    }

    fn ping(&mut self, payload: &[u8]) {
        let result = self.connection.ping(payload, &mut self.out);
        assert_eq!(result.is_ok(), self.close_sent.is_none() && payload.len() <= 125);
        if result.is_ok() {
            self.pings.push_back(payload.to_vec());
        }
    }

    fn close(&mut self, code: CloseCode) {
        let body = CloseBody { code, reason: "" };
        let result = self.connection.close(Some(body), &mut self.out);
        assert_eq!(result.is_ok(), self.close_sent.is_none());
        self.closed_of_itself |= result.is_ok();
        self.close_sent.get_or_insert(code);
    }

    /// Receives the delivered bytes, and passes the output to the network. `peer_closed` is the
    /// code of the peer's Close, if it sent one.
    fn receive(&mut self, network: &mut VecDeque<u8>, peer_closed: Option<CloseCode>) {
        let Self { connection, out, input, max_pending_replies, .. } = self;
        let mut rest = &mut input[..];
        loop {
            let event = match connection.receive(&mut rest, out) {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(ReceiveError::OutputFull) => {
                    let replies = pongs(out, connection.role());
                    assert!(!out.is_empty() && replies >= *max_pending_replies, "{replies} wait");
                    network.extend(out.drain(..));
                    continue;
                }
                Err(error) => panic!("both keep to the rules: {error}"),
            };
            match event {
                Event::Text(chunk) => {
                    let text = self.assembler.text(chunk).unwrap();
                    self.received.extend(text.map(|text| (true, text.into_owned().into_bytes())));
                }
                Event::Binary(chunk) => {
                    let bytes = self.assembler.binary(chunk);
                    self.received.extend(bytes.map(|bytes| (false, bytes.into_owned())));
                }
                Event::Pong(data) => assert_eq!(self.pings.pop_front().as_deref(), Some(&*data)),
                Event::Close(body) => {
                    let code = body.expect("a body").code;
                    assert_eq!(Some(code), peer_closed);
                    self.close_sent.get_or_insert(code); // the answer
                }
                Event::Ping(_) => {}
                Event::Raw(_) => panic!("no extension"),
            }
        }
        let left = rest.len();
        input.drain(..input.len() - left);
        network.extend(out.drain(..));
    }
}

/// The two sides, and the network between them.
struct Conversation<K> {
    client: Side<K>,
    server: Side<NoKeys>,
    to_client: VecDeque<u8>,
    to_server: VecDeque<u8>,
}

impl<K: MaskingKeys> Conversation<K> {
    fn act(&mut self, act: &Act) {
        macro_rules! on {
            ($side:expr, $do:ident($($argument:expr),*)) => {
                if $side & 1 == 0 { self.client.$do($($argument),*) } else { self.server.$do($($argument),*) }
            };
        }
        match act {
            Act::Send { side, text, payload } => on!(side, send(*text, payload)),
            Act::Fragment { side, text, payload, fin } => {
                on!(side, send_fragment(*text, payload, *fin));
            }
            Act::Ping { side, payload } => on!(side, ping(payload)),
            Act::Close { side, code } => on!(side, close(CloseCode::new(3000 + code % 2000))),
            Act::Deliver { side, bytes } => self.deliver(side & 1 == 0, usize::from(*bytes)),
        }
    }

    /// Sends the output of a side, and delivers this many bytes to it.
    fn deliver(&mut self, to_client: bool, bytes: usize) {
        let Self { client, server, to_client: client_bound, to_server: server_bound } = self;
        if to_client {
            let bytes = bytes.min(client_bound.len());
            client.input.extend(client_bound.drain(..bytes));
            client.receive(server_bound, server.close_sent);
        } else {
            let bytes = bytes.min(server_bound.len());
            server.input.extend(server_bound.drain(..bytes));
            server.receive(client_bound, client.close_sent);
        }
    }

    /// Delivers everything that was sent, and the replies to it.
    fn settle(&mut self) {
        loop {
            self.deliver(true, usize::MAX);
            self.deliver(false, usize::MAX);
            let quiet = self.to_client.is_empty() && self.to_server.is_empty();
            if quiet && self.client.out.is_empty() && self.server.out.is_empty() {
                break;
            }
        }
    }

    fn end(mut self) {
        self.settle();
        // Behind its own Close a side says nothing more.
        let unanswered = (&self.client.pings, &self.server.pings);
        assert!(self.server.closed_of_itself || unanswered.0.is_empty(), "{:?}", unanswered.0);
        assert!(self.client.closed_of_itself || unanswered.1.is_empty(), "{:?}", unanswered.1);
        if self.client.close_sent.is_none() && self.server.close_sent.is_none() {
            self.client.close(CloseCode::NORMAL);
            self.settle();
        }
        let Self { client, server, .. } = self;
        assert_eq!(client.received, server.sent, "all that the server sent, in order");
        assert_eq!(server.received, client.sent, "all that the client sent, in order");
        assert_eq!(client.connection.close_code(), server.close_sent);
        assert_eq!(server.connection.close_code(), client.close_sent);
        assert_eq!(client.connection.transport_action(), TransportAction::AwaitEof);
        assert_eq!(server.connection.transport_action(), TransportAction::Close);
        assert_eq!(client.connection.role(), Role::Client);
    }
}

/// Runs the script, then delivers everything that was sent. With a low `max_pending_replies`,
/// `receive` must be called again for some replies.
pub fn play(acts: &[Act], max_pending_replies: u16) {
    let mut key = 0x1234_5678_u32;
    let keys = move || {
        key = key.wrapping_mul(0x9E37_79B1).wrapping_add(1);
        MaskingKey::new(key.to_ne_bytes())
    };
    let mut conversation = Conversation {
        client: Side::new(Connection::client(keys), max_pending_replies),
        server: Side::new(Connection::server(), max_pending_replies),
        to_client: VecDeque::new(),
        to_server: VecDeque::new(),
    };
    for act in acts {
        conversation.act(act);
    }
    conversation.end();
}
