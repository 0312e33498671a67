//! The examples, run: servers and clients against each other and against a peer of bare sockets, straight
//! and through the relay; and the memory of many connections.
#![cfg(all(feature = "deflate", feature = "http", feature = "rand"))]

#[path = "support/example.rs"]
mod example;

use core::time::Duration;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use tokio::net::TcpSocket;
#[cfg(feature = "tokio-util")]
use wsframe::Rsv;
#[cfg(feature = "tokio-util")]
use wsframe::deflate::{Compressor, Context, Effort};
use wsframe::handshake::Key;
use wsframe::{CloseBody, CloseCode, FrameEncoder, FrameHeader, MaskingKey, Opcode};

/// For whatever is awaited. All of it comes at once, or the test has failed.
const LIMIT: Duration = Duration::from_secs(30);

/// A server or a relay that runs until it is dropped.
struct Running {
    child: Child,
    address: String,
}

impl Running {
    /// Starts it, and waits until it says where it listens.
    fn start(name: &str, args: &[&str]) -> Self {
        Self::spawn(example::command(name).args(args))
    }

    fn spawn(command: &mut Command) -> Self {
        let child = command.stdout(Stdio::piped()).spawn().expect("the example starts");
        // From here on it ends with the test, however that ends.
        let mut running = Self { child, address: String::new() };
        let lines = BufReader::new(running.child.stdout.take().expect("its output")).lines();
        let (found, address) = mpsc::channel();
        thread::spawn(move || {
            let address = lines
                .map(|line| line.expect("its output in UTF-8"))
                .find_map(|line| Some(line.split_once("ws://")?.1.split_once('/')?.0.to_owned()));
            let _ = found.send(address);
        });
        let address = address.recv_timeout(LIMIT).expect("it says something in time");
        running.address = address.expect("it says where it listens");
        running
    }

    fn echo_server() -> Self {
        Self::start("echo_server", &["127.0.0.1:0"])
    }

    fn relay(to: &str) -> Self {
        Self::start("relay", &["127.0.0.1:0", &format!("ws://{to}")])
    }

    fn url(&self) -> String {
        format!("ws://{}/", self.address)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Calls it with the address of an echo server, with that of a relay in front of one, and with that of the
/// echo server on `Framed`.
fn straight_and_through_the_relay(check: impl Fn(&str)) {
    let server = Running::echo_server();
    check(&server.address);
    let relay = Running::relay(&server.address);
    check(&relay.address);
    #[cfg(feature = "tokio-util")]
    check(&Running::start("framed", &["127.0.0.1:0"]).address);
}

/// Runs an example to its end.
fn run(name: &str, args: &[&str], stdin: &[u8]) -> Output {
    let mut child = example::command(name)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the example starts");
    let mut input = child.stdin.take().expect("its standard input");
    let mut streams: [Box<dyn Read + Send>; 2] = [
        Box::new(child.stdout.take().expect("its standard output")),
        Box::new(child.stderr.take().expect("its standard error")),
    ];
    thread::scope(|scope| {
        // It may end before it has read all.
        scope.spawn(move || drop(input.write_all(stdin)));
        let [stdout, stderr] = streams.each_mut().map(|stream| {
            scope.spawn(|| {
                let mut bytes = Vec::new();
                stream.read_to_end(&mut bytes).expect("its output");
                bytes
            })
        });
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("its status") {
                break status;
            }
            if start.elapsed() > LIMIT {
                child.kill().expect("it was running");
                panic!("{name} {args:?} has not ended");
            }
            thread::sleep(Duration::from_millis(5));
        };
        let [stdout, stderr] = [stdout, stderr].map(|bytes| bytes.join().expect("the bytes"));
        Output { status, stdout, stderr }
    })
}

/// Expects success, and gives what was printed.
fn printed(output: Output) -> String {
    let Output { status, stdout, stderr } = output;
    assert!(status.success(), "{status}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).expect("output in UTF-8")
}

/// Expects failure with this status, and gives what was said about it.
fn complaint(output: Output, status: i32) -> String {
    let said = String::from_utf8(output.stderr).expect("messages in UTF-8");
    assert_eq!(output.status.code(), Some(status), "{said}");
    said
}

/// A WebSocket of bare sockets, which sends any frames, right or wrong.
struct Peer {
    socket: TcpStream,
}

/// An opening handshake, with the key of RFC 6455 §1.3. Offers an extension, as browsers do.
const REQUEST: &[u8] = b"GET /chat HTTP/1.1\r\nHost: example\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Extensions: x-unknown\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// What the peer masks with.
const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

impl Peer {
    fn new(socket: TcpStream) -> Self {
        socket.set_read_timeout(Some(LIMIT)).expect("a time limit");
        socket.set_write_timeout(Some(LIMIT)).expect("a time limit");
        socket.set_nodelay(true).expect("an option");
        Self { socket }
    }

    /// A client, after the opening handshake.
    fn connect(address: &str) -> Self {
        Self::connect_and_send(address, b"")
    }

    /// A client that sends frames before its request was answered, which no client should.
    fn connect_and_send(address: &str, frames: &[u8]) -> Self {
        let mut peer = Self::new(TcpStream::connect(address).expect("a listener"));
        peer.send(&[REQUEST, frames].concat());
        let head = peer.head();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let (names, accept) = (head.to_lowercase(), ": s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
        assert!(names.contains("sec-websocket-accept: ") && head.contains(accept), "{head}");
        assert!(!names.contains("extensions"), "{head}");
        peer
    }

    /// A server, after the opening handshake. Gives the request as well.
    fn accept(listener: &TcpListener) -> (Self, String) {
        Self::accept_and_send(listener, b"")
    }

    /// A server that sends frames right behind its response.
    fn accept_and_send(listener: &TcpListener, frames: &[u8]) -> (Self, String) {
        Self::accept_and_say(listener, "", frames)
    }

    /// A server that also says something before its response.
    fn accept_and_say(listener: &TcpListener, meanwhile: &str, frames: &[u8]) -> (Self, String) {
        let mut peer = Self::new(accept(listener));
        let head = peer.head();
        let (_, key) = head.split_once("Sec-WebSocket-Key: ").expect("a key");
        let (key, _) = key.split_once("\r\n").expect("the end of a line");
        let accept = Key::parse(key.as_bytes()).expect("16 bytes in base64").accept();
        let accept = accept.as_str();
        let response = format!(
            "{meanwhile}HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        peer.send(&[response.as_bytes(), frames].concat());
        (peer, head)
    }

    fn send(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).expect("the other side takes it");
    }

    fn exactly<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.socket.read_exact(&mut bytes).expect("more bytes");
        bytes
    }

    fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.exactly::<1>()[0]);
        }
        String::from_utf8(head).expect("a head in ASCII")
    }

    /// The next frame: its first byte, its key, and its payload unmasked.
    fn frame(&mut self) -> (u8, Option<[u8; 4]>, Vec<u8>) {
        let [first, second] = self.exactly();
        let len = match second & 0x7F {
            126 => u16::from_be_bytes(self.exactly()).into(),
            127 => u64::from_be_bytes(self.exactly()),
            len => len.into(),
        };
        let key = (second & 0x80 != 0).then(|| self.exactly());
        let mut payload = vec![0; usize::try_from(len).expect("a length")];
        self.socket.read_exact(&mut payload).expect("the payload");
        for (byte, key) in payload.iter_mut().zip(key.unwrap_or_default().iter().cycle()) {
            *byte ^= key;
        }
        (first, key, payload)
    }

    /// Expects an unmasked frame, and gives its first byte and its payload.
    fn server_frame(&mut self) -> (u8, Vec<u8>) {
        let (first, key, payload) = self.frame();
        assert_eq!(key, None);
        (first, payload)
    }

    /// Expects a message, and gives its opcode and its payload. Control frames in it go to `control`.
    fn message(&mut self, control: &mut Vec<(u8, Vec<u8>)>) -> (u8, Vec<u8>) {
        let (mut opcode, mut message) = (None, Vec::new());
        loop {
            let (first, payload) = self.server_frame();
            if first & 0x08 != 0 {
                control.push((first, payload));
                continue;
            }
            assert_eq!(opcode.is_some(), first & 0x0F == 0, "{first:#x}");
            opcode = opcode.or(Some(first & 0x0F));
            message.extend(payload);
            if first & 0x80 != 0 {
                return (opcode.expect("a first frame"), message);
            }
        }
    }

    /// Expects a Close with this code, perhaps behind echoes, and then the end.
    fn fails_with(&mut self, code: CloseCode) {
        let (mut first, mut payload) = self.server_frame();
        while first & 0x08 == 0 {
            (first, payload) = self.server_frame();
        }
        let body = CloseBody::decode(&payload).expect("a right body").expect("a body");
        assert_eq!((first, body.code), (0x88, code));
        self.ends();
    }

    fn ends(&mut self) {
        let mut rest = Vec::new();
        self.socket.read_to_end(&mut rest).expect("an end");
        assert_eq!(rest, b"");
    }
}

/// The next connection. Whoever was to connect may have failed, so this does not wait for ever.
fn accept(listener: &TcpListener) -> TcpStream {
    listener.set_nonblocking(true).expect("an option");
    let start = Instant::now();
    loop {
        match listener.accept() {
            Ok((socket, _)) => {
                socket.set_nonblocking(false).expect("an option");
                return socket;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && start.elapsed() < LIMIT => {
                thread::sleep(Duration::from_millis(1));
            }
            Err(error) => panic!("nobody has connected: {error}"),
        }
    }
}

/// A masked frame.
fn masked(opcode: Opcode, fin: bool, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    let encoder = FrameEncoder::new(opcode).fin(fin).masking_key(MaskingKey::new(KEY));
    encoder.append(payload, &mut frame).expect("a right frame");
    frame
}

fn close_body(code: CloseCode, reason: &str) -> Vec<u8> {
    CloseBody { code, reason }.encode().expect("a right body").to_vec()
}

#[test]
fn fragments_come_back_and_pings_are_answered_between_them() {
    straight_and_through_the_relay(|address| {
        let mut peer = Peer::connect(address);
        // Cut inside the second character.
        peer.send(&masked(Opcode::Text, false, b"gr\xC3"));
        peer.send(&masked(Opcode::Ping, true, b"now"));
        peer.send(&masked(Opcode::Continuation, false, b""));
        peer.send(&masked(Opcode::Continuation, true, b"\xBC\xC3\x9Fe"));
        let mut control = Vec::new();
        assert_eq!(peer.message(&mut control), (1, "grüße".into()));
        assert_eq!(control, [(0x8A, b"now".to_vec())]);
    });
}

#[test]
fn frames_right_behind_the_request_are_not_lost() {
    straight_and_through_the_relay(|address| {
        let mut peer = Peer::connect_and_send(address, &masked(Opcode::Text, true, b"early"));
        assert_eq!(peer.server_frame(), (0x81, b"early".to_vec()));
    });
}

#[test]
fn a_long_message_comes_back() {
    // What has no period that a mask or a buffer has.
    let message: Vec<u8> = (0..1 << 20).map(|i: u32| (i % 251) as u8).collect();
    straight_and_through_the_relay(|address| {
        let mut peer = Peer::connect(address);
        let mut sender = Peer::new(peer.socket.try_clone().expect("the same socket"));
        thread::scope(|scope| {
            scope.spawn(|| sender.send(&masked(Opcode::Binary, true, &message)));
            let (opcode, echo) = peer.message(&mut Vec::new());
            assert_eq!(opcode, 2);
            assert!(echo == message);
        });
    });
}

#[test]
fn a_close_comes_back_and_then_the_end() {
    straight_and_through_the_relay(|address| {
        let bodies = [
            vec![],
            close_body(CloseCode::NORMAL, ""),
            close_body(CloseCode::GOING_AWAY, "bye"),
            close_body(CloseCode::new(4999), "grüße"),
        ];
        for body in bodies {
            let mut peer = Peer::connect(address);
            peer.send(&masked(Opcode::Close, true, &body));
            peer.send(&masked(Opcode::Text, true, b"too late"));
            assert_eq!(peer.server_frame(), (0x88, body));
            peer.ends();
        }
    });
}

#[test]
fn a_broken_rule_closes_with_its_code() {
    let unmasked = b"\x81\x02hi".to_vec();
    let reserved = [masked(Opcode::Text, true, b"first"), b"\x83\x80\0\0\0\0".to_vec()].concat();
    // A frame of 1 MiB, of which no more than this comes.
    let header = FrameHeader {
        masking_key: Some(MaskingKey::new([0; 4])),
        ..FrameHeader::new(Opcode::Text, 1 << 20)
    };
    let mut unfinished = header.encode().expect("a right header").to_vec();
    unfinished.extend(b"na\xEFve");

    let cases = [
        (CloseCode::PROTOCOL_ERROR, unmasked),
        (CloseCode::PROTOCOL_ERROR, reserved),
        (CloseCode::PROTOCOL_ERROR, masked(Opcode::Continuation, true, b"")),
        (CloseCode::PROTOCOL_ERROR, masked(Opcode::Close, true, b"\x03\xED")),
        (CloseCode::INVALID_PAYLOAD, masked(Opcode::Text, true, b"\xFF")),
        (CloseCode::INVALID_PAYLOAD, unfinished),
    ];
    straight_and_through_the_relay(|address| {
        for (code, bytes) in &cases {
            let mut peer = Peer::connect(address);
            peer.send(bytes);
            peer.fails_with(*code);
        }
        // What was right before it still comes back.
        let mut peer = Peer::connect(address);
        peer.send(&cases[1].1);
        assert_eq!(peer.server_frame(), (0x81, b"first".to_vec()));
        peer.fails_with(CloseCode::PROTOCOL_ERROR);
    });
}

/// A client, a relay, and a server behind it, which is given with its request.
fn around_a_relay() -> (Peer, Running, Peer, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let relay = Running::relay(&listener.local_addr().expect("its address").to_string());
    let address = relay.address.clone();
    let client = thread::spawn(move || Peer::connect(&address));
    let (server, request) = Peer::accept_and_send(&listener, b"\x8A\x05early");
    let mut client = client.join().expect("a client");
    assert_eq!(client.server_frame(), (0x8A, b"early".to_vec()));
    (client, relay, server, request)
}

#[test]
fn the_relay_masks_anew_and_keeps_frames_as_they_are() {
    let (mut client, _relay, mut server, request) = around_a_relay();
    assert!(request.starts_with("GET /chat HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("Host: example\r\n"), "{request}");
    assert!(!request.contains("Extensions"), "{request}");

    let mut keys = Vec::new();
    for (opcode, fin, payload) in [
        (Opcode::Text, false, &b"caf\xC3"[..]),
        (Opcode::Ping, true, b"now"),
        (Opcode::Continuation, true, b"\xA9"),
        (Opcode::Binary, true, &[7; 1000]),
    ] {
        client.send(&masked(opcode, fin, payload));
        let (first, key, received) = server.frame();
        assert_eq!((first, &received[..]), (opcode.bits() | u8::from(fin) << 7, payload));
        keys.push(key.expect("a masked frame"));
    }
    // Four keys by chance are neither the client's nor each other's.
    keys.push(KEY);
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 5);

    server.send(b"\x81\x05Hello");
    assert_eq!(client.server_frame(), (0x81, b"Hello".to_vec()));
}

#[test]
fn the_relay_tells_both_sides_what_a_server_did_wrong() {
    let (mut client, _relay, mut server, _) = around_a_relay();
    server.send(b"\x81\x05Hello\x81\x80\0\0\0\0"); // the second is masked
    assert_eq!(client.server_frame(), (0x81, b"Hello".to_vec()));
    client.fails_with(CloseCode::PROTOCOL_ERROR);

    // This client does not answer. The relay answers in its stead, when it has waited.
    let (first, key, payload) = server.frame();
    assert_eq!((first, key.is_some(), &payload[..2]), (0x88, true, &[0x03, 0xEA][..]));
    server.ends();
}

#[test]
fn the_relay_ends_one_side_when_the_other_has_ended() {
    let (mut client, _relay, mut server, _) = around_a_relay();
    // In the midst of a frame: there is no Close to be made up.
    server.send(b"\x82\x05Hel");
    server.socket.shutdown(Shutdown::Both).expect("an open socket");
    let mut rest = Vec::new();
    client.socket.read_to_end(&mut rest).expect("an end");
    assert_eq!(rest, b"\x82\x05Hel");
}

#[test]
fn the_relay_holds_no_more_than_its_buffers() {
    let (mut client, relay, _server, _) = around_a_relay();
    // The server does not read; so at some time the client cannot write.
    client.socket.set_write_timeout(Some(Duration::from_millis(500))).expect("a time limit");
    let block = masked(Opcode::Binary, true, &[7; 1 << 20]);
    let mut sent = 0;
    while client.socket.write_all(&block).is_ok() {
        sent += block.len();
        assert!(sent < 256 << 20, "the relay takes what it cannot pass on");
    }
    // What was taken lies in the system's buffers of two sockets.
    if let Some(resident) = resident_bytes(relay.child.id()) {
        assert!(resident < 16 << 20, "the relay takes {resident} bytes");
    }
}

/// What a process has in memory, where the system tells.
fn resident_bytes(process: u32) -> Option<usize> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: usize = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

#[test]
fn the_relay_passes_a_refusal_on() {
    let server = Running::echo_server();
    let relay = Running::relay(&server.address);
    let mut peer = Peer::new(TcpStream::connect(&relay.address).expect("a listener"));
    peer.send(b"GET / HTTP/1.1\r\nHost: example\r\n\r\n");
    assert!(peer.head().starts_with("HTTP/1.1 200 OK\r\n"));
    let mut page = String::new();
    peer.socket.read_to_string(&mut page).expect("a page");
    assert!(page.trim_end().ends_with("</html>"), "{page}");
}

/// RFC 9110 §15.2: what a server says meanwhile is not its answer.
#[test]
fn the_relay_passes_on_what_is_said_meanwhile() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let relay = Running::relay(&listener.local_addr().expect("its address").to_string());
    let mut client = Peer::new(TcpStream::connect(&relay.address).expect("a listener"));
    client.send(REQUEST);
    let mut server = Peer::new(accept(&listener));
    server.head();
    server.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n");
    assert_eq!(client.head(), "HTTP/1.1 100 Continue\r\n\r\n");
    let right = "HTTP/1.1 101 now\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    server.send(["Link: </a>\r\n\r\n", right, "\x01\x03Hel"].concat().as_bytes());
    assert_eq!(client.head(), "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    assert_eq!(client.head(), right);
    // It goes both ways from here on.
    assert_eq!(client.server_frame(), (0x01, b"Hel".to_vec()));
    client.send(&masked(Opcode::Ping, true, b"there?"));
    assert_eq!(server.frame().2, b"there?");
}

#[test]
fn clients_wait_for_the_answer_that_counts() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ws://{}/", listener.local_addr().expect("its address"));
    for (name, args, says) in [
        ("echo_client", [&*url, "Hello, 🌍!"], "Hello, 🌍!\n"),
        ("handshake", ["connect", &url], "subprotocol none\necho Hello, 🌍!\n"),
    ] {
        thread::scope(|scope| {
            let output = scope.spawn(|| run(name, &args, b""));
            let meanwhile = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(2);
            let (mut server, _) = Peer::accept_and_say(&listener, &meanwhile, b"");
            let message = server.frame().2;
            server.send(&[&[0x81, message.len() as u8][..], &message].concat());
            let (first, _, body) = server.frame();
            assert_eq!(first, 0x88);
            server.send(&[b"\x88\x02", &body[..]].concat());
            drop(server);
            assert_eq!(printed(output.join().expect("its output")), says);
        });
    }
}

/// A page of another name that leads here says that name in `Host` as well as in `Origin`.
#[test]
fn the_handshake_lets_in_its_own_pages() {
    let server = Running::start("handshake", &["serve", "127.0.0.1:0"]);
    let port = server.address.split_once(':').expect("a port").1;
    for (origin, status) in [
        (&*format!("http://{}", server.address), 101),
        (&format!("http://localhost:{port}"), 101),
        ("http://example", 403),
        (&format!("http://example:{port}"), 403),
    ] {
        let mut peer = Peer::new(TcpStream::connect(&server.address).expect("a listener"));
        let request = str::from_utf8(REQUEST).expect("text");
        let host = origin.trim_start_matches("http://");
        let lines = format!("Host: {host}\r\nOrigin: {origin}\r\n");
        peer.send(request.replace("Host: example\r\n", &lines).as_bytes());
        assert!(peer.head().starts_with(&format!("HTTP/1.1 {status} ")), "{origin}");
    }
}

/// When all file descriptors are taken, a server waits until one is free.
#[test]
#[cfg(unix)]
fn servers_outlive_a_failed_accept() {
    let server = Running::echo_server();
    for (name, args) in [
        ("echo_server", &["127.0.0.1:0"][..]),
        ("handshake", &["serve", "127.0.0.1:0"]),
        ("hyper", &["127.0.0.1:0"]),
        ("h2", &["127.0.0.1:0"]),
        #[cfg(feature = "tokio-util")]
        ("framed", &["127.0.0.1:0"]),
        ("relay", &["127.0.0.1:0", &server.url()]),
    ] {
        let mut limited = Command::new("sh");
        limited.args(["-c", "ulimit -n 24 && exec \"$0\" \"$@\""]);
        limited.arg(example::command(name).get_program()).args(args).stderr(Stdio::piped());
        let mut running = Running::spawn(&mut limited);
        let crowd: Vec<TcpStream> = (0..40)
            .map(|_| TcpStream::connect(&running.address).expect("room in the queue"))
            .collect();
        let mut complaints = BufReader::new(running.child.stderr.take().expect("its errors"));
        let mut complaint = String::new();
        complaints.read_line(&mut complaint).expect("a line");
        assert!(complaint.contains("cannot accept a connection: "), "{name}: {complaint}");
        drop(crowd);

        let mut peer = Peer::new(TcpStream::connect(&running.address).expect("a listener"));
        peer.send(b"GET / HTTP/1.1\r\nHost: example\r\n\r\n");
        peer.exactly::<1>();
    }
}

/// A connection of HTTP/2, of which no more is known than is needed.
struct Http2(Peer);

impl Http2 {
    const DATA: u8 = 0;
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const SETTINGS: u8 = 4;
    const END_HEADERS: u8 = 4;

    fn connect(address: &str) -> Self {
        let mut peer = Peer::new(TcpStream::connect(address).expect("a listener"));
        peer.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        peer.send(&Self::frame(Self::SETTINGS, 0, 0, b""));
        Self(peer)
    }

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let len = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
        [&len[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
    }

    /// An extended CONNECT. Its fields are literal, but for `:scheme: http` and `:path: /`.
    fn ask(stream: u32) -> Vec<u8> {
        let fields = b"\x02\x07CONNECT\x86\x84\x01\x07example\x00\x09:protocol\x09websocket\
            \x00\x15sec-websocket-version\x0213";
        Self::frame(Self::HEADERS, Self::END_HEADERS, stream, fields)
    }

    /// The next frame of this kind on this stream.
    fn next(&mut self, kind: u8, stream: u32) -> Vec<u8> {
        loop {
            let [a, b, c, found @ .., d, e, f, g] = self.0.exactly::<9>();
            let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
            self.0.socket.read_exact(&mut payload).expect("the payload");
            if (found[0], u32::from_be_bytes([d, e, f, g])) == (kind, stream) {
                return payload;
            }
        }
    }

    fn opens(&mut self, stream: u32) {
        self.0.send(&Self::ask(stream));
        assert_eq!(self.next(Self::HEADERS, stream)[0], 0x88, "`:status: 200`");
    }

    fn echoes(&mut self, stream: u32) {
        self.0.send(&Self::frame(Self::DATA, 0, stream, &masked(Opcode::Text, true, b"Hello")));
        assert_eq!(self.next(Self::DATA, stream), b"\x81\x05Hello");
    }
}

#[test]
fn a_stream_that_is_cancelled_ends_alone() {
    let server = Running::start("h2", &["127.0.0.1:0"]);
    let mut connection = Http2::connect(&server.address);
    connection.opens(1);
    let cancel = Http2::frame(Http2::RST_STREAM, 0, 3, &8u32.to_be_bytes());
    connection.0.send(&[Http2::ask(3), cancel].concat());
    connection.opens(5);
    connection.echoes(1);
    connection.echoes(5);
}

#[test]
fn the_relay_refuses_what_no_server_may_accept() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("an option");
    let relay = Running::relay(&listener.local_addr().expect("its address").to_string());
    let request = str::from_utf8(REQUEST).expect("text");
    for (wrong, status) in [
        (request.replace("Version: 13", "Version: 8"), 426),
        (request.replace("HTTP/1.1", "HTTP/1.0"), 400),
        (request.replace("Host: example", "X: x\r\n".repeat(64).trim_end()), 431),
    ] {
        let mut peer = Peer::new(TcpStream::connect(&relay.address).expect("a listener"));
        peer.send(wrong.as_bytes());
        assert!(peer.head().starts_with(&format!("HTTP/1.1 {status} ")), "{wrong}");
        let error = listener.accept().expect_err("nobody asks the server");
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }
}

#[test]
fn compression_is_agreed_on_unless_a_relay_is_between() {
    let request = str::from_utf8(REQUEST).expect("text").replace("x-unknown", "permessage-deflate");
    let server = Running::echo_server();
    let relay = Running::relay(&server.address);
    for (address, agreed) in [(&server.address, true), (&relay.address, false)] {
        let mut peer = Peer::new(TcpStream::connect(address).expect("a listener"));
        peer.send(request.as_bytes());
        let head = peer.head();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let answer = "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n";
        assert_eq!(head.contains(answer), agreed, "{head}");
    }
}

#[test]
#[cfg(feature = "tokio-util")]
fn the_server_on_framed_speaks_permessage_deflate_too() {
    let server = Running::start("framed", &["127.0.0.1:0"]);
    let request = str::from_utf8(REQUEST).expect("text").replace("x-unknown", "permessage-deflate");
    let mut peer = Peer::new(TcpStream::connect(&server.address).expect("a listener"));
    peer.send(request.as_bytes());
    let head = peer.head();
    let (_, answer) = head.split_once("\r\nSec-WebSocket-Extensions: ").expect("an answer");
    assert!(answer.starts_with("permessage-deflate; server_no_context_takeover"), "{head}");

    let mut compressor = Compressor::new(Context::NO_TAKEOVER, Effort::DEFAULT);
    let mut compressed = |text: &str| {
        let (mut payload, mut frame) = (Vec::new(), Vec::new());
        compressor.append(text.as_bytes(), &mut payload);
        let encoder = FrameEncoder::new(Opcode::Text).rsv(Rsv::RSV1);
        let encoder = encoder.masking_key(MaskingKey::new(KEY));
        encoder.append(&payload, &mut frame).expect("a right frame");
        (frame, payload)
    };
    let (frame, payload) = compressed(&"grüße ".repeat(100));
    peer.send(&frame);
    assert_eq!(peer.server_frame(), (0xC1, payload));
    // The limit is on what comes out.
    peer.send(&compressed(&"a".repeat((1 << 20) + 1)).0);
    peer.fails_with(CloseCode::TOO_BIG);
}

#[test]
#[cfg(feature = "tokio-util")]
fn a_route_of_axum_speaks_websocket() {
    let server = Running::start("axum", &["127.0.0.1:0"]);
    let asked = |request: &str| {
        let mut peer = Peer::new(TcpStream::connect(&server.address).expect("a listener"));
        peer.send(request.as_bytes());
        let head = peer.head();
        (peer, head)
    };
    let (_, head) = asked("GET /about HTTP/1.1\r\nHost: example\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let (_, head) = asked("GET / HTTP/1.1\r\nHost: example\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 426 "), "{head}");

    let request = str::from_utf8(REQUEST).expect("text");
    let request = request.replace("/chat", "/").replace("x-unknown", "permessage-deflate");
    let (mut peer, head) = asked(&request);
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains(": permessage-deflate\r\n"), "{head}");
    let masked = |opcode, rsv, payload: &[u8]| {
        let (mut frame, key) = (Vec::new(), MaskingKey::new(KEY));
        let encoder = FrameEncoder::new(opcode).rsv(rsv).masking_key(key);
        encoder.append(payload, &mut frame).expect("a right frame");
        frame
    };
    let mut payload = Vec::new();
    let text = "grüße ".repeat(100);
    Compressor::new(Context::FULL, Effort::DEFAULT).append(text.as_bytes(), &mut payload);
    peer.send(&masked(Opcode::Text, Rsv::RSV1, &payload));
    assert_eq!(peer.server_frame(), (0xC1, payload));
    peer.send(&masked(Opcode::Binary, Rsv::NONE, b"\xFF"));
    assert_eq!(peer.server_frame(), (0x82, b"\xFF".to_vec()));
    peer.send(&masked(Opcode::Ping, Rsv::NONE, b"now"));
    assert_eq!(peer.server_frame(), (0x8A, b"now".to_vec()));
    peer.send(&masked(Opcode::Close, Rsv::NONE, b"\x10\xE1bye"));
    assert_eq!(peer.server_frame(), (0x88, b"\x10\xE1bye".to_vec()));
    assert_eq!(peer.socket.read(&mut [0]).expect("an end"), 0);
}

#[test]
fn the_client_prints_what_comes_back() {
    straight_and_through_the_relay(|address| {
        let url = format!("ws://{address}/?a=b");
        let output = run("echo_client", &[&url, "Hello", "", "grüße 🦀"], b"");
        assert_eq!(printed(output), "Hello\n\ngrüße 🦀\n");

        // One of 1 MiB, in which no character ends where a fragment would.
        let lines = format!("one\n{}\nthree\n", "a🦀".repeat((1 << 20) / 5));
        let output = run("echo_client", &[&url], lines.as_bytes());
        assert!(printed(output) == lines);

        let output = run("echo_client", &[&url], b"");
        assert_eq!(printed(output), "");
    });
}

#[test]
fn the_client_says_what_went_wrong() {
    for args in [&[][..], &["wss://127.0.0.1/"], &["ws://"], &["ws://127.0.0.1/#a"]] {
        assert!(complaint(run("echo_client", args, b""), 2).contains("usage: "));
    }
    let server = Running::echo_server();
    assert!(
        complaint(run("echo_client", &[&server.url()], b"\xFF\n"), 1).contains("UTF-8"),
        "a line that is not text"
    );
    // Bound, so that nobody else is given the port, and not listening.
    let nobody = TcpSocket::new_v4().expect("a socket");
    nobody.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    let url = format!("ws://{}", nobody.local_addr().expect("its address"));
    complaint(run("echo_client", &[&url, "Hello"], b""), 1);
}

/// The client, and a server that sends it this after its message.
fn client_gets(bytes: &[u8]) -> (Output, Vec<(u8, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ws://{}/", listener.local_addr().expect("its address"));
    thread::scope(|scope| {
        let output = scope.spawn(|| run("echo_client", &[&url, "Hello"], b""));
        let (mut server, _) = Peer::accept(&listener);
        let mut frames = Vec::new();
        let (first, key, payload) = server.frame();
        assert!(key.is_some());
        frames.push((first, payload));
        server.send(bytes);
        let (first, _, payload) = server.frame();
        frames.push((first, payload));
        drop(server);
        (output.join().expect("its output"), frames)
    })
}

#[test]
fn the_client_closes_as_it_should() {
    let hello = (0x81, b"Hello".to_vec());
    // The server closes before it has echoed.
    for code in [CloseCode::INTERNAL_ERROR, CloseCode::NORMAL] {
        let body = close_body(code, "");
        let (output, frames) = client_gets(&[b"\x88\x02", &body[..]].concat());
        assert!(complaint(output, 1).contains(&code.get().to_string()));
        assert_eq!(frames, [hello.clone(), (0x88, body)]);
    }

    // The server breaks a rule.
    let (output, frames) = client_gets(b"\x81\x01\xFF");
    assert!(complaint(output, 1).contains("broke a rule: text is not UTF-8"));
    assert_eq!((frames[1].0, &frames[1].1[..2]), (0x88, &b"\x03\xEF"[..]));

    // The server pings, echoes, and takes no leave.
    let (output, frames) = client_gets(b"\x89\x01!\x81\x05Hello");
    assert_eq!(output.stdout, b"Hello\n");
    complaint(output, 1);
    assert_eq!(frames, [hello, (0x8A, b"!".to_vec())]);
}

#[test]
fn the_client_sends_a_long_message_in_fragments() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ws://{}/", listener.local_addr().expect("its address"));
    let text = "€".repeat(20_000); // 60,000 bytes
    thread::scope(|scope| {
        let output = scope.spawn(|| run("echo_client", &[&url], text.as_bytes()));
        let (mut server, _) = Peer::accept_and_send(&listener, b"\x89\x05early");
        let (first, _, payload) = server.frame();
        assert_eq!((first, &payload[..]), (0x8A, &b"early"[..]));
        let (mut firsts, mut message) = (Vec::new(), Vec::new());
        while message.len() < text.len() {
            let (first, _, payload) = server.frame();
            assert!(payload.len() <= 16 << 10, "{}", payload.len());
            firsts.push(first);
            message.extend(payload);
        }
        assert_eq!((&firsts[..], &message[..]), (&[0x01, 0x00, 0x00, 0x80][..], text.as_bytes()));
        server.send(b"\x81\x02ok");
        assert_eq!(server.frame().2, b"\x03\xE8");
        server.send(b"\x88\x02\x03\xE8");
        drop(server);
        assert_eq!(printed(output.join().expect("its output")), "ok\n");
    });
}

#[test]
fn the_client_wants_the_right_proof() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ws://{}/", listener.local_addr().expect("its address"));
    for (head, why) in [
        ("HTTP/1.1 404 Not Found\r\n", "404"),
        (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
            "Sec-WebSocket-Accept",
        ),
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n", "Upgrade"),
    ] {
        thread::scope(|scope| {
            let output = scope.spawn(|| run("echo_client", &[&url, "Hello"], b""));
            let mut server = Peer::new(accept(&listener));
            server.head();
            server.send(format!("{head}\r\n").as_bytes());
            let said = complaint(output.join().expect("its output"), 1);
            assert!(said.contains(why), "{said}");
        });
    }
}

#[test]
fn the_autobahn_client_walks_through_all_cases() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ws://{}/", listener.local_addr().expect("its address"));
    let (sender, targets) = mpsc::channel();
    thread::spawn(move || -> io::Result<()> {
        loop {
            let (mut server, request) = Peer::accept(&listener);
            let target = request.split(' ').nth(1).unwrap_or_default().to_owned();
            if target == "/getCaseCount" {
                server.send(b"\x81\x012");
            }
            if target.starts_with("/runCase") {
                // Whole messages come back whole: one in two fragments, with a Ping between them.
                server.send(b"\x01\x03Hel\x89\x00\x80\x02lo\x82\x01!");
                assert_eq!(server.frame().0, 0x8A);
                let (first, _, payload) = server.frame();
                assert_eq!((first, &payload[..]), (0x81, &b"Hello"[..]));
                let (first, _, payload) = server.frame();
                assert_eq!((first, &payload[..]), (0x82, &b"!"[..]));
            }
            server.send(b"\x88\x02\x03\xE8");
            let (first, key, payload) = server.frame();
            assert_eq!((first, key.is_some(), &payload[..]), (0x88, true, &b"\x03\xE8"[..]));
            // The server ends first.
            server.socket.shutdown(Shutdown::Write)?;
            server.ends();
            if sender.send(target).is_err() {
                return Ok(());
            }
        }
    });

    let output = printed(run("autobahn_client", &[&url, "me"], b""));
    assert!(output.starts_with("2 cases"), "{output}");
    let targets: Vec<String> = (0..4).map(|_| targets.recv().expect("a connection")).collect();
    assert_eq!(
        targets,
        [
            "/getCaseCount",
            "/runCase?case=1&agent=me",
            "/runCase?case=2&agent=me",
            "/updateReports?agent=me"
        ]
    );
}

/// Somebody in the chat, who has been told what there is to know on entering.
fn member(address: &str, name: &str) -> Peer {
    let mut peer = Peer::connect(address);
    peer.send(&masked(Opcode::Text, true, format!(r#"{{"name":"{name}"}}"#).as_bytes()));
    assert!(told(&mut peer).starts_with(r#"{"here":"#));
    assert_eq!(told(&mut peer), format!(r#"{{"came":"{name}"}}"#));
    peer
}

/// The next that somebody in the chat is told.
fn told(member: &mut Peer) -> String {
    let (first, payload) = member.server_frame();
    assert_eq!(first, 0x81, "{}", String::from_utf8_lossy(&payload));
    String::from_utf8(payload).expect("text")
}

fn say(text: &str) -> Vec<u8> {
    masked(Opcode::Text, true, format!(r#"{{"text":"{text}"}}"#).as_bytes())
}

#[test]
fn the_chat_tells_all_who_are_there() {
    let chat = Running::start("chat", &["127.0.0.1:0"]);
    let mut ada = member(&chat.address, "Ada");
    let mut bob = Peer::connect(&chat.address);
    bob.send(&masked(Opcode::Text, false, br#"{"name":"#));
    bob.send(&masked(Opcode::Ping, true, b"between"));
    assert_eq!(bob.server_frame(), (0x8A, b"between".to_vec()));
    bob.send(&masked(Opcode::Continuation, true, br#"" Bob "}"#));
    assert_eq!(told(&mut bob), r#"{"here":["Ada"]}"#);
    for member in [&mut ada, &mut bob] {
        assert_eq!(told(member), r#"{"came":"Bob"}"#);
    }
    bob.send(&say(r"grüße\n\u0000<b>"));
    for member in [&mut ada, &mut bob] {
        assert_eq!(told(member), r#"{"from":"Bob","text":"grüße\n\u0000<b>"}"#);
    }

    // A Close is answered, and is the last.
    ada.send(&masked(Opcode::Close, true, &close_body(CloseCode::GOING_AWAY, "")));
    ada.fails_with(CloseCode::GOING_AWAY);
    assert_eq!(told(&mut bob), r#"{"left":"Ada"}"#);
    // So does who takes no leave.
    drop(member(&chat.address, "Ada"));
    assert_eq!(told(&mut bob), r#"{"came":"Ada"}"#);
    assert_eq!(told(&mut bob), r#"{"left":"Ada"}"#);
}

#[test]
fn the_chat_lets_in_whom_it_should() {
    let chat = Running::start("chat", &["127.0.0.1:0", "https://chat.example"]);
    let port = chat.address.split_once(':').expect("a port").1;
    let own = [&format!("http://{}", chat.address), &format!("http://localhost:{port}")];
    let foreign =
        [&format!("https://{}", chat.address), "https://example", "http://127.0.0.1", "null"];
    // That `Host` agrees with a foreign origin does not help it.
    for (origins, status) in
        [(&[own[0].as_str(), own[1].as_str(), "https://chat.example"][..], 101), (&foreign, 403)]
    {
        for origin in origins {
            let mut peer = Peer::new(TcpStream::connect(&chat.address).expect("a listener"));
            let request = str::from_utf8(REQUEST).expect("text");
            let end = format!("\r\nOrigin: {origin}\r\n\r\n");
            peer.send(request.replace("\r\n\r\n", &end).as_bytes());
            assert!(peer.head().starts_with(&format!("HTTP/1.1 {status} ")), "{origin}");
        }
    }

    let _ada = member(&chat.address, "Ada");
    let long = format!(r#"{{"name":"{}"}}"#, "a".repeat(41));
    for (code, opcode, message) in [
        (CloseCode::POLICY_VIOLATION, Opcode::Text, r#"{"name":" Ada"}"#),
        (CloseCode::POLICY_VIOLATION, Opcode::Text, r#"{"name":" "}"#),
        (CloseCode::POLICY_VIOLATION, Opcode::Text, &long),
        (CloseCode::POLICY_VIOLATION, Opcode::Text, r#"{"text":"nameless"}"#),
        (CloseCode::POLICY_VIOLATION, Opcode::Text, "Hello"),
        (CloseCode::POLICY_VIOLATION, Opcode::Binary, "Hello"),
        (CloseCode::TOO_BIG, Opcode::Text, &"a".repeat((16 << 10) + 1)),
    ] {
        let mut peer = Peer::connect(&chat.address);
        peer.send(&masked(opcode, true, message.as_bytes()));
        peer.fails_with(code);
    }
}

#[test]
fn the_chat_does_not_wait_for_who_does_not_read() {
    let chat = Running::start("chat", &["127.0.0.1:0"]);
    let mut ada = member(&chat.address, "Ada");
    let mut bob = member(&chat.address, "Bob");
    assert_eq!(told(&mut ada), r#"{"came":"Bob"}"#);
    // What comes at once, more than may wait, still reaches those who read.
    let burst: Vec<u8> = (0..100).flat_map(|i| say(&i.to_string())).collect();
    ada.send(&burst);
    for i in 0..100 {
        for awake in [&mut ada, &mut bob] {
            assert_eq!(told(awake), format!(r#"{{"from":"Ada","text":"{i}"}}"#));
        }
    }

    let mut sleeper = member(&chat.address, "Sleeper");
    for awake in [&mut ada, &mut bob] {
        assert_eq!(told(awake), r#"{"came":"Sleeper"}"#);
    }
    // What the sleeper does not read lies in the system's buffers at first.
    let text = "a".repeat(16_000);
    let (expected, left) =
        (format!(r#"{{"from":"Ada","text":"{text}"}}"#), r#"{"left":"Sleeper"}"#);
    let mut sent = 0;
    let mut is_there = true;
    while is_there {
        ada.send(&say(&text));
        sent += text.len();
        for awake in [&mut ada, &mut bob] {
            let mut news = told(awake);
            if news == left {
                is_there = false;
                news = told(awake);
            }
            assert!(news == expected);
        }
        assert!(sent < 32 << 20, "what is not read is kept");
    }
    if let Some(resident) = resident_bytes(chat.child.id()) {
        assert!(resident < 16 << 20, "the chat takes {resident} bytes");
    }
    // Its name is free, and it is told why when it reads at last, if that is soon.
    drop(member(&chat.address, "Sleeper"));
    let mut seen = 0;
    let (first, payload) = loop {
        let (first, payload) = sleeper.server_frame();
        if first == 0x88 {
            break (first, payload);
        }
        seen += payload.len();
    };
    assert!(seen > 0 && seen <= sent, "{first} {seen}");
    let body = CloseBody::decode(&payload).expect("a right body").expect("a body");
    assert_eq!(body.code, CloseCode::POLICY_VIOLATION);
    sleeper.ends();
}

#[test]
fn the_readme_lists_every_example() {
    let root = env!("CARGO_MANIFEST_DIR");
    let readme = fs::read_to_string(format!("{root}/README.md")).expect("the README");
    let mut count = 0;
    for entry in fs::read_dir(format!("{root}/examples")).expect("the examples") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        if name != "common" {
            let commands = [format!("`{name} -- "), format!("`{name}`")];
            assert!(commands.iter().any(|command| readme.contains(command)), "{name}");
            count += 1;
        }
    }
    assert!(count > 10, "{count}");
}

#[test]
#[cfg(feature = "tokio-util")]
fn the_server_on_framed_holds_no_message_that_is_too_long() {
    let server = Running::start("framed", &["127.0.0.1:0"]);
    let mut peer = Peer::connect(&server.address);
    let header = FrameHeader {
        masking_key: Some(MaskingKey::new(KEY)),
        ..FrameHeader::new(Opcode::Binary, (1 << 20) + 1)
    };
    peer.send(&header.encode().expect("a right header"));
    peer.fails_with(CloseCode::TOO_BIG);

    let mut peer = Peer::new(TcpStream::connect(&server.address).expect("a listener"));
    peer.send(b"GET / HTTP/1.1\r\nHost: example\r\n\r\n");
    assert!(peer.head().starts_with("HTTP/1.1 426 "), "no page here");
}

#[test]
fn both_ends_without_an_allocator() {
    let expected = "an end keeps 64 bytes of state, and 526 of buffers\ntext: Hello\n\
        the Ping was answered\nbinary: 1000 of 1000 bytes came back as they were\n\
        closed: 1000 (normal closure)\n";
    assert_eq!(printed(run("embedded", &[], b"")), expected);
}

#[test]
fn a_million_idle_connections() {
    let small = printed(run("idle_connections", &["1000"], b""));
    assert!(small.starts_with("1000 connections of 64 bytes: 0.1 MB of state; "), "{small}");

    let output = printed(run("idle_connections", &[], b""));
    assert!(output.starts_with("1000000 connections of 64 bytes: 64.0 MB of state; "), "{output}");
    assert!(output.ends_with("then 1000000 messages came to their end\n"), "{output}");
    if cfg!(target_os = "linux") {
        let (_, taken) = output.split_once("the process takes ").expect("what it takes");
        let (taken, _) = taken.split_once(" MB\n").expect("in megabytes");
        let taken: f64 = taken.parse().expect("a number");
        assert!((64.0..=80.0).contains(&taken), "{output}");
    }

    complaint(run("idle_connections", &["many"], b""), 2);
}
