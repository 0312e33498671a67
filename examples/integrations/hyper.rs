//! A WebSocket echo over hyper: `cargo run --all-features --example hyper -- [ADDR]`.
//!
//! hyper reads the request and writes the response; wsframe decides what the response is, and speaks
//! WebSocket on the connection from there on.

#[path = "../common/echo.rs"]
mod echo;
#[path = "../common/listener.rs"]
mod listener;
#[path = "../common/stream.rs"]
mod stream;

use std::convert::Infallible;
use std::env;
use std::io;

use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use wsframe::deflate::DeflateParameters;
use wsframe::handshake::{HandshakeRequest, Rejection};

type Body = Full<Bytes>;

#[tokio::main]
async fn main() -> io::Result<()> {
    let addr = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9002".into());
    let listener = TcpListener::bind(addr).await?;
    println!("ws://{}/", listener.local_addr()?);
    loop {
        let socket = listener::accept(&listener).await;
        let service = service_fn(|request| async { Ok::<_, Infallible>(answer(request)) });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(socket), service);
        tokio::spawn(connection.with_upgrades());
    }
}

fn answer(mut request: Request<Incoming>) -> Response<Body> {
    match accept(&request) {
        Ok((response, agreed)) => {
            let upgraded = upgrade::on(&mut request);
            tokio::spawn(async move {
                let Ok(upgraded) = upgraded.await else { return };
                let _ = stream::echo(TokioIo::new(upgraded), &[], agreed).await;
            });
            response
        }
        Err(rejection) => rejection.to_http(request.version()),
    }
}

/// The response, and how messages are compressed, if they are.
fn accept(
    request: &Request<Incoming>,
) -> Result<(Response<Body>, Option<DeflateParameters>), Rejection> {
    let opening = HandshakeRequest::from_http(request)?;
    // A server that acts for its users checks `opening.check_origin(…)` here. An echo does not.
    let mut deflate = echo::negotiation();
    let accepted = opening.accept().to_http(&mut [&mut deflate]);
    let (response, _) = accepted.expect("nothing was added to it that could not stand there");
    Ok((response, deflate.agreed()))
}
