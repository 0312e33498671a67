//! Whole streams: masked frames in reads of 16 KiB are decoded and unmasked, and text is validated.

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::{Kind, Size, Stream};
use wsframe::{FrameDecoder, Opcode, Role, Utf8Validator};

const READ: usize = 16 << 10;

/// Decodes the stream through one buffer. Returns the number of frames, and of payload bytes.
fn decode(stream: &[u8]) -> (u64, u64) {
    let mut decoder = FrameDecoder::new(Role::Server).whole_frames_up_to(READ as u32);
    let mut text = Utf8Validator::new();
    let mut buffer = [0; READ];
    let mut held = 0;
    let mut unread = stream;
    let (mut frames, mut bytes) = (0, 0);
    while !unread.is_empty() {
        let (read, rest) = unread.split_at(unread.len().min(READ - held));
        buffer[held..held + read.len()].copy_from_slice(read);
        unread = rest;
        let end = held + read.len();
        let mut input = &mut buffer[..end];
        while let Some(chunk) = decoder.decode(&mut input).expect("a right stream") {
            bytes += chunk.payload.len() as u64;
            frames += u64::from(chunk.last);
            if chunk.header.opcode == Opcode::Text {
                let last = chunk.last;
                std::hint::black_box(chunk.payload.unmask_text(&mut text).expect("UTF-8"));
                if last {
                    text.finish().expect("whole characters");
                }
            } else {
                std::hint::black_box(chunk.payload.unmask());
            }
        }
        held = input.len();
        buffer.copy_within(end - held..end, 0);
    }
    (frames, bytes)
}

fn stream(c: &mut Criterion) {
    for kind in Kind::ALL {
        let mut group = c.benchmark_group(format!("stream/{}", kind.name()));
        for size in Size::all() {
            let stream = Stream::new(kind, size);
            let expected = (stream.frames.len() as u64, stream.payload_bytes);
            group.throughput(Throughput::Elements(expected.0));
            group.bench_function(size.name(), |b| {
                b.iter(|| assert_eq!(decode(&stream.bytes), expected))
            });
        }
    }
}

criterion_group!(benches, stream);
criterion_main!(benches);
