//! Masking the payloads of a stream, in place and while copying, on every backend of the machine.

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::{Kind, Size, Stream};
use wsframe::arch;

fn in_place(c: &mut Criterion) {
    for backend in arch::available() {
        let mut group = c.benchmark_group(format!("mask/in-place/{}", backend.name));
        for size in Size::all() {
            let mut stream = Stream::new(Kind::Binary, size);
            let key = u32::from_ne_bytes(stream.key.to_bytes());
            let masked = stream.bytes.clone();
            group.throughput(Throughput::Bytes(stream.payload_bytes));
            let mut turns = 0;
            group.bench_function(size.name(), |b| {
                b.iter(|| {
                    turns += 1;
                    for (_, payload) in &stream.frames {
                        backend.mask(&mut stream.bytes[payload.clone()], key);
                    }
                })
            });
            // After an even number of times, the bytes are the original ones.
            assert_eq!(stream.bytes == masked, turns % 2 == 0);
        }
    }
}

fn copying(c: &mut Criterion) {
    for backend in arch::available() {
        let mut group = c.benchmark_group(format!("mask/copying/{}", backend.name));
        for size in Size::all() {
            let stream = Stream::new(Kind::Binary, size);
            let key = u32::from_ne_bytes(stream.key.to_bytes());
            let mut out = vec![0; stream.bytes.len()];
            group.throughput(Throughput::Bytes(stream.payload_bytes));
            let mut ran = false;
            group.bench_function(size.name(), |b| {
                b.iter(|| {
                    ran = true;
                    for (_, payload) in &stream.frames {
                        let from = &stream.bytes[payload.clone()];
                        backend.mask_copy(from, &mut out[payload.clone()], key);
                    }
                })
            });
            if ran {
                for (_, payload) in &stream.frames {
                    assert_eq!(out[payload.clone()], Kind::Binary.payload(payload.len()));
                }
            }
        }
    }
}

criterion_group!(benches, in_place, copying);
criterion_main!(benches);
