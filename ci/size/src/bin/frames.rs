//! An echo server with a `FrameDecoder` and a `FrameEncoder`: frames of any length.

#![no_std]
#![no_main]

use size::{BUFFER_LEN, halt, receive, send};
use wsframe::{FrameDecoder, FrameEncoder, Role};

#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    let mut buf = [0; BUFFER_LEN];
    let mut decoder = FrameDecoder::new(Role::Server);
    let mut held = 0;
    loop {
        // The missing bytes of the open frame, or one byte of a header or control frame.
        let room = &mut buf[held..];
        let wanted = (decoder.remaining() as usize).clamp(1, room.len());
        receive(&mut room[..wanted]);
        held += wanted;

        let mut input = &mut buf[..held];
        let chunk = match decoder.decode(&mut input) {
            Ok(Some(chunk)) => chunk,
            Ok(None) => continue,
            Err(_) => break,
        };
        if chunk.first {
            let frame = FrameEncoder::new(chunk.header.opcode).fin(chunk.header.fin);
            match frame.header(chunk.header.payload_len) {
                Ok(header) => send(&header),
                Err(_) => break,
            }
        }
        send(chunk.payload.unmask());
        held = 0;
    }
    halt()
}
