//! Connections: whole messages received, messages sent, and Pings answered.

mod support;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use support::{Kind, Size, Stream};
use wsframe::{Connection, Event, FrameEncoder, Limits, MaskingKey, MaskingKeys, Opcode};

const KEY: MaskingKey = MaskingKey::new([0x37, 0xFA, 0x21, 0x3D]);

/// Receiving changes the input in place, so each iteration gets a fresh copy, which is not timed.
fn receive(c: &mut Criterion) {
    for kind in Kind::ALL {
        let mut group = c.benchmark_group(format!("connection/receive/{}", kind.name()));
        for size in Size::MIXED.into_iter().chain([Size::Fixed(16)]) {
            let stream = Stream::new(kind, size);
            group.throughput(Throughput::Elements(stream.frames.len() as u64));
            group.bench_function(size.name(), |b| {
                b.iter_batched_ref(
                    || stream.bytes.clone(),
                    |bytes| {
                        let mut connection = Connection::server();
                        let mut out = Vec::new();
                        let mut input = &mut bytes[..];
                        let mut total = 0;
                        while let Some(event) = connection.receive(&mut input, &mut out).unwrap() {
                            total += match event {
                                Event::Text(chunk) => chunk.into_message().unwrap().len(),
                                Event::Binary(chunk) => chunk.into_message().unwrap().len(),
                                other => panic!("unexpected {other:?}"),
                            };
                        }
                        assert_eq!(total as u64, stream.payload_bytes);
                    },
                    BatchSize::LargeInput,
                )
            });
        }
    }
}

/// Sends every message, then empties the output.
fn send_all<K: MaskingKeys>(
    connection: &mut Connection<K>,
    messages: &[Vec<u8>],
    out: &mut Vec<u8>,
) -> usize {
    out.clear();
    for message in messages {
        connection.send(&message[..], out).expect("the connection is open");
    }
    black_box(&out).len()
}

fn send(c: &mut Criterion) {
    let mut group = c.benchmark_group("connection/send");
    for size in Size::MIXED.into_iter().chain([Size::Fixed(16), Size::Fixed(16 << 10)]) {
        let lengths = size.lengths();
        let messages: Vec<_> = lengths.iter().map(|&len| Kind::Binary.payload(len)).collect();
        let expected = |key: Option<MaskingKey>| -> usize {
            let frame = FrameEncoder::new(Opcode::Binary);
            let frame = key.map_or(frame, |key| frame.masking_key(key));
            lengths.iter().map(|&len| frame.header(len as u64).unwrap().len() + len).sum()
        };
        group.throughput(Throughput::Elements(lengths.len() as u64));
        let mut out = Vec::new();
        group.bench_function(format!("{}/server", size.name()), |b| {
            let (mut server, expected) = (Connection::server(), expected(None));
            b.iter(|| assert_eq!(send_all(&mut server, &messages, &mut out), expected))
        });
        group.bench_function(format!("{}/client", size.name()), |b| {
            let (mut client, expected) = (Connection::client(|| KEY), expected(Some(KEY)));
            b.iter(|| assert_eq!(send_all(&mut client, &messages, &mut out), expected))
        });
    }
}

fn reply(c: &mut Criterion) {
    let mut group = c.benchmark_group("connection/reply");
    for len in [0, 16, 125] {
        let mut pings = Vec::new();
        for _ in 0..1000 {
            let ping = FrameEncoder::new(Opcode::Ping).masking_key(KEY);
            ping.encode_to_vec(&vec![7; len], &mut pings).expect("a right frame");
        }
        group.throughput(Throughput::Elements(1000));
        group.bench_function(format!("ping-{len}"), |b| {
            let mut out = Vec::new();
            b.iter_batched_ref(
                || pings.clone(),
                |pings| {
                    out.clear();
                    let mut connection =
                        Connection::server().limits(Limits::DEFAULT.max_pending_replies(u16::MAX));
                    let mut input = &mut pings[..];
                    while let Some(event) = connection.receive(&mut input, &mut out).unwrap() {
                        assert!(matches!(event, Event::Ping(_)));
                    }
                    assert_eq!(out.len(), 1000 * (2 + len));
                },
                BatchSize::SmallInput,
            )
        });
    }
}

criterion_group!(benches, receive, send, reply);
criterion_main!(benches);
