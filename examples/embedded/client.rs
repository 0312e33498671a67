//! A client that sends messages, and checks that they are echoed.

use core::fmt::Arguments;

use embedded_io_async::{Read, Write};
use wsframe::{CloseBody, CloseCode, Connection, Event, MaskingKeys};

use crate::socket::{Error, Socket};

/// The length of a message that is longer than any buffer.
const LONG: usize = 1000;
/// The length of its fragments.
const FRAGMENT: usize = 200;

/// Sends a short message, a Ping and a long message, then closes. Passes the results to `say`.
pub(crate) async fn run<S: Read + Write>(
    stream: S,
    keys: impl MaskingKeys,
    say: impl Fn(Arguments<'_>),
) -> Result<(), Error<S::Error>> {
    let mut socket = Socket::new(Connection::client(keys), stream);

    socket.send(|connection, out| connection.send("Hello", out)).await?;
    let mut came = false;
    while !came {
        let received = socket.receive(|_, event, _| {
            if let Event::Text(chunk) = event {
                say(format_args!(
                    "text: {}",
                    chunk.text.as_str().unwrap_or("a part of a character")
                ));
                return Ok(chunk.last);
            }
            Ok(false)
        });
        came = received.await?.ok_or(Error::Ended)?;
    }

    socket.send(|connection, out| connection.ping(b"are you there?", out)).await?;
    let received = socket.receive(|_, event, _| {
        Ok(matches!(event, Event::Pong(data) if *data == *b"are you there?"))
    });
    if received.await? == Some(true) {
        say(format_args!("the Ping was answered"));
    }

    // Each byte of the echo is known in advance, so the message is not kept. The client awaits the
    // echo of each fragment before it sends the next, because a server that cannot send does not
    // read.
    let byte = |at: usize| (at % 251) as u8;
    let (mut sent, mut right) = (0, 0);
    while sent < LONG {
        let mut fragment = [0; FRAGMENT];
        for (byte_sent, at) in fragment.iter_mut().zip(sent..) {
            *byte_sent = byte(at);
        }
        sent += FRAGMENT;
        socket
            .send(|connection, out| connection.send_fragment(&fragment, sent >= LONG, out))
            .await?;
        let mut came = sent - FRAGMENT;
        while came < sent {
            let received = socket.receive(|_, event, _| {
                let Event::Binary(chunk) = event else { return Ok((0, 0)) };
                let bytes = chunk.payload.unmask();
                let right = bytes.iter().zip(came..).filter(|&(&got, at)| got == byte(at)).count();
                Ok((bytes.len(), right))
            });
            let (len, right_here) = received.await?.ok_or(Error::Ended)?;
            came += len;
            right += right_here;
        }
    }
    say(format_args!("binary: {right} of {LONG} bytes came back as they were"));

    let bye = CloseBody { code: CloseCode::NORMAL, reason: "bye" };
    socket.send(|connection, out| connection.close(Some(bye), out)).await?;
    while socket.receive(|_, _, _| Ok(())).await?.is_some() {}
    match socket.connection.close_code() {
        Some(code) => say(format_args!("closed: {code}")),
        None => say(format_args!("not closed")),
    }
    Ok(())
}
