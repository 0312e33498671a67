//! Headers of frames of mixed lengths, decoded and encoded.

mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::{Kind, Size, Stream};
use wsframe::{FrameHeader, MaskingKey, Opcode, Role, Rules};

fn decode(c: &mut Criterion) {
    let mut group = c.benchmark_group("header/decode");
    let rules = Rules::new(Role::Server);
    for size in Size::MIXED.into_iter().chain([Size::Fixed(16)]) {
        let stream = Stream::new(Kind::Binary, size);
        group.throughput(Throughput::Elements(stream.frames.len() as u64));
        group.bench_function(size.name(), |b| {
            b.iter(|| {
                let mut total = 0;
                for (start, _) in &stream.frames {
                    let (header, len) =
                        FrameHeader::decode(&stream.bytes[*start..], rules).unwrap().unwrap();
                    total += header.payload_len + len as u64;
                }
                assert_eq!(total, stream.bytes.len() as u64);
            })
        });
    }
}

fn encode(c: &mut Criterion) {
    let mut group = c.benchmark_group("header/encode");
    for size in Size::MIXED.into_iter().chain([Size::Fixed(16)]) {
        for masking_key in [None, Some(MaskingKey::new([0x37, 0xFA, 0x21, 0x3D]))] {
            let lengths = size.lengths();
            let header =
                |len| FrameHeader { masking_key, ..FrameHeader::new(Opcode::Binary, len as u64) };
            let expected: usize = lengths.iter().map(|&len| header(len).encoded_len()).sum();
            group.throughput(Throughput::Elements(lengths.len() as u64));
            let masked = if masking_key.is_some() { "masked" } else { "unmasked" };
            group.bench_function(format!("{}/{masked}", size.name()), |b| {
                b.iter(|| {
                    let mut total = 0;
                    for &len in &lengths {
                        total += black_box(header(len).encode().unwrap()).len();
                    }
                    assert_eq!(total, expected);
                })
            });
        }
    }
}

criterion_group!(benches, decode, encode);
criterion_main!(benches);
