//! The echo itself: frames in, frames out, and no I/O.
//!
//! A frame that has arrived whole is echoed as one frame. A longer one arrives in chunks, and each
//! chunk is echoed as a fragment of the message: nothing waits for a frame's end, so nothing has to be
//! kept. Text is validated in the pass that unmasks it, which finds the first wrong byte as soon as it
//! is there.

use core::fmt;
use core::ops::ControlFlow;

use wsframe::{
    CloseBody, CloseCode, FrameChunk, FrameDecoder, FrameEncoder, NO_LIMIT, Opcode, ProtocolError,
    Role, Utf8Validator,
};

/// Where a connection's peer is: in a frame, in a message, in a character.
pub(crate) struct Echo {
    decoder: FrameDecoder,
    /// Text or Binary, while a message is open.
    message: Option<Opcode>,
    text: Utf8Validator,
}

impl Echo {
    pub(crate) fn new() -> Self {
        Self {
            // Frames may be of any length, since none is ever held.
            decoder: FrameDecoder::new(Role::Server).max_payload_len(NO_LIMIT),
            message: None,
            text: Utf8Validator::new(),
        }
    }

    /// Appends to `out` the answers to all that `input` holds, and says how many bytes that was; or to
    /// end the connection once `out` was sent.
    ///
    /// Only the answer to a chunk from the midst of a frame is longer than what it answers, by a header.
    /// An `input` holds one such chunk at most, so `out` outgrows it by that and a Close frame.
    pub(crate) fn answer(&mut self, input: &mut [u8], out: &mut Vec<u8>) -> ControlFlow<(), usize> {
        let len = input.len();
        let mut rest = input;
        match self.answer_chunks(&mut rest, out) {
            Ok(ControlFlow::Continue(())) => ControlFlow::Continue(len - rest.len()),
            Ok(ControlFlow::Break(())) => ControlFlow::Break(()),
            Err(violation) => {
                // If there can be no Close frame, the peer still sees that the connection ends.
                let _ = violation.append_close(out);
                ControlFlow::Break(())
            }
        }
    }

    fn answer_chunks(
        &mut self,
        input: &mut &mut [u8],
        out: &mut Vec<u8>,
    ) -> Result<ControlFlow<()>, Violation> {
        while let Some(chunk) = self.decoder.decode(input)? {
            match chunk.header.opcode {
                Opcode::Text | Opcode::Binary | Opcode::Continuation => self.data(chunk, out)?,
                Opcode::Ping => {
                    FrameEncoder::new(Opcode::Pong).append(chunk.payload.unmask(), out)?;
                }
                Opcode::Pong => {} // nobody asked
                Opcode::Close => {
                    let body = chunk.payload.unmask();
                    CloseBody::decode(body)?; // only a right one is given back
                    FrameEncoder::new(Opcode::Close).append(body, out)?;
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Echoes a chunk of a message.
    fn data(&mut self, chunk: FrameChunk<'_>, out: &mut Vec<u8>) -> Result<(), Violation> {
        let mut opcode = Opcode::Continuation;
        if chunk.first {
            opcode = chunk.header.opcode;
            match (opcode, self.message) {
                (Opcode::Continuation, Some(_)) => {}
                (Opcode::Continuation, None) => return Err(Violation::NothingToContinue),
                (_, Some(_)) => return Err(Violation::MessageInMessage),
                (begun, None) => self.message = Some(begun),
            }
        }
        let message_ends = chunk.header.fin && chunk.last;

        let bytes = if self.message == Some(Opcode::Text) {
            let checked = chunk.payload.unmask_text(&mut self.text)?;
            if message_ends {
                self.text.finish().map_err(ProtocolError::from)?;
            }
            checked.into_bytes()
        } else {
            chunk.payload.unmask()
        };

        FrameEncoder::new(opcode).fin(message_ends).append(bytes, out)?;
        if message_ends {
            self.message = None;
        }
        Ok(())
    }
}

/// What a peer did wrong: with a frame, or with the order of frames (RFC 6455 §5.4).
enum Violation {
    Frame(ProtocolError),
    NothingToContinue,
    MessageInMessage,
}

impl Violation {
    /// Appends the Close frame that fails the connection, with the reason in words.
    fn append_close(&self, out: &mut Vec<u8>) -> Result<(), ProtocolError> {
        let code = match self {
            Self::Frame(error) => error.close_code(),
            Self::NothingToContinue | Self::MessageInMessage => CloseCode::PROTOCOL_ERROR,
        };
        let body = CloseBody { code, reason: &self.to_string() }.encode()?;
        FrameEncoder::new(Opcode::Close).append(&body, out)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(error) => error.fmt(f),
            Self::NothingToContinue => f.write_str("a continuation frame, but no message is open"),
            Self::MessageInMessage => f.write_str("a new message before the last one has ended"),
        }
    }
}

impl From<ProtocolError> for Violation {
    fn from(error: ProtocolError) -> Self {
        Self::Frame(error)
    }
}
