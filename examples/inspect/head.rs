//! The HTTP head of the opening handshake, which a capture may begin with.

use std::io;

use wsframe::Role;

use crate::Stop;
use crate::window::{self, Window};

pub(crate) enum Head {
    /// The stream begins with a frame, or is empty.
    None,
    /// The stream begins with a head of this length, from this side.
    Skipped { sender: Role, len: usize },
    /// The stream ended inside it.
    Unfinished,
}

/// Moves the window past the head, if there is one.
pub(crate) fn skip(window: &mut Window) -> Result<Head, Stop> {
    // The letters of a head are not the first byte of any valid frame. So the loop waits for more
    // bytes only if the stream does not begin with a valid frame.
    while window.bytes().len() < 4
        && matches!(window.bytes().first(), None | Some(b'G' | b'H'))
        && window.fill()?
    {}
    let sender = match window.bytes().first_chunk() {
        Some(b"GET ") => Role::Client,
        Some(b"HTTP") => Role::Server,
        _ => return Ok(Head::None),
    };

    let mut searched = 0;
    loop {
        let bytes = &window.bytes()[searched..];
        if let Some(at) = bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let len = searched + at + 4;
            window.consume(len);
            return Ok(Head::Skipped { sender, len });
        }
        searched += bytes.len().saturating_sub(3);
        if window.bytes().len() == window::LEN {
            let what = format!("an HTTP head of more than {} bytes", window::LEN);
            return Err(Stop::Input(io::Error::new(io::ErrorKind::InvalidData, what)));
        }
        if !window.fill()? {
            return Ok(Head::Unfinished);
        }
    }
}
