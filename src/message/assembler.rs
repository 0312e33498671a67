//! Whole messages, collected from their chunks.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use super::{BinaryChunk, RawChunk, TextChunk};
use crate::arch::text::Collected;
use crate::frame::Payload;

/// Collects the chunks of messages.
///
/// A message that comes as one chunk is lent where it lies, and nothing is copied. Another is collected,
/// and given away when it is complete: so an assembler keeps memory for no longer than a message is
/// open, and an idle connection has none. What it takes grows with the bytes that have arrived, up to
/// the decoder's limit ([`MessageDecoder::max_message_len`](crate::MessageDecoder::max_message_len)),
/// and never by a length that was only declared.
///
/// It takes the chunks of one connection: each of them, in their order. Chunks that were left out are not
/// noticed, and the message lacks them, unless one of them cut a character of a text.
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
///         Event::Text(chunk) => messages.extend(assembler.text(chunk).map(|text| text.into_owned())),
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
pub struct Assembler {
    text: Collected,
    bytes: Vec<u8>,
}

impl Assembler {
    /// An assembler that holds nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { text: Collected::new(), bytes: Vec::new() }
    }

    /// Takes a chunk of a text message; gives the message if this was the last.
    ///
    /// Returns `None` after the last chunk, too, if the chunks do not make up UTF-8 together. That happens
    /// only if some were left out, or if they are those of different connections.
    #[inline(always)]
    pub fn text<'b>(&mut self, chunk: TextChunk<'b>) -> Option<Cow<'b, str>> {
        if chunk.first && chunk.last {
            return chunk.text.into_str().map(Cow::Borrowed);
        }
        self.collect_text(&chunk).map(Cow::Owned)
    }

    #[inline(never)]
    fn collect_text(&mut self, chunk: &TextChunk<'_>) -> Option<String> {
        if chunk.first {
            self.text = Collected::new();
        }
        self.text.push(chunk.text.text());
        if chunk.last { self.text.take() } else { None }
    }

    /// Takes a chunk of a binary message; gives the message, unmasked, if this was the last.
    #[inline(always)]
    pub fn binary<'b>(&mut self, chunk: BinaryChunk<'b>) -> Option<Cow<'b, [u8]>> {
        self.bytes(chunk.payload, chunk.first, chunk.last)
    }

    /// Takes a chunk of a message that only an extension can read; gives the message, unmasked, if this
    /// was the last.
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
        payload.unmask_appending(&mut self.bytes);
        last.then(|| Cow::Owned(mem::take(&mut self.bytes)))
    }
}
