//! A price feed: `cargo run --release --all-features --example price_feed -- [ADDR [ORIGIN…]]`.
//!
//! A thousand times a second it encodes one JSON message, plain and compressed, and sends it to all
//! clients.
//!
//! - Clients must offer the subprotocol `prices.v1`. Browsers must come from one of the origins.
//! - The queue of each client is bounded. A client that does not read fast enough is closed with
//!   1008.
//! - A client that does not answer a Ping within 20 seconds is disconnected.
//! - Ctrl-C ends the server: each client gets a Close with 1001, and has five seconds to answer it.
//!
//! This file is the whole program. It needs tokio, and wsframe with the features `deflate` and
//! `tokio`.

use std::{env, io, sync::Arc, time::Duration};

use futures_util::StreamExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::select;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};
use wsframe::deflate::{Config, DeflateParameters, SharedPool};
use wsframe::handshake::{HandshakeError, HttpReply, Options};
use wsframe::stream::{self, PreparedMessage};
use wsframe::{CloseCode, Limits, Message};

/// The greatest number of prices in a client's queue, a quarter of a second.
const MAX_WAITING: usize = 256;
/// The system's send buffer per client in bytes. Without this limit it can be megabytes of old
/// prices.
const SYSTEM_BUFFER: u32 = 64 << 10;
/// How long a client may read nothing.
const MAX_STALL: Duration = Duration::from_secs(1);
/// How long a client may take to answer a Close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
const PROTOCOL: &str = "prices.v1";

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut args = env::args().skip(1);
    let addr = args.next().unwrap_or("127.0.0.1:9006".into());
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SYSTEM_BUFFER)?; // each connection inherits it
    socket.bind(addr.parse().map_err(io::Error::other)?)?;
    let listener = socket.listen(1024)?;
    println!("ws://{}/", listener.local_addr()?);

    // Without context takeover, clients have no compressors of their own, and share the prepared
    // message.
    let pool = SharedPool::new(Config::new(DeflateParameters::NO_TAKEOVER).threshold(64));
    let options = Options::new()
        .subprotocols([PROTOCOL])
        .allow_origins(args)
        .deflate(pool.clone())
        .limits(Limits::DEFAULT.max_message_size(1024))
        .handshake_timeout(Duration::from_secs(10))
        .keep_alive(Duration::from_secs(20));
    let options = Arc::new(options);
    let (feed, _) = broadcast::channel(MAX_WAITING);
    let publisher = tokio::spawn(publish(feed.clone(), pool));

    let mut clients = JoinSet::new();
    loop {
        select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => drop(clients.spawn(serve(socket, options.clone(), feed.subscribe()))),
                // Most likely no file descriptor is free.
                Err(_) => sleep(Duration::from_millis(100)).await,
            },
            Some(_) = clients.join_next() => {} // an error of one client does not concern others
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    // When the feed ends, each client's task ends.
    publisher.abort();
    drop(feed);
    while clients.join_next().await.is_some() {}
    Ok(())
}

async fn publish(feed: broadcast::Sender<PreparedMessage>, pool: SharedPool) {
    let mut ticks = interval(Duration::from_millis(1));
    for number in 0u64.. {
        ticks.tick().await;
        let price = 10_000 + number * number % 997;
        let json =
            format!(r#"{{"symbol":"WSF","number":{number},"bid":{price},"ask":{}}}"#, price + 2);
        // This fails if there is no client.
        let _ = feed.send(PreparedMessage::compressed(Message::text(json), &pool));
    }
}

async fn serve(
    socket: TcpStream,
    options: Arc<Options>,
    mut feed: broadcast::Receiver<PreparedMessage>,
) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let request = match stream::accept_request_with(socket, &options).await {
        Ok(request) if request.request().subprotocols().any(|offered| offered == PROTOCOL) => {
            request
        }
        Ok(request) => return Ok(request.reject(HttpReply::new(400, "offer prices.v1")).await?),
        Err(error) => return Err(error.into()),
    };
    let mut stream = match request.accept(&options).await {
        Err(HandshakeError::Rejected(_)) => return Ok(()), // for example, another origin
        accepted => accepted?,
    };
    let (code, reason) = loop {
        select! {
            price = feed.recv() => match price {
                // This queues the price, and `next` sends it. It waits only if the client has not
                // read for some time.
                Ok(price) => match timeout(MAX_STALL, stream.feed_prepared(&price)).await {
                    Ok(fed) => fed?,
                    Err(_) => break (CloseCode::POLICY_VIOLATION, "too slow"),
                },
                Err(RecvError::Lagged(_)) => break (CloseCode::POLICY_VIOLATION, "too slow"),
                Err(RecvError::Closed) => break (CloseCode::GOING_AWAY, "the server ends"),
            },
            message = stream.next() => match message {
                Some(message) => drop(message?), // messages of clients are ignored
                None => return Ok(()),
            },
        }
    };
    Ok(stream.close_gracefully(code, reason, CLOSE_TIMEOUT).await?)
}
