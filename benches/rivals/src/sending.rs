//! Writing frames into a buffer, and writing only headers.

use std::hint::black_box;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_http::ws::{OpCode as ActixOpCode, Parser as Actix};
use bytes::{Bytes, BytesMut};
use fastwebsockets::{Frame as FastFrame, OpCode as FastOpCode, Payload as FastPayload};
use futures_util::{FutureExt, SinkExt};
use soketto::base::{Codec as Soketto, Header as SokettoHeader, OpCode as SokettoOpCode};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_websockets::{ClientBuilder, Message, ServerBuilder, WebSocketStream};
use tungstenite::protocol::frame::FrameHeader as TungsteniteHeader;
use tungstenite::protocol::frame::coding::{Data, OpCode as TungsteniteOpCode};
use wsframe::{
    Connection, FrameDecoder, FrameEncoder, FrameHeader, MAX_HEADER_LEN, MaskingKey, Opcode,
    Output, Role as Side, ThreadKeys,
};

use crate::measure::{Rival, Role, Work};
use crate::payload::{self, Kind, Random, Size};
use crate::table::{Case, Plan, Table, Unit};

const NOTES: &[&str] = &[
    "wsframe: FrameEncoder::append to a Vec; BytesMut: Output::append to one; slice: FrameEncoder::write;",
    "put: FrameEncoder::put to a BytesMut; connection: Connection::send to a Vec, with ThreadKeys.",
    "tungstenite: its FrameHeader::format, the payload appended, fastwebsockets' unmask, which is the same loop as",
    "its own. Its writer, which does the same, is not public, nor are its keys.",
    "fastwebsockets: Frame::mask, which copies the payload, and Frame::write, to the beginning of a Vec.",
    "soketto: Codec::encode_header, header and payload appended to a Vec, Codec::apply_mask.",
    "actix-http: ws::Parser::write_message to a BytesMut. It draws its keys, as ThreadKeys does.",
    "tokio-websockets: a whole Sink, since its writer is not public. It owns its payloads, and draws its keys.",
    "memcpy: the payload appended to a Vec, without header and mask.",
];

const HEADER_NOTES: &[&str] = &[
    "before: FrameHeader::encode_into_headroom. tungstenite: FrameHeader::format to a slice. fastwebsockets: fmt_head.",
    "actix-http's and tokio-websockets' are not public.",
];

const SIZES: [Size; 9] = [
    Size::Fixed(0),
    Size::Fixed(16),
    Size::Fixed(64),
    Size::Fixed(125),
    Size::Fixed(300),
    Size::Fixed(1 << 10),
    Size::Fixed(16 << 10),
    Size::Random(0, 125),
    Size::Random(10, 200),
];

const HEADER_SIZES: [Size; 4] =
    [Size::Fixed(16), Size::Fixed(300), Size::Fixed(1 << 20), Size::Random(10, 200)];

pub fn measure(plan: &Plan) -> Vec<Table> {
    vec![measure_frames(plan), measure_headers(plan)]
}

fn measure_frames(plan: &Plan) -> Table {
    let rivals = [
        rival("wsframe", Role::Ours, Vec::new, |payload, key, out| {
            encoder(key).encode_to_vec(payload, out).expect("a right frame");
        }),
        rival("BytesMut", Role::Variant, BytesMut::new, |payload, key, out| {
            Output::append(out, encoder(key), payload).expect("a right frame");
        }),
        rival("slice", Role::Variant, Slice::new, |payload, key, Slice { buf, len }| {
            *len += encoder(key)
                .encode_to_slice(payload, &mut buf[*len..])
                .expect("a right frame")
                .len();
        }),
        rival("put", Role::Variant, BytesMut::new, |payload, key, out| {
            encoder(key).encode_to_buf(payload, out).expect("a right frame");
        }),
        rival("connection", Role::Variant, Endpoint::new, |payload, key, endpoint| {
            let Endpoint { client, server, out } = endpoint;
            match key {
                Some(_) => client.send(payload, out),
                None => server.send(payload, out),
            }
            .expect("a right message");
        }),
        rival("tungstenite", Role::Peer, Vec::new, |payload, key, out: &mut Vec<u8>| {
            tungstenite(key).format(payload.len() as u64, out).expect("a Vec takes everything");
            let start = out.len();
            out.extend_from_slice(payload);
            if let Some(key) = key {
                fastwebsockets::unmask(&mut out[start..], key);
            }
        }),
        rival("fastwebsockets", Role::Peer, OneFrame::default, |payload, key, out| {
            let mut frame = fastwebsockets(payload, key);
            if key.is_some() {
                frame.mask();
            }
            out.len = frame.write(&mut out.buf).len();
        }),
        rival("soketto", Role::Peer, SokettoOut::new, |payload, key, SokettoOut { codec, out }| {
            let header = soketto(payload.len(), key);
            out.extend_from_slice(codec.encode_header(&header));
            let start = out.len();
            out.extend_from_slice(payload);
            Soketto::apply_mask(&header, &mut out[start..]);
        }),
        rival("actix-http", Role::Peer, BytesMut::new, |payload, key, out| {
            Actix::write_message(out, payload, ActixOpCode::Binary, true, key.is_some());
        }),
        rival("tokio-websockets", Role::Peer, Socket::new, |payload, key, socket| {
            let (stream, payload) = match key {
                Some(_) => (&mut socket.client, BytesMut::from(payload).freeze()),
                None => (&mut socket.server, Bytes::copy_from_slice(payload)),
            };
            let sent = stream.send(Message::binary(payload)).now_or_never();
            sent.expect("always ready").expect("a right message");
        }),
        Rival::new("memcpy", Role::Limit, |frames: &mut Frames| {
            frames.each(
                &mut Vec::new(),
                |payload, _, out| out.extend_from_slice(payload),
                |noted, _| noted.len(),
            );
        }),
    ];
    let groups = [("plain", false), ("masked", true)];
    let cases = groups.into_iter().flat_map(|(group, masked)| {
        SIZES.map(|size| Case {
            group: group.to_owned(),
            size,
            work: Box::new(move || Frames::new(size, masked)),
        })
    });
    Table::measure("sending", Unit::Payload, &rivals, cases, NOTES, plan)
}

fn encoder(key: Option<[u8; 4]>) -> FrameEncoder {
    let encoder = FrameEncoder::new(Opcode::Binary);
    match key {
        Some(key) => encoder.masking_key(MaskingKey::new(key)),
        None => encoder,
    }
}

fn tungstenite(mask: Option<[u8; 4]>) -> TungsteniteHeader {
    let opcode = TungsteniteOpCode::Data(Data::Binary);
    TungsteniteHeader { opcode, mask, ..TungsteniteHeader::default() }
}

fn fastwebsockets(payload: &[u8], key: Option<[u8; 4]>) -> FastFrame<'_> {
    FastFrame::new(true, FastOpCode::Binary, key, FastPayload::Borrowed(payload))
}

fn soketto(len: usize, key: Option<[u8; 4]>) -> SokettoHeader {
    let mut header = SokettoHeader::new(SokettoOpCode::Binary);
    header.set_payload_len(len);
    if let Some(key) = key {
        header.set_masked(true).set_mask(u32::from_be_bytes(key));
    }
    header
}

fn rival<O: Out>(
    name: &str,
    role: Role,
    new: impl Fn() -> O + 'static,
    send: impl Fn(&[u8], Option<[u8; 4]>, &mut O) + 'static,
) -> Rival<Frames> {
    Rival::new(name, role, move |frames: &mut Frames| frames.each(&mut new(), &send, sent))
}

/// An output for frames, which are sent when there are enough.
trait Out {
    fn len(&self) -> usize;
    fn bytes(&mut self) -> &mut [u8];
    fn clear(&mut self);
}

impl Out for Vec<u8> {
    fn len(&self) -> usize {
        self.len()
    }
    fn bytes(&mut self) -> &mut [u8] {
        self
    }
    fn clear(&mut self) {
        self.clear();
    }
}

impl Out for BytesMut {
    fn len(&self) -> usize {
        self.len()
    }
    fn bytes(&mut self) -> &mut [u8] {
        self
    }
    fn clear(&mut self) {
        self.clear();
    }
}

/// A slice, of which the first bytes were written.
struct Slice {
    buf: Vec<u8>,
    len: usize,
}

impl Slice {
    fn new() -> Self {
        Self { buf: vec![0; 3 * FLUSH], len: 0 }
    }
}

impl Out for Slice {
    fn len(&self) -> usize {
        self.len
    }
    fn bytes(&mut self) -> &mut [u8] {
        &mut self.buf[..self.len]
    }
    fn clear(&mut self) {
        self.len = 0;
    }
}

/// An output whose frames are sent at once.
#[derive(Default)]
struct OneFrame {
    buf: Vec<u8>,
    len: usize,
}

impl Out for OneFrame {
    fn len(&self) -> usize {
        FLUSH
    }
    fn bytes(&mut self) -> &mut [u8] {
        &mut self.buf[..self.len]
    }
    fn clear(&mut self) {
        self.len = 0;
    }
}

/// A server's and a client's endpoint with one output.
struct Endpoint {
    client: Connection<ThreadKeys>,
    server: Connection,
    out: Vec<u8>,
}

impl Endpoint {
    fn new() -> Self {
        let (client, server) = (Connection::client(ThreadKeys), Connection::server());
        Self { client, server, out: Vec::new() }
    }
}

impl Out for Endpoint {
    fn len(&self) -> usize {
        self.out.len()
    }
    fn bytes(&mut self) -> &mut [u8] {
        &mut self.out
    }
    fn clear(&mut self) {
        self.out.clear();
    }
}

struct SokettoOut {
    codec: Soketto,
    out: Vec<u8>,
}

impl SokettoOut {
    fn new() -> Self {
        Self { codec: Soketto::new(), out: Vec::new() }
    }
}

impl Out for SokettoOut {
    fn len(&self) -> usize {
        self.out.len()
    }
    fn bytes(&mut self) -> &mut [u8] {
        &mut self.out
    }
    fn clear(&mut self) {
        self.out.clear();
    }
}

/// A server's and a client's endpoint, each with its own output. One of them is used.
struct Socket {
    client: WebSocketStream<Wire>,
    server: WebSocketStream<Wire>,
}

impl Socket {
    fn new() -> Self {
        Self {
            client: ClientBuilder::new().take_over(Wire(Vec::new())),
            server: ServerBuilder::new().serve(Wire(Vec::new())),
        }
    }

    fn wire(&mut self) -> &mut Vec<u8> {
        let (client, server) = (&mut self.client.get_mut().0, &mut self.server.get_mut().0);
        if client.is_empty() { server } else { client }
    }
}

impl Out for Socket {
    fn len(&self) -> usize {
        self.client.get_ref().0.len() + self.server.get_ref().0.len()
    }
    fn bytes(&mut self) -> &mut [u8] {
        self.wire()
    }
    fn clear(&mut self) {
        self.wire().clear();
    }
}

/// A transport that accepts all bytes at once.
struct Wire(Vec<u8>);

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let before = self.0.len();
        slices.iter().for_each(|slice| self.0.extend_from_slice(slice));
        Poll::Ready(Ok(self.0.len() - before))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The length at which a buffer is sent.
const FLUSH: usize = 16 << 10;

/// The total length of payloads of a fixed size.
const FIRST_CACHE: usize = 16 << 10;

/// The least number of frames, and of bytes, in a run. It is enough to be timed.
const ENOUGH: usize = 16 << 10;
const ENOUGH_BYTES: usize = 1 << 20;

/// The payloads that a run writes as frames.
struct Frames {
    bytes: Vec<u8>,
    payloads: Vec<(Range<usize>, [u8; 4])>,
    masked: bool,
    passes: usize,
    closely: bool,
}

impl Frames {
    fn new(size: Size, masked: bool) -> Self {
        let mut random = Random::new();
        let mut bytes = Vec::new();
        let mut payloads = Vec::new();
        for _ in 0..size.count(FIRST_CACHE).min(ENOUGH) {
            let start = bytes.len();
            bytes.extend(Kind::Binary.payload(size.draw(&mut random), random.between(0, 999)));
            payloads.push((start..bytes.len(), random.key()));
        }
        let passes = (ENOUGH / payloads.len()).min(ENOUGH_BYTES / bytes.len().max(1)).max(1);
        Self { bytes, payloads, masked, passes, closely: false }
    }

    /// Writes each payload as a frame. `sent` checks the output, and returns the number of frames
    /// in it.
    #[inline(always)]
    fn each<O: Out>(
        &mut self,
        out: &mut O,
        send: impl Fn(&[u8], Option<[u8; 4]>, &mut O),
        sent: impl Fn(&[(&[u8], bool)], &mut [u8]) -> usize,
    ) {
        for _ in 0..self.passes {
            let bytes = black_box(&*self.bytes);
            let mut unsent = Vec::new();
            for (range, key) in &self.payloads {
                let payload = &bytes[range.clone()];
                send(payload, self.masked.then_some(*key), out);
                if self.closely {
                    unsent.push((payload, self.masked));
                }
                if out.len() >= FLUSH {
                    assert_eq!(sent(&unsent, black_box(out.bytes())), unsent.len());
                    unsent.clear();
                    out.clear();
                }
            }
            assert_eq!(sent(&unsent, black_box(out.bytes())), unsent.len());
            out.clear();
        }
    }
}

impl Work for Frames {
    fn items(&self) -> f64 {
        (self.payloads.len() * self.passes) as f64
    }

    fn look_closely(&mut self, closely: bool) {
        self.closely = closely;
    }
}

/// Decodes the frames, if any were noted, and returns their number. Some rivals choose the keys
/// themselves, so the payloads are unmasked.
fn sent(noted: &[(&[u8], bool)], mut stream: &mut [u8]) -> usize {
    let Some((_, masked)) = noted.first() else { return 0 };
    let side = if *masked { Side::Server } else { Side::Client };
    let mut decoder = FrameDecoder::new(side).max_frame_size(u32::MAX);
    let mut frames = 0;
    while let Some(chunk) = decoder.decode(&mut stream).expect("right headers") {
        assert!(chunk.header.fin && chunk.header.opcode == Opcode::Binary);
        assert_eq!(chunk.payload.unmask(), noted[frames].0);
        frames += 1;
    }
    assert!(stream.is_empty());
    frames
}

fn measure_headers(plan: &Plan) -> Table {
    let rivals = [
        header_rival("wsframe", Role::Ours, |headers| {
            headers.each(|len, key, seen| {
                seen.see(&frame_header(len, key).encode().expect("a right header"));
            });
        }),
        header_rival("before", Role::Variant, |headers| {
            headers.each(|len, key, seen| {
                let mut headroom = [0; MAX_HEADER_LEN];
                let start = frame_header(len, key).encode_into_headroom(&mut headroom);
                seen.see(&headroom[start.expect("a right header")..]);
            });
        }),
        header_rival("tungstenite", Role::Peer, |headers| {
            headers.each(|len, key, seen| {
                let mut head = [0; MAX_HEADER_LEN];
                let mut rest = &mut head[..];
                tungstenite(key).format(len as u64, &mut rest).expect("it is long enough");
                let left = rest.len();
                seen.see(&head[..MAX_HEADER_LEN - left]);
            });
        }),
        header_rival("fastwebsockets", Role::Peer, |headers| {
            let zeros = black_box(vec![0; 1 << 20]);
            headers.each(|len, key, seen| {
                let mut head = [0; MAX_HEADER_LEN];
                let len = fastwebsockets(&zeros[..len], key).fmt_head(&mut head);
                seen.see(&head[..len]);
            });
        }),
        header_rival("soketto", Role::Peer, |headers| {
            let mut codec = Soketto::new();
            headers.each(|len, key, seen| seen.see(codec.encode_header(&soketto(len, key))));
        }),
    ];
    let groups = [("plain", false), ("masked", true)];
    let cases = groups.into_iter().flat_map(|(group, masked)| {
        HEADER_SIZES.map(|size| Case {
            group: group.to_owned(),
            size,
            work: Box::new(move || Headers::new(size, masked)),
        })
    });
    Table::measure("headers", Unit::Message, &rivals, cases, HEADER_NOTES, plan)
}

fn frame_header(len: usize, key: Option<[u8; 4]>) -> FrameHeader {
    let header = FrameHeader::new(Opcode::Binary, len as u64);
    FrameHeader { masking_key: key.map(MaskingKey::new), ..header }
}

fn header_rival(name: &str, role: Role, run: impl Fn(&mut Headers) + 'static) -> Rival<Headers> {
    Rival::new(name, role, run)
}

/// The lengths and keys of a run's headers.
struct Headers {
    frames: Vec<(usize, [u8; 4])>,
    masked: bool,
    closely: bool,
}

/// The expected header, in a run that is checked.
struct Seen(Option<Vec<u8>>);

impl Seen {
    #[inline(always)]
    fn see(&self, header: &[u8]) {
        let header = black_box(header);
        if let Some(expected) = &self.0 {
            assert_eq!(header, expected);
        }
    }
}

impl Headers {
    fn new(size: Size, masked: bool) -> Self {
        let mut random = Random::new();
        let frames = (0..ENOUGH).map(|_| (size.draw(&mut random), random.key())).collect();
        Self { frames, masked, closely: false }
    }

    #[inline(always)]
    fn each(&self, mut make: impl FnMut(usize, Option<[u8; 4]>, &Seen)) {
        for &(len, key) in black_box(&self.frames) {
            let key = self.masked.then_some(key);
            let expected = self.closely.then(|| {
                let mut expected = Vec::new();
                payload::header(Kind::Binary, len, key, &mut expected);
                expected
            });
            make(len, key, &Seen(expected));
        }
    }
}

impl Work for Headers {
    fn items(&self) -> f64 {
        self.frames.len() as f64
    }

    fn look_closely(&mut self, closely: bool) {
        self.closely = closely;
    }
}
