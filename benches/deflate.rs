//! Compressing messages, and decompressing them, with and without context takeover.

mod support;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use support::Random;
use wsframe::deflate::{Compressor, CompressorOptions, Decompressor, DeflateContext};

const LENGTHS: [usize; 3] = [100, 1 << 10, 64 << 10];

/// Returns JSON messages of `len` bytes, 256 KiB in total.
fn messages(len: usize) -> Vec<Vec<u8>> {
    let mut random = Random::new();
    let message = |_| {
        let mut text = String::from("[");
        while text.len() < len {
            let (id, price, size) =
                (random.next() % 100_000, random.next() % 9000, random.next() % 99);
            let side = ["buy", "sell"][random.next() % 2];
            text += &format!(
                "{{\"id\":{id},\"side\":\"{side}\",\"price\":{price}.5,\"size\":{size}}},"
            );
        }
        text.truncate(len);
        text.into_bytes()
    };
    (0..(256 << 10) / len).map(message).collect()
}

fn deflate(c: &mut Criterion) {
    for takeover in [true, false] {
        let context = DeflateContext { takeover, ..DeflateContext::DEFAULT };
        let name = if takeover { "takeover" } else { "no-takeover" };
        for len in LENGTHS {
            let messages = messages(len);
            let mut compressor = Compressor::new(context, CompressorOptions::DEFAULT);
            let payloads: Vec<Vec<u8>> = messages
                .iter()
                .map(|message| {
                    let mut payload = Vec::new();
                    compressor.append(message, &mut payload);
                    payload
                })
                .collect();

            let mut group = c.benchmark_group(format!("deflate/{name}"));
            group.throughput(Throughput::Elements(messages.len() as u64));
            group.bench_function(BenchmarkId::new("compress", len), |b| {
                let mut compressor = Compressor::new(context, CompressorOptions::DEFAULT);
                let mut payload = Vec::new();
                b.iter(|| {
                    compressor.reset();
                    for (message, expected) in messages.iter().zip(&payloads) {
                        payload.clear();
                        compressor.append(message, &mut payload);
                        assert_eq!(payload.len(), expected.len());
                    }
                });
            });
            group.bench_function(BenchmarkId::new("decompress", len), |b| {
                let mut decompressor = Decompressor::new(context);
                let mut message = Vec::new();
                b.iter(|| {
                    decompressor.reset();
                    for payload in &payloads {
                        message.clear();
                        decompressor.append(payload, &mut message).expect("right payloads");
                        assert_eq!(message.len(), len);
                    }
                });
            });
        }
    }
}

criterion_group!(benches, deflate);
criterion_main!(benches);
