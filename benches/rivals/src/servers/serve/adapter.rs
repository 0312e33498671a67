//! wsframe's `Adapter`. Events borrow its buffer, and an incomplete message is echoed in fragments.

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;
use wsframe::adapter::{Adapter, Batch};
use wsframe::{Assembler, Connection, Event, FrameEncoder, Opcode};

use super::{Hub, join, publish};

/// An encoded frame that is sent to all connections.
type Shared = Arc<[u8]>;

pub async fn serve(socket: TcpStream, hub: Hub<Shared>) {
    let adapter = Adapter::new(socket, Connection::server());
    let _ = match join(&hub) {
        None => echo(adapter).await,
        Some(queue) => broadcast(adapter, queue, hub).await,
    };
}

async fn echo(mut adapter: Adapter<TcpStream>) -> io::Result<()> {
    while let Some(mut batch) = adapter.next_batch_async().await? {
        while let Some(event) = batch.receive() {
            let Batch { connection, out, .. } = &mut batch;
            match event {
                Event::Text(chunk) => connection.send_fragment(&chunk.text, chunk.last, *out)?,
                Event::Binary(chunk) => {
                    connection.send_fragment(&*chunk.payload.unmask(), chunk.last, *out)?;
                }
                _ => {}
            }
        }
    }
    adapter.finish_async().await
}

async fn broadcast(
    mut adapter: Adapter<TcpStream>,
    mut queue: UnboundedReceiver<Shared>,
    hub: Hub<Shared>,
) -> io::Result<()> {
    let mut assembler = Assembler::new();
    loop {
        tokio::select! {
            biased;
            Some(frame) = queue.recv() => {
                let (_, out) = adapter.sending();
                out.extend_from_slice(&frame);
                while let Ok(frame) = queue.try_recv() {
                    out.extend_from_slice(&frame);
                }
                adapter.flush_async().await?;
            }
            batch = adapter.next_batch_async() => {
                let Some(mut batch) = batch? else { break };
                while let Some(event) = batch.receive() {
                    let (opcode, message) = match event {
                        Event::Text(chunk) => {
                            let text = assembler.text(chunk).expect("every chunk");
                            let message = text.map(|text| text.into_owned().into_bytes());
                            (Opcode::Text, message)
                        }
                        Event::Binary(chunk) => {
                            (Opcode::Binary, assembler.binary(chunk).map(|bytes| bytes.to_vec()))
                        }
                        _ => continue,
                    };
                    if let Some(message) = message {
                        publish(&hub, &FrameEncoder::new(opcode).encode_to_arc(&message)?);
                    }
                }
            }
        }
    }
    adapter.finish_async().await
}
