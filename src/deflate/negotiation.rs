//! Agreeing on the parameters, in the header field `Sec-WebSocket-Extensions` (RFC 7692 §5, §7.1).

use alloc::string::String;
use core::fmt;

use super::parameters::{Context, Parameters, WindowBits};
use crate::extensions::{Extension, ExtensionError, ExtensionWriter, Field, Negotiate, Parameter};
use crate::header::Rsv;

/// The token of the extension.
pub const NAME: &str = "permessage-deflate";

const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";

/// One end's part in the negotiation: what it is ready for, and in the end what was agreed on.
///
/// Give it to the opening handshake, which calls it as a [`Negotiate`]; or call it yourself with the
/// values of the header field, as here a server does:
///
/// ```
/// use wsframe::deflate::{Negotiation, Parameters};
/// use wsframe::extensions::{ExtensionWriter, Extensions, Negotiate};
///
/// let mut deflate = Negotiation::new(Parameters::NO_TAKEOVER);
/// let request = b"permessage-deflate; server_max_window_bits=99, permessage-deflate; client_max_window_bits";
/// // The first offer is not valid, so that it is declined. The second is.
/// assert!(Extensions::parse(request)?.any(|offer| deflate.choose(&offer)));
///
/// let mut response = String::new();
/// deflate.answer(&mut ExtensionWriter::new(&mut response))?;
/// assert_eq!(
///     response,
///     "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
/// );
/// assert_eq!(deflate.agreed(), Some(Parameters::NO_TAKEOVER));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// And a client, which would like a small window of the server but can do without:
///
/// ```
/// use wsframe::deflate::{Context, Negotiation, Parameters, WindowBits};
/// use wsframe::extensions::{ExtensionWriter, Extensions, Negotiate};
///
/// let small = Context { takeover: true, window_bits: WindowBits::new(10).unwrap() };
/// let wish = Parameters { server: small, ..Parameters::FULL };
/// let mut deflate = Negotiation::new(wish).fallbacks(&[Parameters::FULL]);
///
/// let mut request = String::new();
/// deflate.offer(&mut ExtensionWriter::new(&mut request))?;
/// assert_eq!(
///     request,
///     "permessage-deflate; server_max_window_bits=10; client_max_window_bits, \
///      permessage-deflate; client_max_window_bits"
/// );
///
/// let mut answers = Extensions::parse(b"permessage-deflate; client_max_window_bits=12")?;
/// assert!(answers.all(|answer| deflate.confirm(&answer)));
/// let agreed = deflate.agreed().unwrap();
/// assert_eq!(agreed.server, Context::FULL);
/// assert_eq!(agreed.client.window_bits.get(), 12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Negotiation<'a> {
    wanted: Parameters,
    fallbacks: &'a [Parameters],
    agreed: Option<Agreement>,
    refusal: Option<NegotiationError>,
}

/// What a server agreed to, and whether the client asked about the server's window.
#[derive(Clone, Copy, Debug)]
struct Agreement {
    parameters: Parameters,
    window_was_asked: bool,
}

impl<'a> Negotiation<'a> {
    /// An end that is ready for these parameters: no greater window, and context takeover only where
    /// they have it.
    ///
    /// A server can ask a smaller window of those clients alone that offer it, with
    /// `client_max_window_bits`; of others it accepts any. Its memory does not grow by that: a
    /// [`Decompressor`](super::Decompressor) has room for 32 KiB in any case.
    #[must_use]
    pub const fn new(wanted: Parameters) -> Self {
        Self { wanted, fallbacks: &[], agreed: None, refusal: None }
    }

    /// As a client: offers these as well, the one that is wanted most first, for a server that declines
    /// what is wanted. A server has no use for them.
    #[must_use]
    pub const fn fallbacks(mut self, fallbacks: &'a [Parameters]) -> Self {
        self.fallbacks = fallbacks;
        self
    }

    /// What was agreed on; `None` if nothing was, and then no message may be compressed.
    #[must_use]
    pub fn agreed(&self) -> Option<Parameters> {
        self.agreed.map(|agreed| agreed.parameters)
    }

    /// Why the last offer was declined, or the answer refused.
    #[must_use]
    pub const fn refusal(&self) -> Option<NegotiationError> {
        self.refusal
    }

    /// As a client, without this crate's opening handshake: the value of `Sec-WebSocket-Extensions` that
    /// offers it.
    ///
    /// ```
    /// use wsframe::deflate::{Negotiation, Parameters};
    ///
    /// let mut deflate = Negotiation::new(Parameters::FULL);
    /// assert_eq!(deflate.offer_line(), "permessage-deflate; client_max_window_bits");
    ///
    /// let lines = ["permessage-deflate; server_no_context_takeover"]; // of the response
    /// let agreed = deflate.confirm_lines(lines)?.unwrap();
    /// assert!(agreed.client.takeover && !agreed.server.takeover);
    /// # Ok::<(), wsframe::deflate::NegotiationError>(())
    /// ```
    #[must_use]
    pub fn offer_line(&self) -> String {
        line(|writer| self.offer(writer))
    }

    /// As a client, without this crate's opening handshake: reads all values that the response has of
    /// `Sec-WebSocket-Extensions`, and gives what was agreed on, or `None` if it has none.
    ///
    /// # Errors
    ///
    /// If a value is malformed, names another extension, or does not answer the offer once. Fail the
    /// connection then.
    pub fn confirm_lines(
        &mut self,
        lines: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Result<Option<Parameters>, NegotiationError> {
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
                self.refusal.map_or(Ok(()), Err)?;
            }
        }
        field.finish()?;
        Ok(self.agreed())
    }

    /// As a server, without this crate's opening handshake: reads all values that the request has of
    /// `Sec-WebSocket-Extensions`, and takes the first offer that it can. Gives the value of the
    /// response's header field; `None` if there is to be none.
    ///
    /// # Errors
    ///
    /// If a value is malformed: answer with status 400.
    ///
    /// ```
    /// use wsframe::deflate::{Negotiation, Parameters};
    ///
    /// let mut deflate = Negotiation::new(Parameters::FULL);
    /// let lines = ["x-other", "permessage-deflate; client_no_context_takeover"];
    /// let answer = deflate.answer_lines(lines)?;
    /// assert_eq!(answer.as_deref(), Some("permessage-deflate; client_no_context_takeover"));
    /// assert!(!deflate.agreed().unwrap().client.takeover);
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
                // The lines behind the first offer that is taken are checked all the same.
                let is_wanted = self.agreed.is_none() && offer.name() == NAME;
                let _ = is_wanted && self.choose(&offer);
            }
        }
        field.finish()?;
        Ok(self.agreed.map(|agreed| line(|writer| write_answer(&agreed, writer))))
    }

    /// What an earlier handshake came to.
    const fn forget(&mut self) {
        self.agreed = None;
        self.refusal = None;
    }

    fn conclude(&mut self, outcome: Result<Agreement, NegotiationError>) -> bool {
        self.agreed = outcome.ok();
        self.refusal = outcome.err();
        self.agreed.is_some()
    }
}

/// What is written to the value of a header field that has nothing else.
fn line(write: impl FnOnce(&mut ExtensionWriter<'_>) -> fmt::Result) -> String {
    let mut value = String::new();
    // Neither a String refuses anything, nor are there names or values here that are no tokens.
    let _ = write(&mut ExtensionWriter::new(&mut value));
    value
}

impl Negotiate for Negotiation<'_> {
    fn name(&self) -> &str {
        NAME
    }

    fn rsv(&self) -> Rsv {
        Rsv::RSV1
    }

    fn offer(&self, to: &mut ExtensionWriter<'_>) -> fmt::Result {
        [self.wanted].iter().chain(self.fallbacks).try_for_each(|offered| write_offer(offered, to))
    }

    fn choose(&mut self, offer: &Extension<'_>) -> bool {
        self.conclude(choose(&self.wanted, offer))
    }

    fn answer(&self, to: &mut ExtensionWriter<'_>) -> fmt::Result {
        self.agreed.map_or(Ok(()), |agreed| write_answer(&agreed, to))
    }

    fn confirm(&mut self, answer: &Extension<'_>) -> bool {
        let offers = [self.wanted];
        let outcome = confirm(offers.iter().chain(self.fallbacks), answer);
        self.conclude(outcome)
    }
}

/// The parameters as they stand in the header, checked one by one.
#[derive(Clone, Copy, Default)]
struct Stated {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<WindowBits>,
    /// Without a value, `Some(None)`.
    client_max_window_bits: Option<Option<WindowBits>>,
}

impl Stated {
    /// Reads an offer or an answer; they differ in whether `client_max_window_bits` needs a value.
    fn read(extension: &Extension<'_>, is_answer: bool) -> Result<Self, NegotiationError> {
        if extension.name() != NAME {
            return Err(NegotiationError::OtherExtension);
        }
        let mut stated = Self::default();
        for parameter in extension.parameters() {
            // §7: "The offer [response] contains an extension parameter not defined for use in an offer
            // [response]", "… with an invalid value", "… multiple extension parameters with the same name".
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

/// §7.1.1: the parameters on context takeover have no value.
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

fn write_offer(offered: &Parameters, to: &mut ExtensionWriter<'_>) -> fmt::Result {
    let Parameters { server, client } = offered;
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
    // Without it a server may not ask for a smaller window than this client would take anyway.
    if client.window_bits < WindowBits::MAX {
        to.parameter(CLIENT_MAX_WINDOW_BITS, client.window_bits)?;
    } else {
        to.flag(CLIENT_MAX_WINDOW_BITS)?;
    }
    Ok(())
}

/// The server's side: what the offer and this end's bounds have in common.
fn choose(wanted: &Parameters, offer: &Extension<'_>) -> Result<Agreement, NegotiationError> {
    let stated = Stated::read(offer, false)?;
    let asked_of_server = Context {
        takeover: !stated.server_no_context_takeover,
        window_bits: stated.server_max_window_bits.unwrap_or_default(),
    };
    let said_of_client = Context {
        takeover: !stated.client_no_context_takeover,
        window_bits: stated.client_max_window_bits.flatten().unwrap_or_default(),
    };
    let mut client = wanted.client.and(said_of_client);
    // §7.1.2.2: without the parameter in the offer, the server must not have it in its answer.
    if stated.client_max_window_bits.is_none() {
        client.window_bits = WindowBits::MAX;
    }
    Ok(Agreement {
        parameters: Parameters { server: wanted.server.and(asked_of_server), client },
        window_was_asked: stated.server_max_window_bits.is_some(),
    })
}

fn write_answer(agreed: &Agreement, to: &mut ExtensionWriter<'_>) -> fmt::Result {
    let Parameters { server, client } = agreed.parameters;
    to.extension(NAME)?;
    if !server.takeover {
        to.flag(SERVER_NO_CONTEXT_TAKEOVER)?;
    }
    if !client.takeover {
        to.flag(CLIENT_NO_CONTEXT_TAKEOVER)?;
    }
    // §7.1.2.1: an offer that has the parameter is accepted by having it in the answer.
    if agreed.window_was_asked || server.window_bits < WindowBits::MAX {
        to.parameter(SERVER_MAX_WINDOW_BITS, server.window_bits)?;
    }
    if client.window_bits < WindowBits::MAX {
        to.parameter(CLIENT_MAX_WINDOW_BITS, client.window_bits)?;
    }
    Ok(())
}

/// The client's side: whether one of the offers allows the answer, and what follows from it.
fn confirm<'o>(
    offers: impl Iterator<Item = &'o Parameters>,
    answer: &Extension<'_>,
) -> Result<Agreement, NegotiationError> {
    let stated = Stated::read(answer, true)?;
    let server = Context {
        takeover: !stated.server_no_context_takeover,
        window_bits: stated.server_max_window_bits.unwrap_or_default(),
    };
    let asked_of_client = Context {
        takeover: !stated.client_no_context_takeover,
        window_bits: stated.client_max_window_bits.flatten().unwrap_or_default(),
    };
    let allows = |offered: &&Parameters| {
        server == server.and(offered.server)
            && (stated.client_max_window_bits.is_none()
                || asked_of_client.window_bits <= offered.client.window_bits)
    };
    // What the client said of itself in its offer holds without the server repeating it. Where the
    // answer could be to more than one offer, what was said in any of them holds.
    let client = offers
        .filter(allows)
        .map(|offered| offered.client)
        .reduce(Context::and)
        .ok_or(NegotiationError::NotOffered)?;
    Ok(Agreement {
        parameters: Parameters { server, client: client.and(asked_of_client) },
        window_was_asked: false,
    })
}

/// Why an offer was declined, or an answer refused (RFC 7692 §7).
///
/// A server that declines every offer goes on without the extension. A client that refuses the answer
/// fails the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NegotiationError {
    /// The element of the list is another extension.
    OtherExtension,
    /// A parameter that RFC 7692 does not define.
    UnknownParameter,
    /// A parameter that stands there more than once.
    RepeatedParameter,
    /// A value where none may be, none where one must be, or one that is not 8 to 15.
    InvalidValue,
    /// An answer that fits none of the offers: it lacks what was asked of the server, or asks more of the
    /// client than was offered.
    NotOffered,
    /// A second answer: what was agreed on stands in one.
    RepeatedAnswer,
    /// A header field that leaves the grammar.
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
            Self::OtherExtension => "not permessage-deflate",
            Self::UnknownParameter => {
                "permessage-deflate: a parameter that is not defined (RFC 7692 §7.1)"
            }
            Self::RepeatedParameter => "permessage-deflate: a repeated parameter (RFC 7692 §7.1)",
            Self::InvalidValue => {
                "permessage-deflate: a parameter's value must be 8 to 15, or missing (RFC 7692 §7.1)"
            }
            Self::NotOffered => "permessage-deflate: the answer fits no offer (RFC 7692 §5.1)",
            Self::RepeatedAnswer => "permessage-deflate: more than one answer (RFC 7692 §5.1)",
            Self::Malformed(error) => return error.fmt(f),
        })
    }
}

impl core::error::Error for NegotiationError {}
