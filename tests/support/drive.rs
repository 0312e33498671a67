//! Drives the decoder as callers do, and checks on the way what every call promises.

use super::naive::Frame;
use wsframe::{FrameChunk, FrameDecoder, ProtocolError};

/// What a stream was decoded to.
#[derive(Debug, Default, PartialEq)]
pub struct Decoded {
    /// The frames that came to their end.
    pub frames: Vec<Frame>,
    /// What ended the stream early.
    pub error: Option<ProtocolError>,
    /// How many bytes were consumed.
    pub consumed: usize,
    /// How many chunks were handed out.
    pub chunks: usize,
}

/// How the chunk is taken: each way must give the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// [`FrameDecoder::decode`] with a cursor.
    Cursor,
    /// [`FrameDecoder::locate`], then [`wsframe::Span::of`] on the whole buffer.
    Locate,
}

/// Decodes a stream that arrives in reads of these lengths (repeated as long as needed; none: as much as
/// fits), into a buffer that holds `capacity` bytes.
pub fn decode(
    mut decoder: FrameDecoder,
    stream: &[u8],
    cuts: &[usize],
    capacity: usize,
    way: Way,
) -> Decoded {
    let mut decoded = Decoded::default();
    let mut buffer: Vec<u8> = Vec::with_capacity(capacity);
    let mut unread = stream;
    let mut cuts = cuts.iter().copied().cycle();
    loop {
        let room = capacity - buffer.len();
        assert!(room > 0, "the decoder wants more than {capacity} bytes at once");
        let cut = cuts.next().unwrap_or(usize::MAX).clamp(1, room).min(unread.len());
        let (read, rest) = unread.split_at(cut);
        buffer.extend(read);
        unread = rest;

        let consumed = match consume(&mut decoder, &mut buffer, way, &mut decoded) {
            Ok(consumed) => consumed,
            Err((consumed, error)) => {
                decoded.error = Some(error);
                decoded.consumed += consumed;
                return decoded;
            }
        };
        decoded.consumed += consumed;
        buffer.drain(..consumed);
        if unread.is_empty() {
            return decoded;
        }
    }
}

/// Takes all chunks that the buffer holds.
fn consume(
    decoder: &mut FrameDecoder,
    buffer: &mut [u8],
    way: Way,
    decoded: &mut Decoded,
) -> Result<usize, (usize, ProtocolError)> {
    let len = buffer.len();
    let mut input = buffer;
    loop {
        let before = input.len();
        let remaining = decoder.remaining();
        let chunk = match way {
            Way::Cursor => decoder.decode(&mut input),
            Way::Locate => match decoder.locate(input) {
                Ok(Some(span)) => {
                    let (used, rest) = std::mem::take(&mut input).split_at_mut(span.end());
                    input = rest;
                    Ok(Some(span.of(used)))
                }
                Ok(None) => Ok(None),
                Err(error) => Err(error),
            },
        };
        match chunk {
            Ok(Some(chunk)) => take(chunk, decoder, decoded),
            Ok(None) => {
                assert_eq!((input.len(), decoder.remaining()), (before, remaining), "not yet");
                return Ok(len - before);
            }
            Err(error) => {
                assert_eq!((input.len(), decoder.remaining()), (before, remaining), "an error");
                assert_eq!(decoder.locate(input).err(), Some(error), "an error repeats");
                return Err((len - before, error));
            }
        }
    }
}

fn take(chunk: FrameChunk<'_>, decoder: &FrameDecoder, decoded: &mut Decoded) {
    decoded.chunks += 1;
    assert_eq!(chunk.last, decoder.remaining() == 0);
    if chunk.first {
        decoded.frames.push((chunk.header, Vec::new()));
    } else {
        assert!(!chunk.payload.is_empty());
    }
    let (header, payload) = decoded.frames.last_mut().expect("a first chunk comes first");
    assert_eq!(*header, chunk.header, "every chunk bears its frame's header");
    payload.extend_from_slice(chunk.payload.unmask());
    let arrived = payload.len() as u64;
    assert_eq!(arrived + decoder.remaining(), header.payload_len);
    if header.opcode.is_control() {
        assert!(chunk.first && chunk.last, "control frames come whole");
    }
}

impl Decoded {
    /// The frames without one that has begun and not ended.
    pub fn whole_frames(&self) -> &[Frame] {
        match self.frames.split_last() {
            Some(((header, payload), whole)) if payload.len() as u64 != header.payload_len => whole,
            _ => &self.frames,
        }
    }
}
