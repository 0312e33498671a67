//! `ws://host:port/path?query` (RFC 6455 §3).

/// The parts of a URL that a client needs.
pub(crate) struct Url<'u> {
    /// The host, and the port if it is there: what stands in the header `Host`.
    pub(crate) authority: &'u str,
    /// The path and the query: what is asked for.
    pub(crate) target: &'u str,
}

impl<'u> Url<'u> {
    /// # Errors
    ///
    /// What is wrong with it, in words.
    pub(crate) fn parse(url: &'u str) -> Result<Self, &'static str> {
        let Some(("ws", rest)) = url.split_once("://") else {
            return Err("the URL must begin with ws://");
        };
        // > Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used on
        // > these URIs.
        if rest.bytes().any(|byte| byte == b'#' || !byte.is_ascii_graphic()) {
            return Err("a WebSocket URL has no #, no spaces and no characters but ASCII");
        }
        let authority_len = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(authority_len);
        if authority.is_empty() {
            return Err("the URL names no host");
        }
        Ok(Self { authority, target })
    }

    /// Host and port.
    pub(crate) fn address(&self) -> String {
        // An IPv6 address has colons in brackets.
        match self.authority.rsplit_once(':') {
            Some((_, port)) if !port.ends_with(']') => self.authority.into(),
            _ => format!("{}:80", self.authority),
        }
    }
}
