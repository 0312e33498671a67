//! The memory of contexts, and the times at which connections have them.
#![cfg(feature = "deflate")]

use allocation_counter::measure;
use wsframe::deflate::{
    Broadcast, Compressor, CompressorOptions, Config, Decompressor, DeflateContext,
    DeflateParameters, Negotiation, NegotiationError, Pool, PooledCompressor, PooledDecompressor,
    WindowBits,
};
use wsframe::{ProtocolError, Rsv};

fn context(takeover: bool, bits: u8) -> DeflateContext {
    DeflateContext { takeover, window_bits: WindowBits::new(bits).unwrap() }
}

#[test]
fn the_state_of_a_connection_is_small() {
    assert!(size_of::<PooledCompressor>() <= 32, "{}", size_of::<PooledCompressor>());
    assert!(size_of::<PooledDecompressor>() <= 48, "{}", size_of::<PooledDecompressor>());
    assert!(size_of::<Compressor>() <= 32);
    assert!(size_of::<Decompressor>() <= 40);
    assert!(size_of::<DeflateParameters>() <= 4);
    assert!(size_of::<Negotiation<'_>>() <= 56, "{}", size_of::<Negotiation<'_>>());
    assert!(size_of::<NegotiationError>() <= 24, "{}", size_of::<NegotiationError>());
}

/// The table in the module's documentation is right.
#[test]
#[cfg_attr(not(target_pointer_width = "64"), ignore = "the table is of machines of 64 bits")]
fn what_a_context_takes_is_what_the_documentation_says() {
    let documentation = include_str!("../../src/deflate/mod.rs");
    for bits in [15, 12, 9] {
        let cell = |memory| {
            let mut compressor =
                Compressor::new(context(true, bits), CompressorOptions::DEFAULT.memory(memory));
            let mut payload = Vec::with_capacity(1 << 10);
            let counted = measure(|| compressor.append(b"Hello", &mut payload));
            let later = measure(|| {
                payload.clear();
                compressor.append(&[b'a'; 200], &mut payload);
            });
            assert_eq!(later.count_total, 0);
            counted.bytes_max.div_ceil(1024)
        };
        let row = format!("{} | {} | {} | {} |", bits, cell(8), cell(6), cell(1));
        let row = row.replacen("9 |", "9 (and 8) |", usize::from(bits == 9));
        assert!(documentation.contains(&format!("//! | {row}")), "{row}");
    }
    assert_eq!(CompressorOptions::DEFAULT, CompressorOptions::DEFAULT.memory(6));
    for bits in 8..=15 {
        let mut decompressor = Decompressor::new(context(true, bits));
        let mut message = Vec::with_capacity(1 << 10);
        let counted = measure(|| decompressor.append(&[0], &mut message).unwrap());
        assert_eq!(counted.bytes_max.div_ceil(1024), 47);
        let later = measure(|| {
            for _ in 0..100 {
                decompressor
                    .append(&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], &mut message)
                    .unwrap();
            }
        });
        assert_eq!(later.count_total, 0);
    }
    assert!(documentation.contains("takes 47 KiB for any window"));
}

#[test]
fn nothing_is_taken_before_the_first_message() {
    let counted = measure(|| {
        let mut pool = Pool::new(Config::default());
        let mut outgoing = PooledCompressor::new(DeflateContext::DEFAULT);
        let mut incoming = PooledDecompressor::new(DeflateContext::DEFAULT);
        outgoing.release(&mut pool);
        incoming.release(&mut pool);
        let _ = Compressor::new(DeflateContext::DEFAULT, CompressorOptions::DEFAULT);
        let _ = Decompressor::new(DeflateContext::DEFAULT);
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn ten_thousand_idle_connections_share_one_context() {
    let config = Config::new(DeflateParameters::NO_TAKEOVER);
    let mut pool = Pool::new(config);
    let mut connections: Vec<(PooledCompressor, PooledDecompressor)> = (0..10_000)
        .map(|_| {
            (
                PooledCompressor::new(DeflateContext::NO_TAKEOVER),
                PooledDecompressor::new(DeflateContext::NO_TAKEOVER),
            )
        })
        .collect();
    let (mut payload, mut message) = (Vec::with_capacity(1 << 10), Vec::with_capacity(1 << 10));
    let counted = measure(|| {
        for (i, (outgoing, incoming)) in connections.iter_mut().enumerate() {
            let text = [i as u8; 300];
            payload.clear();
            message.clear();
            outgoing.append(&text, &mut pool, &mut payload);
            incoming.append(&payload, &mut pool, &mut message).unwrap();
            assert_eq!(message, text);
        }
    });
    assert_eq!((pool.idle_compressors(), pool.idle_decompressors()), (1, 1));
    assert!(counted.bytes_max < 340 << 10, "{counted:?}");
    let before = measure(|| pool.clear());
    assert!(before.bytes_current < 0);
}

#[test]
fn messages_that_are_open_at_once_have_a_context_each() {
    let mut pool = Pool::new(Config::new(DeflateParameters::NO_TAKEOVER).max_idle(1));
    let mut connections = [(); 3].map(|()| PooledCompressor::new(DeflateContext::NO_TAKEOVER));
    let mut out = [[0; 100]; 3];
    let mut lens = [0; 3];
    for (i, connection) in connections.iter_mut().enumerate() {
        let text = [b"one", b"two", b"six"][i];
        let written = connection.compressor(&mut pool).compress(&mut &text[..], &mut out[i]);
        lens[i] = written.len;
    }
    for (i, connection) in connections.iter_mut().enumerate() {
        let written = connection.compressor(&mut pool).finish(&mut out[i][lens[i]..]);
        assert!(written.done);
        lens[i] += written.len;
        connection.recycle(&mut pool);
    }
    assert_eq!(pool.idle_compressors(), 1); // no more than it may keep
    for (i, text) in [b"one", b"two", b"six"].into_iter().enumerate() {
        let mut message = Vec::new();
        let mut incoming = PooledDecompressor::new(DeflateContext::NO_TAKEOVER);
        incoming.append(&out[i][..lens[i]], &mut pool, &mut message).unwrap();
        assert_eq!(message, text);
    }
}

#[test]
fn a_context_with_takeover_stays_until_it_is_released() {
    let mut pool = Pool::new(Config::default());
    let mut outgoing = PooledCompressor::new(DeflateContext::DEFAULT);
    let mut incoming = PooledDecompressor::new(DeflateContext::DEFAULT);
    let mut round_trip = |outgoing: &mut PooledCompressor, pool: &mut Pool| {
        let (mut payload, mut message) = (Vec::new(), Vec::new());
        outgoing.append(b"the very same message", pool, &mut payload);
        incoming.append(&payload, pool, &mut message).unwrap();
        assert_eq!(message, b"the very same message");
        payload.len()
    };
    let first = round_trip(&mut outgoing, &mut pool);
    let second = round_trip(&mut outgoing, &mut pool);
    assert!(second < first / 2);
    assert_eq!(pool.idle_compressors(), 0);
    outgoing.release(&mut pool);
    assert_eq!(pool.idle_compressors(), 1);
    // The receiver notices only that the message is longer.
    assert_eq!(round_trip(&mut outgoing, &mut pool), first);
    assert_eq!(round_trip(&mut outgoing, &mut pool), second);
    assert_eq!(pool.idle_compressors(), 0);
    incoming.release(&mut pool);
    assert_eq!(pool.idle_decompressors(), 1);
}

#[test]
fn a_context_does_not_leak_to_another_connection() {
    let mut pool = Pool::new(Config::default());
    for takeover in [true, false] {
        let secret = b"a secret of some length, which compresses well";
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let mut one = PooledCompressor::new(context(takeover, 15));
        let mut other = PooledCompressor::new(context(true, 15));
        one.append(secret, &mut pool, &mut first);
        one.release(&mut pool);
        other.append(secret, &mut pool, &mut second);
        assert_eq!(first, second);
        // This is also true if nothing was sent in between, or it was reset.
        let mut third = PooledCompressor::new(context(false, 15));
        other.release(&mut pool);
        third.append(b"", &mut pool, &mut Vec::new());
        third.compressor(&mut pool).append(b"", &mut Vec::new());
        third.compressor(&mut pool).reset();
        second.clear();
        third.append(secret, &mut pool, &mut second);
        assert_eq!(first, second);
        other.append(secret, &mut pool, &mut Vec::new());
        other.release(&mut pool);

        // The receiver does not leak either: a reference to earlier bytes is refused.
        let mut incoming = PooledDecompressor::new(DeflateContext::DEFAULT);
        incoming.append(&first, &mut pool, &mut Vec::new()).unwrap();
        incoming.release(&mut pool);
        let mut victim = PooledDecompressor::new(DeflateContext::DEFAULT);
        let outcome = victim.append(&[0xf2, 0x00, 0x11, 0x00, 0x00], &mut pool, &mut Vec::new());
        assert_eq!(outcome, Err(ProtocolError::InvalidDeflate));
        // A failed decompressor can be used again.
        victim.release(&mut pool);
        let mut next = PooledDecompressor::new(DeflateContext::DEFAULT);
        let mut message = Vec::new();
        next.append(&first, &mut pool, &mut message).unwrap();
        assert_eq!(message, secret);
        next.release(&mut pool);
    }
}

#[test]
fn each_window_has_a_compressor_of_its_own() {
    let mut pool = Pool::new(Config::default());
    for bits in [15, 9, 15, 12, 9] {
        PooledCompressor::new(context(false, bits)).append(b"Hello", &mut pool, &mut Vec::new());
    }
    assert_eq!(pool.idle_compressors(), 3);
    let compressor = pool.take_compressor(context(true, 12));
    assert_eq!(compressor.context(), context(true, 12));
    assert_eq!(pool.idle_compressors(), 2);
}

/// Idle contexts whose window is no longer used are freed.
#[test]
fn a_pool_full_of_other_windows_serves_the_common_one_again() {
    let mut pool = Pool::new(Config::default());
    let mut payload = Vec::with_capacity(1 << 10);
    let mut send = |bits, pool: &mut Pool| {
        payload.clear();
        let mut outgoing = PooledCompressor::new(context(false, bits));
        measure(|| outgoing.append(b"Hello", pool, &mut payload)).count_total
    };
    for bits in 9..=12 {
        send(bits, &mut pool);
    }
    assert_eq!(pool.idle_compressors(), 4);
    assert_ne!(send(15, &mut pool), 0);
    assert_eq!(send(15, &mut pool), 0);
    // Only the first one was freed.
    assert_eq!(pool.idle_compressors(), 4);
    for bits in [12, 11, 10] {
        assert_eq!(send(bits, &mut pool), 0);
    }
    assert_ne!(send(9, &mut pool), 0);
    // It replaced the context of 15 bits, which was idle for the longest time.
    assert_ne!(send(15, &mut pool), 0);

    let mut none = Pool::new(Config::default().max_idle(0));
    let kept = measure(|| {
        let mut payload = Vec::new();
        PooledCompressor::new(DeflateContext::NO_TAKEOVER).append(
            b"Hello",
            &mut none,
            &mut payload,
        );
        PooledDecompressor::new(DeflateContext::NO_TAKEOVER)
            .append(&payload, &mut none, &mut Vec::new())
            .unwrap();
    });
    assert_eq!((none.idle_compressors(), none.idle_decompressors()), (0, 0));
    assert_eq!(kept.count_current, 0);
}

/// This is true for any limit that it had before.
#[test]
fn a_decompressor_from_a_pool_has_the_default_limit() {
    let mut pool = Pool::new(Config::default());
    pool.put_decompressor(Decompressor::new(DeflateContext::DEFAULT).max_message_size(4));
    let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let outcome = pool.take_decompressor(DeflateContext::DEFAULT).append(&hello, &mut Vec::new());
    assert_eq!(outcome, Ok(()));
    let mut incoming = PooledDecompressor::new(DeflateContext::DEFAULT).max_message_size(3);
    let outcome = incoming.append(&hello, &mut pool, &mut Vec::new());
    assert_eq!(outcome, Err(ProtocolError::MessageTooLong(4)));
}

#[test]
fn a_broadcast_is_compressed_once() {
    let config = Config::default();
    let message = "{\"tick\":1}".repeat(100);
    let mut compressor = Compressor::new(context(true, 10), CompressorOptions::DEFAULT);
    let broadcast = Broadcast::new(message.as_bytes(), &mut compressor, &config);
    let again = Broadcast::new(message.as_bytes(), &mut compressor, &config);
    let (rsv, payload) = broadcast.payload(Some(context(false, 10)));
    assert_eq!(rsv, Rsv::RSV1);
    assert!(payload.len() < message.len() / 10);
    // It does not refer to earlier bytes, for any context of the compressor.
    assert_eq!(again.payload(Some(context(false, 10))), (rsv, payload));
    // It is the same for every window that is large enough.
    let mut pool = Pool::new(config);
    for receiver in [context(false, 15), context(true, 10)] {
        let mut outgoing = PooledCompressor::new(receiver);
        assert_eq!(outgoing.broadcast(&broadcast, &mut pool), (rsv, payload));
        // With context takeover, a frame that does not release the compressor is not compressed.
        let plain = (Rsv::NONE, message.as_bytes());
        let expected = if receiver.takeover { plain } else { (rsv, payload) };
        assert_eq!(broadcast.payload(Some(receiver)), expected);
        let mut text = Vec::new();
        Decompressor::new(receiver).append(payload, &mut text).unwrap();
        assert_eq!(text, message.as_bytes());
    }
    for receiver in [None, Some(context(false, 9))] {
        assert_eq!(broadcast.payload(receiver), (Rsv::NONE, message.as_bytes()));
    }
    // Messages that would not become shorter, and short ones, are sent uncompressed.
    let mut state = 1u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(500)
    .collect();
    for message in [&noise[..], b"short"] {
        let broadcast = Broadcast::new(message, &mut compressor, &config);
        assert_eq!(broadcast.payload(Some(DeflateContext::NO_TAKEOVER)), (Rsv::NONE, message));
    }
}

#[test]
fn a_broadcast_between_the_messages_of_a_taken_over_context() {
    let config = Config::default();
    let mut pool = Pool::new(config);
    let mut outgoing = PooledCompressor::new(DeflateContext::DEFAULT);
    let mut incoming = PooledDecompressor::new(DeflateContext::DEFAULT);
    let mut compressor = Compressor::new(DeflateContext::NO_TAKEOVER, CompressorOptions::DEFAULT);
    let news = "news for everyone, ".repeat(30);
    let mut own = |outgoing: &mut PooledCompressor, incoming: &mut PooledDecompressor| {
        let (mut payload, mut message) = (Vec::new(), Vec::new());
        outgoing.append(b"a message for one, and for one", &mut pool, &mut payload);
        incoming.append(&payload, &mut pool, &mut message).unwrap();
        assert_eq!(message, b"a message for one, and for one");
    };
    own(&mut outgoing, &mut incoming);
    let broadcast = Broadcast::new(news.as_bytes(), &mut compressor, &config);
    let mut other_pool = Pool::new(config);
    let (rsv, payload) = outgoing.broadcast(&broadcast, &mut other_pool);
    assert_eq!(rsv, Rsv::RSV1);
    let mut message = Vec::new();
    incoming.append(payload, &mut other_pool, &mut message).unwrap();
    assert_eq!(message, news.as_bytes());
    own(&mut outgoing, &mut incoming);
}

#[test]
fn default_thresholds() {
    let config = Config::default();
    assert_eq!(config.parameters(), DeflateParameters::DEFAULT);
    for (context, threshold) in [
        (DeflateContext::DEFAULT, Config::TAKEOVER_THRESHOLD),
        (DeflateContext::NO_TAKEOVER, Config::NO_TAKEOVER_THRESHOLD),
    ] {
        assert!(!config.should_compress(context, threshold - 1));
        assert!(config.should_compress(context, threshold));
        assert!(config.threshold(0).should_compress(context, 0));
        assert!(!config.threshold(usize::MAX).should_compress(context, 1 << 30));
    }
}
