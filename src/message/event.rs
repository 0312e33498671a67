//! What comes out of a stream of messages.

use crate::close::CloseBody;
use crate::frame::Payload;
use crate::header::{Opcode, Rsv};
use crate::utf8::Checked;

/// A chunk of a message, or a control frame, where it lies in the caller's buffer.
///
/// The chunks of a message come one after another, the first with `first`, the final one with `last`
/// set; control frames may come between them. A chunk may be empty.
#[derive(Debug)]
pub enum Event<'b> {
    /// The next chunk of a text message: unmasked, and UTF-8 as far as it goes.
    Text(TextChunk<'b>),
    /// The next chunk of a binary message, still masked.
    Binary(BinaryChunk<'b>),
    /// The next chunk of a message whose payload this layer cannot read: an extension has marked its
    /// first frame with RSV bits that the [`Rules`](crate::Rules) claim for it, or it is text and the
    /// decoder was told not to validate any.
    Raw(RawChunk<'b>),
    /// A Ping and its application data, at most 125 bytes. It wants a Pong with the same (§5.5.2).
    Ping(&'b mut [u8]),
    /// A Pong and its application data, at most 125 bytes.
    Pong(&'b mut [u8]),
    /// A Close frame; `None` if its body is empty. No event follows it.
    Close(Option<CloseBody<'b>>),
}

/// A chunk of a text message.
#[derive(Debug)]
pub struct TextChunk<'b> {
    /// The text: valid as far as it goes. `as_str` gives it, unless it begins or ends in a character.
    pub text: Checked<'b>,
    /// Whether the message begins with this chunk.
    pub first: bool,
    /// Whether the message ends with this chunk. It has been found to end at a character's end, too.
    pub last: bool,
}

impl<'b> TextChunk<'b> {
    /// The text, if this chunk is a whole message.
    ///
    /// # Errors
    ///
    /// Gives the chunk back if there is more of its message: an `Assembler` puts that together (feature
    /// `alloc`).
    #[inline(always)]
    pub fn into_message(self) -> Result<&'b str, Self> {
        let is_whole = self.first && self.last;
        if is_whole && self.text.as_str().is_some() {
            Ok(self.text.into_str().unwrap_or_default())
        } else {
            Err(self)
        }
    }
}

/// A chunk of a binary message.
#[derive(Debug)]
pub struct BinaryChunk<'b> {
    /// The bytes, still masked: unmask them where they lie, or to where they shall lie.
    pub payload: Payload<'b>,
    /// Whether the message begins with this chunk.
    pub first: bool,
    /// Whether the message ends with this chunk.
    pub last: bool,
}

impl<'b> BinaryChunk<'b> {
    /// The bytes, unmasked, if this chunk is a whole message.
    ///
    /// # Errors
    ///
    /// As [`TextChunk::into_message`].
    #[inline(always)]
    pub fn into_message(self) -> Result<&'b mut [u8], Self> {
        if self.first && self.last { Ok(self.payload.unmask()) } else { Err(self) }
    }
}

/// A chunk of a message that only an extension can read, or of text that was not validated.
#[derive(Debug)]
pub struct RawChunk<'b> {
    /// [`Text`](Opcode::Text) or [`Binary`](Opcode::Binary): what the message is.
    pub opcode: Opcode,
    /// The RSV bits of the message's first frame.
    pub rsv: Rsv,
    /// The bytes, still masked.
    pub payload: Payload<'b>,
    /// Whether the message begins with this chunk.
    pub first: bool,
    /// Whether the message ends with this chunk.
    pub last: bool,
}

impl<'b> RawChunk<'b> {
    /// The bytes, unmasked, if this chunk is a whole message.
    ///
    /// # Errors
    ///
    /// As [`TextChunk::into_message`].
    #[inline(always)]
    pub fn into_message(self) -> Result<&'b mut [u8], Self> {
        if self.first && self.last { Ok(self.payload.unmask()) } else { Err(self) }
    }

    /// `byte` has the opcode and the RSV bits where the first byte of a frame has them.
    pub(super) fn new(byte: u8, payload: Payload<'b>, first: bool, last: bool) -> Self {
        let opcode = if byte & 0x0F == Opcode::Text.bits() { Opcode::Text } else { Opcode::Binary };
        Self { opcode, rsv: Rsv::from_bits(byte), payload, first, last }
    }
}
