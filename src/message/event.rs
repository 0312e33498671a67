//! The events of a stream of messages.

use crate::close::CloseBody;
use crate::frame::Payload;
use crate::opcode::Opcode;
use crate::rsv::Rsv;
use crate::utf8::PartialStr;

/// A chunk of a message or a control frame. It borrows the caller's buffer.
///
/// The chunks of a message arrive in order: `first` is set on the first, `last` on the last.
/// Control frames may arrive between them. A chunk may be empty.
///
/// ```
/// use wsframe::Event;
///
/// fn describe(event: Event<'_>) -> String {
///     match event {
///         // A chunk may begin or end inside a character: then `as_str` returns `None`.
///         Event::Text(chunk) => format!("text: {:?}", chunk.text.as_str()),
///         Event::Binary(chunk) => format!("binary: {:?}", chunk.payload.unmask()),
///         Event::Raw(chunk) => format!("{} bytes for an extension", chunk.payload.len()),
///         Event::Ping(data) => format!("Ping: {data:?}"),
///         Event::Pong(data) => format!("Pong: {data:?}"),
///         Event::Close(Some(body)) => format!("Close: {} {:?}", body.code, body.reason),
///         Event::Close(None) => "Close".to_owned(),
///     }
/// }
/// ```
#[derive(Debug)]
pub enum Event<'b> {
    /// The next chunk of a text message, unmasked and validated.
    Text(TextChunk<'b>),
    /// The next chunk of a binary message, still masked.
    Binary(BinaryChunk<'b>),
    /// The next chunk of a message that this layer does not interpret, still masked.
    ///
    /// Either its first frame has RSV bits that the [`Rules`](crate::Rules) allow for an extension,
    /// or it is text and [`validate_text`](crate::MessageDecoder::validate_text) is `false`.
    Raw(RawChunk<'b>),
    /// A Ping and its payload of at most 125 bytes. It must be answered with a Pong that has the
    /// same payload (§5.5.2). A [`Connection`](crate::Connection) answers automatically.
    #[doc(alias = "is_ping")]
    Ping(&'b mut [u8]),
    /// A Pong and its payload of at most 125 bytes.
    #[doc(alias = "is_pong")]
    Pong(&'b mut [u8]),
    /// A Close frame. It contains `None` if its payload is empty. No event follows it.
    #[doc(alias = "CloseFrame")]
    #[doc(alias = "is_close")]
    Close(Option<CloseBody<'b>>),
}

/// A chunk of a text message, unmasked and validated.
///
/// ```
/// use wsframe::TextChunk;
///
/// /// Appends the chunk to the bytes of its message.
/// fn collect(chunk: &TextChunk<'_>, message: &mut Vec<u8>) {
///     if chunk.first {
///         message.clear();
///     }
///     message.extend_from_slice(chunk.text.as_bytes());
/// }
/// ```
#[derive(Debug)]
pub struct TextChunk<'b> {
    /// The text. [`as_str`](PartialStr::as_str) returns `None` if the chunk splits a character.
    pub text: PartialStr<'b>,
    /// Whether this is the first chunk of its message.
    pub first: bool,
    /// Whether this is the last chunk of its message. The text then ends at a character boundary.
    pub last: bool,
}

impl<'b> TextChunk<'b> {
    /// Returns the text if this chunk is a whole message.
    ///
    /// # Errors
    ///
    /// Returns the chunk unchanged if it is only a part of a message. Use an `Assembler` to collect
    /// the parts (feature `alloc`).
    ///
    /// ```
    /// use wsframe::TextChunk;
    ///
    /// fn print(chunk: TextChunk<'_>) {
    ///     match chunk.into_message() {
    ///         Ok(text) => println!("{text}"),
    ///         Err(chunk) => println!("a part, {} bytes", chunk.text.as_bytes().len()),
    ///     }
    /// }
    /// ```
    #[doc(alias = "into_text")]
    #[doc(alias = "to_text")]
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

/// A chunk of a binary message, still masked.
///
/// ```
/// use wsframe::BinaryChunk;
///
/// /// Copies the chunk into `to` and unmasks it in the same pass. Returns its length if it fits.
/// fn copy(chunk: BinaryChunk<'_>, to: &mut [u8]) -> Option<usize> {
///     chunk.payload.unmask_into(to).ok().map(|copied| copied.len())
/// }
/// ```
#[derive(Debug)]
pub struct BinaryChunk<'b> {
    /// The bytes, still masked. Unmask them in place, or while copying them.
    pub payload: Payload<'b>,
    /// Whether this is the first chunk of its message.
    pub first: bool,
    /// Whether this is the last chunk of its message.
    pub last: bool,
}

impl<'b> BinaryChunk<'b> {
    /// Unmasks and returns the bytes if this chunk is a whole message.
    ///
    /// # Errors
    ///
    /// Returns the chunk unchanged if it is only a part of a message. Use an `Assembler` to collect
    /// the parts (feature `alloc`).
    ///
    /// ```
    /// use wsframe::BinaryChunk;
    ///
    /// fn print(chunk: BinaryChunk<'_>) {
    ///     match chunk.into_message() {
    ///         Ok(bytes) => println!("{bytes:?}"),
    ///         Err(chunk) => println!("a part, {} bytes", chunk.payload.len()),
    ///     }
    /// }
    /// ```
    #[doc(alias = "into_data")]
    #[inline(always)]
    pub fn into_message(self) -> Result<&'b mut [u8], Self> {
        if self.first && self.last { Ok(self.payload.unmask()) } else { Err(self) }
    }
}

/// A chunk of a message for an extension, or of text that was not validated. It is still masked.
///
/// ```
/// use wsframe::{RawChunk, Rsv};
///
/// /// Returns whether the message is compressed (RFC 7692 §6).
/// fn is_compressed(chunk: &RawChunk<'_>) -> bool {
///     chunk.rsv == Rsv::RSV1
/// }
/// ```
#[derive(Debug)]
pub struct RawChunk<'b> {
    /// The kind of message: [`Text`](Opcode::Text) or [`Binary`](Opcode::Binary).
    pub opcode: Opcode,
    /// The RSV bits of the message's first frame.
    pub rsv: Rsv,
    /// The bytes, still masked.
    pub payload: Payload<'b>,
    /// Whether this is the first chunk of its message.
    pub first: bool,
    /// Whether this is the last chunk of its message.
    pub last: bool,
}

impl<'b> RawChunk<'b> {
    /// Unmasks and returns the bytes if this chunk is a whole message.
    ///
    /// # Errors
    ///
    /// Returns the chunk unchanged if it is only a part of a message. Use an `Assembler` to collect
    /// the parts (feature `alloc`).
    #[inline(always)]
    pub fn into_message(self) -> Result<&'b mut [u8], Self> {
        if self.first && self.last { Ok(self.payload.unmask()) } else { Err(self) }
    }

    /// Creates a chunk. `byte` contains the opcode and the RSV bits, as a frame's first byte does.
    pub(super) fn new(byte: u8, payload: Payload<'b>, first: bool, last: bool) -> Self {
        let opcode = if byte & 0x0F == Opcode::Text.bits() { Opcode::Text } else { Opcode::Binary };
        Self { opcode, rsv: Rsv::from_bits(byte), payload, first, last }
    }
}
