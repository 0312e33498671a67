//! Negotiating extensions during the opening handshake (RFC 6455 §9.1).

use core::fmt;

use super::fields::Fields;
use super::response_error::ResponseError;
use crate::extensions::{
    Extension, ExtensionElement, ExtensionError, ExtensionWriter, Extensions, Field,
};
use crate::header::{Role, Rules};
use crate::rsv::Rsv;

pub(super) const NAME: &str = "Sec-WebSocket-Extensions";

/// The subprotocol and the RSV bits that both endpoints negotiated.
///
/// ```
/// use wsframe::handshake::Negotiated;
/// use wsframe::{MessageDecoder, Role};
///
/// /// Creates a decoder for a server's connection.
/// fn decoder(agreed: &Negotiated<'_>) -> MessageDecoder {
///     MessageDecoder::with_rules(agreed.rules(Role::Server))
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Negotiated<'a> {
    /// The negotiated subprotocol, if any.
    pub subprotocol: Option<&'a str>,
    /// The RSV bits of all extensions in use. The extensions themselves know whether they are in
    /// use.
    pub rsv: Rsv,
}

impl Negotiated<'_> {
    /// Returns the strict rules for an endpoint of this role, with the negotiated RSV bits allowed.
    #[must_use]
    pub const fn rules(&self, role: Role) -> Rules {
        Rules::new(role).allow_rsv(self.rsv)
    }
}

/// Returns the listed extensions of all lines, which were checked before.
pub(super) fn listed<'a>(
    fields: Fields<'a>,
) -> impl Iterator<Item = ExtensionElement<'a>> + use<'a> {
    fields.values(NAME).filter_map(|line| Extensions::parse(line).ok()).flatten()
}

pub(super) fn check_lines(fields: Fields<'_>) -> Result<(), ExtensionError> {
    let mut field = Field::default();
    fields.values(NAME).try_for_each(|line| field.read(line).map(drop))?;
    field.finish()
}

/// Writes the header field with the value that `write` writes, or no header field if the value is
/// empty.
pub(super) fn line<T>(
    to: &mut dyn fmt::Write,
    write: impl FnOnce(&mut ExtensionWriter<'_>) -> Result<T, fmt::Error>,
) -> Result<T, fmt::Error> {
    let mut writer = ExtensionWriter::after("Sec-WebSocket-Extensions: ", to);
    let result = write(&mut writer)?;
    if !writer.is_empty() {
        to.write_str("\r\n")?;
    }
    Ok(result)
}

/// Writes a client's offers.
pub(super) fn offer(extensions: &[&dyn Extension], to: &mut ExtensionWriter<'_>) -> fmt::Result {
    extensions.iter().try_for_each(|extension| extension.offer(to))
}

/// Passes the client's offers to the server's extensions, and writes the answer. Returns the RSV
/// bits in use.
pub(super) fn choose(
    fields: Fields<'_>,
    extensions: &mut [&mut dyn Extension],
    to: &mut ExtensionWriter<'_>,
) -> Result<Rsv, fmt::Error> {
    let mut claimed = Rsv::NONE;
    for extension in extensions {
        let rsv = extension.rsv();
        if overlap(claimed, rsv) {
            continue;
        }
        for offer in listed(fields) {
            if offer.name() == extension.name() && extension.choose(&offer) {
                extension.answer(to)?;
                claimed |= rsv;
                break;
            }
        }
    }
    Ok(claimed)
}

/// Passes the server's answers to the client's extensions, in the server's order. Returns the RSV
/// bits in use.
///
/// > If the response includes a |Sec-WebSocket-Extensions| header field and this header field
/// > indicates the use of an extension that was not present in the client's handshake […], the
/// > client MUST _Fail the WebSocket Connection_.
///
/// > the order of operations on the data should be assumed to be the same as the order in which the
/// > extensions are listed in the server's response
pub(super) fn confirm(
    fields: Fields<'_>,
    extensions: &mut [&mut dyn Extension],
) -> Result<Rsv, ResponseError> {
    check_lines(fields).map_err(ResponseError::Extensions)?;
    let mut claimed = Rsv::NONE;
    for (at, answer) in listed(fields).enumerate() {
        let is_offered = |extension: &&mut &mut dyn Extension| {
            extension.name() == answer.name() && offers_anything(&***extension)
        };
        let extension = extensions.iter_mut().find(is_offered);
        let extension = extension.ok_or(ResponseError::ExtensionNotOffered)?;
        if listed(fields).take(at).any(|earlier| earlier.name() == answer.name()) {
            return Err(ResponseError::ExtensionRepeated);
        }
        let rsv = extension.rsv();
        if overlap(claimed, rsv) {
            return Err(ResponseError::ExtensionConflict);
        }
        if !extension.confirm(&answer) {
            return Err(ResponseError::ExtensionAnswer);
        }
        claimed |= rsv;
    }
    Ok(claimed)
}

const fn overlap(one: Rsv, other: Rsv) -> bool {
    one.bits() & other.bits() != 0
}

fn offers_anything(extension: &dyn Extension) -> bool {
    struct Nowhere;
    impl fmt::Write for Nowhere {
        fn write_str(&mut self, _: &str) -> fmt::Result {
            Ok(())
        }
    }
    let mut nowhere = Nowhere;
    let mut writer = ExtensionWriter::new(&mut nowhere);
    extension.offer(&mut writer).is_ok() && !writer.is_empty()
}
