//! Tests of `WebSocketStream` over TLS.

use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use wsframe::stream::WebSocketStream;
use wsframe::{Connection, Opcode};

use crate::peer::masked;
use crate::tls;

/// A loop that ends after the Close and drops the stream has sent the answer.
#[tokio::test]
async fn a_loop_that_breaks_at_the_close_has_answered_it() {
    let (acceptor, certificate) = tls::acceptor("localhost").unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(
        tokio_rustls::rustls::crypto::ring::default_provider().into(),
    )
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_root_certificates(roots)
    .with_no_client_auth();
    let connector = TlsConnector::from(std::sync::Arc::new(config));
    for _ in 0..50 {
        let (peer, io) = duplex(16 << 10);
        let serve = async {
            let io = acceptor.accept(io).await.unwrap();
            let mut ours = WebSocketStream::new(io, Connection::server());
            while let Some(message) = ours.next().await {
                if message.unwrap().is_close() {
                    break;
                }
            }
        };
        let talk = async {
            let name = ServerName::try_from("localhost").unwrap();
            let mut peer = connector.connect(name, peer).await.unwrap();
            peer.write_all(&masked(Opcode::Text, true, b"Hello")).await.unwrap();
            peer.write_all(&masked(Opcode::Close, true, b"\x03\xE8")).await.unwrap();
            peer.flush().await.unwrap();
            let mut replies = Vec::new();
            // TLS ended with its own closing alert.
            peer.read_to_end(&mut replies).await.unwrap();
            replies
        };
        let ((), replies) = tokio::join!(serve, talk);
        assert_eq!(replies, b"\x88\x02\x03\xE8");
    }
}
