//! The opening handshake: a server's answer to a browser, and the search for the end of a head that
//! arrives byte by byte.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wsframe::handshake::{HeadScanner, Request};

/// The request that Chromium sends.
const BROWSER: &[u8] = b"GET /chat?room=7 HTTP/1.1\r\n\
    Host: 127.0.0.1:9001\r\n\
    Connection: Upgrade\r\n\
    Pragma: no-cache\r\n\
    Cache-Control: no-cache\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/156.0.0.0 Safari/537.36\r\n\
    Upgrade: websocket\r\n\
    Origin: http://127.0.0.1:9001\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-US,en;q=0.9\r\n\
    Sec-WebSocket-Key: Yb1bfy2+j7dihw/zX2RXOQ==\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
    Sec-WebSocket-Protocol: chat, superchat\r\n\r\n";

fn accept(c: &mut Criterion) {
    let mut response = String::with_capacity(512);
    c.bench_function("handshake/accept", |b| {
        b.iter(|| {
            let received = black_box(BROWSER);
            let len = HeadScanner::new()
                .find_request(received)
                .expect("a right head")
                .expect("a whole one");
            let request = Request::parse(&received[..len]).expect("HTTP");
            let opening = request.handshake().expect("a handshake");
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
                let mut reader = HeadScanner::new().max_len(64 << 10);
                let found = (1..=head.len()).find_map(|end| {
                    reader.find_request(black_box(&head[..end])).expect("a right head")
                });
                assert_eq!(found, Some(head.len()));
            });
        });
    }
}

criterion_group!(benches, accept, find);
criterion_main!(benches);
