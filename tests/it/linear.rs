//! Input that arrives one byte at a time takes linear time, for any length of a frame, a message or
//! a connection. `benches/message.rs` measures it.

use std::time::Instant;

use wsframe::{Assembler, Connection, Event, FrameEncoder, MIN_BUFFER_LEN, MaskingKey, Opcode};

const SHORT: usize = 64 << 10;
const LONG: usize = 16 << 20;

/// The greatest quotient of the time per byte in a long stream and in a short one. In quadratic
/// time it would be 256.
const MOST: f64 = 2.0;

/// The number of attempts. On a busy machine one measurement may be wrong, but not all of them.
const ROUNDS: u32 = 10;

/// Receives the stream one byte at a time, and collects whole messages. Returns their total length,
/// and the number of events.
fn receive(stream: &[u8]) -> (usize, usize) {
    let mut connection = Connection::server();
    let mut assembler = Assembler::new();
    let mut out = Vec::new();
    let mut buffer = [0; MIN_BUFFER_LEN];
    let (mut held, mut bytes, mut events) = (0, 0, 0);
    for &byte in stream {
        buffer[held] = byte;
        held += 1;
        let mut input = &mut buffer[..held];
        while let Some(event) = connection.receive(&mut input, &mut out).expect("a right stream") {
            events += 1;
            bytes += match event {
                Event::Text(chunk) => assembler.text(chunk).unwrap().map_or(0, |text| text.len()),
                Event::Binary(chunk) => assembler.binary(chunk).map_or(0, |bytes| bytes.len()),
                _ => 0,
            };
        }
        let left = input.len();
        buffer.copy_within(held - left..held, 0);
        held = left;
        out.clear();
    }
    assert_eq!(held, 0);
    (bytes, events)
}

fn frame(opcode: Opcode, fin: bool, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let key = MaskingKey::new([0x37, 0xFA, 0x21, 0x3D]);
    FrameEncoder::new(opcode).fin(fin).masking_key(key).encode_to_vec(payload, &mut bytes).unwrap();
    bytes
}

fn text(len: usize) -> Vec<u8> {
    let text = "웹소켓은 하나의 연결에서 ";
    let mut text = text.repeat(len / text.len()).into_bytes();
    text.resize(len, b'.');
    text
}

/// Creates a stream of about this length. Returns it, and the total length of its messages.
type Make = fn(usize) -> (Vec<u8>, usize);

const STREAMS: [(&str, Make); 4] = [
    ("a text in one frame", |len| (frame(Opcode::Text, true, &text(len)), len)),
    ("binary in one frame", |len| (frame(Opcode::Binary, true, &vec![7; len]), len)),
    ("small messages, and pings as long as they can be", |len| {
        let turn = [frame(Opcode::Text, true, &text(50)), frame(Opcode::Ping, true, &[7; 125])];
        let turns = len / turn.concat().len();
        (turn.concat().repeat(turns), turns * 50)
    }),
    ("one message in fragments", |len| {
        let fragment = frame(Opcode::Continuation, false, &[7; 200]);
        let fragments = len / fragment.len();
        let stream = [
            frame(Opcode::Binary, false, b""),
            fragment.repeat(fragments),
            frame(Opcode::Continuation, true, b""),
        ];
        (stream.concat(), fragments * 200)
    }),
];

#[test]
fn a_byte_costs_the_same_in_a_long_stream() {
    for (name, make) in STREAMS {
        let (short, long) = (make(SHORT), make(LONG));
        // Both runs have the same number of bytes, so that other load slows both.
        let turns = long.0.len() / short.0.len();
        let cost = |(stream, expected): &(Vec<u8>, usize), turns| {
            let start = Instant::now();
            for _ in 0..turns {
                let (bytes, events) = receive(stream);
                assert_eq!(bytes, *expected);
                assert!(events > stream.len() / 150, "nothing was put off: {events}");
            }
            start.elapsed().as_secs_f64() * 1e9 / (stream.len() * turns) as f64
        };
        let measured = (0..ROUNDS).map(|_| (cost(&short, turns), cost(&long, 1)));
        let mut wrong = Vec::new();
        for (short, long) in measured {
            if long <= short * MOST {
                println!("{name}: {short:.1} ns a byte, in a long stream {long:.1}");
                wrong.clear();
                break;
            }
            wrong.push((short, long));
        }
        assert_eq!(wrong, [], "{name}: ns a byte, in a short stream and in a long one");
    }
}
