//! UTF-8 validation of whole texts, of chunks, and in the pass that unmasks, on every backend of
//! the machine.

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::{Kind, Size, Stream};
use wsframe::arch;

const TEXT: [Kind; 2] = [Kind::Json, Kind::Korean];

fn validate(c: &mut Criterion) {
    for backend in arch::available() {
        for kind in TEXT {
            let mut group =
                c.benchmark_group(format!("utf8/validate/{}/{}", backend.name, kind.name()));
            for size in Size::all() {
                let texts: Vec<Vec<u8>> =
                    size.lengths().into_iter().map(|len| kind.payload(len)).collect();
                group.throughput(Throughput::Bytes(texts.iter().map(|t| t.len() as u64).sum()));
                group.bench_function(size.name(), |b| {
                    b.iter(|| {
                        for text in &texts {
                            assert_eq!(backend.validate(text, 0), 0);
                        }
                    })
                });
            }
        }
    }
}

fn chunks(c: &mut Criterion) {
    for backend in arch::available() {
        let text = Kind::Korean.payload(1 << 20);
        let mut group = c.benchmark_group(format!("utf8/chunks/{}/korean", backend.name));
        for len in [64, 250, 1460, 4096] {
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_function(len.to_string(), |b| {
                b.iter(|| {
                    let chunks = text.chunks(len);
                    let state = chunks.fold(0, |state, chunk| backend.validate(chunk, state));
                    assert_eq!(state, 0);
                })
            });
        }
    }
}

/// Unmasking changes the input in place, so each iteration gets a fresh copy, which is not timed.
fn unmask(c: &mut Criterion) {
    for backend in arch::available() {
        for kind in TEXT {
            let mut group =
                c.benchmark_group(format!("utf8/unmask/{}/{}", backend.name, kind.name()));
            for size in Size::all() {
                let stream = Stream::new(kind, size);
                let key = u32::from_ne_bytes(stream.key.to_bytes());
                group.throughput(Throughput::Bytes(stream.payload_bytes));
                group.bench_function(size.name(), |b| {
                    b.iter_batched_ref(
                        || stream.bytes.clone(),
                        |bytes| {
                            for (_, payload) in &stream.frames {
                                let payload = &mut bytes[payload.clone()];
                                assert_eq!(backend.unmask_validate(payload, key, 0), 0);
                            }
                        },
                        criterion::BatchSize::LargeInput,
                    )
                });
            }
        }
    }
}

criterion_group!(benches, validate, chunks, unmask);
criterion_main!(benches);
