//! A WebSocket over HTTP/2, server and client: `cargo run -p wsframe-http2 --example h2`.
//!
//! A WebSocket is one stream of an HTTP/2 connection, which an extended CONNECT opens (RFC 8441).
//! So it shares the connection with requests and other WebSockets. HTTP/3 does the same (RFC 9220).
//! The example connects to itself, sends "Hello", and prints the echo. With `-- ADDR` it only
//! serves, at this address.

#[path = "../common/echo.rs"]
mod echo;
#[path = "../common/listener.rs"]
mod listener;

use std::env;
use std::error::Error;
use std::future::poll_fn;
use std::time::Duration;

use h2::ext::Protocol;
use h2::server::SendResponse;
use h2::{RecvStream, SendStream, client, server};
use http::{Request, Response};
use hyper::body::Bytes;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use wsframe::deflate::DeflateParameters;
use wsframe::handshake::{ClientHandshake, HandshakeRequest, Rejection, Uri, WebSocketKey};
use wsframe::{CloseBody, CloseCode, Connection, EncodeError, Event, ThreadKeys, TransportAction};

/// The length of answers above which they are sent before more is answered. A few compressed bytes
/// may cause many answers.
const MAX_ANSWERS_LEN: usize = 128 << 10;
/// How long a client may take to end a stream after the closing handshake.
const LINGER: Duration = Duration::from_secs(2);

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let addr = env::args().nth(1);
    let listener = TcpListener::bind(addr.as_deref().unwrap_or("127.0.0.1:0")).await?;
    let uri = format!("ws://{}/echo", listener.local_addr()?);
    let server = tokio::spawn(async move {
        loop {
            tokio::spawn(serve(listener::accept(&listener).await));
        }
    });
    if addr.is_some() {
        println!("{uri} over HTTP/2");
        return server.await?;
    }
    let echo = say(&uri, "Hello").await?;
    println!("{uri} over HTTP/2 says: {echo}");
    if echo == "Hello" { Ok(()) } else { Err("that is not what was sent".into()) }
}

async fn serve(socket: TcpStream) -> Result<()> {
    let mut connection = server::Builder::new().enable_connect_protocol().handshake(socket).await?;
    while let Some(stream) = connection.accept().await {
        let (request, respond) = stream?;
        // An error of one stream does not concern the others.
        tokio::spawn(answer(request, respond));
    }
    Ok(())
}

/// Serves a stream from its request to its end.
async fn answer(request: Request<RecvStream>, mut respond: SendResponse<Bytes>) -> Result<()> {
    match accept(&request) {
        Ok((response, agreed)) => {
            let to_client = respond.send_response(response, false)?;
            echo(request.into_body(), to_client, agreed).await
        }
        Err(rejection) => {
            let (parts, body) = rejection.to_http::<&str>(request.version()).into_parts();
            let mut to_client = respond.send_response(Response::from_parts(parts, ()), false)?;
            Ok(to_client.send_data(Bytes::from_static(body.as_bytes()), true)?)
        }
    }
}

/// Returns the response, and the negotiated compression, if any.
fn accept(
    request: &Request<RecvStream>,
) -> std::result::Result<(Response<()>, Option<DeflateParameters>), Rejection> {
    let protocol = request.extensions().get::<Protocol>().map_or("", Protocol::as_str);
    let opening = HandshakeRequest::from_extended_connect(request, protocol)?;
    let mut deflate = echo::negotiation();
    let accepted = opening.accept().to_http(&mut [&mut deflate]);
    let (response, _) = accepted.expect("no header field was added");
    Ok((response, deflate.agreed()))
}

async fn echo(
    mut from_client: RecvStream,
    mut to_client: SendStream<Bytes>,
    agreed: Option<DeflateParameters>,
) -> Result<()> {
    let (mut websocket, mut received, mut out) = (echo::connection(agreed), Vec::new(), Vec::new());
    loop {
        let mut input = &mut received[..];
        // If the peer broke a rule, the Close is in `out`, and `transport_action` returns `Close`.
        let more = echo::with_shared(|pool, buf| {
            while let Ok(Some(event)) = websocket.receive(&mut input, buf, pool, &mut out) {
                echo::answer(event, &mut websocket, pool, &mut out)?;
                if out.len() >= MAX_ANSWERS_LEN {
                    return Ok(true);
                }
            }
            Ok::<_, EncodeError>(false)
        })?;
        let rest = input.len();
        received.drain(..received.len() - rest);
        let ends = websocket.connection().transport_action() != TransportAction::KeepOpen;
        send(&mut to_client, std::mem::take(&mut out), ends).await?;
        if ends {
            return drain(&mut from_client).await;
        }
        if !more {
            match receive(&mut from_client).await? {
                Some(data) => received.extend_from_slice(&data),
                None => return Ok(()),
            }
        }
    }
}

/// Discards everything until the client has ended its side too. If the stream were dropped earlier,
/// it would be reset, and the client could lose the last bytes.
async fn drain(from_client: &mut RecvStream) -> Result<()> {
    let end = async {
        while receive(from_client).await?.is_some() {}
        Ok(())
    };
    timeout(LINGER, end).await?
}

/// Opens a WebSocket, sends a message, and returns the first one that is received.
async fn say(uri: &str, message: &str) -> Result<String> {
    let uri = Uri::parse(uri)?;
    let socket = TcpStream::connect((uri.address(), uri.port())).await?;
    socket.set_nodelay(true)?;
    let (http, connection) = client::handshake(socket).await?;
    tokio::spawn(connection);
    let mut http = http.ready().await?;
    // An extended CONNECT must not be sent before the server's settings, which allow it, have
    // arrived.
    let allowed = async {
        while !http.is_extended_connect_protocol_enabled() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(5), allowed).await?;

    let handshake = ClientHandshake::new(uri, WebSocketKey::random());
    let mut request = handshake.to_extended_connect::<()>(&[])?;
    request.extensions_mut().insert(Protocol::from_static("websocket"));
    let (response, mut to_server) = http.send_request(request, false)?;
    let response = response.await?;
    let agreed = handshake.check_http(&response, &mut [])?;
    assert_eq!(agreed.subprotocol, None);
    let mut from_server = response.into_body();

    let mut websocket = Connection::client(ThreadKeys);
    let (mut out, mut received) = (Vec::new(), Vec::new());
    websocket.send(message, &mut out)?;
    send(&mut to_server, std::mem::take(&mut out), false).await?;

    let mut echo = String::new();
    // The server ends the stream when the closing handshake is over.
    while let Some(data) = receive(&mut from_server).await? {
        received.extend_from_slice(&data);
        let mut input = &mut received[..];
        let mut is_whole = false;
        while let Some(event) = websocket.receive(&mut input, &mut out)? {
            if let Event::Text(chunk) = event {
                echo.push_str(chunk.text.as_str().ok_or("cut in a character")?);
                is_whole = chunk.last;
            }
        }
        let rest = input.len();
        received.drain(..received.len() - rest);
        if is_whole {
            let bye = CloseBody { code: CloseCode::NORMAL, reason: "" };
            websocket.close(Some(bye), &mut out)?;
            send(&mut to_server, std::mem::take(&mut out), true).await?;
        }
    }
    Ok(echo)
}

/// Returns the bytes that arrive next on a stream, and releases their capacity. Returns `None` at
/// the end.
async fn receive(stream: &mut RecvStream) -> Result<Option<Bytes>> {
    let Some(data) = stream.data().await.transpose()? else { return Ok(None) };
    stream.flow_control().release_capacity(data.len())?;
    Ok(Some(data))
}

/// Sends as fast as the peer allows. The last bytes have the stream's end in the same frame,
/// because the peer may end the stream as soon as it has read them.
async fn send(stream: &mut SendStream<Bytes>, bytes: Vec<u8>, is_last: bool) -> Result<()> {
    let mut rest = Bytes::from(bytes);
    while !rest.is_empty() {
        stream.reserve_capacity(rest.len());
        let room = poll_fn(|context| stream.poll_capacity(context)).await;
        let room = room.ok_or("the stream is closed")??;
        let piece = rest.split_to(room.min(rest.len()));
        let ends = is_last && rest.is_empty();
        stream.send_data(piece, ends)?;
        if ends {
            return Ok(());
        }
    }
    if is_last {
        stream.send_data(rest, true)?;
    }
    Ok(())
}
