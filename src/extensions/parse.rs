//! The reader of `Sec-WebSocket-Extensions`.
//!
//! > ```text
//! > extension-list  = 1#extension
//! > extension       = extension-token *( ";" extension-param )
//! > extension-param = token [ "=" (token | quoted-string) ]
//! >     ; When using the quoted-string syntax variant, the value after
//! >     ; quoted-string unescaping MUST conform to the 'token' ABNF.
//! > ```
//!
//! The RFC takes the grammar's rules from RFC 2616, "implied LWS" among them, so blanks may stand
//! between any two of its words. A line is checked whole before anything of it is handed out; reading
//! on from there is the same code, which then cannot fail.

use core::{fmt, str};

use super::is_token_char;

/// The extensions that one line of `Sec-WebSocket-Extensions` lists: offers in a client's request, in
/// the order in which the client prefers them, or what the server agreed to.
///
/// The field may be split over several lines. They mean the same as one that joins them with commas, so
/// read them one after another.
///
/// ```
/// use wsframe::extensions::Extensions;
///
/// let line = b"permessage-deflate; client_max_window_bits, x-log; level=\"4\"";
/// let mut found = Vec::new();
/// for offer in Extensions::parse(line)? {
///     for parameter in offer.parameters() {
///         let value = parameter.value().map(|value| value.to_string());
///         found.push((offer.name().to_string(), parameter.name().to_string(), value));
///     }
/// }
/// let expected = [
///     ("permessage-deflate".into(), "client_max_window_bits".into(), None),
///     ("x-log".into(), "level".into(), Some("4".into())),
/// ];
/// assert_eq!(found, expected);
///
/// let error = Extensions::parse(b"permessage-deflate; =10").unwrap_err();
/// assert_eq!(error.offset(), 20);
/// # Ok::<(), wsframe::extensions::ExtensionError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Extensions<'a> {
    rest: Words<'a>,
}

impl<'a> Extensions<'a> {
    /// Checks the value of one line of the header field.
    ///
    /// Empty elements of the list are skipped, as RFC 9110 §5.6.1.2 requires of a recipient. At least one
    /// element must not be empty. If the field is split over several lines, this holds for all of them
    /// together: a caller that reads the lines itself can skip an empty one among others.
    ///
    /// # Errors
    ///
    /// An [`ExtensionError`] where the line leaves the grammar.
    pub fn parse(line: &'a [u8]) -> Result<Self, ExtensionError> {
        // What is not ASCII can stand nowhere in the grammar.
        let text = match str::from_utf8(line) {
            Ok(text) => text,
            Err(error) => return Err(Problem::Character.at(error.valid_up_to())),
        };
        let list = Self { rest: Words { text, len: text.len() } };
        let mut unchecked = list.clone();
        if unchecked.read()?.is_none() {
            return Err(unchecked.rest.problem(Problem::Extension));
        }
        while unchecked.read()?.is_some() {}
        Ok(list)
    }

    fn read(&mut self) -> Result<Option<Extension<'a>>, ExtensionError> {
        while self.rest.take(',') {}
        if self.rest.is_empty() {
            return Ok(None);
        }
        let name = self.rest.token()?;
        let mut parameters = Parameters { rest: self.rest };
        let first = parameters.clone();
        while parameters.read()?.is_some() {}
        self.rest = parameters.rest;
        Ok(Some(Extension { name, parameters: first }))
    }
}

/// Reads the lines of one header field, which mean the same as one line that joins them with commas: a
/// line may be empty if another is not.
#[cfg(any(feature = "deflate", feature = "handshake"))]
#[derive(Default)]
pub(crate) struct Field {
    has_extension: bool,
    empty_line: Option<ExtensionError>,
}

#[cfg(any(feature = "deflate", feature = "handshake"))]
impl Field {
    /// Reads the next line.
    pub(crate) fn read<'a>(
        &mut self,
        line: &'a [u8],
    ) -> Result<impl Iterator<Item = Extension<'a>> + use<'a>, ExtensionError> {
        let extensions = match Extensions::parse(line) {
            Ok(extensions) => Some(extensions),
            Err(error) if error.problem == Problem::Extension => {
                self.empty_line = Some(error);
                None
            }
            Err(error) => return Err(error),
        };
        self.has_extension |= extensions.is_some();
        Ok(extensions.into_iter().flatten())
    }

    /// Checks that the field, if there is one, lists an extension.
    pub(crate) fn finish(self) -> Result<(), ExtensionError> {
        self.empty_line.filter(|_| !self.has_extension).map_or(Ok(()), Err)
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = Extension<'a>;

    fn next(&mut self) -> Option<Extension<'a>> {
        self.read().ok().flatten()
    }
}

/// One element of the list: the name of an extension and its parameters.
///
/// It displays as the header has it, but for blanks and quotes that need not be.
#[derive(Clone, Debug)]
pub struct Extension<'a> {
    name: &'a str,
    parameters: Parameters<'a>,
}

impl<'a> Extension<'a> {
    /// The token under which the extension is registered, such as `permessage-deflate`.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The parameters in their order. What a repeated one means is for the extension to say; most
    /// forbid it.
    #[must_use]
    pub fn parameters(&self) -> Parameters<'a> {
        self.parameters.clone()
    }
}

impl fmt::Display for Extension<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.parameters().try_for_each(|parameter| write!(f, "; {parameter}"))
    }
}

/// The parameters of an [`Extension`].
#[derive(Clone, Debug)]
pub struct Parameters<'a> {
    rest: Words<'a>,
}

impl<'a> Parameters<'a> {
    fn read(&mut self) -> Result<Option<Parameter<'a>>, ExtensionError> {
        if self.rest.is_empty() || self.rest.next_is(',') {
            return Ok(None);
        }
        if !self.rest.take(';') {
            return Err(self.rest.problem(Problem::Separator));
        }
        let name = self.rest.token()?;
        let value = if self.rest.take('=') { Some(self.rest.value()?) } else { None };
        Ok(Some(Parameter { name, value }))
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = Parameter<'a>;

    fn next(&mut self) -> Option<Parameter<'a>> {
        self.read().ok().flatten()
    }
}

/// A parameter of an [`Extension`], with or without a value.
#[derive(Clone, Copy, Debug)]
pub struct Parameter<'a> {
    name: &'a str,
    value: Option<Value<'a>>,
}

impl<'a> Parameter<'a> {
    /// The name, a token.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// What stands behind the `=`; `None` if there is none.
    #[must_use]
    pub fn value(&self) -> Option<Value<'a>> {
        self.value
    }
}

impl fmt::Display for Parameter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.value.map_or(Ok(()), |value| write!(f, "={value}"))
    }
}

/// The value of a [`Parameter`]: a token, which may have been written in quotes.
///
/// In quotes each character may have a backslash before it. It is read over without a copy being made:
/// compare the value, take its [`chars`](Self::chars) or its [`number`](Self::number), or display it.
///
/// ```
/// use wsframe::extensions::Extensions;
///
/// let mut numbers = Vec::new();
/// for offer in Extensions::parse(br#"x; plain=12; quoted="12"; escaped="\1\2"; flag"#)? {
///     for value in offer.parameters().filter_map(|parameter| parameter.value()) {
///         numbers.push(value.number());
///     }
/// }
/// assert_eq!(numbers, [Some(12); 3]);
/// # Ok::<(), wsframe::extensions::ExtensionError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Value<'a> {
    /// Without its quotes, with its backslashes: no token has one, so each is an escape.
    raw: &'a str,
}

impl<'a> Value<'a> {
    /// The characters, all of them ASCII.
    pub fn chars(self) -> impl Iterator<Item = char> + Clone + 'a {
        self.raw.chars().filter(|&character| character != '\\')
    }

    /// The value as a slice of the header; `None` if backslashes stand in it.
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        if self.raw.contains('\\') { None } else { Some(self.raw) }
    }

    /// The number that the value is, if it is digits alone, without a leading zero: the way in which RFC
    /// 7692 §7.1.2 writes numbers. `None` also if it is greater than a `u32` holds.
    #[must_use]
    pub fn number(self) -> Option<u32> {
        let mut digits = self.chars().peekable();
        if digits.peek() == Some(&'0') {
            return if digits.count() == 1 { Some(0) } else { None };
        }
        digits.try_fold(0u32, |number, character| {
            number.checked_mul(10)?.checked_add(character.to_digit(10)?)
        })
    }
}

impl PartialEq<str> for Value<'_> {
    fn eq(&self, other: &str) -> bool {
        self.chars().eq(other.chars())
    }
}

impl PartialEq<&str> for Value<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.chars().eq(other.chars())
    }
}

impl Eq for Value<'_> {}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.split('\\').try_for_each(|piece| f.write_str(piece))
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// What is still to be read, word by word.
#[derive(Clone, Copy, Debug)]
struct Words<'a> {
    text: &'a str,
    /// The length of the whole line, from which offsets count.
    len: usize,
}

impl<'a> Words<'a> {
    fn skip_blanks(&mut self) {
        self.text = self.text.trim_start_matches([' ', '\t']);
    }

    fn is_empty(&mut self) -> bool {
        self.skip_blanks();
        self.text.is_empty()
    }

    fn next_is(&mut self, separator: char) -> bool {
        self.skip_blanks();
        self.text.starts_with(separator)
    }

    /// Reads over the separator if it comes next.
    fn take(&mut self, separator: char) -> bool {
        self.skip_blanks();
        match self.text.strip_prefix(separator) {
            Some(rest) => {
                self.text = rest;
                true
            }
            None => false,
        }
    }

    fn token(&mut self) -> Result<&'a str, ExtensionError> {
        self.skip_blanks();
        let rest = self.text.trim_start_matches(is_token_char);
        let token = &self.text[..self.text.len() - rest.len()];
        if token.is_empty() {
            return Err(self.problem(Problem::Token));
        }
        self.text = rest;
        Ok(token)
    }

    fn value(&mut self) -> Result<Value<'a>, ExtensionError> {
        self.skip_blanks();
        let Some(quoted) = self.text.strip_prefix('"') else {
            return Ok(Value { raw: self.token()? });
        };
        let mut escaped = false;
        let closing = quoted.find(|character| {
            let closes = character == '"' && !escaped;
            escaped = character == '\\' && !escaped;
            closes
        });
        let Some(closing) = closing else {
            return Err(self.problem(Problem::Quotes));
        };
        let value = Value { raw: &quoted[..closing] };
        // An escaped backslash is no character of a token either, so that the backslashes which are
        // left out here must all be escapes.
        if !is_token_of(value.chars()) || value.raw.contains("\\\\") {
            return Err(self.problem(Problem::Value));
        }
        self.text = &quoted[closing + 1..];
        Ok(value)
    }

    fn problem(&self, problem: Problem) -> ExtensionError {
        problem.at(self.len - self.text.len())
    }
}

fn is_token_of(mut characters: impl Iterator<Item = char> + Clone) -> bool {
    characters.clone().next().is_some() && characters.all(is_token_char)
}

/// Where and why a value of `Sec-WebSocket-Extensions` leaves the grammar of RFC 6455 §9.1.
///
/// A server answers it with status 400, a client fails the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtensionError {
    problem: Problem,
    offset: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Character,
    Extension,
    Token,
    Separator,
    Quotes,
    Value,
}

impl Problem {
    const fn at(self, offset: usize) -> ExtensionError {
        ExtensionError { problem: self, offset }
    }
}

impl ExtensionError {
    /// The byte of the line at which something else should stand.
    #[must_use]
    pub const fn offset(self) -> usize {
        self.offset
    }
}

impl fmt::Display for ExtensionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expected = match self.problem {
            Problem::Character => "ASCII",
            Problem::Extension => "an extension",
            Problem::Token => "a token",
            Problem::Separator => "a comma or semicolon",
            Problem::Quotes => "a quoted value that ends",
            Problem::Value => "a quoted value that is a token",
        };
        let offset = self.offset;
        write!(f, "Sec-WebSocket-Extensions: expected {expected} at byte {offset} (RFC 6455 §9.1)")
    }
}

impl core::error::Error for ExtensionError {}
