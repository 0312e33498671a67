//! fastwebsockets. It writes each frame at once, so its output is a buffer, which is flushed when
//! nothing more can be read.

use std::collections::VecDeque;
use std::future::{poll_fn, ready};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use fastwebsockets::{
    FragmentCollectorRead, Frame, OpCode, Payload, Role, WebSocketError, after_handshake_split,
};
use tokio::io::BufWriter;
use tokio::net::TcpStream;

use super::{BOUNDARY, Hub, join, publish};

/// A message that is sent to all connections.
pub type Shared = Arc<(OpCode, Vec<u8>)>;

/// The next step of a connection.
enum Next<F> {
    Publish(Shared),
    Read(F),
    Reply(OpCode, Vec<u8>),
    Flush,
}

pub async fn serve(socket: TcpStream, hub: Hub<Shared>) {
    let _ = run(socket, hub).await;
}

async fn run(socket: TcpStream, hub: Hub<Shared>) -> Result<(), WebSocketError> {
    let (read, write) = socket.into_split();
    let write = BufWriter::with_capacity(BOUNDARY, write);
    let (read, mut writer) = after_handshake_split(read, write, Role::Server);
    let mut reader = FragmentCollectorRead::new(read);
    let mut queue = join(&hub);
    // The reader passes Pongs to this queue.
    let replies = Arc::new(Mutex::new(VecDeque::new()));
    let mut reply = |frame: Frame<'_>| {
        replies.lock().expect("nobody panics").push_back((frame.opcode, frame.payload.to_vec()));
        ready(Ok::<_, WebSocketError>(()))
    };
    let mut flushed = true;
    loop {
        let mut read = pin!(reader.read_frame(&mut reply));
        let frame = loop {
            let next = poll_fn(|cx| {
                if let Some(queue) = &mut queue
                    && let Poll::Ready(Some(shared)) = queue.poll_recv(cx)
                {
                    return Poll::Ready(Next::Publish(shared));
                }
                if let Poll::Ready(frame) = read.as_mut().poll(cx) {
                    return Poll::Ready(Next::Read(frame));
                }
                let reply = replies.lock().expect("nobody panics").pop_front();
                if let Some((opcode, payload)) = reply {
                    return Poll::Ready(Next::Reply(opcode, payload));
                }
                if flushed { Poll::Pending } else { Poll::Ready(Next::Flush) }
            });
            match next.await {
                Next::Read(frame) => break frame?,
                Next::Publish(shared) => {
                    let payload = Payload::Borrowed(&shared.1);
                    writer.write_frame(Frame::new(true, shared.0, None, payload)).await?;
                    flushed = false;
                }
                Next::Reply(opcode, payload) => {
                    let payload = Payload::Owned(payload);
                    writer.write_frame(Frame::new(true, opcode, None, payload)).await?;
                    flushed = false;
                }
                Next::Flush => {
                    writer.flush().await?;
                    flushed = true;
                }
            }
        };
        flushed = false;
        match frame.opcode {
            OpCode::Text | OpCode::Binary if hub.is_some() => {
                publish(&hub, &Arc::new((frame.opcode, frame.payload.to_vec())));
            }
            OpCode::Text | OpCode::Binary => writer.write_frame(frame).await?,
            OpCode::Close => {
                writer.write_frame(frame).await?;
                return writer.flush().await;
            }
            _ => {}
        }
    }
}
