//! A WebSocket echo over hyper: `cargo run --all-features --example hyper -- [ADDR]`.
//!
//! hyper reads the request and writes the response. wsframe creates the response, and then serves
//! the WebSocket on the connection.

use std::{env, io, time::Duration};

use futures_util::{SinkExt, TryStreamExt};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use wsframe::deflate::{Config, SharedPool};
use wsframe::handshake::Options;
use wsframe::stream;

#[tokio::main]
async fn main() -> io::Result<()> {
    let addr = env::args().nth(1).unwrap_or("127.0.0.1:9002".into());
    let listener = TcpListener::bind(addr).await?;
    println!("ws://{}/", listener.local_addr()?);
    let options = Options::new().deflate(SharedPool::new(Config::default())).auto_close(false);
    loop {
        let socket = match listener.accept().await {
            Ok((socket, _)) => socket,
            Err(error) => {
                // Most likely no file descriptor is free. Wait until a connection has ended.
                eprintln!("cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let _ = socket.set_nodelay(true);
        let options = options.clone();
        let service = service_fn(move |request| {
            let answer = answer(request, &options);
            async { Ok::<_, io::Error>(answer) }
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(socket), service);
        tokio::spawn(connection.with_upgrades());
    }
}

fn answer(mut request: Request<Incoming>, options: &Options) -> Response<Full<Bytes>> {
    let (response, opening) = match stream::upgrade(&mut request, options) {
        Ok(accepted) => accepted,
        Err(rejection) => return rejection,
    };
    tokio::spawn(async move {
        let mut stream = opening.await.map_err(io::Error::other)?;
        while let Some(message) = stream.try_next().await? {
            // Pings were answered automatically. A Close is echoed.
            if message.is_data() || message.is_close() {
                stream.feed(message).await?;
            }
        }
        Ok::<_, io::Error>(())
    });
    response
}
