use sockudo_ws::deflate::{DEFAULT_WINDOW_BITS, DeflateDecoder, DeflateEncoder};

use super::LEVEL;
use super::messages::Messages;

pub fn payloads(takeover: bool) -> impl FnMut(&mut Messages) {
    let mut encoder = DeflateEncoder::new(DEFAULT_WINDOW_BITS, !takeover, LEVEL.into(), 0);
    let mut decoder = DeflateDecoder::new(DEFAULT_WINDOW_BITS, !takeover);
    move |messages| {
        messages.each(|message, done| {
            // `None` means that the message would not become shorter, and is sent uncompressed.
            match encoder.compress(message).expect("no error") {
                Some(payload) => {
                    let back = decoder.decompress(&payload, 1 << 20).expect("right payloads");
                    done(payload.len(), &back);
                }
                None => done(message.len(), message),
            }
        });
    }
}
