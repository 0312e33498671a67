//! RFC 7692 §7.2: compressing and decompressing messages, in any pieces, with any context.
#![cfg(feature = "deflate")]

use crate::support;
use crate::support::deflate;

use deflate::{contexts, naive};
use proptest::prelude::*;
use wsframe::deflate::{
    Compressor, CompressorOptions, Config, Decompressor, DeflateContext, Pool, PooledCompressor,
    Progress,
};
use wsframe::{CloseCode, ProtocolError};

const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

fn inflated(decompressor: &mut Decompressor, payload: &[u8]) -> Result<Vec<u8>, ProtocolError> {
    let mut message = Vec::new();
    decompressor.append(payload, &mut message).map(|()| message)
}

fn compressed(compressor: &mut Compressor, message: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    compressor.append(message, &mut payload);
    payload
}

/// The number of bytes that were written, and whether that is all.
fn told(written: Progress) -> (usize, bool) {
    (written.len, written.done)
}

#[test]
fn one_block_7_2_3_1() {
    let mut compressor = Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT);
    assert_eq!(compressed(&mut compressor, b"Hello"), HELLO);
    let mut decompressor = Decompressor::new(DeflateContext::DEFAULT);
    assert_eq!(inflated(&mut decompressor, &HELLO).unwrap(), b"Hello");
    // Two fragments, as in the RFC, and all others.
    for cut in 0..=HELLO.len() {
        let (message, outcome) = deflate::inflate(
            &mut Decompressor::new(DeflateContext::DEFAULT),
            &HELLO,
            &[cut, HELLO.len()],
            &[],
        );
        assert_eq!((&message[..], outcome), (&b"Hello"[..], Ok(())));
    }
}

#[test]
fn sharing_the_window_7_2_3_2() {
    let second = [0xf2, 0x00, 0x11, 0x00, 0x00];
    for (takeover, expected) in [(true, &second[..]), (false, &HELLO)] {
        let context = DeflateContext { takeover, ..DeflateContext::DEFAULT };
        let mut compressor = Compressor::new(context, CompressorOptions::DEFAULT);
        assert_eq!(compressed(&mut compressor, b"Hello"), HELLO);
        assert_eq!(compressed(&mut compressor, b"Hello"), expected);
        let mut decompressor = Decompressor::new(context);
        assert_eq!(inflated(&mut decompressor, &HELLO).unwrap(), b"Hello");
        assert_eq!(inflated(&mut decompressor, expected).unwrap(), b"Hello");
    }
    // Without context takeover, the second message must not refer to the first.
    let mut decompressor = Decompressor::new(DeflateContext::NO_TAKEOVER);
    inflated(&mut decompressor, &HELLO).unwrap();
    assert_eq!(inflated(&mut decompressor, &second), Err(ProtocolError::InvalidDeflate));
}

#[test]
fn block_without_compression_7_2_3_3() {
    let payload = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
    let mut decompressor = Decompressor::new(DeflateContext::DEFAULT);
    assert_eq!(inflated(&mut decompressor, &payload).unwrap(), b"Hello");
    assert_eq!(inflated(&mut decompressor, &[0xf2, 0x00, 0x11, 0x00, 0x00]).unwrap(), b"Hello");
    let mut stored = Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT.level(0));
    assert_eq!(compressed(&mut stored, b"Hello"), payload);
}

#[test]
fn final_block_7_2_3_4() {
    let payload = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    let mut decompressor = Decompressor::new(DeflateContext::DEFAULT);
    for cuts in [&[][..], &[1], &[3], &[7]] {
        let outcome = deflate::inflate(&mut decompressor, &payload, cuts, &[2]);
        assert_eq!(outcome, (b"Hello".to_vec(), Ok(())));
    }
    // The message continues after it, and the next message is read from its beginning.
    let more = [&payload[..7], &HELLO].concat();
    assert_eq!(inflated(&mut decompressor, &more).unwrap(), b"HelloHello");
    assert_eq!(inflated(&mut decompressor, &HELLO).unwrap(), b"Hello");
    // Without the byte that begins the empty block it is invalid.
    assert_eq!(inflated(&mut decompressor, &payload[..7]), Err(ProtocolError::TruncatedDeflate));
}

#[test]
fn two_blocks_7_2_3_5() {
    let payload = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
    for cut in 0..=payload.len() {
        let (message, outcome) = deflate::inflate(
            &mut Decompressor::new(DeflateContext::DEFAULT),
            &payload,
            &[cut, payload.len()],
            &[1],
        );
        assert_eq!((&message[..], outcome), (&b"Hello"[..], Ok(())));
    }
}

#[test]
fn empty_message_7_2_3_6() {
    for context in contexts() {
        let mut compressor = Compressor::new(context, CompressorOptions::DEFAULT);
        let mut decompressor = Decompressor::new(context);
        let lens = [&b""[..], b"Hello", b"", b"", b"Hello"].map(|message| {
            let payload = compressed(&mut compressor, message);
            assert_eq!(payload == [0], message.is_empty());
            assert_eq!(inflated(&mut decompressor, &payload).unwrap(), message);
            payload.len()
        });
        // Empty messages do not change the context.
        assert_eq!(lens[4] < lens[1], context.takeover);
        let mut out = [0xAA; 4];
        assert_eq!(told(compressor.finish(&mut [])), (0, false));
        assert_eq!(told(compressor.finish(&mut out)), (1, true));
        assert_eq!(out, [0, 0xAA, 0xAA, 0xAA]);
        assert_eq!(told(compressor.finish(&mut [])), (0, false));
        assert_eq!(compressed(&mut compressor, b""), [0]);
        // Other encodings of an empty message.
        for payload in [&[0x02, 0x00][..], &[0x00, 0x00, 0x00, 0xff, 0xff, 0x00]] {
            assert_eq!(inflated(&mut decompressor, payload).unwrap(), b"");
        }
        // An empty payload is not one of them.
        assert_eq!(inflated(&mut decompressor, &[]), Err(ProtocolError::TruncatedDeflate));
    }
}

/// Returns messages of all kinds. They have much in common, and are longer than the window.
fn messages() -> Vec<Vec<u8>> {
    let json = |from: u32, count: u32| -> Vec<u8> {
        let item = |i: u32| {
            format!("{{\"id\":{},\"price\":{}.5,\"side\":\"buy\"}},", i * 7919 % 1000, i * 31 % 97)
        };
        (from..from + count).map(item).collect::<String>().into_bytes()
    };
    let noise = |len: usize| -> Vec<u8> {
        let mut state = 0x9E37_79B9u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..len).map(|_| next()).collect()
    };
    vec![
        b"Hello".to_vec(),
        json(0, 3),
        Vec::new(),
        json(2, 40),
        noise(300),
        vec![b'a'; 5000],
        noise(3000),
        json(0, 100),
        support::odd_bytes(2000),
    ]
}

#[test]
fn all_contexts_levels_and_cuts() {
    let messages = messages();
    let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    let efforts = (0..=9).map(|level| CompressorOptions::DEFAULT.level(level));
    let efforts: Vec<CompressorOptions> =
        efforts.chain([CompressorOptions::DEFAULT.memory(1).level(6)]).collect();
    for (i, context) in contexts().enumerate() {
        for (j, effort) in efforts.iter().enumerate() {
            // Every pair of context and level runs with some cuts, and every cut with some pair.
            let cuts: [&[usize]; 5] = [&[], &[1], &[100, 3], &[1000], &[7, 64, 1]];
            let (cuts, buffers) = (cuts[(i + j) % 5], cuts[(i * 2 + j + 1) % 5]);
            deflate::round_trip(context, *effort, &messages, cuts, buffers);
        }
    }
}

#[test]
fn buffers_of_every_length_take_the_end_of_a_message() {
    // The buffers cut the end of the message at each of its bytes.
    let message = &messages()[3];
    for level in 0..=9 {
        let effort = CompressorOptions::DEFAULT.level(level);
        for len in 1..=40 {
            deflate::round_trip(
                DeflateContext::DEFAULT,
                effort,
                &[message, b"x", b"", message],
                &[],
                &[len],
            );
        }
        let whole =
            compressed(&mut Compressor::new(DeflateContext::DEFAULT, effort), message).len();
        for len in whole - 10..=whole + 10 {
            deflate::round_trip(
                DeflateContext::DEFAULT,
                effort,
                &[message, message],
                &[],
                &[len, 3],
            );
        }
    }
}

/// The greatest distance of a reference in each window, with texts that repeat at every distance
/// around its size.
#[test]
fn no_message_refers_back_beyond_the_window() {
    for context in contexts().filter(|context| context.takeover) {
        let window = context.window_bits.window_len();
        let mut furthest = 0;
        for level in [1, 2, 4, 6, 9] {
            let effort = CompressorOptions::DEFAULT.level(level);
            let back = [0, 1, 6, 262, 300].map(|before| window.saturating_sub(before));
            let periods = back.into_iter().chain([window / 2, window + 1]);
            let periods = periods.filter(|period| (1..20_000).contains(period));
            for period in periods.chain(if window <= 512 { 200..530 } else { 0..0 }) {
                let unit: Vec<u8> = (0..period).map(|i| (i * i / 7 + i / 256 * 31) as u8).collect();
                let message = unit.repeat(3);
                let payload = compressed(&mut Compressor::new(context, effort), &message);
                let naive = naive::inflate(&[], &payload);
                assert_eq!(naive.bytes, message);
                assert!(naive.max_distance <= window, "{} > {window}", naive.max_distance);
                furthest = furthest.max(naive.max_distance);
            }
        }
        assert!(furthest > window / 3, "{furthest} of {window}: a test without references");
    }
}

#[test]
fn every_truncation_is_refused() {
    for level in [0, 1, 4, 9] {
        let mut compressor =
            Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT.level(level));
        for message in &messages()[..5] {
            let payload = compressed(&mut compressor, message);
            for len in 0..payload.len() {
                let mut decompressor = Decompressor::new(DeflateContext::DEFAULT);
                // The bytes before a cut may be a complete, shorter message.
                let expected = naive::inflate(&[], &payload[..len]);
                let outcome = inflated(&mut decompressor, &payload[..len]);
                assert_eq!(outcome.is_ok(), expected.right);
                if let Err(error) = outcome {
                    assert_eq!(error.close_code(), CloseCode::INVALID_PAYLOAD);
                }
            }
            compressor.reset();
        }
    }
}

#[test]
fn every_changed_bit_is_read_as_the_naive_decoder_reads_it() {
    let mut compressor = Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT);
    for message in &messages()[1..4] {
        let payload = compressed(&mut compressor, message);
        let len = payload.len().min(150);
        for bit in 0..len * 8 {
            let mut payload = payload.clone();
            payload[bit / 8] ^= 1 << (bit % 8);
            deflate::any_payloads(true, u32::MAX, &[&payload, &HELLO], &[], &[]);
        }
        compressor.reset();
    }
}

/// A block may end at any bit of the four bytes of the tail. Only one position is valid.
#[test]
fn what_ends_inside_the_tail_is_refused() {
    // An empty block of fixed codes (10 bits: 0, 01, 0000000), then the end, at each bit.
    let wrong = [
        &[0x02][..],                     // ends 2 bits into the tail
        &[0x04],                         // a block of dynamic codes begins
        &[0x00, 0x04, 0x00, 0xfb, 0xff], // a stored block of four bytes: the tail
        &[0x00, 0x05, 0x00, 0xfa, 0xff, 1],
        &[0x00, 0x00],
        &[0x00, 0x00, 0x00],
        &[0x00, 0x00, 0x00, 0xff],
        &[0x00, 0x00, 0x00, 0xff, 0xff],
        &[0x01],
        &[0x03],
        &[0x03, 0x00],
    ];
    for payload in wrong {
        deflate::any_payloads(true, u32::MAX, &[payload], &[], &[]);
        let outcome = inflated(&mut Decompressor::new(DeflateContext::DEFAULT), payload);
        assert_eq!(outcome, Err(ProtocolError::TruncatedDeflate), "{payload:?}");
    }
    // All payloads of up to two bytes.
    for bytes in 0..=u16::MAX {
        let payload = bytes.to_be_bytes();
        deflate::any_payloads(true, u32::MAX, &[&payload, &HELLO], &[], &[]);
        if bytes < 256 {
            deflate::any_payloads(true, u32::MAX, &[&payload[1..], &HELLO], &[], &[]);
        }
    }
}

#[test]
fn a_compressor_forgets_at_will() {
    let mut compressor = Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT);
    assert_eq!(compressed(&mut compressor, b"Hello"), HELLO);
    compressor.reset();
    assert_eq!(compressed(&mut compressor, b"Hello"), HELLO);
    // This also forgets an incomplete message, at any stage.
    let mut out = [0; 3];
    let _ = compressor.compress(&mut &b"Hel"[..], &mut out);
    compressor.reset();
    let _ = compressor.compress(&mut &b"Hello"[..], &mut out);
    assert!(!compressor.finish(&mut out).done);
    compressor.reset();
    assert_eq!(compressed(&mut compressor, b"Hello"), HELLO);
}

/// Compresses a part of a message with `calls` calls, into buffers of `out_len` bytes. The first
/// calls pass the message in pieces, and the others end it. Returns whether it ended before the
/// last call.
fn begin(compressor: &mut Compressor, message: &[u8], out_len: usize, calls: usize) -> bool {
    let mut out = [0; 8];
    let out = &mut out[..out_len];
    let mut calls = 0..calls;
    for mut piece in message.chunks(50) {
        while !piece.is_empty() {
            if calls.next().is_none() {
                return false;
            }
            let _ = compressor.compress(&mut piece, out);
        }
    }
    while calls.next().is_some() {
        if compressor.finish(out).done {
            return true;
        }
    }
    false
}

/// Returns the payload of a message that is passed in every way: as a piece, a fragment, and the
/// rest.
fn next_message(compressor: &mut Compressor) -> Vec<u8> {
    let mut payload = vec![0; 200];
    let written = compressor.compress(&mut &support::odd_bytes(100)[..], &mut payload);
    assert!(written.done);
    payload.truncate(written.len);
    compressor.append_fragment(&support::odd_bytes(437), &mut payload);
    compressor.append(b"Hello, Hello, Hello", &mut payload);
    payload
}

/// After an abandoned message, the next one is compressed as by a new compressor. This is true for
/// every level and memory level, after every call, and for the same and for another connection.
#[test]
fn a_message_given_up_leaves_no_trace_in_the_next() {
    // It has no long match, so most of its bytes are written one or a few at a time.
    let noise = &messages()[6][..700];
    let mut case = 0;
    for (level, memory) in (0..=9).flat_map(|level| (1..=9).map(move |memory| (level, memory))) {
        let effort = CompressorOptions::DEFAULT.level(level).memory(memory);
        let mut pool = Pool::new(Config::default().compressor_options(effort));
        let expected = next_message(&mut Compressor::new(DeflateContext::DEFAULT, effort));
        // This does not run after every byte, which would take a minute.
        for (out_len, step) in [(1, 13), (8, 1)] {
            for calls in (0..800).step_by(step) {
                case += 1;
                if case % support::one_in() != 0 {
                    continue;
                }
                let mut outgoing = PooledCompressor::new(DeflateContext::DEFAULT);
                let compressor = outgoing.compressor(&mut pool);
                let ended = begin(compressor, noise, out_len, calls);
                compressor.reset();
                assert!(next_message(compressor) == expected, "{effort:?} {calls} {out_len}");
                begin(compressor, noise, out_len, calls);
                outgoing.release(&mut pool);
                let mut other = PooledCompressor::new(DeflateContext::DEFAULT);
                let compressor = other.compressor(&mut pool);
                assert!(next_message(compressor) == expected, "{effort:?} {calls} {out_len}");
                other.release(&mut pool);
                if ended {
                    break;
                }
            }
        }
        let mut message = Vec::new();
        Decompressor::new(DeflateContext::DEFAULT).append(&expected, &mut message).unwrap();
        assert_eq!(message.len(), 100 + 437 + 19);
    }
}

/// After an abandoned payload, the next one is decompressed as by a new decompressor. This runs
/// after every byte of the payload, and with buffers that it fills.
#[test]
fn a_payload_given_up_leaves_no_trace_in_the_next() {
    let message = &messages()[3];
    for level in [0, 1, 5] {
        let effort = CompressorOptions::DEFAULT.level(level);
        let payload = compressed(&mut Compressor::new(DeflateContext::DEFAULT, effort), message);
        for takeover in [true, false] {
            let mut decompressor =
                Decompressor::new(DeflateContext { takeover, ..DeflateContext::DEFAULT });
            for len in 0..=payload.len() {
                let mut out = vec![0; if len % 2 == 0 { 3 } else { 5000 }];
                let _ = decompressor.decompress(&mut &payload[..len], &mut out).unwrap();
                decompressor.reset();
                assert!(inflated(&mut decompressor, &payload).unwrap() == *message, "{len}");
            }
        }
    }
}

#[test]
fn pieces_and_a_whole_can_be_mixed() {
    let mut compressor = Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT);
    let mut payload = vec![0; 100];
    let written = compressor.compress(&mut &b"Hel"[..], &mut payload);
    assert!(written.done);
    payload.truncate(written.len);
    compressor.append(b"lo", &mut payload);
    let (front, back) = payload.split_at(3);
    let mut out = [0; 100];
    let mut decompressor = Decompressor::new(DeflateContext::DEFAULT);
    let written = decompressor.decompress(&mut { front }, &mut out).unwrap();
    let mut message = out[..written.len].to_vec();
    decompressor.append(back, &mut message).unwrap();
    assert_eq!(message, b"Hello");

    // `append` continues what `finish` has begun.
    let mut tiny = [0; 1];
    let _ = compressor.compress(&mut &b"Hello"[..], &mut tiny);
    let written = compressor.finish(&mut tiny);
    assert_eq!(told(written), (1, false));
    let mut payload = tiny.to_vec();
    compressor.append(b"", &mut payload);
    assert_eq!(inflated(&mut decompressor, &payload).unwrap(), b"Hello");

    // These bytes do not compress, so much output is pending.
    let noise: Vec<u8> =
        (0..5000u64).map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect();
    let mut payload = vec![0; 10_000];
    let written = compressor.compress(&mut &noise[..], &mut payload);
    payload.truncate(written.len);
    assert!(!compressor.finish(&mut tiny).done);
    payload.extend(tiny);
    let begun = payload.len();
    compressor.append(b"", &mut payload);
    assert!(payload.len() > begun + 1000);
    assert_eq!(inflated(&mut decompressor, &payload).unwrap(), noise);
}

#[test]
fn another_inflater_reads_our_messages() {
    use miniz_oxide::inflate::TINFLStatus;
    use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};
    let flags = inflate_flags::TINFL_FLAG_HAS_MORE_INPUT
        | inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    for context in contexts().filter(|context| context.takeover) {
        let mut compressor = Compressor::new(context, CompressorOptions::DEFAULT);
        let mut other = Box::new(DecompressorOxide::new());
        let mut all = vec![0; 1 << 17];
        let mut end = 0;
        for _ in 0..4 {
            for message in messages() {
                let payload =
                    [&compressed(&mut compressor, &message)[..], &[0, 0, 0xFF, 0xFF]].concat();
                let (status, read, written) =
                    decompress(&mut other, &payload, &mut all, end, flags);
                assert_eq!((status, read), (TINFLStatus::NeedsMoreInput, payload.len()));
                assert_eq!(all[end..end + written], message);
                end += written;
            }
        }
    }
}

#[test]
fn messages_of_another_deflater_are_read() {
    use miniz_oxide::deflate::core::{
        CompressorOxide, TDEFLFlush, compress, create_comp_flags_from_zip_params,
    };
    for level in [0, 1, 6, 9] {
        let mut other = CompressorOxide::new(create_comp_flags_from_zip_params(level, -15, 0));
        let mut decompressor = Decompressor::new(DeflateContext::DEFAULT);
        let mut out = vec![0; 1 << 16];
        for message in messages().into_iter().cycle().take(40).filter(|message| !message.is_empty())
        {
            let (_, read, written) = compress(&mut other, &message, &mut out, TDEFLFlush::Sync);
            assert_eq!(read, message.len());
            let payload = out[..written].strip_suffix(&[0, 0, 0xFF, 0xFF]).unwrap();
            assert_eq!(inflated(&mut decompressor, payload).unwrap(), message);
        }
    }
}

#[test]
fn compressors_are_send() {
    fn movable<T: Send + Sync>() {}
    movable::<Compressor>();
    movable::<Decompressor>();
    movable::<wsframe::deflate::Pool>();
}

proptest! {
    #![proptest_config(support::proptest_config())]

    #[test]
    fn any_messages_round_trip(
        which: u8,
        level in 0u8..=9,
        memory in 1u8..=9,
        messages in prop::collection::vec(
            prop_oneof![prop::collection::vec(any::<u8>(), 0..600), "[abc]{0,900}".prop_map(String::into_bytes)],
            0..5,
        ),
        cuts: [u8; 3],
        buffers: [u8; 3],
    ) {
        let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let (cuts, buffers) = (cuts.map(usize::from), buffers.map(usize::from));
        let effort = CompressorOptions::DEFAULT.level(level).memory(memory);
        deflate::round_trip(deflate::context(which), effort, &messages, &cuts, &buffers);
    }

    #[test]
    fn any_payloads_are_read_as_the_naive_decoder_reads_them(
        takeover: bool,
        limit in prop_oneof![0u32..300, Just(u32::MAX)],
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 1..4),
        cuts: [u8; 3],
        buffers: [u8; 3],
    ) {
        let payloads: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
        let (cuts, buffers) = (cuts.map(usize::from), buffers.map(usize::from));
        deflate::any_payloads(takeover, limit, &payloads, &cuts, &buffers);
    }
}

/// A fragment flushes the pieces before it, even if the fragment is empty.
#[test]
fn an_empty_fragment_brings_what_was_compressed_before() {
    let mut compressor = Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT);
    let mut decompressor = Decompressor::new(DeflateContext::DEFAULT);
    let mut payload = Vec::new();
    assert_eq!(told(compressor.compress(&mut &b"Hel"[..], &mut [0; 1])), (0, true));
    compressor.append_fragment(b"", &mut payload);
    let mut out = [0; 16];
    let written = decompressor.decompress(&mut &*payload, &mut out).unwrap();
    assert_eq!(&out[..written.len], b"Hel");
    // Nothing was written since then.
    let flushed = payload.len();
    compressor.append_fragment(b"", &mut payload);
    assert_eq!(payload.len(), flushed);
    compressor.append(b"lo", &mut payload);
    let written = decompressor.decompress(&mut &payload[flushed..], &mut out).unwrap();
    assert_eq!(&out[..written.len], b"lo");
}

/// If a message ends with an empty fragment, its last flush has not reset zlib's window.
#[test]
fn what_ends_with_an_empty_fragment_is_not_referred_to_without_takeover() {
    let mut compressor = Compressor::new(DeflateContext::NO_TAKEOVER, CompressorOptions::DEFAULT);
    for finished in [false, true] {
        let mut first = Vec::new();
        compressor.append_fragment(&[b'x'; 20], &mut first);
        compressor.append_fragment(b"to be, or not to be", &mut first);
        if finished {
            let mut end = [0; 8];
            let written = compressor.finish(&mut end);
            assert!(written.done);
            first.extend_from_slice(&end[..written.len]);
        } else {
            compressor.append(b"", &mut first);
        }
        let second = compressed(&mut compressor, b"to be, or not to be");
        for (payload, len) in [(&first, 39), (&second, 19)] {
            let mut fresh = Decompressor::new(DeflateContext::NO_TAKEOVER);
            assert_eq!(inflated(&mut fresh, payload).map(|message| message.len()), Ok(len));
        }
    }
}
