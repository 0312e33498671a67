//! Whole streams: bytes in, in reads of 16 KiB; messages out, each looked at where it begins and ends.
//!
//! Each rival is used as its documentation shows, with its own buffers and its defaults, but for limits,
//! which let everything through. All hand out whole messages, text validated.

mod fastwebsockets;
mod sockudo;
mod tokio_websockets;
mod tungstenite;
mod wsframe;

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::measure;
use crate::workload::{Kind, Side, Size, Totals, Workload};

const READ: usize = 16 << 10;

/// Reads the whole stream and says what came out.
type Run = fn(&Workload) -> Totals;

const RIVALS: [(&str, Run); 5] = [
    ("wsframe", wsframe::run),
    ("tungstenite", tungstenite::run),
    ("fastwebsockets", fastwebsockets::run),
    ("tokio-websockets", tokio_websockets::run),
    ("sockudo-ws", sockudo::run),
];

const SIZES: [Size; 9] = [
    Size::Fixed(16),
    Size::Fixed(125),
    Size::Fixed(256),
    Size::Fixed(1 << 10),
    Size::Fixed(4 << 10),
    Size::Fixed(16 << 10),
    Size::Fixed(1 << 20),
    Size::Random(0, 125),
    Size::Random(10, 200),
];

/// Prints a table of nanoseconds a message, and of how many times as long the best rival takes.
/// `filter` picks rows by a part of their name.
pub fn run(filter: &str, rounds: usize) {
    print!("{:32}", "ns a message");
    for (name, _) in RIVALS {
        print!("{name:>18}");
    }
    println!("{:>14}", "best / ours");
    for side in [Side::Server, Side::Client] {
        for kind in Kind::ALL {
            for size in SIZES {
                let name = format!("{side:?}, {}, {}", kind.name(), size.name());
                if name.contains(filter) {
                    row(&name, &Workload::new(kind, size, side), rounds);
                }
            }
        }
    }
}

fn row(name: &str, workload: &Workload, rounds: usize) {
    let mut entries = RIVALS.map(|(name, run)| -> Box<dyn FnMut()> {
        Box::new(move || {
            let totals = run(workload);
            assert_eq!(totals, workload.expected, "{name} got something else out of the stream");
        })
    });
    let per_message: Vec<f64> = measure::medians(&mut entries, rounds)
        .iter()
        .map(|time| time / workload.expected.messages as f64)
        .collect();
    print!("{name:32}");
    for time in &per_message {
        print!("{time:>18.1}");
    }
    let best = per_message[1..].iter().copied().fold(f64::INFINITY, f64::min);
    println!("{:>14.2}", best / per_message[0]);
}

/// The peer's end of the connection: gives the stream in reads of at most 16 KiB, ready at once, and
/// takes whatever is written.
pub struct Peer<'a> {
    rest: &'a [u8],
}

impl<'a> Peer<'a> {
    pub fn new(stream: &'a [u8]) -> Self {
        Self { rest: stream }
    }

    /// How much the next read may give at most.
    fn next_read(&mut self, room: usize) -> &'a [u8] {
        let (read, rest) = self.rest.split_at(room.min(READ).min(self.rest.len()));
        self.rest = rest;
        read
    }
}

impl Read for Peer<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.next_read(buf.len());
        buf[..read.len()].copy_from_slice(read);
        Ok(read.len())
    }
}

impl Write for Peer<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Peer<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        buf.put_slice(self.next_read(buf.remaining()));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Peer<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
