//! Collecting whole messages from their chunks.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use super::{BinaryChunk, RawChunk, TextChunk};
use crate::arch::text::Collected;
use crate::error::Utf8Error;
use crate::frame::Payload;

/// Collects the chunks of messages into whole messages.
///
/// Use one assembler per connection, and pass it every chunk in order.
///
/// A message that arrives in one chunk is returned as a borrow, and not copied. Other messages are
/// collected in memory that grows with the bytes that have arrived, up to the decoder's
/// [`max_message_size`](crate::Limits::max_message_size). Declared lengths never cause allocation.
/// A message is returned together with its memory, so the assembler of an idle connection has none.
///
/// The assembler cannot notice a missing chunk, and returns the message without it. There is one
/// exception: if the other chunks of a text do not join at a character boundary,
/// [`text`](Self::text) returns an error.
///
/// ```
/// use wsframe::{Assembler, Event, MessageDecoder, Role};
///
/// let mut buf = *b"\x01\x03Hel\x80\x02lo\x82\x01!";
/// let mut decoder = MessageDecoder::new(Role::Client);
/// let mut assembler = Assembler::new();
/// let mut messages = Vec::new();
///
/// let mut input = &mut buf[..];
/// while let Some(event) = decoder.decode(&mut input)? {
///     match event {
///         Event::Text(chunk) => {
///             if let Some(text) = assembler.text(chunk)? {
///                 messages.push(text.into_owned());
///             }
///         }
///         Event::Binary(chunk) => {
///             if let Some(bytes) = assembler.binary(chunk) {
///                 println!("{} bytes", bytes.len());
///             }
///         }
///         _ => {}
///     }
/// }
/// assert_eq!(messages, ["Hello"]);
/// # Ok::<(), wsframe::ProtocolError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[doc(alias = "FragmentCollector")]
pub struct Assembler {
    text: Collected,
    bytes: Vec<u8>,
}

impl Assembler {
    /// Creates an empty assembler. It has no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { text: Collected::new(), bytes: Vec::new() }
    }

    /// Appends a chunk of a text message. Returns the message if this was its last chunk, and
    /// `None` while more chunks follow.
    ///
    /// # Errors
    ///
    /// Returns an error if the chunk does not continue the text, so that both together are not
    /// UTF-8. This happens only if chunks are missing or belong to different connections, and
    /// repeats until the first chunk of another message.
    #[inline(always)]
    pub fn text<'b>(&mut self, chunk: TextChunk<'b>) -> Result<Option<Cow<'b, str>>, Utf8Error> {
        if chunk.first && chunk.last && chunk.text.as_str().is_some() {
            return Ok(chunk.text.into_str().map(Cow::Borrowed));
        }
        Ok(self.collect_text(&chunk)?.map(Cow::Owned))
    }

    #[inline(never)]
    fn collect_text(&mut self, chunk: &TextChunk<'_>) -> Result<Option<String>, Utf8Error> {
        if chunk.first {
            self.text = Collected::new();
        }
        if !self.text.push(chunk.text.text()) {
            return Err(Utf8Error::AT_START);
        }
        if !chunk.last {
            return Ok(None);
        }
        self.text.take().map(Some).ok_or_else(|| chunk.text.unfinished())
    }

    /// Appends a chunk of a binary message. Returns the message, unmasked, if this was its last
    /// chunk, and `None` while more chunks follow.
    #[inline(always)]
    pub fn binary<'b>(&mut self, chunk: BinaryChunk<'b>) -> Option<Cow<'b, [u8]>> {
        self.bytes(chunk.payload, chunk.first, chunk.last)
    }

    /// Appends a chunk of an [`Event::Raw`](crate::Event::Raw) message. Returns the message,
    /// unmasked, if this was its last chunk, and `None` while more chunks follow.
    #[inline(always)]
    pub fn raw<'b>(&mut self, chunk: RawChunk<'b>) -> Option<Cow<'b, [u8]>> {
        self.bytes(chunk.payload, chunk.first, chunk.last)
    }

    #[inline(always)]
    fn bytes<'b>(
        &mut self,
        payload: Payload<'b>,
        first: bool,
        last: bool,
    ) -> Option<Cow<'b, [u8]>> {
        if first && last {
            return Some(Cow::Borrowed(payload.unmask()));
        }
        if first {
            self.bytes.clear();
        }
        payload.unmask_append(&mut self.bytes);
        last.then(|| Cow::Owned(mem::take(&mut self.bytes)))
    }
}
