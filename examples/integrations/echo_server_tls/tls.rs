//! TLS with a self-signed certificate, which is created at each start.

use std::error::Error;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// Returns an acceptor for TLS connections, and its certificate as PEM, which clients must trust.
pub(crate) fn acceptor(host: &str) -> Result<(TlsAcceptor, String), Box<dyn Error>> {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed([host.to_owned(), "localhost".to_owned()])?;
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())?;
    Ok((TlsAcceptor::from(Arc::new(config)), cert.pem()))
}
