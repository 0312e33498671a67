//! A WebSocket echo as one route of an axum server: `cargo run --all-features --example axum -- [ADDR]`.
//!
//! All of it is in this file. Besides axum it takes hyper, hyper-util, tokio and futures-util, and of wsframe
//! the features `deflate`, `http` and `tokio`.

use core::time::Duration;
use std::env;
use std::io;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{any, get};
use axum::serve::ListenerExt;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::{self, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::time::timeout;
use wsframe::codec::{CodecError, SharedPool};
use wsframe::deflate::{Config, DeflateParameters, Negotiation};
use wsframe::handshake::HandshakeRequest;
use wsframe::stream::WebSocketStream;
use wsframe::{Connection, Message};

/// How long a peer may say nothing.
const QUIET: Duration = Duration::from_secs(300);

#[tokio::main]
async fn main() -> io::Result<()> {
    let addr = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9003".into());
    let app = Router::new()
        .route("/", any(answer))
        .route("/about", get(|| async { "The WebSocket is at /." }))
        .with_state(SharedPool::new(Config::new(DeflateParameters::DEFAULT)));
    let listener = TcpListener::bind(addr).await?;
    println!("ws://{}/", listener.local_addr()?);
    // Echoes are sent at once, and do not wait for an acknowledgement of the previous one.
    let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
    axum::serve(listener, app).await
}

/// The opening handshake. What comes after it has a task of its own.
async fn answer(State(pool): State<SharedPool>, mut request: Request) -> Response {
    let opening = match HandshakeRequest::from_http(&request) {
        Ok(opening) => opening,
        Err(rejection) => return rejection.to_http(request.version()),
    };
    // A server that acts for its users checks `opening.check_origin(…)` here. An echo does not.
    let mut deflate = Negotiation::new(DeflateParameters::DEFAULT);
    let accepted = opening.accept().to_http(&mut [&mut deflate]);
    let (response, _) = accepted.expect("nothing was added to it that could not stand there");
    let agreed = deflate.agreed();
    let upgraded = upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgraded.await else { return };
        // A Close is answered by its like, with the reason; the stream alone would answer with the code.
        let connection = Connection::server().auto_close(false);
        let stream = WebSocketStream::new(TokioIo::new(upgraded), connection);
        // How a connection ends is between it and its peer.
        let _ = echo(stream.deflate(agreed, pool)).await;
    });
    response
}

async fn echo(mut stream: WebSocketStream<TokioIo<Upgraded>>) -> Result<(), CodecError> {
    while let Ok(Some(message)) = timeout(QUIET, stream.next()).await {
        match message? {
            Message::Ping(_) | Message::Pong(_) => {} // a Ping was answered
            // `next` flushes it when it finds nothing more to read.
            echo => stream.feed(echo).await?,
        }
    }
    Ok(())
}
