//! The servers: each echoes what it receives, or sends it to all its connections.
//!
//! All run on tokio's current-thread runtime, with `TCP_NODELAY`, and in their fastest mode:
//! messages are queued until nothing more can be read, and then flushed once.

mod adapter;
mod fastwebsockets;
mod sinks;

use std::error::Error;
use std::future::ready;
use std::sync::{Arc, Mutex};

use axum::extract::ws::{self, WebSocketUpgrade};
use axum::serve::ListenerExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::unconstrained;
use wsframe::Connection;
use wsframe::codec::MessageCodec;
use wsframe::stream::WebSocketStream;

use super::child;
use crate::handshake;

/// The number of queued bytes above which they are written, for servers that have this option.
const BOUNDARY: usize = 256 << 10;

/// The queues of all connections, if a message is sent to all of them.
type Hub<M> = Option<Arc<Mutex<Vec<UnboundedSender<M>>>>>;

/// Adds a connection to the hub, and returns its queue. Without a hub there is none, because its
/// memory would count as the connection's.
fn join<M>(hub: &Hub<M>) -> Option<UnboundedReceiver<M>> {
    let members = hub.as_ref()?;
    let (sender, queue) = mpsc::unbounded_channel();
    members.lock().expect("nobody panics").push(sender);
    Some(queue)
}

fn publish<M: Clone>(hub: &Hub<M>, message: &M) {
    for member in hub.iter().flat_map(|members| members.lock().expect("nobody panics").clone()) {
        let _ = member.send(message.clone());
    }
}

/// Runs one server until the process is ended.
pub fn run(name: &str, broadcasts: bool) -> Result<(), Box<dyn Error>> {
    child::answer_usage();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(name, broadcasts))
}

/// Creates a hub if messages are sent to all connections.
fn hub<M>(broadcasts: bool) -> Hub<M> {
    broadcasts.then(Default::default)
}

async fn serve(name: &str, broadcasts: bool) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    match name {
        "wsframe" => {
            let hub = hub(broadcasts);
            accept(&listener, move |socket| {
                let stream = async {
                    let mut stream = WebSocketStream::new(socket, Connection::server());
                    stream.set_backpressure_boundary(BOUNDARY);
                    stream
                };
                sinks::serve(stream, hub.clone())
            })
            .await
        }
        "adapter" => {
            let hub = hub(broadcasts);
            accept(&listener, move |socket| adapter::serve(socket, hub.clone())).await
        }
        "Framed" => {
            let hub = hub(broadcasts);
            accept(&listener, move |socket| {
                let framed = async {
                    let connection = Connection::server().auto_pong(false).auto_close(false);
                    let codec = MessageCodec::new(connection);
                    let mut framed = tokio_util::codec::Framed::new(socket, codec);
                    framed.set_backpressure_boundary(BOUNDARY);
                    sinks::Replying(framed)
                };
                sinks::serve(framed, hub.clone())
            })
            .await
        }
        "tokio-websockets" => {
            let hub = hub(broadcasts);
            accept(&listener, move |socket| {
                let stream = async {
                    let config = tokio_websockets::Config::default().flush_threshold(BOUNDARY);
                    let limits = tokio_websockets::Limits::unlimited();
                    let builder = tokio_websockets::ServerBuilder::new();
                    sinks::Draining::new(builder.config(config).limits(limits).serve(socket))
                };
                sinks::serve(stream, hub.clone())
            })
            .await
        }
        "tokio-tungstenite" => {
            use tokio_tungstenite::WebSocketStream;
            use tokio_tungstenite::tungstenite::protocol::Role;
            let hub = hub(broadcasts);
            accept(&listener, move |socket| {
                let stream = WebSocketStream::from_raw_socket(socket, Role::Server, None);
                sinks::serve(stream, hub.clone())
            })
            .await
        }
        "fastwebsockets" => {
            let hub = hub(broadcasts);
            accept(&listener, move |socket| self::fastwebsockets::serve(socket, hub.clone())).await
        }
        "sockudo-ws" => {
            // Like the others, it has no timers.
            let config = sockudo_ws::Config::builder().auto_ping(false).idle_timeout(0).build();
            let hub = hub(broadcasts);
            accept(&listener, move |socket| {
                let config = config.clone();
                let stream = async { sockudo_ws::WebSocketStream::server(socket, config) };
                sinks::serve(stream, hub.clone())
            })
            .await
        }
        "yawc" => {
            let options = yawc::Options::default().with_utf8().with_limits(64 << 20, 64 << 20);
            let options = options.with_backpressure_boundary(BOUNDARY);
            let hub = hub(broadcasts);
            accept(&listener, move |socket| {
                let options = options.clone();
                let stream = async {
                    yawc::WebSocket::from_stream(socket, yawc::Role::Server, options)
                        .expect("right options")
                };
                sinks::serve(stream, hub.clone())
            })
            .await
        }
        "axum" => {
            let hub = hub::<ws::Message>(broadcasts);
            let upgrade = |upgrade: WebSocketUpgrade| async move {
                upgrade.on_upgrade(|socket| unconstrained(sinks::serve(ready(socket), hub)))
            };
            let router = axum::Router::new().route("/", axum::routing::any(upgrade));
            let listener = listener.tap_io(|socket| {
                let _ = socket.set_nodelay(true);
            });
            Ok(axum::serve(listener, router).await?)
        }
        "raw TCP" => loop {
            let (socket, _) = listener.accept().await?;
            socket.set_nodelay(true)?;
            tokio::spawn(unconstrained(echo_bytes(socket)));
        },
        _ => Err(format!("no server is named {name}").into()),
    }
}

/// Accepts connections, answers their handshakes, and spawns a task for each.
async fn accept<F>(
    listener: &TcpListener,
    serve: impl Fn(TcpStream) -> F + Clone + Send + 'static,
) -> Result<(), Box<dyn Error>>
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        let (mut socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let serve = serve.clone();
        tokio::spawn(async move {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                if socket.read_buf(&mut request).await.map_or(true, |count| count == 0) {
                    return;
                }
            }
            let response = handshake::with_wsframe(&request, false);
            if socket.write_all(&response).await.is_ok() {
                drop((request, response));
                unconstrained(serve(socket)).await;
            }
        });
    }
}

async fn echo_bytes(mut socket: TcpStream) {
    let mut buf = vec![0; 64 << 10];
    while let Ok(count @ 1..) = socket.read(&mut buf).await {
        if socket.write_all(&buf[..count]).await.is_err() {
            return;
        }
    }
}
