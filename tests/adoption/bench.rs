//! How long a crate takes to send and to receive frames, as it is published and on wsframe: both in
//! this program, in turn, the shortest of 101 rounds. Prints nanoseconds per frame, or with `count`
//! lets callgrind count. The peer is a buffer, so only the crate's own work is measured.

// With `only`, the program contains one version, and its size is compared.
#![allow(dead_code, unexpected_cfgs)]

use std::future::Future;
use std::hint::black_box;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const SIZES: [usize; 4] = [16, 300, 1024, 16 * 1024];
/// What is read, and its opcode.
const KINDS: [(&str, u8); 2] = [("reads", 2), ("reads text", 1)];
/// So many frames are counted. A source of keys starts over as often.
const COUNTED: usize = 64;
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// What a row does so many times in one version of the crate.
type Work = Box<dyn FnMut(usize)>;
type Rows = Vec<(String, Work)>;

/// Frames of one length, as many as 32 KiB hold.
fn frames(len: usize, masked: bool, opcode: u8) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    let mask = if masked { 0x80 } else { 0 };
    if len < 126 {
        frame.push(mask | len as u8);
    } else {
        frame.push(mask | 126);
        frame.extend((len as u16).to_be_bytes());
    }
    if masked {
        frame.extend(KEY);
    }
    frame.extend((0..len).map(|at| b'a' ^ if masked { KEY[at % 4] } else { 0 }));
    frame.repeat((32 * 1024 / frame.len()).max(1))
}

/// A buffer at this offset in a page: the distance between two buffers changes how fast one is
/// copied to the other.
fn buffer(len: usize, offset: usize) -> &'static mut [u8] {
    let memory = vec![b'a'; len + 8192].leak();
    let start = memory.as_ptr().align_offset(4096) + offset;
    &mut memory[start..start + len]
}

/// A peer that sends these bytes over and over, and discards what it receives.
struct Wire(Vec<u8>, usize);

impl io::Read for Wire {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = buf.len().min(self.0.len() - self.1);
        buf[..len].copy_from_slice(&self.0[self.1..self.1 + len]);
        self.1 = (self.1 + len) % self.0.len();
        Ok(len)
    }
}

impl io::Write for Wire {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(black_box(buf).len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let len = io::Read::read(&mut *self, buf.initialize_unfilled())?;
        buf.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(black_box(buf).len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The output of a future that never waits.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the wire never waits"),
    }
}

/// One module for each of the two versions of a crate.
macro_rules! versions {
    (|$rows:ident| $body:block) => {
        versions!(before, $rows, $body);
        versions!(after, $rows, $body);
    };
    ($version:ident, $rows:ident, $body:block) => {
        mod $version {
            #[allow(unused_imports)]
            use {super::*, ::$version as krate};
            pub fn rows() -> Rows {
                let mut $rows = Rows::new();
                $body
                $rows
            }
        }
    };
}

#[cfg(krate = "tungstenite")]
versions!(|rows| {
    use krate::{Message, WebSocket, protocol::Role};
    if cfg!(any(only = "before", only = "after")) {
        // The handshake negotiates extensions, so it counts for the size.
        black_box(krate::accept::<Wire> as fn(_) -> _);
    }
    for len in SIZES {
        for (name, role, masked) in
            [("server", Role::Server, true), ("client", Role::Client, false)]
        {
            let payload = bytes::Bytes::from_static(buffer(len, 0));
            let mut socket = WebSocket::from_raw_socket(Wire(vec![], 0), role, None);
            rows.push((
                format!("{name} writes {len} B"),
                Box::new(move |count| {
                    for _ in 0..count {
                        socket.write(Message::Binary(payload.clone())).unwrap();
                    }
                    socket.flush().unwrap();
                }),
            ));
            for (kind, opcode) in KINDS {
                let mut socket =
                    WebSocket::from_raw_socket(Wire(frames(len, masked, opcode), 0), role, None);
                rows.push((
                    format!("{name} {kind} {len} B"),
                    Box::new(move |count| {
                        for _ in 0..count {
                            black_box(socket.read().unwrap());
                        }
                    }),
                ));
            }
        }
    }
});

#[cfg(krate = "actix-http")]
versions!(|rows| {
    use bytes::{Bytes, BytesMut};
    use krate::ws::{Codec, Message};
    use tokio_util::codec::{Decoder, Encoder};
    for len in SIZES {
        for (name, masked, codec) in
            [("server", true, Codec::new()), ("client", false, Codec::new().client_mode())]
        {
            let payload = Bytes::from_static(buffer(len, 0));
            // So large that it begins at a page.
            let (mut encoder, mut out) = (codec.clone(), BytesMut::with_capacity(256 * 1024));
            rows.push((
                format!("{name} writes {len} B"),
                Box::new(move |count| {
                    for _ in 0..count {
                        if out.len() > 32 * 1024 {
                            black_box(&out);
                            out.clear();
                        }
                        encoder.encode(Message::Binary(payload.clone()), &mut out).unwrap();
                    }
                }),
            ));
            let (mut decoder, mut src, wire) = (codec, BytesMut::new(), frames(len, masked, 2));
            rows.push((
                format!("{name} reads {len} B"),
                Box::new(move |count| {
                    for _ in 0..count {
                        if src.is_empty() {
                            src.extend_from_slice(&wire);
                        }
                        black_box(decoder.decode(&mut src).unwrap().unwrap());
                    }
                }),
            ));
        }
    }
});

// The codec alone. Of the frames that are not masked these are the headers.
#[cfg(krate = "soketto")]
versions!(|rows| {
    use krate::Parsing;
    use krate::base::{Codec, Header, OpCode};
    for len in SIZES {
        for (reader, writer, masked) in [("server", "client", true), ("client", "server", false)] {
            let (codec, bytes) = (Codec::new(), frames(len, masked, 2));
            let payload = buffer(len, 0);
            rows.push((
                format!("{reader} reads {len} B"),
                Box::new(move |count| {
                    for _ in 0..count {
                        match codec.decode_header(black_box(&bytes)).unwrap() {
                            Parsing::Done { value, offset } => {
                                Codec::apply_mask(&value, payload);
                                black_box((value, offset));
                            }
                            Parsing::NeedMore(_) => panic!(),
                        }
                    }
                }),
            ));
            let (mut codec, mut header) = (Codec::new(), Header::new(OpCode::Binary));
            header.set_payload_len(len).set_masked(masked).set_mask(u32::from_be_bytes(KEY));
            let payload = buffer(len, 0);
            rows.push((
                format!("{writer} writes {len} B"),
                Box::new(move |count| {
                    for _ in 0..count {
                        let header = black_box(&header);
                        black_box(codec.encode_header(header));
                        Codec::apply_mask(header, payload);
                    }
                }),
            ));
        }
    }
});

#[cfg(krate = "fastwebsockets")]
versions!(|rows| {
    use krate::{Frame, OpCode, Payload, Role, WebSocket};
    for len in SIZES {
        for masked in [false, true] {
            let (mut payload, mut buf) = (vec![b'a'; len], Vec::new());
            rows.push((
                format!("{} writes {len} B", if masked { "client" } else { "server" }),
                Box::new(move |count| {
                    for _ in 0..count {
                        let mut frame = Frame::new(
                            true,
                            OpCode::Binary,
                            None,
                            Payload::BorrowedMut(&mut payload),
                        );
                        if masked {
                            frame.mask();
                        }
                        black_box(frame.write(&mut buf));
                    }
                }),
            ));
        }
        for (name, role, masked) in
            [("server", Role::Server, true), ("client", Role::Client, false)]
        {
            for (kind, opcode) in KINDS {
                let wire = Wire(frames(len, masked, opcode), 0);
                let mut socket = WebSocket::after_handshake(wire, role);
                rows.push((
                    format!("{name} {kind} {len} B"),
                    Box::new(move |count| {
                        for _ in 0..count {
                            black_box(ready(socket.read_frame()).unwrap());
                        }
                    }),
                ));
            }
        }
    }
});

#[cfg(krate = "tokio-websockets")]
versions!(|rows| {
    use futures_util::{SinkExt, StreamExt};
    use krate::{ClientBuilder, Message, ServerBuilder};
    for len in SIZES {
        for masked in [true, false] {
            let serve = |wire| {
                if masked {
                    ServerBuilder::new().serve(wire)
                } else {
                    ClientBuilder::new().take_over(wire)
                }
            };
            let name = if masked { "server" } else { "client" };
            let (mut socket, payload) =
                (serve(Wire(vec![], 0)), bytes::Bytes::from_static(buffer(len, 0)));
            rows.push((
                format!("{name} writes {len} B"),
                Box::new(move |count| {
                    for _ in 0..count {
                        ready(socket.feed(Message::binary(payload.clone()))).unwrap();
                    }
                    ready(socket.flush()).unwrap();
                }),
            ));
            for (kind, opcode) in KINDS {
                let mut socket = serve(Wire(frames(len, masked, opcode), 0));
                rows.push((
                    format!("{name} {kind} {len} B"),
                    Box::new(move |count| {
                        for _ in 0..count {
                            black_box(ready(socket.next()).unwrap().unwrap());
                        }
                    }),
                ));
            }
        }
    }
});

#[cfg(krate = "ratchet_core")]
versions!(|rows| {
    use krate::{NoExt, PayloadType, Role, WebSocket, WebSocketConfig};
    for len in SIZES {
        for (name, role, masked) in
            [("server", Role::Server, true), ("client", Role::Client, false)]
        {
            let serve = |wire| {
                let (config, buf) = (WebSocketConfig::default(), bytes::BytesMut::new());
                WebSocket::from_upgraded(config, wire, Some(NoExt), buf, role)
            };
            let (mut socket, payload) = (serve(Wire(vec![], 0)), buffer(len, 0));
            rows.push((
                format!("{name} writes {len} B"),
                Box::new(move |count| {
                    for _ in 0..count {
                        ready(socket.write(&payload, PayloadType::Binary)).unwrap();
                    }
                }),
            ));
            for (kind, opcode) in KINDS {
                let mut socket = serve(Wire(frames(len, masked, opcode), 0));
                let mut message = bytes::BytesMut::new();
                rows.push((
                    format!("{name} {kind} {len} B"),
                    Box::new(move |count| {
                        for _ in 0..count {
                            ready(socket.read(&mut message)).unwrap();
                            black_box(&mut message).clear();
                        }
                    }),
                ));
            }
        }
    }
});

#[cfg(krate = "embedded-websocket")]
versions!(|rows| {
    use krate::{WebSocketSendMessageType, WebSocketServer, WebSocketState};
    for len in SIZES {
        let mut socket = WebSocketServer::new_server();
        socket.state = WebSocketState::Open;
        let (payload, to) = (buffer(len, 0), buffer(32 * 1024, 2048));
        rows.push((
            format!("server writes {len} B"),
            Box::new(move |count| {
                for _ in 0..count {
                    let kind = WebSocketSendMessageType::Binary;
                    black_box(socket.write(kind, true, payload, to).unwrap());
                }
            }),
        ));
        let mut socket = WebSocketServer::new_server();
        socket.state = WebSocketState::Open;
        let (wire, to) = (frames(len, true, 2), buffer(32 * 1024, 0));
        rows.push((
            format!("server reads {len} B"),
            Box::new(move |count| {
                for _ in 0..count {
                    black_box(socket.read(&wire, to).unwrap());
                }
            }),
        ));
    }
});

/// Callgrind counts the instructions of each call of this.
#[inline(never)]
fn counted(work: &mut Work) {
    work(COUNTED);
}

fn main() {
    let [mode, wanted] = [1, 2].map(|at| std::env::args().nth(at).unwrap_or_default());
    let before = if cfg!(only = "after") { after::rows() } else { before::rows() };
    let after = if cfg!(only = "before") { before::rows() } else { after::rows() };
    for ((row, mut before), (_, mut after)) in before.into_iter().zip(after) {
        if !row.contains(&wanted) {
            continue;
        }
        if mode == "count" {
            for work in [&mut before, &mut after] {
                work(COUNTED);
                counted(work);
            }
            println!("{row}");
            continue;
        }
        let time = |work: &mut Work, count| {
            let start = Instant::now();
            work(count);
            start.elapsed()
        };
        // As many as take about 100 µs.
        let mut count = 1;
        while time(&mut before, count) < Duration::from_micros(100) {
            count *= 2;
        }
        let mut least = [Duration::MAX; 2];
        for round in 0..101 {
            for turn in [round % 2, 1 - round % 2] {
                let work = if turn == 0 { &mut before } else { &mut after };
                least[turn] = least[turn].min(time(work, count));
            }
        }
        let [before, after] = least.map(|time| time.as_nanos() as f64 / count as f64);
        println!("{row} | {before:.1} | {after:.1}");
    }
}
