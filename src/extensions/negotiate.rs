//! The seam at which an extension takes part in the opening handshake (RFC 6455 §9.1).

use core::fmt;

use super::{Extension, ExtensionWriter};
use crate::header::Rsv;

/// An extension that can be negotiated: what this endpoint would agree to, and in the end what it did.
///
/// One value takes part in one handshake, and is then asked by whoever made it what came of it. The
/// opening handshake calls
///
/// | on the | in this order | |
/// |---|---|---|
/// | client | [`offer`](Self::offer) | the request is written |
/// | server | [`choose`](Self::choose), for one offer after another until it takes one | the request is known to be right |
/// | server | [`answer`](Self::answer), if it took one | the response is written |
/// | client | [`offer`](Self::offer) again, then [`confirm`](Self::confirm), if the server's response names the extension | the response is known to be right |
///
/// An extension that nobody names is not agreed on, and is told so by no call. Several extensions confirm
/// in the order of the server's answers, which is that in which they act on what is sent.
///
/// ```
/// use std::fmt;
/// use wsframe::Rsv;
/// use wsframe::extensions::{Extension, ExtensionWriter, Negotiate};
///
/// /// Marks messages as urgent by RSV2, up to a level that both ends know.
/// struct Urgent {
///     highest: u32,
///     agreed: Option<u32>,
/// }
///
/// impl Negotiate for Urgent {
///     fn name(&self) -> &str {
///         "x-urgent"
///     }
///
///     fn rsv(&self) -> Rsv {
///         Rsv::RSV2
///     }
///
///     fn offer(&self, to: &mut ExtensionWriter<'_>) -> fmt::Result {
///         to.extension("x-urgent")?.parameter("highest", self.highest)?;
///         Ok(())
///     }
///
///     fn choose(&mut self, offer: &Extension<'_>) -> bool {
///         let highest = self.only_parameter(offer);
///         self.agreed = highest.map(|highest| highest.min(self.highest));
///         self.agreed.is_some()
///     }
///
///     fn answer(&self, to: &mut ExtensionWriter<'_>) -> fmt::Result {
///         to.extension("x-urgent")?.parameter("highest", self.agreed.unwrap_or(0))?;
///         Ok(())
///     }
///
///     fn confirm(&mut self, answer: &Extension<'_>) -> bool {
///         self.agreed = self.only_parameter(answer).filter(|highest| *highest <= self.highest);
///         self.agreed.is_some()
///     }
/// }
///
/// impl Urgent {
///     fn only_parameter(&self, extension: &Extension<'_>) -> Option<u32> {
///         let mut parameters = extension.parameters();
///         let highest = parameters.next().filter(|parameter| parameter.name() == "highest")?;
///         if parameters.next().is_some() { None } else { highest.value()?.number() }
///     }
/// }
/// ```
pub trait Negotiate {
    /// The token under which the extension is registered. Names are compared byte by byte.
    fn name(&self) -> &str;

    /// The RSV bits to which the extension gives a meaning, once agreed on: see
    /// [`Rules::claim_rsv`](crate::Rules::claim_rsv). Two extensions of one connection never share a bit:
    /// a server passes over the second, a client fails the connection.
    fn rsv(&self) -> Rsv {
        Rsv::NONE
    }

    /// As a client: writes the offers, the one that is wanted most first. All bear this
    /// [`name`](Self::name). Nothing is offered if nothing is written. What is written must be the same
    /// each time: the response is compared with it.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    fn offer(&self, to: &mut ExtensionWriter<'_>) -> fmt::Result;

    /// As a server: looks at one offer, and says whether it is taken. If it is, the agreement is kept for
    /// [`answer`](Self::answer), and no other offer is shown. If it is not, the client's next offer of
    /// this name is.
    fn choose(&mut self, offer: &Extension<'_>) -> bool;

    /// As a server: writes what was agreed on, as one extension.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    fn answer(&self, to: &mut ExtensionWriter<'_>) -> fmt::Result;

    /// As a client: looks at the server's answer to the offers, keeps what was agreed on, and says
    /// whether the answer is one that the offers allow. If not, the connection fails.
    fn confirm(&mut self, answer: &Extension<'_>) -> bool;
}
