//! The extension point of the opening handshake (RFC 6455 §9.1).

use core::fmt;

use super::{ExtensionElement, ExtensionWriter};
use crate::rsv::Rsv;

/// An extension that can be negotiated during the opening handshake.
///
/// A value contains what this endpoint offers or accepts, and after the handshake what was
/// negotiated. Use one value per handshake, and read the result from it afterwards. The opening
/// handshake calls:
///
/// | side | methods, in this order | when |
/// |---|---|---|
/// | client | [`offer`](Self::offer) | while the request is written |
/// | server | [`choose`](Self::choose), for one offer after another until it accepts one | after the request was validated |
/// | server | [`answer`](Self::answer), if it accepted one | while the response is written |
/// | client | [`offer`](Self::offer) again, then [`confirm`](Self::confirm), if the response names the extension | after the response was validated |
///
/// If the peer does not mention the extension, no method is called, so the initial state must mean
/// "not negotiated". If there are several extensions, `confirm` is called in the order of the
/// server's answers. They apply to outgoing messages in that order.
///
/// ```
/// use std::fmt;
/// use wsframe::Rsv;
/// use wsframe::extensions::{ExtensionElement, ExtensionWriter, Extension};
///
/// /// Marks urgent messages with RSV2, up to a negotiated level.
/// struct Urgent {
///     highest: u32,
///     agreed: Option<u32>,
/// }
///
/// impl Extension for Urgent {
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
///     fn choose(&mut self, offer: &ExtensionElement<'_>) -> bool {
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
///     fn confirm(&mut self, answer: &ExtensionElement<'_>) -> bool {
///         self.agreed = self.only_parameter(answer).filter(|highest| *highest <= self.highest);
///         self.agreed.is_some()
///     }
/// }
///
/// impl Urgent {
///     fn only_parameter(&self, extension: &ExtensionElement<'_>) -> Option<u32> {
///         let mut parameters = extension.parameters();
///         let highest = parameters.next().filter(|parameter| parameter.name() == "highest")?;
///         if parameters.next().is_some() { None } else { highest.value()?.number() }
///     }
/// }
/// ```
pub trait Extension {
    /// Returns the registered name of the extension. Names are compared case-sensitively.
    fn name(&self) -> &str;

    /// Returns the RSV bits that the extension uses once it is negotiated. See
    /// [`Rules::allow_rsv`](crate::Rules::allow_rsv).
    ///
    /// Two extensions of one connection cannot share a bit. A server skips the second, and a client
    /// fails the connection.
    fn rsv(&self) -> Rsv {
        Rsv::NONE
    }

    /// Writes a client's offers, the most preferred first.
    ///
    /// All offers must have this [`name`](Self::name). To offer nothing, write nothing. Each call
    /// must write the same, because the response is compared with it.
    ///
    /// # Errors
    ///
    /// Returns the errors of the writer.
    fn offer(&self, to: &mut ExtensionWriter<'_>) -> fmt::Result;

    /// Decides on one offer, as a server. Returns whether it is accepted.
    ///
    /// After `true`, the method is not called again, and the implementation must keep the result
    /// for [`answer`](Self::answer). After `false`, it is called for the client's next offer with
    /// this name.
    fn choose(&mut self, offer: &ExtensionElement<'_>) -> bool;

    /// Writes the negotiated extension, as a server.
    ///
    /// # Errors
    ///
    /// Returns the errors of the writer.
    fn answer(&self, to: &mut ExtensionWriter<'_>) -> fmt::Result;

    /// Checks the server's answer to the offers, as a client. Returns whether the offers allow it.
    ///
    /// The implementation must keep what was negotiated. After `false`, the connection fails.
    fn confirm(&mut self, answer: &ExtensionElement<'_>) -> bool;
}
