//! A WebSocket echo as one route of an axum server: `cargo run --all-features --example axum -- [ADDR]`.

#[path = "common/echo.rs"]
mod echo;
#[path = "common/inbox.rs"]
mod inbox;
#[path = "common/stream.rs"]
mod stream;

use std::env;
use std::io;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{any, get};
use hyper::upgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use wsframe::handshake::Opening;

use inbox::Inbox;

#[tokio::main]
async fn main() -> io::Result<()> {
    let addr = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9003".into());
    let app = Router::new()
        .route("/", any(answer))
        .route("/about", get(|| async { "The WebSocket is at /." }));
    let listener = TcpListener::bind(addr).await?;
    println!("ws://{}/", listener.local_addr()?);
    axum::serve(listener, app).await
}

async fn answer(mut request: Request) -> Response {
    let opening = match Opening::from_http(&request) {
        Ok(opening) => opening,
        Err(refusal) => return refusal.to_http(request.version()),
    };
    let mut deflate = echo::negotiation();
    let accepted = opening.accept().to_http(&mut [&mut deflate]);
    let (response, _) = accepted.expect("nothing was added to it that could not stand there");
    let agreed = deflate.agreed();
    let upgraded = upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgraded.await else { return };
        let _ = stream::echo(&mut TokioIo::new(upgraded), &mut Inbox::new(), agreed).await;
    });
    response
}
