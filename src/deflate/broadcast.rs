//! A message for many receivers, compressed once.

use alloc::vec::Vec;

use super::Config;
use super::compressor::Compressor;
use super::parameters::{DeflateContext, WindowBits};
use crate::rsv::Rsv;

/// A message for many receivers. It contains the plain and the independently compressed form.
///
/// The compressed form refers to no earlier message, so it is the same for all receivers whose
/// window is at least the compressor's. Create the compressor with the smallest window that any
/// receiver negotiated. Then encode two frames of the message with
/// [`FrameEncoder::encode_to_arc`](crate::FrameEncoder::encode_to_arc), for any number of
/// receivers.
///
/// ```
/// use wsframe::deflate::{Broadcast, Compressor, Config, DeflateContext, CompressorOptions, DeflateParameters};
/// use wsframe::{FrameEncoder, Opcode};
///
/// let config = Config::new(DeflateParameters::NO_TAKEOVER);
/// let mut compressor = Compressor::new(DeflateContext::NO_TAKEOVER, CompressorOptions::DEFAULT);
/// let message = "{\"tick\":1}".repeat(100);
/// let broadcast = Broadcast::new(message.as_bytes(), &mut compressor, &config);
///
/// let frame = |receiver: Option<DeflateContext>| {
///     let (rsv, payload) = broadcast.payload(receiver);
///     FrameEncoder::new(Opcode::Text).rsv(rsv).encode_to_arc(payload)
/// };
/// let compressed = frame(Some(DeflateContext::NO_TAKEOVER))?;
/// let plain = frame(None)?; // for receivers without compression
/// assert!(compressed.len() < plain.len() / 10);
/// # Ok::<(), wsframe::EncodeError>(())
/// ```
#[derive(Debug)]
pub struct Broadcast<'m> {
    plain: &'m [u8],
    /// Shorter than `plain`.
    compressed: Option<Vec<u8>>,
    window_bits: WindowBits,
}

impl<'m> Broadcast<'m> {
    /// Compresses the message, if `config` compresses messages of its length and the result is
    /// shorter. The compressor [forgets](Compressor::reset) earlier messages before and after.
    ///
    /// # Panics
    ///
    /// Panics if the allocator has no memory for the compression context.
    #[must_use]
    pub fn new(message: &'m [u8], compressor: &mut Compressor, config: &Config) -> Self {
        let window_bits = compressor.window_bits();
        let alone = DeflateContext { takeover: false, window_bits };
        let compressed = config.should_compress(alone, message.len()).then(|| {
            let mut payload = Vec::new();
            compressor.reset();
            compressor.append(message, &mut payload);
            compressor.reset();
            payload
        });
        let compressed = compressed.filter(|payload| payload.len() < message.len());
        Self { plain: message, compressed, window_bits }
    }

    /// Returns the payload for a receiver, and the RSV bits of its frame. `receiver` is the context
    /// that was negotiated for what it receives, or `None` without compression.
    ///
    /// Receivers with context takeover get the plain form. The compressed form would pass through
    /// their window, and the compressor of that connection would not know. The next message would
    /// then refer to wrong bytes.
    ///
    /// To send such a receiver the compressed form:
    ///
    /// - Take the payload from
    ///   [`CompressedConnection::broadcast`](super::CompressedConnection::broadcast) or
    ///   [`PooledCompressor::broadcast`](super::PooledCompressor::broadcast), which release the compressor.
    /// - A `MessageCodec` (feature `tokio`) releases its compressor when it sends a
    ///   `Message::Raw` with RSV1. Pass its context with `takeover: false`.
    ///
    /// If that costs more than it saves, compress the message for this connection alone.
    #[must_use]
    pub fn payload(&self, receiver: Option<DeflateContext>) -> (Rsv, &[u8]) {
        self.payload_in(receiver.filter(|context| !context.takeover))
    }

    /// Same as [`payload`](Self::payload), but the caller releases the receiver's compressor if the
    /// compressed form is sent.
    pub(super) fn payload_in(&self, receiver: Option<DeflateContext>) -> (Rsv, &[u8]) {
        match (&self.compressed, receiver) {
            (Some(compressed), Some(context)) if self.window_bits <= context.window_bits => {
                (Rsv::RSV1, compressed)
            }
            _ => (Rsv::NONE, self.plain),
        }
    }
}
