//! An echo server with a `Connection`: messages in fragments, Pings, the closing handshake, UTF-8,
//! limits.

#![no_std]
#![no_main]

use size::{BUFFER_LEN, halt, receive, send};
use wsframe::{Connection, Event, MessageData, SliceOutput, TransportAction};

#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    let (mut buf, mut reply) = ([0; BUFFER_LEN], [0; 2 * BUFFER_LEN]);
    let mut connection = Connection::server();
    let mut held = 0;
    while connection.transport_action() == TransportAction::KeepOpen {
        // The missing bytes of the open frame, or one byte of a header or control frame.
        let room = &mut buf[held..];
        let wanted = (connection.remaining() as usize).clamp(1, room.len());
        receive(&mut room[..wanted]);
        held += wanted;

        let mut out = SliceOutput::new(&mut reply);
        let mut input = &mut buf[..held];
        while let Ok(Some(event)) = connection.receive(&mut input, &mut out) {
            let sent = match event {
                Event::Text(chunk) => connection.send_fragment(&chunk.text, chunk.last, &mut out),
                Event::Binary(chunk) => {
                    let data = MessageData::Binary(chunk.payload.unmask());
                    connection.send_fragment(data, chunk.last, &mut out)
                }
                _ => Ok(()),
            };
            if sent.is_err() {
                break;
            }
        }
        held = input.len();
        send(out.bytes());
    }
    halt()
}
