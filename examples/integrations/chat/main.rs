//! A chat server and its page: `cargo run --release --all-features --example chat`, then open the
//! printed address in two windows.
//!
//! This is the sans-I/O way, with encoded frames that all members share. `price_feed` is shorter,
//! on `WebSocketStream`.
//!
//! | to see how to | read |
//! |---|---|
//! | encode a message once for all receivers, and drop those that do not read | `room.rs` |
//! | run a connection that is written to from elsewhere | `member.rs` |
//!
//! This file serves the page with axum, and checks the requests.
//!
//! # Allowed origins
//!
//! A browser lets any page open a WebSocket to any server, in its user's name. `Origin` tells which
//! page it was. So the server must refuse pages that are not its own (RFC 6455 §10.2). It knows its
//! origin from its address, or from the command line if it has a name or is after a proxy. It must
//! not use `Host`, which the client chooses: a foreign name can resolve to this server.

#[path = "../../common/inbox.rs"]
mod inbox;
mod member;
mod room;

use std::env;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{Html, Response};
use axum::routing::{any, get};
use axum::serve::ListenerExt;
use hyper::upgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use wsframe::handshake::{HandshakeRequest, Rejection};

use room::Room;

/// The arguments, `chat [ADDR [ORIGIN…]]`. An origin is, for example, `https://chat.example`.
struct Chat {
    room: Arc<Room>,
    origins: Vec<String>,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut args = env::args().skip(1);
    let listener = TcpListener::bind(args.next().unwrap_or("127.0.0.1:9005".into())).await?;
    let addr = listener.local_addr()?;
    let own = [format!("http://{addr}"), format!("http://localhost:{}", addr.port())];
    let chat = Chat { room: Arc::default(), origins: own.into_iter().chain(args).collect() };

    println!("page       http://{addr}/");
    println!("WebSocket  ws://{addr}/chat");
    let app = Router::new()
        .route("/", get(Html(include_str!("page.html"))))
        .route("/chat", any(connect))
        .with_state(Arc::new(chat));
    let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
    axum::serve(listener, app).await
}

async fn connect(State(chat): State<Arc<Chat>>, mut request: Request) -> Response {
    match accept(&chat, &request) {
        Ok(response) => {
            let upgraded = upgrade::on(&mut request);
            tokio::spawn(async move {
                if let Ok(upgraded) = upgraded.await {
                    member::run(TokioIo::new(upgraded), &chat.room).await;
                }
            });
            response
        }
        Err(rejection) => rejection.to_http(request.version()),
    }
}

fn accept(chat: &Chat, request: &Request) -> Result<Response, Rejection> {
    let opening = HandshakeRequest::from_http(request)?;
    let origins: Vec<&str> = chat.origins.iter().map(String::as_str).collect();
    opening.check_origin(&origins)?;
    let (response, _) = opening.accept().to_http(&mut []).expect("no header field was added");
    Ok(response)
}
