//! Parsing `Sec-WebSocket-Extensions`.
//!
//! ```text
//! extension-list  = 1#extension
//! extension       = extension-token *( ";" extension-param )
//! extension-param = token [ "=" (token | quoted-string) ]
//!     ; When using the quoted-string syntax variant, the value after quoted-string unescaping
//!     ; MUST conform to the 'token' ABNF.
//! ```
//!
//! The notation is that of RFC 2616, with "implied LWS": whitespace may separate any two words. A
//! whole line is checked before any element is returned. The iterators then run the same code
//! again, which cannot fail.

use core::{fmt, str};

use super::is_token_char;

/// The extensions in one line of `Sec-WebSocket-Extensions`. In a request these are the client's
/// offers, the most preferred first. In a response they are those that the server accepted.
///
/// The field may be split into several lines, which mean the same as one line that joins them with
/// commas. Read them one after another.
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
/// if let Err(error) = Extensions::parse(b"permessage-deflate; =10") {
///     assert_eq!(error.offset(), 20);
/// }
/// # Ok::<(), wsframe::extensions::ExtensionError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Extensions<'a> {
    rest: Words<'a>,
}

impl<'a> Extensions<'a> {
    /// Checks the value of one line of the header field.
    ///
    /// Empty elements of the list are skipped, as RFC 9110 §5.6.1.2 requires. At least one element
    /// must not be empty. If the field has several lines, one of them may be empty: skip it.
    ///
    /// # Errors
    ///
    /// Returns an [`ExtensionError`] with the offset of the first invalid byte.
    pub fn parse(line: &'a [u8]) -> Result<Self, ExtensionError> {
        // The grammar contains only ASCII.
        let text = match str::from_utf8(line) {
            Ok(text) => text,
            Err(error) => return Err(Problem::Character.at(error.valid_up_to())),
        };
        let list = Self { rest: Words { text, len: text.len() } };
        let mut unchecked = list.clone();
        if unchecked.read()?.is_none() {
            return Err(unchecked.rest.problem(Problem::ExtensionElement));
        }
        while unchecked.read()?.is_some() {}
        Ok(list)
    }

    fn read(&mut self) -> Result<Option<ExtensionElement<'a>>, ExtensionError> {
        while self.rest.take(',') {}
        if self.rest.is_empty() {
            return Ok(None);
        }
        let name = self.rest.token()?;
        let mut parameters = ExtensionParameters { rest: self.rest };
        let first = parameters.clone();
        while parameters.read()?.is_some() {}
        self.rest = parameters.rest;
        Ok(Some(ExtensionElement { name, parameters: first }))
    }
}

/// Reads the lines of one header field. They mean the same as one line that joins them with commas,
/// so a line may be empty if another is not.
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
    ) -> Result<impl Iterator<Item = ExtensionElement<'a>> + use<'a>, ExtensionError> {
        let extensions = match Extensions::parse(line) {
            Ok(extensions) => Some(extensions),
            Err(error) if error.problem == Problem::ExtensionElement => {
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
    type Item = ExtensionElement<'a>;

    fn next(&mut self) -> Option<ExtensionElement<'a>> {
        self.read().ok().flatten()
    }
}

/// One element of the list: the name of an extension, and its parameters.
///
/// Its `Display` output is the header's text, without optional whitespace and quotes.
///
/// ```
/// use wsframe::extensions::Extensions;
///
/// for extension in Extensions::parse(br#"x-log ;level = "4", x-any"#)? {
///     match extension.name() {
///         "x-log" => assert_eq!(extension.to_string(), "x-log; level=4"),
///         _ => assert_eq!(extension.parameters().count(), 0),
///     }
/// }
/// # Ok::<(), wsframe::extensions::ExtensionError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ExtensionElement<'a> {
    name: &'a str,
    parameters: ExtensionParameters<'a>,
}

impl<'a> ExtensionElement<'a> {
    /// Returns the registered name of the extension, such as `permessage-deflate`.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Returns the parameters in order. The extension decides what a repeated one means; most
    /// forbid it.
    #[must_use]
    pub fn parameters(&self) -> ExtensionParameters<'a> {
        self.parameters.clone()
    }
}

impl fmt::Display for ExtensionElement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.parameters().try_for_each(|parameter| write!(f, "; {parameter}"))
    }
}

/// An iterator over the parameters of an [`ExtensionElement`].
///
/// [`ExtensionElement::parameters`] creates it.
///
/// ```
/// use wsframe::extensions::Extensions;
///
/// for extension in Extensions::parse(b"x-log; level=4; verbose")? {
///     let names: Vec<_> = extension.parameters().map(|parameter| parameter.name()).collect();
///     assert_eq!(names, ["level", "verbose"]);
/// }
/// # Ok::<(), wsframe::extensions::ExtensionError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ExtensionParameters<'a> {
    rest: Words<'a>,
}

impl<'a> ExtensionParameters<'a> {
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

impl<'a> Iterator for ExtensionParameters<'a> {
    type Item = Parameter<'a>;

    fn next(&mut self) -> Option<Parameter<'a>> {
        self.read().ok().flatten()
    }
}

/// A parameter of an [`ExtensionElement`], with or without a value.
///
/// ```
/// use wsframe::extensions::Extensions;
///
/// for extension in Extensions::parse(b"x-log; level=4; verbose")? {
///     for parameter in extension.parameters() {
///         match (parameter.name(), parameter.value()) {
///             ("level", Some(level)) => assert_eq!(level.number(), Some(4)),
///             (name, value) => assert!(name == "verbose" && value.is_none()),
///         }
///     }
/// }
/// # Ok::<(), wsframe::extensions::ExtensionError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Parameter<'a> {
    name: &'a str,
    value: Option<Value<'a>>,
}

impl<'a> Parameter<'a> {
    /// Returns the name, a token.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Returns the value after the `=`, or `None` if there is none.
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

/// The value of a [`Parameter`]: a token, which may have been quoted.
///
/// A quoted value may contain backslashes as escapes. [`chars`](Self::chars),
/// [`number`](Self::number), comparisons and `Display` unescape it without a copy.
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
    /// The value without quotes, but with backslashes. A token contains no backslash, so each one
    /// is an escape.
    raw: &'a str,
}

impl<'a> Value<'a> {
    /// Returns the unescaped characters, all of them ASCII.
    pub fn chars(self) -> impl Iterator<Item = char> + Clone + 'a {
        self.raw.chars().filter(|&character| character != '\\')
    }

    /// Returns the value as a slice of the header, or `None` if it contains escapes.
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        if self.raw.contains('\\') { None } else { Some(self.raw) }
    }

    /// Returns the value as a number. Returns `None` unless it consists of digits without a leading
    /// zero, as RFC 7692 §7.1.2 requires, and fits a `u32`.
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

/// The unread rest of a line, read word by word.
#[derive(Clone, Copy, Debug)]
struct Words<'a> {
    text: &'a str,
    /// The length of the whole line, to compute offsets.
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

    /// Skips the separator if it comes next. Returns whether it did.
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
        // An escaped backslash is not a token character either. So all backslashes that `chars`
        // skips are escapes.
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

/// Error returned for a value of `Sec-WebSocket-Extensions` that violates the grammar (RFC 6455
/// §9.1).
///
/// A server responds with status 400. A client fails the connection.
///
/// ```
/// use wsframe::extensions::Extensions;
///
/// if let Err(error) = Extensions::parse(b"permessage-deflate; =10") {
///     let text = "Sec-WebSocket-Extensions: expected a token at byte 20 (RFC 6455 §9.1)";
///     assert_eq!(error.to_string(), text);
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtensionError {
    problem: Problem,
    offset: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Character,
    ExtensionElement,
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
    /// Returns the offset in the line at which something else was expected.
    #[must_use]
    pub const fn offset(self) -> usize {
        self.offset
    }
}

impl fmt::Display for ExtensionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expected = match self.problem {
            Problem::Character => "ASCII",
            Problem::ExtensionElement => "an extension",
            Problem::Token => "a token",
            Problem::Separator => "a comma or semicolon",
            Problem::Quotes => "a closing quotation mark for the value",
            Problem::Value => "a quoted value that is a token",
        };
        let offset = self.offset;
        write!(f, "Sec-WebSocket-Extensions: expected {expected} at byte {offset} (RFC 6455 §9.1)")
    }
}

impl core::error::Error for ExtensionError {}
