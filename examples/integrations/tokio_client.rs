//! A client of `ws://` and `wss://` that stays connected:
//! `cargo run --release --all-features --example tokio_client -- URI [CERTIFICATE]`.
//!
//! One task sends a number each second, and another prints received messages. The certificate (PEM)
//! is that of a private authority. When the connection ends, the client prints the close code and
//! connects again, after a time that doubles with each failure. It ends after a Close with 1000.
//!
//! This file is the whole program. It needs tokio, tokio-rustls, futures-util, and wsframe with the
//! feature `tokio`.

use std::{env, error::Error, io, sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_util::either::Either;
use wsframe::handshake::{Options, Uri};
use wsframe::{CloseCode, Message, stream};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let uri = args.next().ok_or("usage: tokio_client URI [CERTIFICATE]")?;
    let mut roots = RootCertStore::empty();
    for file in args {
        roots.add(CertificateDer::from_pem_file(file)?)?;
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let tls = TlsConnector::from(Arc::new(config));
    let mut pause = Duration::from_millis(100);
    loop {
        match talk(&uri, &tls).await {
            Ok(CloseCode::NORMAL) => return Ok(()),
            Ok(_) => pause = Duration::from_millis(100),
            Err(error) => eprintln!("not connected: {error}"),
        }
        sleep(pause).await;
        pause = (2 * pause).min(Duration::from_secs(30));
    }
}

/// Runs a connection until it ends. Returns the close code, which is 1006 after an error.
async fn talk(uri: &str, tls: &TlsConnector) -> io::Result<CloseCode> {
    let parsed = Uri::parse(uri)?;
    let socket = TcpStream::connect((parsed.address(), parsed.port())).await?;
    socket.set_nodelay(true)?;
    let io = if parsed.is_secure() {
        let name = ServerName::try_from(parsed.address().to_owned()).map_err(io::Error::other)?;
        Either::Left(tls.connect(name, socket).await?)
    } else {
        Either::Right(socket)
    };
    // The time limit for the handshake, and the interval of Pings.
    let limit = Duration::from_secs(20);
    let options = Options::new().handshake_timeout(limit).keep_alive(limit);
    let (mut sink, mut stream) = stream::client(io, uri, &options).await?.split();
    let sender = tokio::spawn(async move {
        let mut number = 0u64;
        while sink.send(Message::text(number.to_string())).await.is_ok() {
            number += 1;
            sleep(Duration::from_secs(1)).await;
        }
    });
    while let Some(Ok(message)) = stream.next().await {
        if let Message::Text(text) = message {
            println!("{text}");
        }
    }
    sender.abort();
    let code = stream.close_code().unwrap_or(CloseCode::ABNORMAL);
    println!("closed: {code}");
    Ok(code)
}
