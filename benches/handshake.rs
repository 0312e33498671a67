//! The opening handshake: a server's whole answer to what a browser sends, and a head byte by byte.

use std::fs;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wsframe::handshake::{EMPTY_HEADER, HeadReader, Request};

/// What Chromium sends.
fn browser() -> Vec<u8> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/handshake/chromium-request.http");
    fs::read(file).expect("recorded heads are in the repository")
}

fn accept(c: &mut Criterion) {
    let head = browser();
    let mut response = String::with_capacity(512);
    c.bench_function("handshake/accept", |b| {
        b.iter(|| {
            let received = black_box(&head[..]);
            let len = HeadReader::new().find(received).expect("a right head").expect("a whole one");
            let mut storage = [EMPTY_HEADER; 64];
            let request = Request::parse(&received[..len], &mut storage).expect("HTTP");
            let opening = request.opening().expect("a handshake");
            let chosen = opening.choose_subprotocol(&["superchat"]);
            response.clear();
            opening.accept().subprotocol(chosen).write(&mut [], &mut response).expect("offered");
            assert!(response.ends_with("\r\nSec-WebSocket-Protocol: superchat\r\n\r\n"));
        });
    });
}

fn find(c: &mut Criterion) {
    let mut group = c.benchmark_group("handshake/byte by byte");
    for kib in [4, 16, 64] {
        let mut head = b"GET / HTTP/1.1\r\n".to_vec();
        while head.len() < (kib << 10) - 40 {
            head.extend(b"X-Header: some value of it\r\n");
        }
        head.extend(b"\r\n");
        group.throughput(Throughput::Bytes(head.len() as u64));
        group.bench_function(format!("{kib} KiB"), |b| {
            b.iter(|| {
                let mut reader = HeadReader::new().max_len(64 << 10);
                let found = (1..=head.len())
                    .find_map(|end| reader.find(black_box(&head[..end])).expect("a right head"));
                assert_eq!(found, Some(head.len()));
            });
        });
    }
}

criterion_group!(benches, accept, find);
criterion_main!(benches);
