//! Messages through tungstenite, from memory to memory, for callgrind to count what each takes.
//!
//!     messages server|client text|binary LEN COUNT
//!
//! The other role writes so many messages of so many bytes, and this one reads them. It takes the place of
//! one of tungstenite's own examples.

use std::{
    env,
    io::{self, Read, Write},
};

use tungstenite::{protocol::Role, Message, WebSocket};

/// What was written and not yet read.
struct Memory {
    bytes: Vec<u8>,
    read: usize,
}

impl Read for Memory {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = (&self.bytes[self.read..]).read(to)?;
        self.read += read;
        Ok(read)
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// The two that are counted are found by their names.

#[inline(never)]
fn write_messages(socket: &mut WebSocket<Memory>, messages: Vec<Message>) {
    for message in messages {
        socket.write(message).unwrap();
    }
    socket.flush().unwrap();
}

#[inline(never)]
fn read_messages(socket: &mut WebSocket<Memory>, count: usize) -> usize {
    (0..count).map(|_| socket.read().unwrap().len()).sum()
}

fn main() {
    let args: Vec<String> = env::args().collect();
    let (reader, writer) = match args[1].as_str() {
        "server" => (Role::Server, Role::Client),
        _ => (Role::Client, Role::Server),
    };
    let (len, count): (usize, usize) = (args[3].parse().unwrap(), args[4].parse().unwrap());
    let message = |number: usize| {
        let text: String = ('a'..='z').cycle().skip(number % 26).take(len).collect();
        if args[2] == "text" { Message::text(text) } else { Message::binary(text.into_bytes()) }
    };

    let bytes = Vec::with_capacity(count * (len + 14));
    let mut socket = WebSocket::from_raw_socket(Memory { bytes, read: 0 }, writer, None);
    write_messages(&mut socket, (0..count).map(message).collect());
    let mut socket = WebSocket::from_raw_socket(socket.into_inner(), reader, None);
    assert_eq!(read_messages(&mut socket, count), count * len);
}
