//! A WebSocket echo on tokio: `cargo run --release --all-features --example tokio_echo -- [ADDR]`.
//!
//! This file is the whole program. It needs tokio, futures-util, and wsframe with the feature
//! `tokio`. The example `price_feed` shows time limits, compression and other needs of a public
//! server.

use futures_util::{SinkExt, TryStreamExt};
use wsframe::{handshake::Options, stream};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let addr = std::env::args().nth(1).unwrap_or("127.0.0.1:9001".into());
    let listener = tokio::net::TcpListener::bind(addr).await?;
    println!("ws://{}/", listener.local_addr()?);
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?; // send each echo at once instead of waiting for more
        tokio::spawn(async move {
            let mut stream = stream::accept(socket, &Options::new()).await?;
            while let Some(message) = stream.try_next().await? {
                // Pings and Closes were answered automatically. `try_next` sends the queued
                // messages when it has to wait.
                if message.is_data() {
                    stream.feed(message).await?;
                }
            }
            Ok::<_, std::io::Error>(())
        });
    }
}
