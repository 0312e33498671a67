//! One message to many receivers, compressed once.

use alloc::vec::Vec;

use super::Config;
use super::compressor::Compressor;
use super::parameters::{Context, WindowBits};
use crate::header::Rsv;

/// A message for many receivers: as it is, and compressed so that it refers to nothing before it.
///
/// That form is the same bytes for all receivers whose window is at least the compressor's. So compress
/// with the smallest window that any of them agreed to, and make two frames of the message, with
/// [`FrameEncoder::shared`](crate::FrameEncoder::shared), for however many there are.
///
/// ```
/// use wsframe::deflate::{Broadcast, Compressor, Config, Context, Effort, Parameters};
/// use wsframe::{FrameEncoder, Opcode};
///
/// let config = Config::new(Parameters::NO_TAKEOVER);
/// let mut compressor = Compressor::new(Context::NO_TAKEOVER, Effort::DEFAULT);
/// let message = "{\"tick\":1}".repeat(100);
/// let broadcast = Broadcast::new(message.as_bytes(), &mut compressor, &config);
///
/// let frame = |receiver: Option<Context>| {
///     let (rsv, payload) = broadcast.payload(receiver);
///     FrameEncoder::new(Opcode::Text).rsv(rsv).shared(payload)
/// };
/// let compressed = frame(Some(Context::NO_TAKEOVER))?;
/// let plain = frame(None)?; // for those who did not agree on compression
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
    /// Compresses the message, if `config` has messages of its length compressed and it becomes shorter
    /// by that. The compressor [forgets](Compressor::forget) what it has seen, before and after.
    #[must_use]
    pub fn new(message: &'m [u8], compressor: &mut Compressor, config: &Config) -> Self {
        let window_bits = compressor.window_bits();
        let alone = Context { takeover: false, window_bits };
        let compressed = config.compresses(alone, message.len()).then(|| {
            let mut payload = Vec::new();
            compressor.forget();
            compressor.append(message, &mut payload);
            compressor.forget();
            payload
        });
        let compressed = compressed.filter(|payload| payload.len() < message.len());
        Self { plain: message, compressed, window_bits }
    }

    /// Returns the payload for a receiver that negotiated this context for what it gets, or no compression
    /// (`None`), and the RSV bits of its frame.
    ///
    /// The compressed form passes through the receiver's window. With context takeover, the compressor of
    /// that connection would not know of it, and the next message would refer to the wrong bytes. So such a
    /// receiver gets the plain form here. To send it the compressed form, take the payload from
    /// [`CompressedConnection::broadcast`](super::CompressedConnection::broadcast) or
    /// [`Outgoing::broadcast`](super::Outgoing::broadcast), which release the compressor. A `MessageCodec`
    /// (feature `tokio-util`) releases its own when it sends a `Message::Raw` with RSV1: pass its context
    /// with `takeover: false`. Where that costs more than it saves, compress the message for this connection
    /// alone.
    #[must_use]
    pub fn payload(&self, receiver: Option<Context>) -> (Rsv, &[u8]) {
        self.payload_in(receiver.filter(|context| !context.takeover))
    }

    /// Returns the same for a receiver whose compressor is released, if the compressed form is sent.
    pub(super) fn payload_in(&self, receiver: Option<Context>) -> (Rsv, &[u8]) {
        match (&self.compressed, receiver) {
            (Some(compressed), Some(context)) if self.window_bits <= context.window_bits => {
                (Rsv::RSV1, compressed)
            }
            _ => (Rsv::NONE, self.plain),
        }
    }
}
