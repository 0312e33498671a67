//! The URI that a client connects to.

use wsframe::handshake::Uri;

/// Parses the URI of a server. The examples do not support TLS.
///
/// # Errors
///
/// Returns the error as text.
pub(crate) fn parse(uri: &str) -> Result<Uri<'_>, String> {
    match Uri::parse(uri) {
        Ok(uri) if uri.is_secure() => Err("TLS is not spoken here: begin with ws://".into()),
        Ok(uri) => Ok(uri),
        Err(error) => Err(error.to_string()),
    }
}
