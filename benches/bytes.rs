//! Owned and borrowed payloads: messages that are split off the buffer or borrow it, and frames
//! that are appended to a `BytesMut` or a `Vec`.

mod support;

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use support::{Kind, Size, Stream};
use wsframe::{
    Assembler, BytesAssembler, Event, FrameEncoder, Message, MessageDecoder, Opcode, Output, Role,
};

/// The number of bytes that are read at once.
const READ: usize = 16 << 10;

fn in_place(stream: &mut [u8]) -> usize {
    let mut decoder = MessageDecoder::new(Role::Server);
    let mut assembler = Assembler::new();
    let mut input = stream;
    let mut total = 0;
    while let Some(event) = decoder.decode(&mut input).expect("right") {
        total += match event {
            Event::Text(chunk) => {
                assembler.text(chunk).expect("every chunk").map_or(0, |text| black_box(text).len())
            }
            Event::Binary(chunk) => {
                assembler.binary(chunk).map_or(0, |bytes| black_box(bytes).len())
            }
            other => panic!("unexpected {other:?}"),
        };
    }
    total
}

fn split_off(stream: &mut BytesMut) -> usize {
    let mut decoder = MessageDecoder::new(Role::Server);
    let mut assembler = BytesAssembler::new();
    let mut total = 0;
    while let Some(message) = assembler.decode(&mut decoder, stream).expect("right") {
        total += match message {
            Message::Text(text) => black_box(text).len(),
            Message::Binary(bytes) => black_box(bytes).len(),
            other => panic!("unexpected {other:?}"),
        };
    }
    total
}

/// Receives the stream in reads that cut it anywhere.
fn split_off_in_reads(stream: &[u8]) -> usize {
    let mut decoder = MessageDecoder::new(Role::Server);
    let mut assembler = BytesAssembler::new();
    let mut input = BytesMut::with_capacity(READ);
    let mut total = 0;
    for read in stream.chunks(READ) {
        input.extend_from_slice(read);
        while let Some(message) = assembler.decode(&mut decoder, &mut input).expect("right") {
            total += match message {
                Message::Text(text) => black_box(text).len(),
                Message::Binary(bytes) => black_box(bytes).len(),
                other => panic!("unexpected {other:?}"),
            };
        }
    }
    total
}

/// Unmasking changes the input in place, so each iteration gets a fresh copy, which is not timed.
fn received(c: &mut Criterion) {
    for kind in Kind::ALL {
        for size in Size::all() {
            let stream = Stream::new(kind, size);
            let expected = stream.payload_bytes as usize;
            let mut group =
                c.benchmark_group(format!("bytes/received/{}/{}", kind.name(), size.name()));
            group.throughput(Throughput::Elements(stream.frames.len() as u64));
            group.bench_function("in place", |b| {
                b.iter_batched_ref(
                    || stream.bytes.clone(),
                    |bytes| assert_eq!(in_place(bytes), expected),
                    BatchSize::LargeInput,
                )
            });
            group.bench_function("split off", |b| {
                b.iter_batched_ref(
                    || BytesMut::from(&stream.bytes[..]),
                    |bytes| assert_eq!(split_off(bytes), expected),
                    BatchSize::LargeInput,
                )
            });
            group.bench_function("split off, in reads", |b| {
                b.iter(|| assert_eq!(split_off_in_reads(&stream.bytes), expected))
            });
        }
    }
}

fn sent(c: &mut Criterion) {
    for size in Size::FIXED {
        let Size::Fixed(len) = size else { unreachable!("all are") };
        let payload = Kind::Binary.payload(len);
        for (role, encoder) in [
            ("server", FrameEncoder::new(Opcode::Binary)),
            ("client", FrameEncoder::new(Opcode::Binary).masking_key([1, 2, 3, 4].into())),
        ] {
            let mut group = c.benchmark_group(format!("bytes/sent/{role}/{len}"));
            group.throughput(Throughput::Bytes(len as u64));
            group.bench_function("Vec", |b| {
                let mut out = Vec::new();
                b.iter(|| {
                    out.clear();
                    Output::append(&mut out, encoder, black_box(&payload)).expect("a right frame");
                    assert!(black_box(&out).len() > len);
                })
            });
            group.bench_function("BytesMut", |b| {
                let mut out = BytesMut::new();
                b.iter(|| {
                    out.clear();
                    Output::append(&mut out, encoder, black_box(&payload)).expect("a right frame");
                    assert!(black_box(&out).len() > len);
                })
            });
        }
    }
}

criterion_group!(benches, received, sent);
criterion_main!(benches);
