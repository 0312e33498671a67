//! One connection: its messages go to the room, and the frames in its queue are sent.
//!
//! Frames for it come from the connection itself (Pongs, and the Close) and from all others. They
//! meet in the queue, and one writer takes them from there, so that none is cut in two by another.
//! A member that has no seat any more gets no frames from the room: nothing follows its Close.

use core::future::pending;
use core::mem;
use core::pin::pin;
use core::time::Duration;
use std::io;
use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufWriter, copy, sink, split};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at, sleep, timeout};
use tokio::{join, select};
use wsframe::{Assembler, CloseBody, CloseCode, Connection, Event, Limits, TransportAction};

use crate::inbox::Inbox;
use crate::room::{Frame, MAX_WAITING, Room, Seat};

/// The longest message, in bytes.
const MAX_MESSAGE_LEN: u32 = 16 << 10;
/// How long the server does not read from a member after a message. So no member can say so much at
/// once that others, who do read, have too much waiting.
const PAUSE: Duration = Duration::from_millis(10);
/// How often each member is pinged. One that says nothing, not even a Pong, for so long is not
/// there.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// How long a member may take to read what waits for it, once it is over.
const LINGER: Duration = Duration::from_secs(2);

/// A connection from its beginning to its end.
pub(crate) async fn run(stream: impl AsyncRead + AsyncWrite, room: &Arc<Room>) {
    let (mut reader, writer) = split(stream);
    let (queue, waiting) = mpsc::channel(MAX_WAITING);
    let mut writing = pin!(write(writer, waiting));
    select! {
        _ = &mut writing => return,
        _ = listen(&mut reader, queue, room) => {}
    }
    // What still comes is thrown away: were it left unread, the system would reset the connection,
    // and what was sent last might be lost.
    let discarding = async { copy(&mut reader, &mut sink()).await };
    let _ = timeout(LINGER, async { join!(writing, discarding) }).await;
}

/// Writes frames as they arrive, until all senders are dropped. Frames that wait together are
/// written together.
async fn write(
    writer: impl AsyncWrite + Unpin,
    mut waiting: mpsc::Receiver<Frame>,
) -> io::Result<()> {
    let mut writer = BufWriter::new(writer);
    while let Some(frame) = waiting.recv().await {
        writer.write_all(&frame).await?;
        while let Ok(frame) = waiting.try_recv() {
            writer.write_all(&frame).await?;
        }
        writer.flush().await?;
    }
    writer.shutdown().await
}

/// Takes what the member says, until it has said all or may say no more. What is replied to it is
/// in the queue then.
async fn listen(
    reader: &mut (impl AsyncRead + Unpin),
    queue: mpsc::Sender<Frame>,
    room: &Arc<Room>,
) -> io::Result<()> {
    let mut websocket = connection();
    let mut assembler = Assembler::new();
    let mut inbox = Inbox::new();
    let mut out = Vec::new();
    let mut seat: Option<Seat> = None;

    let mut clock = interval_at(Instant::now() + PING_INTERVAL, PING_INTERVAL);
    let mut is_there = true; // whether it has said anything since it was pinged
    let mut may_stay = Ok(());
    loop {
        let mut input = inbox.bytes();
        while may_stay.is_ok()
            && let Ok(Some(event)) = websocket.receive(&mut input, &mut out)
        {
            may_stay = match event {
                Event::Text(chunk) => match assembler.text(chunk) {
                    Ok(Some(text)) => {
                        let heard = hear(&text, &mut seat, &queue, room);
                        sleep(PAUSE).await;
                        heard
                    }
                    Ok(None) => Ok(()),
                    Err(_) => Err("a part of a message is missing"),
                },
                Event::Binary(_) => Err("binary messages say nothing here"),
                Event::Ping(_) | Event::Pong(_) | Event::Close(_) | Event::Raw(_) => Ok(()),
            };
        }
        let unused = input.len();
        inbox.keep_last(unused);

        if let Err(reason) = may_stay {
            // If it has closed itself meanwhile, that is over.
            let body = CloseBody { code: CloseCode::POLICY_VIOLATION, reason };
            let _ = websocket.close(Some(body), &mut out);
        }
        let goes_on = may_stay.is_ok() && websocket.transport_action() == TransportAction::KeepOpen;
        if !goes_on {
            seat = None; // so that nothing follows the Close
        }
        if !out.is_empty() {
            timeout(LINGER, queue.send(mem::take(&mut out).into()))
                .await?
                .map_err(io::Error::other)?;
        }
        if !goes_on {
            return Ok(());
        }

        select! {
            count = reader.read(inbox.space()) => match count? {
                0 => return Ok(()),
                count => {
                    inbox.filled(count);
                    is_there = true;
                }
            },
            () = lost(&mut seat) => may_stay = Err("too much was waiting to be read"),
            _ = clock.tick() => {
                if !mem::replace(&mut is_there, false) {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                websocket.ping(b"", &mut out)?;
            }
        }
    }
}

fn connection() -> Connection {
    // All Pongs for what one read brings go into the queue before the next read: that bounds them.
    let limits = Limits::DEFAULT
        .max_frame_size(MAX_MESSAGE_LEN)
        .max_message_size(MAX_MESSAGE_LEN)
        .max_pending_replies(u16::MAX);
    Connection::server().limits(limits)
}

/// Takes a message in JSON: first `{"name": "…"}`, with which the member enters, and then `{"text":
/// "…"}`, any number of times.
///
/// # Errors
///
/// Why it may not stay.
fn hear(
    message: &str,
    seat: &mut Option<Seat>,
    queue: &mpsc::Sender<Frame>,
    room: &Arc<Room>,
) -> Result<(), &'static str> {
    let message: Value = serde_json::from_str(message).map_err(|_| "that is not JSON")?;
    match (&message["name"], &message["text"], &seat) {
        (Value::String(name), _, None) => *seat = Some(room.enter(name, queue.clone())?),
        (_, Value::String(text), Some(seat)) => seat.say(text),
        _ => return Err("first a name, and then texts"),
    }
    Ok(())
}

/// Waits until a seat is lost that there is.
async fn lost(seat: &mut Option<Seat>) {
    match seat {
        Some(seat) => seat.lost().await,
        None => pending().await,
    }
}
