//! Accepting connections over hyper's upgrades.

use core::future::Future;

use hyper::upgrade::{self, Upgraded};
use hyper_util::rt::TokioIo;

use super::WebSocketStream;
use super::open::open;
use crate::Connection;
use crate::handshake::{HandshakeRequest, Options};
use crate::opening::respond;

/// Accepts a request to hyper, or to axum, as a WebSocket (RFC 6455 §4.2).
///
/// Returns the response and a future of the stream. Send the response, and await the future in
/// another task: it completes after the response was sent. A hyper server must serve connections
/// `with_upgrades`, as axum does.
///
/// The options' time limit and [`max_head_len`](Options::max_head_len) have no effect: hyper has
/// read the request already.
///
/// # Errors
///
/// Returns the response that rejects the request. It contains the
/// [`Rejection`](crate::handshake::Rejection) among its `extensions`.
///
/// ```
/// use futures_util::{SinkExt, StreamExt};
/// use http::{Request, Response};
/// use wsframe::handshake::Options;
/// use wsframe::stream::upgrade;
///
/// // The body of the response is of any type that can be empty, and made of a text.
/// async fn echo<B>(mut request: Request<B>) -> Result<Response<String>, Response<String>> {
///     let (response, opening) = upgrade(&mut request, &Options::new().subprotocols(["echo"]))?;
///     tokio::spawn(async move {
///         let Ok(mut stream) = opening.await else { return };
///         while let Some(Ok(message)) = stream.next().await {
///             if message.is_text() || message.is_binary() {
///                 let _ = stream.feed(message).await;
///             }
///         }
///     });
///     Ok(response)
/// }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "hyper")))]
#[allow(clippy::type_complexity, reason = "the future has no name")]
pub fn upgrade<B, R: Default + From<&'static str>>(
    request: &mut http::Request<B>,
    options: &Options,
) -> Result<
    (
        http::Response<R>,
        impl Future<Output = hyper::Result<WebSocketStream<TokioIo<Upgraded>>>>
        + Send
        + 'static
        + use<B, R>,
    ),
    http::Response<R>,
> {
    let handshake = HandshakeRequest::from_http_with(request, options.rules);
    let accepted = handshake.and_then(|handshake| {
        options.check_origin(&handshake)?;
        Ok(handshake)
    });
    let accepted = match accepted {
        Ok(accepted) => accepted,
        Err(rejection) => {
            let mut response = rejection.to_http(request.version());
            response.extensions_mut().insert(rejection);
            return Err(response);
        }
    };
    let mut response = http::Response::new(R::default());
    let responded = respond(&accepted, options, |accepted, extensions| {
        (response, _) = accepted.to_http(extensions)?;
        Ok(())
    });
    let Ok(opened) = responded else {
        // Only an invalid option can make this fail.
        *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        return Err(response);
    };
    let (upgraded, options) = (upgrade::on(request), options.clone());
    let opening = async move {
        let io = TokioIo::new(upgraded.await?);
        Ok(open(io, Connection::server(), opened, &options))
    };
    Ok((response, opening))
}
