//! Negotiating the parameters in `Sec-WebSocket-Extensions` (RFC 7692 §5, §7.1).

use alloc::string::String;
use core::fmt;

use super::parameters::{DeflateContext, DeflateParameters, WindowBits};
use crate::extensions::{
    Extension, ExtensionElement, ExtensionError, ExtensionWriter, Field, Parameter,
};
use crate::rsv::Rsv;

/// The registered name of the extension.
pub const NAME: &str = "permessage-deflate";

const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";

/// One endpoint's side of the negotiation of permessage-deflate. It contains the parameters that the
/// endpoint wants and, after the handshake, those that were negotiated.
///
/// Pass it to the opening handshake, which calls it as an [`Extension`]. Or call it yourself with
/// the values of the header field, as this server does:
///
/// ```
/// use wsframe::deflate::{Negotiation, DeflateParameters};
/// use wsframe::extensions::{ExtensionWriter, Extensions, Extension};
///
/// let mut deflate = Negotiation::new(DeflateParameters::NO_TAKEOVER);
/// let request = b"permessage-deflate; server_max_window_bits=99, \
///     permessage-deflate; client_max_window_bits";
/// // The first offer is invalid, so it is declined. The second is accepted.
/// assert!(Extensions::parse(request)?.any(|offer| deflate.choose(&offer)));
///
/// let mut response = String::new();
/// deflate.answer(&mut ExtensionWriter::new(&mut response))?;
/// assert_eq!(
///     response,
///     "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
/// );
/// assert_eq!(deflate.agreed(), Some(DeflateParameters::NO_TAKEOVER));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A client can prefer a small window of the server, and fall back to any:
///
/// ```
/// use wsframe::deflate::{DeflateContext, Negotiation, DeflateParameters, WindowBits};
/// use wsframe::extensions::{ExtensionWriter, Extensions, Extension};
///
/// let small = DeflateContext { takeover: true, window_bits: WindowBits::MIN };
/// let wanted = DeflateParameters { server: small, ..DeflateParameters::DEFAULT };
/// let mut deflate = Negotiation::new(wanted).fallbacks(&[DeflateParameters::DEFAULT]);
///
/// let mut request = String::new();
/// deflate.offer(&mut ExtensionWriter::new(&mut request))?;
/// assert_eq!(
///     request,
///     "permessage-deflate; server_max_window_bits=8; client_max_window_bits, \
///      permessage-deflate; client_max_window_bits"
/// );
///
/// let mut answers = Extensions::parse(b"permessage-deflate; client_max_window_bits=12")?;
/// assert!(answers.all(|answer| deflate.confirm(&answer)));
/// if let Some(agreed) = deflate.agreed() {
///     assert_eq!(agreed.server, DeflateContext::DEFAULT);
///     assert_eq!(agreed.client.window_bits.get(), 12);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Negotiation<'a> {
    wanted: DeflateParameters,
    fallbacks: &'a [DeflateParameters],
    agreed: Option<Agreement>,
    rejection: Option<NegotiationError>,
}

/// The negotiated parameters, and whether the client's offer contained `server_max_window_bits`.
#[derive(Clone, Copy, Debug)]
struct Agreement {
    parameters: DeflateParameters,
    window_was_asked: bool,
}

impl<'a> Negotiation<'a> {
    /// Creates a negotiation with these parameters as upper bounds: on each window, and on context
    /// takeover.
    ///
    /// A server can request a smaller window only from clients that offer `client_max_window_bits`.
    /// From others it accepts any window. This costs no memory: a
    /// [`Decompressor`](super::Decompressor) holds 32 KiB in any case.
    #[must_use]
    pub const fn new(wanted: DeflateParameters) -> Self {
        Self { wanted, fallbacks: &[], agreed: None, rejection: None }
    }

    /// Sets further offers of a client, the most wanted first. A server may choose one of them if
    /// it declines the wanted parameters. Servers do not use them.
    #[must_use]
    pub const fn fallbacks(mut self, fallbacks: &'a [DeflateParameters]) -> Self {
        self.fallbacks = fallbacks;
        self
    }

    /// Returns the negotiated parameters. Returns `None` if there are none; no message may be
    /// compressed then.
    #[must_use]
    pub fn agreed(&self) -> Option<DeflateParameters> {
        self.agreed.map(|agreed| agreed.parameters)
    }

    /// Returns why the last offer was declined or the last answer refused.
    #[must_use]
    pub const fn rejection(&self) -> Option<NegotiationError> {
        self.rejection
    }

    /// Returns the value of `Sec-WebSocket-Extensions` in a client's request. For clients that do
    /// not use this crate's opening handshake.
    ///
    /// ```
    /// use wsframe::deflate::{Negotiation, DeflateParameters};
    ///
    /// let mut deflate = Negotiation::new(DeflateParameters::DEFAULT);
    /// assert_eq!(deflate.offer_line(), "permessage-deflate; client_max_window_bits");
    ///
    /// let lines = ["permessage-deflate; server_no_context_takeover"]; // of the response
    /// let agreed = deflate.confirm_lines(lines)?;
    /// assert!(agreed.is_some_and(|agreed| agreed.client.takeover && !agreed.server.takeover));
    /// # Ok::<(), wsframe::deflate::NegotiationError>(())
    /// ```
    #[must_use]
    pub fn offer_line(&self) -> String {
        line(|writer| self.offer(writer))
    }

    /// Reads all values of `Sec-WebSocket-Extensions` in a response, as a client. Returns the
    /// negotiated parameters, or `None` if there are no values. For clients that do not use this
    /// crate's opening handshake; [`offer_line`](Self::offer_line) has an example.
    ///
    /// # Errors
    ///
    /// A [`NegotiationError`] if a value is malformed, names another extension, matches no offer,
    /// or is a second answer. Fail the connection then.
    pub fn confirm_lines(
        &mut self,
        lines: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Result<Option<DeflateParameters>, NegotiationError> {
        self.forget();
        let mut answers = 0;
        let mut field = Field::default();
        for line in lines {
            for answer in field.read(line.as_ref())? {
                answers += 1;
                if answers > 1 && answer.name() == NAME {
                    self.conclude(Err(NegotiationError::RepeatedAnswer));
                } else {
                    self.confirm(&answer);
                }
                self.rejection.map_or(Ok(()), Err)?;
            }
        }
        field.finish()?;
        Ok(self.agreed())
    }

    /// Reads all values of `Sec-WebSocket-Extensions` in a request, as a server, and accepts the
    /// first acceptable offer. Returns the value of the response's header field, or `None` if no
    /// offer was accepted. For servers that do not use this crate's opening handshake.
    ///
    /// # Errors
    ///
    /// An [`ExtensionError`] if a value is malformed. Respond with status 400 then.
    ///
    /// ```
    /// use wsframe::deflate::{Negotiation, DeflateParameters};
    ///
    /// let mut deflate = Negotiation::new(DeflateParameters::DEFAULT);
    /// let lines = ["x-other", "permessage-deflate; client_no_context_takeover"];
    /// let answer = deflate.answer_lines(lines)?;
    /// assert_eq!(answer.as_deref(), Some("permessage-deflate; client_no_context_takeover"));
    /// assert!(deflate.agreed().is_some_and(|agreed| !agreed.client.takeover));
    /// # Ok::<(), wsframe::extensions::ExtensionError>(())
    /// ```
    pub fn answer_lines(
        &mut self,
        lines: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Result<Option<String>, ExtensionError> {
        self.forget();
        let mut field = Field::default();
        for line in lines {
            for offer in field.read(line.as_ref())? {
                // Lines after the accepted offer are checked, too.
                let is_wanted = self.agreed.is_none() && offer.name() == NAME;
                let _ = is_wanted && self.choose(&offer);
            }
        }
        field.finish()?;
        Ok(self.agreed.map(|agreed| line(|writer| write_answer(&agreed, writer))))
    }

    /// Forgets the result of an earlier handshake.
    const fn forget(&mut self) {
        self.agreed = None;
        self.rejection = None;
    }

    fn conclude(&mut self, outcome: Result<Agreement, NegotiationError>) -> bool {
        self.agreed = outcome.ok();
        self.rejection = outcome.err();
        self.agreed.is_some()
    }
}

/// Returns the text that `write` writes: the value of a header field with this extension alone.
fn line(write: impl FnOnce(&mut ExtensionWriter<'_>) -> fmt::Result) -> String {
    let mut value = String::new();
    // A `String` accepts all writes, and all names and values here are tokens.
    let _ = write(&mut ExtensionWriter::new(&mut value));
    value
}

impl Extension for Negotiation<'_> {
    fn name(&self) -> &str {
        NAME
    }

    fn rsv(&self) -> Rsv {
        Rsv::RSV1
    }

    fn offer(&self, to: &mut ExtensionWriter<'_>) -> fmt::Result {
        [self.wanted].iter().chain(self.fallbacks).try_for_each(|offered| write_offer(offered, to))
    }

    fn choose(&mut self, offer: &ExtensionElement<'_>) -> bool {
        self.conclude(choose(&self.wanted, offer))
    }

    fn answer(&self, to: &mut ExtensionWriter<'_>) -> fmt::Result {
        self.agreed.map_or(Ok(()), |agreed| write_answer(&agreed, to))
    }

    fn confirm(&mut self, answer: &ExtensionElement<'_>) -> bool {
        let offers = [self.wanted];
        let outcome = confirm(offers.iter().chain(self.fallbacks), answer);
        self.conclude(outcome)
    }
}

/// The parameters in the header, checked one by one.
#[derive(Clone, Copy, Default)]
struct Stated {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<WindowBits>,
    /// `Some(None)` without a value.
    client_max_window_bits: Option<Option<WindowBits>>,
}

impl Stated {
    /// Reads an offer or an answer. Only an answer's `client_max_window_bits` needs a value.
    fn read(extension: &ExtensionElement<'_>, is_answer: bool) -> Result<Self, NegotiationError> {
        if extension.name() != NAME {
            return Err(NegotiationError::OtherExtension);
        }
        let mut stated = Self::default();
        for parameter in extension.parameters() {
            // §7: "The offer [response] contains an extension parameter not defined for use in an
            // offer [response]", "… with an invalid value", "… multiple extension parameters with
            // the same name".
            let repeated = match parameter.name() {
                SERVER_NO_CONTEXT_TAKEOVER => {
                    without_value(&parameter)?;
                    core::mem::replace(&mut stated.server_no_context_takeover, true)
                }
                CLIENT_NO_CONTEXT_TAKEOVER => {
                    without_value(&parameter)?;
                    core::mem::replace(&mut stated.client_no_context_takeover, true)
                }
                SERVER_MAX_WINDOW_BITS => {
                    let bits = window_bits(&parameter)?.ok_or(NegotiationError::InvalidValue)?;
                    stated.server_max_window_bits.replace(bits).is_some()
                }
                CLIENT_MAX_WINDOW_BITS => {
                    let bits = window_bits(&parameter)?;
                    if is_answer && bits.is_none() {
                        return Err(NegotiationError::InvalidValue);
                    }
                    stated.client_max_window_bits.replace(bits).is_some()
                }
                _ => return Err(NegotiationError::UnknownParameter),
            };
            if repeated {
                return Err(NegotiationError::RepeatedParameter);
            }
        }
        Ok(stated)
    }
}

/// §7.1.1: the parameters for context takeover have no value.
fn without_value(parameter: &Parameter<'_>) -> Result<(), NegotiationError> {
    match parameter.value() {
        None => Ok(()),
        Some(_) => Err(NegotiationError::InvalidValue),
    }
}

/// §7.1.2: "a decimal integer value without leading zeroes between 8 to 15, inclusive".
fn window_bits(parameter: &Parameter<'_>) -> Result<Option<WindowBits>, NegotiationError> {
    let Some(value) = parameter.value() else { return Ok(None) };
    let bits = value.number().and_then(|number| WindowBits::new(u8::try_from(number).ok()?));
    bits.map(Some).ok_or(NegotiationError::InvalidValue)
}

fn write_offer(offered: &DeflateParameters, to: &mut ExtensionWriter<'_>) -> fmt::Result {
    let DeflateParameters { server, client } = offered;
    to.extension(NAME)?;
    if !server.takeover {
        to.flag(SERVER_NO_CONTEXT_TAKEOVER)?;
    }
    if !client.takeover {
        to.flag(CLIENT_NO_CONTEXT_TAKEOVER)?;
    }
    if server.window_bits < WindowBits::MAX {
        to.parameter(SERVER_MAX_WINDOW_BITS, server.window_bits)?;
    }
    // Without this parameter, a server must not request a smaller window than the client's default.
    if client.window_bits < WindowBits::MAX {
        to.parameter(CLIENT_MAX_WINDOW_BITS, client.window_bits)?;
    } else {
        to.flag(CLIENT_MAX_WINDOW_BITS)?;
    }
    Ok(())
}

/// Intersects the offer with a server's own bounds.
fn choose(
    wanted: &DeflateParameters,
    offer: &ExtensionElement<'_>,
) -> Result<Agreement, NegotiationError> {
    let stated = Stated::read(offer, false)?;
    let asked_of_server = DeflateContext {
        takeover: !stated.server_no_context_takeover,
        window_bits: stated.server_max_window_bits.unwrap_or_default(),
    };
    let said_of_client = DeflateContext {
        takeover: !stated.client_no_context_takeover,
        window_bits: stated.client_max_window_bits.flatten().unwrap_or_default(),
    };
    let mut client = wanted.client.and(said_of_client);
    // §7.1.2.2: if the offer lacks the parameter, the answer must not contain it.
    if stated.client_max_window_bits.is_none() {
        client.window_bits = WindowBits::MAX;
    }
    Ok(Agreement {
        parameters: DeflateParameters { server: wanted.server.and(asked_of_server), client },
        window_was_asked: stated.server_max_window_bits.is_some(),
    })
}

fn write_answer(agreed: &Agreement, to: &mut ExtensionWriter<'_>) -> fmt::Result {
    let DeflateParameters { server, client } = agreed.parameters;
    to.extension(NAME)?;
    if !server.takeover {
        to.flag(SERVER_NO_CONTEXT_TAKEOVER)?;
    }
    if !client.takeover {
        to.flag(CLIENT_NO_CONTEXT_TAKEOVER)?;
    }
    // §7.1.2.1: an offer with the parameter is accepted by an answer with it.
    if agreed.window_was_asked || server.window_bits < WindowBits::MAX {
        to.parameter(SERVER_MAX_WINDOW_BITS, server.window_bits)?;
    }
    if client.window_bits < WindowBits::MAX {
        to.parameter(CLIENT_MAX_WINDOW_BITS, client.window_bits)?;
    }
    Ok(())
}

/// Checks a client's answer: whether one of the offers allows it. Returns the resulting parameters.
fn confirm<'o>(
    offers: impl Iterator<Item = &'o DeflateParameters>,
    answer: &ExtensionElement<'_>,
) -> Result<Agreement, NegotiationError> {
    let stated = Stated::read(answer, true)?;
    let server = DeflateContext {
        takeover: !stated.server_no_context_takeover,
        window_bits: stated.server_max_window_bits.unwrap_or_default(),
    };
    let asked_of_client = DeflateContext {
        takeover: !stated.client_no_context_takeover,
        window_bits: stated.client_max_window_bits.flatten().unwrap_or_default(),
    };
    let allows = |offered: &&DeflateParameters| {
        server == server.and(offered.server)
            && (stated.client_max_window_bits.is_none()
                || asked_of_client.window_bits <= offered.client.window_bits)
    };
    // The client's own limits in its offer apply even if the server does not repeat them. If the
    // answer fits several offers, the limits of all of them apply.
    let client = offers
        .filter(allows)
        .map(|offered| offered.client)
        .reduce(DeflateContext::and)
        .ok_or(NegotiationError::NotOffered)?;
    Ok(Agreement {
        parameters: DeflateParameters { server, client: client.and(asked_of_client) },
        window_was_asked: false,
    })
}

/// Why an offer was declined or an answer refused (RFC 7692 §7).
///
/// A server that declines every offer continues without the extension. A client that refuses an
/// answer must fail the connection.
///
/// ```
/// use wsframe::deflate::{Negotiation, NegotiationError, DeflateParameters};
///
/// let mut deflate = Negotiation::new(DeflateParameters::DEFAULT);
/// let result = deflate.confirm_lines(["permessage-deflate; server_max_window_bits=7"]);
/// assert_eq!(result, Err(NegotiationError::InvalidValue));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NegotiationError {
    /// The list element names another extension.
    OtherExtension,
    /// A parameter that RFC 7692 does not define.
    UnknownParameter,
    /// A parameter that occurs more than once.
    RepeatedParameter,
    /// A parameter has a value but must not, lacks one, or has one that is not 8 to 15.
    InvalidValue,
    /// An answer matches no offer: it lacks a parameter that the client required, or restricts the
    /// client more than the offer allows.
    NotOffered,
    /// There is more than one answer.
    RepeatedAnswer,
    /// The header field is malformed.
    Malformed(ExtensionError),
}

impl From<ExtensionError> for NegotiationError {
    fn from(error: ExtensionError) -> Self {
        Self::Malformed(error)
    }
}

impl fmt::Display for NegotiationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherExtension => "the extension is not permessage-deflate",
            Self::UnknownParameter => "permessage-deflate: unknown parameter (RFC 7692 §7.1)",
            Self::RepeatedParameter => "permessage-deflate: repeated parameter (RFC 7692 §7.1)",
            Self::InvalidValue => {
                "permessage-deflate: parameter value must be 8 to 15 or absent (RFC 7692 §7.1)"
            }
            Self::NotOffered => "permessage-deflate: the answer matches no offer (RFC 7692 §5.1)",
            Self::RepeatedAnswer => "permessage-deflate: more than one answer (RFC 7692 §5.1)",
            Self::Malformed(error) => return error.fmt(f),
        })
    }
}

impl core::error::Error for NegotiationError {}
