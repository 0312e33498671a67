//! The parts of HTTP/3 that a WebSocket needs: the control streams with their settings, and the
//! frames of a request's stream (RFC 9114).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, BytesMut};
use quinn::{RecvStream, SendStream, VarInt};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

use crate::qpack::{self, Field};

/// The setting by which a server allows an extended CONNECT (RFC 9220 §3).
const ENABLE_CONNECT_PROTOCOL: u64 = 0x08;

// Kinds of frames (RFC 9114 §7.2) and of streams (§6.2).
const DATA: u64 = 0x00;
const HEADERS: u64 = 0x01;
const SETTINGS: u64 = 0x04;
const CONTROL_STREAM: u64 = 0x00;

// Error codes (RFC 9114 §8.1, RFC 9204 §6).
pub(crate) const NO_ERROR: u32 = 0x100;
const CLOSED_CRITICAL_STREAM: u32 = 0x104;
const FRAME_UNEXPECTED: u32 = 0x105;
const FRAME_ERROR: u32 = 0x106;
const EXCESSIVE_LOAD: u32 = 0x107;
const MISSING_SETTINGS: u32 = 0x10A;
pub(crate) const MESSAGE_ERROR: u32 = 0x10E;
const DECOMPRESSION_FAILED: u32 = 0x200;

/// The greatest length of received HEADERS and SETTINGS.
const MAX_SECTION_LEN: u64 = 16 << 10;
/// The greatest length of DATA that is sent at once.
const MAX_DATA_LEN: usize = 16 << 10;

/// An HTTP/3 connection. It owns its control stream, and ends with it.
pub(crate) struct Http3 {
    pub(crate) quic: quinn::Connection,
    _control: SendStream,
    /// Whether the peer allows an extended CONNECT. It is `None` until its settings have arrived.
    allows_connect: watch::Receiver<Option<bool>>,
}

impl Http3 {
    /// Sends this endpoint's settings, and reads those of the peer in a task. Both endpoints allow
    /// an extended CONNECT. A client's setting has no effect.
    pub(crate) async fn start(quic: quinn::Connection) -> io::Result<Self> {
        let mut control = quic.open_uni().await?;
        let mut settings = BytesMut::new();
        put_varint(ENABLE_CONNECT_PROTOCOL, &mut settings);
        put_varint(1, &mut settings);
        let mut opening = BytesMut::new();
        put_varint(CONTROL_STREAM, &mut opening);
        put_frame(SETTINGS, &settings, &mut opening);
        control.write_all(&opening).await?;
        let (tell, allows_connect) = watch::channel(None);
        tokio::spawn(read_streams(quic.clone(), tell));
        Ok(Self { quic, _control: control, allows_connect })
    }

    /// Returns the next request's stream, or `None` when the connection has ended.
    pub(crate) async fn accept(&self) -> Option<Stream> {
        let (to_peer, from_peer) = self.quic.accept_bi().await.ok()?;
        Some(Stream::new(self.quic.clone(), to_peer, from_peer))
    }

    /// Opens a stream for an extended CONNECT. It waits for the server's settings, which must allow
    /// it.
    pub(crate) async fn open(&mut self) -> io::Result<Stream> {
        let settings = self.allows_connect.wait_for(Option::is_some).await;
        if !settings.is_ok_and(|allows| *allows == Some(true)) {
            return Err(io::Error::other("the server does not allow an extended CONNECT"));
        }
        let (to_peer, from_peer) = self.quic.open_bi().await?;
        Ok(Stream::new(self.quic.clone(), to_peer, from_peer))
    }
}

/// Reads the peer's unidirectional streams. QUIC limits how many there are at once.
async fn read_streams(quic: quinn::Connection, tell: watch::Sender<Option<bool>>) {
    while let Ok(stream) = quic.accept_uni().await {
        tokio::spawn(read_stream(Frames::new(quic.clone(), stream), tell.clone()));
    }
}

/// Reads a unidirectional stream. An error closes the connection.
async fn read_stream(mut frames: Frames, tell: watch::Sender<Option<bool>>) -> io::Result<()> {
    if frames.varint().await? != Some(CONTROL_STREAM) {
        // There is no dynamic table, so QPACK's streams have no content. Other streams are unknown.
        while frames.fill().await? {
            frames.received.clear();
        }
        return Ok(());
    }
    let Some((SETTINGS, len)) = frames.header().await? else {
        return Err(frames.fail(MISSING_SETTINGS, "a control stream begins with SETTINGS"));
    };
    let mut settings = &frames.section(len).await?[..];
    let mut allows_connect = false;
    while !settings.is_empty() {
        let (Some(name), Some(value)) = (take_varint(&mut settings), take_varint(&mut settings))
        else {
            return Err(frames.fail(FRAME_ERROR, "a setting is cut"));
        };
        allows_connect |= (name, value) == (ENABLE_CONNECT_PROTOCOL, 1);
    }
    tell.send_replace(Some(allows_connect));
    // Other frames of the control stream, such as GOAWAY, do not matter to this example.
    while let Some((_, len)) = frames.header().await? {
        frames.section(len).await?;
    }
    Err(frames.fail(CLOSED_CRITICAL_STREAM, "the control stream has ended"))
}

/// The frames of a stream.
struct Frames {
    quic: quinn::Connection,
    stream: RecvStream,
    received: BytesMut,
}

impl Frames {
    fn new(quic: quinn::Connection, stream: RecvStream) -> Self {
        Self { quic, stream, received: BytesMut::new() }
    }

    /// Closes the connection, as most errors require.
    fn fail(&self, code: u32, why: &'static str) -> io::Error {
        self.quic.close(VarInt::from_u32(code), why.as_bytes());
        io::Error::new(io::ErrorKind::InvalidData, why)
    }

    /// Reads more. Returns `false` at the end.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut chunk = [0; 4096];
        let mut read = ReadBuf::new(&mut chunk);
        ready!(AsyncRead::poll_read(Pin::new(&mut self.stream), cx, &mut read))?;
        self.received.extend_from_slice(read.filled());
        Poll::Ready(Ok(!read.filled().is_empty()))
    }

    async fn fill(&mut self) -> io::Result<bool> {
        std::future::poll_fn(|cx| self.poll_fill(cx)).await
    }

    /// Reads a frame's kind and length. Returns `None` at the end of the stream.
    fn poll_header(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<(u64, u64)>>> {
        loop {
            let mut rest = &self.received[..];
            if let (Some(kind), Some(len)) = (take_varint(&mut rest), take_varint(&mut rest)) {
                self.received.advance(self.received.len() - rest.len());
                return Poll::Ready(Ok(Some((kind, len))));
            }
            if !ready!(self.poll_fill(cx))? {
                return Poll::Ready(if self.received.is_empty() {
                    Ok(None)
                } else {
                    Err(self.fail(FRAME_ERROR, "a frame is cut"))
                });
            }
        }
    }

    async fn header(&mut self) -> io::Result<Option<(u64, u64)>> {
        std::future::poll_fn(|cx| self.poll_header(cx)).await
    }

    async fn varint(&mut self) -> io::Result<Option<u64>> {
        loop {
            let mut rest = &self.received[..];
            if let Some(value) = take_varint(&mut rest) {
                self.received.advance(self.received.len() - rest.len());
                return Ok(Some(value));
            }
            if !self.fill().await? {
                return Ok(None);
            }
        }
    }

    /// Reads the rest of a frame.
    async fn section(&mut self, len: u64) -> io::Result<BytesMut> {
        if len > MAX_SECTION_LEN {
            return Err(self.fail(EXCESSIVE_LOAD, "a frame is too long"));
        }
        let len = len as usize;
        while self.received.len() < len {
            if !self.fill().await? {
                return Err(self.fail(FRAME_ERROR, "a frame is cut"));
            }
        }
        Ok(self.received.split_to(len))
    }
}

/// A request's stream. After the header sections it reads and writes the content of DATA frames.
pub(crate) struct Stream {
    to_peer: SendStream,
    frames: Frames,
    /// The rest of the open frame, and whether it is DATA.
    open: (u64, bool),
    /// The rest of a frame that is being sent.
    unsent: BytesMut,
}

impl Stream {
    fn new(quic: quinn::Connection, to_peer: SendStream, from_peer: RecvStream) -> Self {
        let frames = Frames::new(quic, from_peer);
        Self { to_peer, frames, open: (0, false), unsent: BytesMut::new() }
    }

    pub(crate) async fn send_headers<'f>(
        &mut self,
        fields: impl IntoIterator<Item = (&'f str, &'f [u8])>,
    ) -> io::Result<()> {
        let mut frame = BytesMut::new();
        put_frame(HEADERS, &qpack::encode(fields), &mut frame);
        Ok(self.to_peer.write_all(&frame).await?)
    }

    /// Returns the next section of header fields.
    pub(crate) async fn receive_headers(&mut self) -> io::Result<Vec<Field>> {
        loop {
            let Some((kind, len)) = self.frames.header().await? else {
                return Err(io::ErrorKind::UnexpectedEof.into());
            };
            if kind == DATA || is_unexpected(kind) {
                return Err(self.frames.fail(FRAME_UNEXPECTED, "a frame other than HEADERS"));
            }
            let section = self.frames.section(len).await?;
            if kind == HEADERS {
                let fields = qpack::decode(&section);
                return fields.inspect_err(|_| {
                    self.frames.fail(DECOMPRESSION_FAILED, "a header section is malformed");
                });
            }
        }
    }

    /// Resets the stream, because its request or response is malformed.
    pub(crate) fn reset(mut self, code: u32) {
        let code = VarInt::from_u32(code);
        let _ = self.to_peer.reset(code);
        let _ = self.frames.stream.stop(code);
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let stream = Pin::new(&mut self.to_peer);
            let count = ready!(AsyncWrite::poll_write(stream, cx, &self.unsent))?;
            self.unsent.advance(count);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { frames, open: (left, is_data), .. } = self.get_mut();
        loop {
            if *left > 0 {
                if frames.received.is_empty() && !ready!(frames.poll_fill(cx))? {
                    return Poll::Ready(Err(frames.fail(FRAME_ERROR, "a frame is cut")));
                }
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(frames.received.len());
                let count = if *is_data { here.min(buf.remaining()) } else { here };
                if *is_data {
                    buf.put_slice(&frames.received[..count]);
                }
                frames.received.advance(count);
                *left -= count as u64;
                if *is_data {
                    return Poll::Ready(Ok(()));
                }
                continue;
            }
            match ready!(frames.poll_header(cx))? {
                None => return Poll::Ready(Ok(())),
                Some((kind, _)) if is_unexpected(kind) => {
                    return Poll::Ready(Err(frames.fail(FRAME_UNEXPECTED, "not in a request")));
                }
                // Trailers and unknown frames are skipped.
                Some((kind, len)) => (*left, *is_data) = (len, kind == DATA),
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_send(cx))?;
        let count = buf.len().min(MAX_DATA_LEN);
        put_frame(DATA, &buf[..count], &mut this.unsent);
        // The next call sends the bytes that the transport does not accept now.
        if let Poll::Ready(Err(error)) = this.poll_send(cx) {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_send(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.to_peer).poll_shutdown(cx)
    }
}

/// Returns whether a frame of this kind must not be on a request's stream: those of the control
/// stream, pushes, which no client allowed, and those of HTTP/2 (§7.2, §11.2.1).
fn is_unexpected(kind: u64) -> bool {
    matches!(kind, 0x02..=0x09 | 0x0D)
}

fn put_frame(kind: u64, payload: &[u8], out: &mut BytesMut) {
    put_varint(kind, out);
    put_varint(payload.len() as u64, out);
    out.put_slice(payload);
}

/// Appends an integer in QUIC's variable-length encoding (RFC 9000 §16). Its first two bits tell
/// its length.
fn put_varint(value: u64, out: &mut BytesMut) {
    match value {
        0..=0x3F => out.put_u8(value as u8),
        0x40..=0x3FFF => out.put_u16(value as u16 | 0x4000),
        0x4000..=0x3FFF_FFFF => out.put_u32(value as u32 | 0x8000_0000),
        _ => out.put_u64(value | 0xC000_0000_0000_0000),
    }
}

fn take_varint(input: &mut &[u8]) -> Option<u64> {
    let len = 1 << (input.first()? >> 6);
    let (bytes, rest) = input.split_at_checked(len)?;
    let value = bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    *input = rest;
    Some(value & (u64::MAX >> (66 - 8 * len)))
}
