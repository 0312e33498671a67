//! The rules that apply during decompression: the limit on the length (RFC 6455 §10.4), and UTF-8
//! (RFC 6455 §8.1).
#![cfg(feature = "deflate")]

use crate::support;
use crate::support::deflate;

use wsframe::deflate::{
    Compressor, CompressorOptions, Config, Decompressor, DeflateContext, DeflateParameters,
};
use wsframe::{CloseCode, ProtocolError, Role, Utf8Validator};

fn compressed(message: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT)
        .append(message, &mut payload);
    payload
}

fn limited(limit: u32) -> Decompressor {
    Decompressor::new(DeflateContext::DEFAULT).max_message_size(limit)
}

/// With shared settings, the decompressor of one side reads the output of the other's compressor.
#[test]
fn one_configuration_serves_both_ends() {
    let config = Config::default().with_parameters(DeflateParameters::NO_TAKEOVER);
    for (from, to) in [(Role::Server, Role::Client), (Role::Client, Role::Server)] {
        let mut compressor = config.compressor(from);
        let mut decompressor = config.decompressor(to).max_message_size(5);
        for (sent, received) in
            [("Hello", Ok(())), ("Hello!", Err(ProtocolError::MessageTooLong(6)))]
        {
            let (mut payload, mut message) = (Vec::new(), Vec::new());
            compressor.append(sent.as_bytes(), &mut payload);
            assert_eq!(decompressor.append(&payload, &mut message), received);
            assert_eq!(message, if received.is_ok() { sent.as_bytes() } else { b"" });
        }
    }
}

#[test]
fn exactly_at_the_limit_and_one_over() {
    for len in [0usize, 1, 2, 63, 64, 65, 255, 1000, 32_768, 70_000] {
        for message in [vec![b'a'; len], support::odd_bytes(len)] {
            let payload = compressed(&message);
            let len = len as u32;
            for limit in [len, len + 1, u32::MAX] {
                // This runs twice, because the count begins again with each message.
                let mut decompressor = limited(limit);
                for buffers in [&[1000][..], &[], &[len as usize], &[len as usize + 1]] {
                    let mut appended = Vec::new();
                    decompressor.append(&payload, &mut appended).unwrap();
                    assert_eq!(appended, message);
                    let outcome = deflate::inflate(&mut decompressor, &payload, &[7], buffers);
                    assert_eq!((&outcome.0, outcome.1), (&message, Ok(())));
                }
            }
            for limit in [len.wrapping_sub(1), len / 2, 0].into_iter().filter(|&l| l < len) {
                for buffers in [&[1000][..], &[], &[1], &[limit as usize]] {
                    let mut decompressor = limited(limit);
                    let (out, outcome) =
                        deflate::inflate(&mut decompressor, &payload, &[], buffers);
                    assert_eq!(outcome, Err(ProtocolError::MessageTooLong(u64::from(limit) + 1)));
                    // The output before the error is valid, and within the limit.
                    assert!(out.len() <= limit as usize && message.starts_with(&out));
                }
                let mut appended = b"kept".to_vec();
                let error = limited(limit).append(&payload, &mut appended).unwrap_err();
                assert_eq!(error, ProtocolError::MessageTooLong(u64::from(limit) + 1));
                assert_eq!(error.close_code(), CloseCode::TOO_BIG);
                assert_eq!(appended, b"kept");
            }
        }
    }
}

#[test]
fn the_limit_counts_over_all_chunks_of_a_message() {
    let payload = compressed(&support::odd_bytes(2000));
    let (_, outcome) = deflate::inflate(&mut limited(1999), &payload, &[1], &[3]);
    assert_eq!(outcome, Err(ProtocolError::MessageTooLong(2000)));
    let (_, outcome) = deflate::inflate(&mut limited(2000), &payload, &[1], &[3]);
    assert_eq!(outcome, Ok(()));
}

#[test]
fn a_bomb_is_stopped_at_the_limit() {
    const LIMIT: u32 = 100_000;
    let bomb = compressed(&vec![0; 64 << 20]);
    assert!(bomb.len() < (64 << 20) / 900);
    let mut message = Vec::new();
    let mut decompressor = limited(LIMIT);
    let counted = allocation_counter::measure(|| {
        assert_eq!(
            decompressor.append(&bomb, &mut message),
            Err(ProtocolError::MessageTooLong(u64::from(LIMIT) + 1))
        );
    });
    // The allocations are the message, which may have twice its length and be moved, and the
    // window.
    assert!(counted.bytes_max < 3 * u64::from(LIMIT) + 50_000, "{counted:?}");

    // For bombs that arrive in pieces, only the window is allocated.
    let mut decompressor = limited(LIMIT);
    let mut out = [0; 4096];
    let counted = allocation_counter::measure(|| {
        let mut payload = &bomb[..];
        let mut len = 0;
        let error = loop {
            match decompressor.decompress(&mut payload, &mut out) {
                Ok(written) => len += written.len,
                Err(error) => break error,
            }
        };
        assert_eq!(error, ProtocolError::MessageTooLong(u64::from(LIMIT) + 1));
        assert!(len <= LIMIT as usize);
    });
    assert!(counted.bytes_max < 50_000, "{counted:?}");
}

#[test]
fn text_is_refused_while_it_is_decompressed() {
    let text = [&"grüße 🦀".repeat(1000).into_bytes()[..], b"\xFF", &[b'a'; 1 << 20]].concat();
    let wrong_at = text.len() - (1 << 20) - 1;
    let payload = compressed(&text);
    let mut decompressor = Decompressor::new(DeflateContext::DEFAULT);
    let mut validator = Utf8Validator::new();
    let mut rest = &payload[..];
    let mut out = [0; 1000];
    let mut valid = 0;
    let error = loop {
        match decompressor.decompress_text(&mut rest, &mut out, &mut validator) {
            Ok((chunk, done)) => {
                assert!(!done);
                valid += chunk.as_bytes().len();
            }
            Err(error) => break error,
        }
    };
    let ProtocolError::InvalidUtf8(at) = error else { panic!("{error}") };
    assert_eq!(valid + at.offset(), wrong_at);
    assert_eq!(error.close_code(), CloseCode::INVALID_PAYLOAD);
    assert!(error.to_string().contains("RFC 6455 §8.1"));
    // No further byte is decompressed.
    assert!(!rest.is_empty());
    assert_eq!(decompressor.finish(), Err(error));
}

#[test]
fn characters_may_be_cut_by_any_buffer() {
    let text = "grüße, 🦀: 웹소켓".repeat(20);
    let payload = compressed(text.as_bytes());
    for len in 1..=20 {
        let mut decompressor = Decompressor::new(DeflateContext::DEFAULT);
        let mut validator = Utf8Validator::new();
        let mut rest = &payload[..];
        let mut bytes = Vec::new();
        let mut out = vec![0; len];
        loop {
            let (chunk, done) =
                decompressor.decompress_text(&mut rest, &mut out, &mut validator).unwrap();
            bytes.extend_from_slice(chunk.as_bytes());
            if done {
                break;
            }
        }
        decompressor.finish().unwrap();
        validator.finish().unwrap();
        assert_eq!(bytes, text.as_bytes());
    }
}

#[test]
fn errors_are_sticky_until_reset() {
    let mut decompressor = limited(3);
    let hello = compressed(b"Hello");
    let mut out = [0; 10];
    let error = decompressor.decompress(&mut &hello[..], &mut out).unwrap_err();
    assert_eq!(decompressor.decompress(&mut &[][..], &mut out), Err(error));
    assert_eq!(decompressor.finish(), Err(error));
    decompressor.reset();
    let mut message = Vec::new();
    decompressor.append(&compressed(b"Hi!"), &mut message).unwrap();
    assert_eq!(message, b"Hi!");
    // An abandoned message does not affect the next one.
    let _ = decompressor.decompress(&mut &hello[..3], &mut out).unwrap();
    decompressor.reset();
    decompressor.append(&compressed(b"Ho!"), &mut message).unwrap();
    assert_eq!(message, b"Hi!Ho!");
}
