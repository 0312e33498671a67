//! Messages that arrive whole, and one byte at a time. The time per byte must not depend on the
//! length of the message.

mod support;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use support::{Kind, Size, Stream};
use wsframe::{Assembler, Event, MAX_HEADER_LEN, MessageDecoder, Role};

/// Decodes a stream that arrives one byte at a time, and collects its messages. Returns their total
/// length.
fn decode_by_bytes(stream: &[u8]) -> usize {
    let mut decoder = MessageDecoder::new(Role::Server);
    let mut assembler = Assembler::new();
    let mut buffer = [0; MAX_HEADER_LEN + 1];
    let (mut held, mut bytes) = (0, 0);
    for &byte in stream {
        buffer[held] = byte;
        held += 1;
        let mut input = &mut buffer[..held];
        while let Some(event) = decoder.decode(&mut input).expect("a right stream") {
            bytes += assembled(&mut assembler, event);
        }
        held = input.len();
    }
    bytes
}

fn assembled(assembler: &mut Assembler, event: Event<'_>) -> usize {
    match event {
        Event::Text(chunk) => {
            assembler.text(chunk).expect("every chunk").map_or(0, |text| black_box(text).len())
        }
        Event::Binary(chunk) => assembler.binary(chunk).map_or(0, |bytes| black_box(bytes).len()),
        other => panic!("unexpected {other:?}"),
    }
}

fn by_bytes(c: &mut Criterion) {
    for kind in Kind::ALL {
        let mut group = c.benchmark_group(format!("message/by-bytes/{}", kind.name()));
        group.sample_size(10);
        for (len, name) in [(64 << 10, "64 KiB"), (1 << 20, "1 MiB"), (16 << 20, "16 MiB")] {
            let stream = Stream::of(kind, vec![len]);
            group.throughput(Throughput::Elements(stream.bytes.len() as u64));
            group.bench_function(name, |b| {
                b.iter(|| assert_eq!(decode_by_bytes(&stream.bytes), len))
            });
        }
    }
}

/// Unmasking changes the input in place, so each iteration gets a fresh copy, which is not timed.
fn whole(c: &mut Criterion) {
    for kind in Kind::ALL {
        let mut group = c.benchmark_group(format!("message/whole/{}", kind.name()));
        for size in Size::all() {
            let stream = Stream::new(kind, size);
            group.throughput(Throughput::Elements(stream.frames.len() as u64));
            group.bench_function(size.name(), |b| {
                b.iter_batched_ref(
                    || stream.bytes.clone(),
                    |bytes| {
                        let mut decoder = MessageDecoder::new(Role::Server);
                        let mut assembler = Assembler::new();
                        let mut input = &mut bytes[..];
                        let mut total = 0;
                        while let Some(event) = decoder.decode(&mut input).expect("right") {
                            total += assembled(&mut assembler, event);
                        }
                        assert_eq!(total as u64, stream.payload_bytes);
                    },
                    BatchSize::LargeInput,
                )
            });
        }
    }
}

criterion_group!(benches, by_bytes, whole);
criterion_main!(benches);
