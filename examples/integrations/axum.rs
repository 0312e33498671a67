//! A WebSocket echo as one route of an axum server: `cargo run --all-features --example axum --
//! [ADDR]`.
//!
//! This file is the whole program. Besides axum it needs tokio, futures-util, and wsframe with the
//! features `deflate` and `hyper`.

use axum::{Router, extract::*, response::Response, routing::any, serve::ListenerExt};
use futures_util::{StreamExt, TryStreamExt, future::ready};
use wsframe::{deflate::Config, handshake::Options, stream};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let addr = std::env::args().nth(1).unwrap_or("127.0.0.1:9003".into());
    let listener = tokio::net::TcpListener::bind(addr).await?;
    println!("ws://{}/", listener.local_addr()?);
    let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
    let opts = Options::new().subprotocols(["echo"]).deflate(Config::default()).auto_close(false);
    axum::serve(listener, Router::new().route("/", any(echo)).with_state(opts)).await
}

async fn echo(State(opts): State<Options>, mut request: Request) -> Result<Response, Response> {
    let (response, opening) = stream::upgrade(&mut request, &opts)?;
    tokio::spawn(async move {
        let (sink, stream) = opening.await.ok()?.split();
        // The stream answers Pings. A Close is echoed.
        stream.try_filter(|m| ready(m.is_data() || m.is_close())).forward(sink).await.ok()
    });
    Ok(response)
}
