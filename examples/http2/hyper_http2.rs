//! A WebSocket echo over hyper's HTTP/2: `cargo run -p wsframe-http2 --example hyper_http2 --
//! [ADDR]`.
//!
//! hyper's server allows extended CONNECTs (RFC 8441) with `enable_connect_protocol`.
//! `upgrade::on` returns the stream, as it returns a connection of HTTP/1.1. The only difference to
//! the example `hyper` is where the request's `:protocol` is. The example `h2` does the same with
//! only h2, and has a client.

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
use hyper::ext::Protocol;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::upgrade;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use wsframe::deflate::DeflateParameters;
use wsframe::handshake::{HandshakeRequest, Rejection};

type Body = Full<Bytes>;

#[tokio::main]
async fn main() -> io::Result<()> {
    let addr = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9002".into());
    let listener = TcpListener::bind(addr).await?;
    println!("ws://{}/ over HTTP/2", listener.local_addr()?);
    let mut server = http2::Builder::new(TokioExecutor::new());
    server.enable_connect_protocol();
    loop {
        let socket = listener::accept(&listener).await;
        let service = service_fn(|request| async { Ok::<_, Infallible>(answer(request)) });
        tokio::spawn(server.serve_connection(TokioIo::new(socket), service));
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

/// Returns the response, and the negotiated compression, if any.
fn accept(
    request: &Request<Incoming>,
) -> Result<(Response<Body>, Option<DeflateParameters>), Rejection> {
    let protocol = request.extensions().get::<Protocol>().map_or("", Protocol::as_str);
    let opening = HandshakeRequest::from_extended_connect(request, protocol)?;
    // A server that acts for its users checks `opening.check_origin(…)` here. An echo does not.
    let mut deflate = echo::negotiation();
    let accepted = opening.accept().to_http(&mut [&mut deflate]);
    let (response, _) = accepted.expect("no header field was added");
    Ok((response, deflate.agreed()))
}
