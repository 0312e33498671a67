//! Many idle connections, and the memory that they take:
//! `cargo run --release --example idle_connections [COUNT]`.
//!
//! Each connection has answered a Ping, and waits in the middle of a character of a message. So all
//! of its memory was written to, and its state is needed: when the rest arrives, each connection
//! returns the end of its message.
//!
//! This measures only `Connection`. A socket takes memory too. An idle connection needs no buffer.

use std::process::ExitCode;
use std::{env, fs};

use wsframe::{Connection, Event};

/// A Ping, and the first fragment of a text: `c`, `a`, `f` and the first byte of `é`. The masking
/// keys are zeros, which change no byte.
const BEGINNING: &[u8] = b"\x89\x82\0\0\0\0hi\x01\x84\0\0\0\0caf\xC3";
/// The last fragment: the second byte of `é`.
const END: &[u8] = b"\x80\x81\0\0\0\0\xA9";

fn main() -> ExitCode {
    let count = match env::args().nth(1).map_or(Ok(1_000_000), |count| count.parse()) {
        Ok(count) => count,
        Err(error) => {
            eprintln!("usage: idle_connections [COUNT]   ({error})");
            return ExitCode::from(2);
        }
    };
    let mut received = [0; 64]; // one buffer for all
    let mut out = Vec::new();

    let mut connections = Vec::with_capacity(count);
    for _ in 0..count {
        let mut connection = Connection::server();
        assert_eq!(receive(&mut connection, BEGINNING, &mut received, &mut out), 0);
        assert_eq!(out, b"\x8A\x02hi");
        out.clear();
        connections.push(connection);
    }

    let each = size_of::<Connection>();
    let state = megabytes(count * each);
    println!("{count} connections of {each} bytes: {state:.1} MB of state; {}", process_memory());

    let mut messages = 0;
    for connection in &mut connections {
        messages += receive(connection, END, &mut received, &mut out);
    }
    println!("then {messages} messages came to their end");
    ExitCode::SUCCESS
}

/// Passes the bytes to a connection. Returns how many text messages ended in them.
fn receive(connection: &mut Connection, bytes: &[u8], buf: &mut [u8], out: &mut Vec<u8>) -> usize {
    // This replaces a read.
    let mut input = &mut buf[..bytes.len()];
    input.copy_from_slice(bytes);

    let mut ended = 0;
    while let Some(event) = connection.receive(&mut input, out).expect("these bytes are right") {
        if let Event::Text(chunk) = event {
            ended += usize::from(chunk.last);
        }
    }
    ended
}

/// Returns the memory of the process as text, on Linux.
fn process_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    match resident.and_then(|value| value.trim().strip_suffix(" kB")?.parse::<usize>().ok()) {
        Some(kib) => format!("the process takes {:.1} MB", megabytes(kib * 1024)),
        None => "what the process takes, this system does not tell".into(),
    }
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
