//! A connection: its messages are sent to the room, and the frames in its queue to the client.
//!
//! The queue has the frames of the connection itself (Pongs and the Close) and those of the room.
//! One writer takes whole frames from it, so they cannot mix. A member that has lost its seat gets
//! no frames from the room, so none follows its Close.

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
/// The pause after a message before the server reads from its sender again. So no member can fill
/// the queues of others that do read.
const PAUSE: Duration = Duration::from_millis(10);
/// How often a member gets a Ping. If nothing was received in between, not even a Pong, the member
/// has left.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// How long a member may take to read its queued frames at the end.
const LINGER: Duration = Duration::from_secs(2);

/// Runs a connection from its beginning to its end.
pub(crate) async fn run(stream: impl AsyncRead + AsyncWrite, room: &Arc<Room>) {
    let (mut reader, writer) = split(stream);
    let (queue, waiting) = mpsc::channel(MAX_WAITING);
    let mut writing = pin!(write(writer, waiting));
    select! {
        _ = &mut writing => return,
        _ = listen(&mut reader, queue, room) => {}
    }
    // Everything that still arrives is discarded. If it were unread, the system could reset the
    // connection, and the member could lose the last frames.
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

/// Receives the member's messages until the connection is over. All replies are then in the queue.
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
    let mut is_there = true; // whether anything was received since the last Ping
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
            // This fails if the member has already closed the connection.
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
    // The Pongs for one read are queued before the next read, which limits their number.
    let limits = Limits::DEFAULT
        .max_frame_size(MAX_MESSAGE_LEN)
        .max_message_size(MAX_MESSAGE_LEN)
        .max_pending_replies(u16::MAX);
    Connection::server().limits(limits)
}

/// Handles a message in JSON. The first one is `{"name": "…"}`, with which the member enters. All
/// others are `{"text": "…"}`.
///
/// # Errors
///
/// Returns the reason to close the connection.
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

/// Waits until the seat is lost. Waits for ever if there is none.
async fn lost(seat: &mut Option<Seat>) {
    match seat {
        Some(seat) => seat.lost().await,
        None => pending().await,
    }
}
