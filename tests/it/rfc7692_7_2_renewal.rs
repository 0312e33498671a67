//! RFC 7692 §7.2: contexts that have processed so many bytes that their state is renewed.
#![cfg(feature = "deflate")]

use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, compress, create_comp_flags_from_zip_params,
};
use wsframe::ProtocolError;
use wsframe::deflate::{Compressor, CompressorOptions, Decompressor, DeflateContext};

/// The number of bytes after which a state is renewed.
const RENEW_AFTER: usize = 64 << 20;

fn compressed(compressor: &mut Compressor, message: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    compressor.append(message, &mut payload);
    payload
}

fn unlimited(context: DeflateContext) -> Decompressor {
    Decompressor::new(context).max_message_size(u32::MAX)
}

fn inflated(decompressor: &mut Decompressor, payload: &[u8]) -> Result<Vec<u8>, ProtocolError> {
    let mut message = Vec::new();
    decompressor.append(payload, &mut message).map(|()| message)
}

fn noise(len: usize) -> Vec<u8> {
    (0..len as u64).map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}

/// After a renewal, no message refers to bytes before it, with and without context takeover.
#[test]
fn a_renewed_sender_refers_to_nothing_before() {
    let text = b"a message that is sent again and again";
    for level in [0, 1, 5] {
        for takeover in [true, false] {
            let context = DeflateContext { takeover, ..DeflateContext::DEFAULT };
            let effort = CompressorOptions::DEFAULT.level(level);
            let first = compressed(&mut Compressor::new(context, effort), text);
            let (mut compressor, mut decompressor) =
                (Compressor::new(context, effort), unlimited(context));
            let mut fresh = 0;
            // The first length is below the threshold, the second above it. After the many zeros,
            // the window does not contain the text either.
            for zeros in [0, RENEW_AFTER - 1000, 0, 2000, 0] {
                for message in [&vec![0; zeros][..], text] {
                    let payload = compressed(&mut compressor, message);
                    assert!(inflated(&mut decompressor, &payload).unwrap() == message);
                    fresh += usize::from(message == text && payload == first);
                }
            }
            let expected = if takeover && level != 0 { 3 } else { 5 };
            assert_eq!(fresh, expected, "level {level}, {takeover}");
        }
    }
}

/// Returns the part of a payload after its last flush.
fn after_flush(payload: &[u8]) -> &[u8] {
    let flush = [0, 0, 0xFF, 0xFF];
    let at = payload.windows(4).rposition(|bytes| bytes == flush).unwrap();
    &payload[at + 4..]
}

/// The state is renewed within a message too, for whole messages and pieces, and for any cut of the
/// output.
#[test]
fn a_message_may_be_longer_than_a_state_lasts() {
    let end = "the end of a long message, ".repeat(30).into_bytes();
    let message = [&vec![0; RENEW_AFTER][..], &end].concat();
    for level in [0, 1, 2, 9] {
        let mut compressor =
            Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT.level(level));
        let whole = compressed(&mut compressor, &message);
        let again = compressed(&mut compressor, &end);
        let mut decompressor = unlimited(DeflateContext::DEFAULT);
        assert!(inflated(&mut decompressor, &whole).unwrap() == message);
        assert!(inflated(&mut decompressor, &again).unwrap() == end);
        assert!(
            inflated(&mut unlimited(DeflateContext::DEFAULT), after_flush(&whole)).unwrap() == end
        );

        for out_len in [1, 5, 100] {
            let mut compressor =
                Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT.level(level));
            let mut payload = vec![0; RENEW_AFTER / 64 * 65];
            let mut piece = &message[..RENEW_AFTER];
            let written = compressor.compress(&mut piece, &mut payload);
            assert!(written.done);
            payload.truncate(written.len);
            let mut out = vec![0; out_len];
            for mut piece in end.chunks(200) {
                loop {
                    let written = compressor.compress(&mut piece, &mut out);
                    payload.extend_from_slice(&out[..written.len]);
                    if written.done {
                        break;
                    }
                }
            }
            loop {
                let written = compressor.finish(&mut out);
                payload.extend_from_slice(&out[..written.len]);
                if written.done {
                    break;
                }
            }
            // The part after the flush in the middle does not refer to the part before it.
            let mut fresh = unlimited(DeflateContext::DEFAULT);
            assert!(inflated(&mut fresh, after_flush(&payload)).unwrap() == end);
            assert!(
                inflated(&mut unlimited(DeflateContext::DEFAULT), &payload).unwrap() == message
            );
        }
    }
}

/// If the last byte of a flush within a message was not written, the next call ends the flush,
/// whichever call it is.
#[test]
fn a_flush_that_was_cut_is_ended_by_any_call() {
    let zeros = vec![0; RENEW_AFTER];
    // Returns a compressor that has written these bytes, one per call, and how many bytes of the
    // rest it has consumed.
    let begun = |calls: usize| {
        let mut compressor =
            Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT.level(1));
        let mut payload = vec![0; RENEW_AFTER / 64];
        let written = compressor.compress(&mut &zeros[..], &mut payload);
        assert!(written.done);
        payload.truncate(written.len);
        let (mut rest, mut out, mut done) = (&b"the end"[..], [0; 1], 0);
        while done < calls && rest.len() == 7 {
            let written = compressor.compress(&mut rest, &mut out);
            payload.extend_from_slice(&out[..written.len]);
            done += 1;
        }
        (compressor, payload, done)
    };
    // The last of these calls consumes the rest, and the one before ends the flush.
    let calls = begun(usize::MAX).2 - 2;
    for (rest, by_append) in [("", false), ("the end", true)] {
        let (mut compressor, mut payload, _) = begun(calls);
        if by_append {
            compressor.append(rest.as_bytes(), &mut payload);
        } else {
            let mut out = [0; 16];
            let written = compressor.finish(&mut out);
            assert!(written.done);
            payload.extend_from_slice(&out[..written.len]);
        }
        let message = inflated(&mut unlimited(DeflateContext::DEFAULT), &payload).unwrap();
        assert!(message == [&zeros, rest.as_bytes()].concat());
    }
}

/// A compressor that renews nothing, and uses the greatest distances of DEFLATE.
struct Peer(CompressorOxide);

impl Peer {
    fn new() -> Self {
        Self(CompressorOxide::new(create_comp_flags_from_zip_params(6, -15, 0)))
    }

    fn send(&mut self, message: &[u8]) -> Vec<u8> {
        let mut out = vec![0; 1 << 20];
        let (_, read, written) = compress(&mut self.0, message, &mut out, TDEFLFlush::Sync);
        assert_eq!(read, message.len());
        out[..written].strip_suffix(&[0, 0, 0xFF, 0xFF]).unwrap().to_vec()
    }
}

/// The whole window that the peer may refer to is kept.
#[test]
fn a_receiver_keeps_its_window() {
    let (window, zeros) = (noise(1 << 15), vec![0; RENEW_AFTER - (1 << 15)]);
    let (mut peer, mut decompressor) = (Peer::new(), unlimited(DeflateContext::DEFAULT));
    for _ in 0..2 {
        assert!(inflated(&mut decompressor, &peer.send(&zeros)).unwrap() == zeros);
        for repeated in [false, true, true] {
            let payload = peer.send(&window);
            assert_eq!(payload.len() < 2000, repeated);
            assert!(inflated(&mut decompressor, &payload).unwrap() == window);
        }
    }
}

/// A long payload decompresses to nothing, so the window contains only the few bytes before it.
#[test]
fn a_short_window_is_kept_and_no_longer_for_it() {
    let nothing = [&[0, 0, 0, 0xFF, 0xFF].repeat(RENEW_AFTER / 5 + 1)[..], &[0]].concat();
    for len in [1, 2, 3, 4, 5, 9, 259, 24_577, 32_767] {
        let (mut peer, mut decompressor) = (Peer::new(), unlimited(DeflateContext::DEFAULT));
        let said = noise(len);
        let again = said.repeat(20_usize.div_ceil(len));
        for (payload, message) in
            [(&peer.send(&said), &said[..]), (&nothing, b""), (&peer.send(&again), &again)]
        {
            assert!(inflated(&mut decompressor, payload).unwrap() == message, "{len}");
        }
    }
    // "H", and four bytes from a distance of five.
    let hello = [0xf2, 0x00, 0x11, 0x00, 0x00];
    for (said, is_enough) in [("", false), ("llo", false), ("ello", true), ("Hello", true)] {
        let (mut peer, mut decompressor) = (Peer::new(), unlimited(DeflateContext::DEFAULT));
        if !said.is_empty() {
            inflated(&mut decompressor, &peer.send(said.as_bytes())).unwrap();
        }
        inflated(&mut decompressor, &nothing).unwrap();
        let outcome = inflated(&mut decompressor, &hello);
        if is_enough {
            assert_eq!(outcome.as_deref(), Ok(&b"Hello"[..]));
        } else {
            assert_eq!(outcome, Err(ProtocolError::InvalidDeflate));
        }
    }
}

/// A connection with context takeover sends and receives more bytes than 32 bits can count.
#[test]
#[cfg_attr(
    not(any(target_arch = "x86", target_arch = "x86_64")),
    ignore = "takes minutes under emulation; it runs on x86-64, and with 32 bits on i686"
)]
fn four_gibibytes_on_one_connection() {
    let mut compressor =
        Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT.level(0));
    let (mut peer, mut decompressor) = (Peer::new(), unlimited(DeflateContext::DEFAULT));
    let message = noise(1 << 20);
    let (mut payload, mut received) = (Vec::new(), Vec::new());
    for _ in 0..=4 << 10 {
        payload.clear();
        received.clear();
        compressor.append(&message, &mut payload);
        decompressor.append(&payload, &mut received).unwrap();
        assert!(received == message);
    }
    let text = b"as after the first message";
    for message in [&message[..], text, text] {
        assert!(inflated(&mut decompressor, &peer.send(message)).unwrap() == message);
    }

    // A single message of this length is refused if its length does not fit the counter.
    let mut payload = Vec::new();
    compressor.append_fragment(&message, &mut payload);
    let mut decompressor = unlimited(DeflateContext::DEFAULT);
    let mut out = vec![0; 2 << 20];
    let outcome = (0..=4 << 10).try_for_each(|_| {
        let mut rest = &payload[..];
        while !decompressor.decompress(&mut rest, &mut out)?.done {}
        Ok(())
    });
    let most = u64::from(u32::MAX) - 64;
    let countable = core::ffi::c_ulong::BITS > 32;
    let expected = if countable { Ok(()) } else { Err(ProtocolError::MessageTooLong(most)) };
    assert_eq!(outcome, expected);
}
