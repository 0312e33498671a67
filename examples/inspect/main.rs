//! Shows the frames in one direction of a captured WebSocket connection, and the first rule that it
//! breaks: `cargo run --release --example inspect -- FILE`.
//!
//! | to see how to | read |
//! |---|---|
//! | decode a stream of any length in one fixed buffer | here, and `window.rs` |
//! | check frames against the rules for messages, and text across fragments | `frames.rs` |
//! | show untrusted payloads | `line.rs` |
//!
//! The other files contain the arguments (`args.rs`), hexadecimal input (`hex.rs`), the HTTP head
//! of the handshake (`head.rs`), and the summary (`summary.rs`).

mod args;
mod frames;
mod head;
mod hex;
mod line;
mod summary;
mod window;

use core::fmt;
use std::env;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::process::ExitCode;

use wsframe::{FrameChunk, FrameDecoder, FrameHeader, Payload, ProtocolError, Role};

use args::Args;
use frames::Frames;
use head::Head;
use hex::HexReader;
use summary::End;
use window::Window;

/// The reason why no further frame is shown.
enum Stop {
    /// The stream breaks a rule.
    Broken(Broken),
    /// The stream cannot be read.
    Input(io::Error),
    /// The output cannot be written.
    Output(io::Error),
}

/// A broken rule, and the offset of the frame that breaks it, or of the byte that is not UTF-8.
struct Broken {
    offset: u64,
    rule: Rule,
}

enum Rule {
    /// A rule that the crate checks.
    Protocol(ProtocolError),
    /// A continuation frame where no message is open.
    NothingToContinue,
    /// A text or binary frame inside the message that began at this offset.
    InsideMessage(u64),
}

fn main() -> ExitCode {
    let mut out = BufWriter::with_capacity(window::LEN, io::stdout().lock());
    let args = match Args::parse(env::args_os().skip(1)) {
        Ok(Some(args)) => args,
        Ok(None) => {
            // A closed standard output is not an error.
            let _ = out.write_all(args::HELP.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(what) => {
            eprintln!("inspect: {what}\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    match inspect(&args, &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of the output has closed it, which is not an error.
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Stop::Broken(broken)) => {
            eprintln!("inspect: {broken}");
            ExitCode::from(1)
        }
        Err(Stop::Input(error)) => {
            eprintln!("inspect: {}: {error}", std::path::Path::new(&args.file).display());
            ExitCode::from(2)
        }
        Err(Stop::Output(error)) => {
            eprintln!("inspect: cannot write: {error}");
            ExitCode::from(2)
        }
    }
}

/// Shows the frames up to the end of the stream or the first broken rule, and then the summary.
fn inspect(args: &Args, out: &mut impl Write) -> Result<(), Stop> {
    let mut window = Window::new(open(args).map_err(Stop::Input)?);
    let mut frames = Frames::new();
    let (end, result) = match read(args, &mut window, &mut frames, out) {
        Ok(end) => (end, Ok(())),
        Err(Stop::Broken(broken)) => (End::Broken(broken.offset), Err(Stop::Broken(broken))),
        Err(stop) => return Err(stop),
    };
    summary::write(out, &frames, &end, window.end_offset())?;
    out.flush()?;
    result
}

fn open(args: &Args) -> io::Result<Box<dyn Read>> {
    let raw: Box<dyn Read> = if args.file == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(&args.file)?)
    };
    Ok(if args.hex { Box::new(HexReader::new(raw)) } else { raw })
}

/// Reads to the end of the stream, or to the first broken rule.
fn read(
    args: &Args,
    window: &mut Window,
    frames: &mut Frames,
    out: &mut impl Write,
) -> Result<End, Stop> {
    let head = head::skip(window)?;
    if let Head::Skipped { len, .. } = head {
        writeln!(out, "HTTP head of {len} bytes skipped")?;
    } else if let Head::Unfinished = head {
        return Ok(End::InHead);
    }

    // Two bytes show whether the first frame is masked.
    while window.bytes().len() < 2 && window.fill()? {}
    let sender = sender(args, &head, window.bytes(), out)?;
    // The rules are those of the receiver. There is no limit on the length of a frame, because its
    // chunks are not kept in memory.
    let mut decoder = FrameDecoder::with_rules(args.rules(sender.peer())).max_frame_size(u32::MAX);

    loop {
        while let Some(span) = decoder
            .next_span(window.bytes())
            .map_err(|error| Broken::protocol(window.offset(), error))?
        {
            let offset = window.offset();
            let payload_offset = offset + span.range().start as u64;
            let end = span.consumed_len();
            frames.take(offset, payload_offset, span.into_chunk(window.bytes_mut()), out)?;
            window.consume(end);
            if let Some(close) = frames.close {
                return discard(window, close);
            }
        }
        out.flush()?; // show the frames so far before waiting for input
        if !window.fill()? {
            return end(&decoder, window, frames, out);
        }
    }
}

/// Returns the side that sent the stream, and writes how this is known.
fn sender(args: &Args, head: &Head, bytes: &[u8], out: &mut impl Write) -> io::Result<Role> {
    let (sender, how) = match (args.from, head, bytes) {
        (Some(sender), ..) => (sender, "as told"),
        (None, &Head::Skipped { sender, .. }, _) => (sender, "as its HTTP head says"),
        (None, _, &[_, second, ..]) if second & 0x80 != 0 => {
            (Role::Client, "as its first frame is masked")
        }
        (None, _, &[_, _, ..]) => (Role::Server, "as its first frame is not masked"),
        // There is no frame, so the side does not matter.
        (None, ..) => return Ok(Role::Client),
    };
    writeln!(out, "from the {sender}, {how}")?;
    Ok(sender)
}

/// Counts the bytes after a Close frame, which are not interpreted.
fn discard(window: &mut Window, close: u64) -> Result<End, Stop> {
    let start = window.offset();
    loop {
        window.consume(window.bytes().len());
        if !window.fill()? {
            return Ok(End::Closed { offset: close, discarded: window.offset() - start });
        }
    }
}

/// Returns where the stream ended: between two frames, or inside one.
fn end(
    decoder: &FrameDecoder,
    window: &mut Window,
    frames: &mut Frames,
    out: &mut impl Write,
) -> Result<End, Stop> {
    let offset = window.offset();
    let rest = window.bytes_mut();
    let len = rest.len();

    // The decoder does not return an incomplete control frame, but its header is shown.
    let missing = match FrameHeader::decode(rest, decoder.rules()) {
        Ok(Some((header, start))) => {
            let chunk = FrameChunk {
                header,
                payload: Payload::new(&mut rest[start..], header.mask()),
                first: true,
                last: false,
            };
            let missing = header.payload_len - chunk.payload.len() as u64;
            frames.take(offset, offset + start as u64, chunk, out)?;
            missing
        }
        Ok(None) if len > 0 => {
            let missing = FrameHeader::required_len(rest) - len;
            return Ok(End::InHeader { offset, missing, at_least: len < 2 });
        }
        Ok(None) => decoder.remaining(),
        Err(error) => return Err(Broken::protocol(offset, error)),
    };
    Ok(match (frames.finish(out)?, frames.open_message()) {
        (Some(offset), _) => End::InPayload { offset, missing },
        (None, Some(offset)) => End::InMessage(offset),
        (None, None) => End::Between,
    })
}

impl Broken {
    fn protocol(offset: u64, error: ProtocolError) -> Stop {
        let rule = Rule::Protocol(error);
        Stop::Broken(Self { offset, rule })
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offset {}: ", self.offset)?;
        match self.rule {
            // The crate's error has the offset in the chunk. `offset` is the offset in the stream.
            Rule::Protocol(error @ ProtocolError::InvalidUtf8(utf8)) if !utf8.is_incomplete() => {
                write!(f, "text is not UTF-8 from here ({})", error.section())
            }
            Rule::Protocol(error) => error.fmt(f),
            Rule::NothingToContinue => {
                f.write_str("a continuation frame, but no message is open (RFC 6455 §5.4)")
            }
            Rule::InsideMessage(began) => write!(
                f,
                "a new message inside the one that began at offset {began} (RFC 6455 §5.4)"
            ),
        }
    }
}

/// Converts errors of the output, which are more frequent in this program than those of the input.
impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
