//! Checks the frames against the rules for messages (RFC 6455 §5.4, §5.5.1, §8.1).

use std::io::{self, Write};

use wsframe::{
    CloseBody, FrameChunk, FrameHeader, MAX_CONTROL_PAYLOAD_LEN, Opcode, Payload, ProtocolError,
    Utf8Validator,
};

use crate::line;
use crate::{Broken, Rule, Stop};

/// The state of the stream. Its size does not depend on the length of the stream.
pub(crate) struct Frames {
    /// The frame that is not complete yet.
    frame: Option<Frame>,
    /// The message that is not complete yet.
    message: Option<Message>,
    text: Utf8Validator,
    /// The bytes of the character that is open at the end of the text so far.
    cut: Start<3>,
    pub(crate) counts: Counts,
    /// The offset of the Close frame.
    pub(crate) close: Option<u64>,
}

/// The numbers of frames and messages.
#[derive(Default)]
pub(crate) struct Counts {
    /// The numbers of frames, by opcode.
    pub(crate) frames: [u64; 16],
    pub(crate) texts: u64,
    pub(crate) binaries: u64,
    /// The number of text messages that an extension has encoded.
    pub(crate) coded_texts: u64,
    pub(crate) payload_bytes: u64,
    pub(crate) text_is_broken: bool,
}

/// A frame, and the beginning of its payload.
pub(crate) struct Frame {
    pub(crate) offset: u64,
    pub(crate) header: FrameHeader,
    pub(crate) content: Content,
    /// The beginning of the payload. It has space for a whole Close frame.
    pub(crate) start: Start<MAX_CONTROL_PAYLOAD_LEN>,
    /// The number of bytes at the beginning of `start` that belong to the previous fragment.
    pub(crate) carried: usize,
}

#[derive(Clone, Copy)]
struct Message {
    offset: u64,
    opcode: Opcode,
    content: Content,
}

/// The way in which a payload is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Text,
    Bytes,
    Close,
}

/// Up to N bytes.
#[derive(Clone, Copy)]
pub(crate) struct Start<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl Frames {
    pub(crate) fn new() -> Self {
        Self {
            frame: None,
            message: None,
            text: Utf8Validator::new(),
            cut: Start::new(),
            counts: Counts::default(),
            close: None,
        }
    }

    /// Adds the next chunk. Writes the frame's line if the chunk is its last, or breaks a rule.
    pub(crate) fn take(
        &mut self,
        offset: u64,
        payload_offset: u64,
        chunk: FrameChunk<'_>,
        out: &mut impl Write,
    ) -> Result<(), Stop> {
        let mut frame = match self.frame.take() {
            Some(frame) => frame,
            None => self.begin(offset, &chunk.header)?,
        };
        let result = self.payload(&mut frame, payload_offset, chunk.payload).and_then(|()| {
            match chunk.last {
                true => self.end(&frame, payload_offset),
                false => Ok(()),
            }
        });
        if chunk.last || result.is_err() {
            line::write(out, self.counts.total(), &frame)?;
        } else {
            self.frame = Some(frame);
        }
        result
    }

    /// Ends the stream. Writes the line of an incomplete frame, and returns its offset.
    pub(crate) fn finish(&mut self, out: &mut impl Write) -> io::Result<Option<u64>> {
        let Some(frame) = self.frame.take() else {
            return Ok(None);
        };
        line::write(out, self.counts.total(), &frame)?;
        Ok(Some(frame.offset))
    }

    /// Returns the offset of the message that is open, if any.
    pub(crate) fn open_message(&self) -> Option<u64> {
        self.message.map(|message| message.offset)
    }

    /// Returns whether the open message is text.
    pub(crate) fn text_is_open(&self) -> bool {
        self.message.is_some_and(|message| message.content == Content::Text)
    }

    /// Begins a frame, if the rules allow it here.
    fn begin(&mut self, offset: u64, header: &FrameHeader) -> Result<Frame, Stop> {
        let broken = |rule| Stop::Broken(Broken { offset, rule });
        let content = match (header.opcode, self.message) {
            (Opcode::Close, _) => Content::Close,
            (Opcode::Ping | Opcode::Pong, _) => Content::Bytes,
            (Opcode::Continuation, Some(message)) => message.content,
            (Opcode::Continuation, None) => return Err(broken(Rule::NothingToContinue)),
            (_, Some(message)) => return Err(broken(Rule::InsideMessage(message.offset))),
            (opcode, None) => {
                // An extension that sets an RSV bit has encoded the payload.
                let content = if opcode == Opcode::Text && header.rsv.is_empty() {
                    Content::Text
                } else {
                    Content::Bytes
                };
                self.message = Some(Message { offset, opcode, content });
                content
            }
        };
        self.counts.frames[usize::from(header.opcode.bits())] += 1;

        let mut start = Start::new();
        if content == Content::Text {
            start.push(self.cut.bytes());
        }
        Ok(Frame { offset, header: *header, content, carried: start.len, start })
    }

    /// Unmasks the part that is needed: all of a text, or the beginning of other payloads.
    fn payload(
        &mut self,
        frame: &mut Frame,
        offset: u64,
        payload: Payload<'_>,
    ) -> Result<(), Stop> {
        let len = payload.len();
        if frame.content != Content::Text {
            self.counts.payload_bytes += len as u64;
            if !frame.start.is_full() {
                frame.start.push(payload.unmask());
            }
            return Ok(());
        }

        // This does not use `unmask_text`, because the valid beginning of an invalid text is shown.
        let (bytes, mut mask) = payload.into_parts();
        let result = self.text.unmask_and_validate(bytes, &mut mask).map(drop);
        let valid = &bytes[..result.map_or_else(|error| error.offset(), |()| len)];
        self.counts.payload_bytes += valid.len() as u64;
        frame.start.push(valid);
        self.cut(valid);
        result.map_err(|error| {
            self.counts.text_is_broken = true;
            Broken::protocol(offset + error.offset() as u64, error.into())
        })
    }

    /// Keeps the first bytes of a character that continues in the next chunk, or in the next
    /// fragment.
    fn cut(&mut self, chunk: &[u8]) {
        if self.text.is_complete() {
            self.cut = Start::new();
        } else if let Some(at) = chunk.iter().rposition(|&byte| byte >= 0xC0) {
            self.cut = Start::new();
            self.cut.push(&chunk[at..]);
        } else {
            // The whole chunk is inside the character.
            self.cut.push(chunk);
        }
    }

    /// Ends the frame, and the message if there are no further fragments.
    fn end(&mut self, frame: &Frame, payload_offset: u64) -> Result<(), Stop> {
        if frame.content == Content::Close {
            self.close = Some(frame.offset);
            // A control frame comes in one chunk: `payload_offset` is where its body begins.
            return match CloseBody::decode(frame.start.bytes()) {
                Ok(_) => Ok(()),
                Err(error @ ProtocolError::InvalidUtf8(utf8)) if !utf8.is_incomplete() => {
                    let reason_offset = payload_offset + 2;
                    let offset = reason_offset + utf8.offset() as u64;
                    Err(Broken::protocol(offset, error))
                }
                Err(error) => Err(Broken::protocol(frame.offset, error)),
            };
        }
        if frame.header.opcode.is_control() || !frame.header.fin {
            return Ok(());
        }
        let Some(message) = self.message.take() else {
            return Ok(()); // `begin` has returned an error for such a frame
        };
        match (message.opcode, message.content) {
            (Opcode::Text, Content::Text) => {
                self.text.finish().map_err(|error| {
                    self.counts.text_is_broken = true;
                    Broken::protocol(frame.offset, error.into())
                })?;
                self.counts.texts += 1;
            }
            (Opcode::Text, _) => self.counts.coded_texts += 1,
            _ => self.counts.binaries += 1,
        }
        Ok(())
    }
}

impl Counts {
    /// Returns the number of frames.
    pub(crate) fn total(&self) -> u64 {
        self.frames.iter().sum()
    }
}

impl<const N: usize> Start<N> {
    const fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    const fn is_full(&self) -> bool {
        self.len == N
    }

    /// Appends as many of the bytes as fit.
    fn push(&mut self, bytes: &[u8]) {
        let len = bytes.len().min(N - self.len);
        self.bytes[self.len..][..len].copy_from_slice(&bytes[..len]);
        self.len += len;
    }
}
