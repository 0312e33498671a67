//! A server's opening handshake: reading a client's head, and writing the response.

use std::fs;
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::path::Path;

use tungstenite::handshake::machine::TryParse;
use tungstenite::handshake::server as tungstenite_server;
use wsframe::handshake::{HeadScanner, Request};

use crate::measure::{Rival, Role, Work};
use crate::payload::Size;
use crate::table::{Case, Plan, Table, Unit};

const NOTES: &[&str] = &[
    "The heads are those that real clients sent, which wsframe's tests hold. The response is a new String or Vec.",
    "choosing: with an origin on a list and a subprotocol chosen, which the others do not do.",
    "tungstenite: its parser, create_response and write_response. accept: all it does to a stream.",
];

/// The number of handshakes in a run.
const COUNT: usize = 1000;

pub fn measure(plan: &Plan) -> Table {
    let rivals = [
        rival("wsframe", Role::Ours, |head| with_wsframe(head, false)),
        rival("choosing", Role::Variant, |head| with_wsframe(head, true)),
        rival("tungstenite", Role::Peer, with_tungstenite),
        rival("accept", Role::Peer, with_tungstenite_accept),
    ];
    let cases = ["ws", "websockets", "chromium", "curl"].map(|client| {
        let head = recorded(client);
        Case {
            group: client.to_owned(),
            size: Size::Fixed(head.len()),
            work: Box::new(move || Heads { head: head.clone(), last_response: Vec::new() }),
        }
    });
    Table::measure("a server's opening handshake", Unit::Handshake, &rivals, cases, NOTES, plan)
}

fn recorded(client: &str) -> Vec<u8> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/handshake");
    fs::read(directory.join(format!("{client}-request.http"))).expect("it is in the repository")
}

struct Heads {
    head: Vec<u8>,
    last_response: Vec<u8>,
}

impl Work for Heads {
    fn items(&self) -> f64 {
        COUNT as f64
    }

    fn reset(&mut self) {
        self.last_response.clear();
    }

    fn check(&self, rival: &str) {
        let head = str::from_utf8(&self.head).expect("ASCII");
        let key = head.split("Sec-WebSocket-Key: ").nth(1).expect("a key").split("\r\n").next();
        let accept = tungstenite::handshake::derive_accept_key(key.expect("a key").as_bytes());
        let response = String::from_utf8_lossy(&self.last_response).to_lowercase();
        assert!(response.starts_with("http/1.1 101 "), "{rival}: {response}");
        let accept = format!("\r\nsec-websocket-accept: {}\r\n", accept.to_lowercase());
        assert!(response.contains(&accept), "{rival}: {response}");
    }
}

fn rival(name: &str, role: Role, answer: fn(&[u8]) -> Vec<u8>) -> Rival<Heads> {
    Rival::new(name, role, move |heads: &mut Heads| {
        for _ in 0..COUNT {
            heads.last_response = answer(black_box(&heads.head));
        }
    })
}

#[inline(always)]
pub fn with_wsframe(received: &[u8], choosing: bool) -> Vec<u8> {
    let len =
        HeadScanner::new().find_request(received).expect("a right head").expect("a whole one");
    let request = Request::parse(&received[..len]).expect("HTTP");
    let opening = request.handshake().expect("a handshake");
    let mut chosen = None;
    if choosing {
        let origin = opening.origin().unwrap_or("none");
        opening.check_origin(&["https://wsframe.example", origin]).expect("on the list");
        chosen = opening.choose_subprotocol(&["superchat", "chat"]);
    }
    let mut response = String::new();
    opening.accept().subprotocol(chosen).write(&mut [], &mut response).expect("a right response");
    response.into_bytes()
}

fn with_tungstenite(received: &[u8]) -> Vec<u8> {
    let parsed = tungstenite_server::Request::try_parse(received).expect("HTTP");
    let (_, request) = parsed.expect("a whole one");
    let response = tungstenite_server::create_response(&request).expect("a handshake");
    let mut out = Vec::new();
    tungstenite_server::write_response(&mut out, &response).expect("memory");
    out
}

/// The client's side of a transport. A read returns its whole head, and writes are stored.
struct Client<'a> {
    head: &'a [u8],
    response: Vec<u8>,
}

impl Read for Client<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.head.read(buf)
    }
}

impl Write for Client<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.response.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn with_tungstenite_accept(received: &[u8]) -> Vec<u8> {
    let mut client = Client { head: received, response: Vec::new() };
    drop(tungstenite::accept(&mut client).expect("a handshake"));
    client.response
}
