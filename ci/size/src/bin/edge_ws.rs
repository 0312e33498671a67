//! The echo server on edge-ws: its `FrameHeader`, frames that fit into the buffer.

#![no_std]
#![no_main]

use edge_ws::{Error, FrameHeader};
use size::{BUFFER_LEN, halt, receive, send};

#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    let (mut head, mut buf) = ([0; FrameHeader::MAX_LEN], [0; BUFFER_LEN]);
    let mut held = 0;
    loop {
        receive(&mut head[held..][..1]);
        held += 1;
        let header = match FrameHeader::deserialize(&head[..held]) {
            Ok((header, _)) => header,
            Err(Error::Incomplete(_)) => continue,
            Err(_) => break,
        };
        held = 0;
        let Some(payload) = buf.get_mut(..header.payload_len as usize) else { break };
        receive(payload);
        header.mask(payload, 0);
        let mut reply = [0; FrameHeader::MAX_LEN];
        match (FrameHeader { mask_key: None, ..header }).serialize(&mut reply) {
            Ok(len) => send(&reply[..len]),
            Err(_) => break,
        }
        send(payload);
    }
    halt()
}
