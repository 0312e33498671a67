//! An echo server with a `FrameHeader` and a `Mask`: frames that fit into the buffer.

#![no_std]
#![no_main]

use size::{BUFFER_LEN, halt, receive, send};
use wsframe::{FrameHeader, MAX_HEADER_LEN, Role, Rules};

#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    let (mut head, mut buf) = ([0; MAX_HEADER_LEN], [0; BUFFER_LEN]);
    loop {
        let (first, rest) = head.split_at_mut(2);
        receive(first);
        receive(&mut rest[..FrameHeader::required_len(first) - 2]);
        let Ok(Some((header, _))) = FrameHeader::decode(&head, Rules::new(Role::Server)) else {
            break;
        };
        let Some(payload) = buf.get_mut(..header.payload_len as usize) else { break };
        receive(payload);
        header.mask().apply(payload);
        let Ok(reply) = (FrameHeader { masking_key: None, ..header }).encode() else { break };
        send(&reply);
        send(payload);
    }
    halt()
}
