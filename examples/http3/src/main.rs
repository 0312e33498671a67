//! A WebSocket over HTTP/3, server and client (RFC 9220): `cargo run -p wsframe-http3`.
//!
//! A WebSocket is one stream of an HTTP/3 connection, which an extended CONNECT opens, as over
//! HTTP/2 (the example `h2`). `HandshakeRequest` and `ClientHandshake` validate the heads as types
//! of the crate `http`. A `WebSocketStream` reads and writes the stream.
//!
//! No released HTTP/3 library for Rust supports this yet: h3 0.0.8, the newest, refuses `:protocol:
//! websocket`. So the example implements the parts of HTTP/3 that it needs over QUIC from quinn:
//! settings, frames, and header fields without a dynamic table (`connection.rs`, `qpack.rs`). It is
//! not an HTTP/3 server: it answers only extended CONNECTs, and has no GOAWAY, no pushes and no
//! priorities.
//!
//! The example connects to itself, sends "Hello", and prints the echo. With `-- ADDR FILE` it only
//! serves at this address. It creates a certificate for `localhost` at each start, and writes it to
//! the file.

mod connection;
mod qpack;
#[cfg(test)]
mod tests;

use std::env;
use std::error::Error;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version};
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{ClientConfig, Endpoint, ServerConfig, VarInt};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use wsframe::handshake::{ClientHandshake, HandshakeRequest, Rejection, Uri, WebSocketKey};
use wsframe::stream::WebSocketStream;
use wsframe::{Connection, Limits, Message, Role, ThreadKeys};

use crate::connection::{Http3, MESSAGE_ERROR, NO_ERROR, Stream};
use crate::qpack::Field;

/// The longest wait of a client.
const PATIENCE: Duration = Duration::from_secs(10);

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    if let [addr, file] = &args[..] {
        let (endpoint, _, pem) = listen(addr.parse()?)?;
        fs::write(file, pem)?;
        println!("wss://localhost:{}/", endpoint.local_addr()?.port());
        serve(endpoint).await;
        return Ok(());
    }
    let (endpoint, certificate, _) = listen((Ipv4Addr::LOCALHOST, 0).into())?;
    let addr = endpoint.local_addr()?;
    tokio::spawn(serve(endpoint));
    let uri = format!("wss://localhost:{}/echo", addr.port());
    let echo = timeout(PATIENCE, say(addr, &uri, certificate, "Hello")).await??;
    println!("{uri} over HTTP/3 says: {echo}");
    if echo == "Hello" { Ok(()) } else { Err("that is not what was sent".into()) }
}

/// Listens with a self-signed certificate for `localhost`. Returns the certificate, also as PEM.
fn listen(addr: SocketAddr) -> Result<(Endpoint, CertificateDer<'static>, String)> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()])?;
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let mut tls = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())?;
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let config = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls)?));
    Ok((Endpoint::server(config, addr)?, cert.der().clone(), cert.pem()))
}

async fn serve(endpoint: Endpoint) {
    while let Some(incoming) = endpoint.accept().await {
        tokio::spawn(async move {
            let http = Http3::start(incoming.await?).await?;
            while let Some(stream) = http.accept().await {
                // An error of one stream does not concern the others.
                tokio::spawn(answer(stream));
            }
            Ok::<_, std::io::Error>(())
        });
    }
}

/// Serves a stream from its request to its end.
async fn answer(mut stream: Stream) -> Result<()> {
    let fields = stream.receive_headers().await?;
    let Some((request, protocol)) = to_request(fields) else {
        stream.reset(MESSAGE_ERROR);
        return Err("a malformed request".into());
    };
    let response = match accept(&request, &protocol) {
        Ok(response) => response,
        Err(rejection) => {
            let response: Response<&str> = rejection.to_http(Version::HTTP_3);
            send_response(&mut stream, &response).await?;
            stream.write_all(response.body().as_bytes()).await?;
            return Ok(stream.shutdown().await?);
        }
    };
    send_response(&mut stream, &response).await?;
    // The echo keeps one message at a time in memory.
    let limits = Limits::default().max_message_size(1 << 20);
    let mut websocket = WebSocketStream::new(stream, Connection::server().limits(limits));
    while let Some(message) = websocket.next().await {
        let message = message?;
        if message.is_data() {
            websocket.send(message).await?;
        }
    }
    Ok(())
}

fn accept(request: &Request<()>, protocol: &str) -> std::result::Result<Response<()>, Rejection> {
    let opening = HandshakeRequest::from_extended_connect(request, protocol)?;
    // A server that acts for its users calls `opening.check_origin(…)` here. An echo does not.
    let accepted = opening.accept().to_http(&mut []);
    let (response, _) = accepted.expect("no header field was added");
    Ok(response)
}

async fn send_response<B>(stream: &mut Stream, response: &Response<B>) -> std::io::Result<()> {
    let status = response.status();
    let pseudo = [(":status", status.as_str().as_bytes())];
    stream.send_headers(pseudo.into_iter().chain(fields(response.headers()))).await
}

fn fields(headers: &HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
}

/// Opens a WebSocket, sends a message, and returns the first one that is received.
async fn say(
    addr: SocketAddr,
    uri: &str,
    certificate: CertificateDer<'static>,
    message: &str,
) -> Result<String> {
    let uri = Uri::parse(uri)?;
    let quic = connect(addr, uri.address(), certificate).await?;
    let mut http = Http3::start(quic).await?;
    let mut stream = http.open().await?;

    let handshake = ClientHandshake::new(uri, WebSocketKey::random());
    send_request(&mut stream, &handshake.to_extended_connect(&[])?).await?;
    let response = loop {
        let response =
            to_response(stream.receive_headers().await?).ok_or("a malformed response")?;
        if !response.status().is_informational() {
            break response;
        }
    };
    let agreed = handshake.check_http(&response, &mut [])?;

    let rules = agreed.rules(Role::Client);
    let mut websocket = WebSocketStream::new(stream, Connection::client(ThreadKeys).rules(rules));
    websocket.send(Message::from(message)).await?;
    let mut echo = Err("the server ended the connection".into());
    while let Some(message) = websocket.next().await {
        let message = message?;
        if message.is_data() {
            echo = Ok(message.into_text()?.to_string());
            websocket.close().await?;
        }
    }
    http.quic.close(VarInt::from_u32(NO_ERROR), b"");
    echo
}

async fn connect(
    addr: SocketAddr,
    host: &str,
    certificate: CertificateDer<'static>,
) -> Result<quinn::Connection> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate)?;
    let mut tls = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?));
    let endpoint = Endpoint::client((Ipv4Addr::UNSPECIFIED, 0).into())?;
    Ok(endpoint.connect_with(config, addr, host)?.await?)
}

/// Sends an extended CONNECT (RFC 9220 §3, RFC 8441 §4).
async fn send_request(stream: &mut Stream, request: &Request<()>) -> Result<()> {
    let uri = request.uri();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let pseudo = [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", uri.scheme_str().unwrap_or("https")),
        (":authority", uri.authority().map_or("", |authority| authority.as_str())),
        (":path", path),
    ];
    let pseudo = pseudo.map(|(name, value)| (name, value.as_bytes()));
    Ok(stream.send_headers(pseudo.into_iter().chain(fields(request.headers()))).await?)
}

/// Returns the request in a header section, and its `:protocol`, which is empty if there is none.
/// Returns `None` if it is malformed (RFC 9114 §4.3.1).
fn to_request(fields: Vec<Field>) -> Option<(Request<()>, String)> {
    let names = [":method", ":scheme", ":authority", ":path", ":protocol"];
    let ([method, scheme, authority, path, protocol], headers) = split(fields, names)?;
    let mut uri = http::Uri::builder();
    if let Some(scheme) = scheme {
        uri = uri.scheme(scheme.as_str());
    }
    if let Some(authority) = authority {
        uri = uri.authority(authority);
    }
    if let Some(path) = path {
        uri = uri.path_and_query(path);
    }
    let mut request = Request::new(());
    *request.method_mut() = Method::from_bytes(method?.as_bytes()).ok()?;
    *request.uri_mut() = uri.build().ok()?;
    *request.version_mut() = Version::HTTP_3;
    *request.headers_mut() = headers;
    Some((request, protocol.unwrap_or_default()))
}

/// Returns the response in a header section, or `None` if it is malformed.
fn to_response(fields: Vec<Field>) -> Option<Response<()>> {
    let ([status], headers) = split(fields, [":status"])?;
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_bytes(status?.as_bytes()).ok()?;
    *response.version_mut() = Version::HTTP_3;
    *response.headers_mut() = headers;
    Some(response)
}

/// Splits the pseudo-header fields of these names from the others. Each may occur once, before all
/// others; names are in lower case (RFC 9114 §4.2, §4.3).
fn split<const N: usize>(
    fields: Vec<Field>,
    names: [&str; N],
) -> Option<([Option<String>; N], HeaderMap)> {
    let mut pseudo = [const { None }; N];
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        if name.starts_with(':') {
            let slot = &mut pseudo[names.iter().position(|known| *known == name)?];
            if slot.is_some() || !headers.is_empty() {
                return None;
            }
            *slot = Some(String::from_utf8(value).ok()?);
        } else {
            let name = HeaderName::from_lowercase(name.as_bytes()).ok()?;
            headers.append(name, HeaderValue::from_bytes(&value).ok()?);
        }
    }
    Some((pseudo, headers))
}
