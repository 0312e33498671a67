//! The writer of `Sec-WebSocket-Extensions`.

use core::fmt::{self, Write as _};

use super::{is_token, is_token_char};

/// Writes the value of one line of `Sec-WebSocket-Extensions`: name an extension, then its parameters.
///
/// Nothing else can get into the header: a name or value that is not a token is refused with
/// [`fmt::Error`], and nothing of it is written. Quotes are never needed, since what they hold must be a
/// token as well.
///
/// ```
/// use wsframe::extensions::ExtensionWriter;
///
/// let mut line = String::new();
/// ExtensionWriter::new(&mut line)
///     .extension("permessage-deflate")?
///     .parameter("server_max_window_bits", 10)?
///     .extension("permessage-deflate")?
///     .flag("client_max_window_bits")?;
/// assert_eq!(
///     line,
///     "permessage-deflate; server_max_window_bits=10, permessage-deflate; client_max_window_bits"
/// );
/// # Ok::<(), std::fmt::Error>(())
/// ```
pub struct ExtensionWriter<'w> {
    to: &'w mut dyn fmt::Write,
    /// What stands before the next extension.
    separator: &'w str,
    is_empty: bool,
}

impl<'w> ExtensionWriter<'w> {
    /// A writer of a value that begins here: to a `String`, to a `Formatter`, to whatever takes text.
    pub fn new(to: &'w mut dyn fmt::Write) -> Self {
        Self::after("", to)
    }

    /// A writer that writes `prefix` before the first extension, so that it stands only if there is one.
    pub(crate) fn after(prefix: &'w str, to: &'w mut dyn fmt::Write) -> Self {
        Self { to, separator: prefix, is_empty: true }
    }

    /// Whether no extension was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Begins the next extension.
    ///
    /// # Errors
    ///
    /// If the name is not a token, or where the text goes takes no more.
    pub fn extension(&mut self, name: &str) -> Result<&mut Self, fmt::Error> {
        self.word(self.separator, name)?;
        self.separator = ", ";
        self.is_empty = false;
        Ok(self)
    }

    /// Gives the extension that was begun last a parameter without a value.
    ///
    /// # Errors
    ///
    /// If no extension was begun, the name is not a token, or where the text goes takes no more.
    pub fn flag(&mut self, name: &str) -> Result<&mut Self, fmt::Error> {
        if self.is_empty {
            return Err(fmt::Error);
        }
        self.word("; ", name)
    }

    /// Gives the extension that was begun last a parameter with a value.
    ///
    /// # Errors
    ///
    /// As [`flag`](Self::flag), and if the value does not display as a token.
    pub fn parameter(
        &mut self,
        name: &str,
        value: impl fmt::Display,
    ) -> Result<&mut Self, fmt::Error> {
        let mut seen = Token { is_empty: true, to: None };
        write!(seen, "{value}")?;
        if seen.is_empty {
            return Err(fmt::Error);
        }
        self.flag(name)?.to.write_str("=")?;
        // Checked again while it is written: a value need not display twice as the same.
        write!(Token { is_empty: true, to: Some(self.to) }, "{value}")?;
        Ok(self)
    }

    fn word(&mut self, separator: &str, name: &str) -> Result<&mut Self, fmt::Error> {
        if !is_token(name) {
            return Err(fmt::Error);
        }
        self.to.write_str(separator)?;
        self.to.write_str(name)?;
        Ok(self)
    }
}

impl fmt::Debug for ExtensionWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtensionWriter").field("is_empty", &self.is_empty).finish_non_exhaustive()
    }
}

/// Takes the characters of a token, and nothing else.
struct Token<'w> {
    is_empty: bool,
    to: Option<&'w mut dyn fmt::Write>,
}

impl fmt::Write for Token<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.is_empty &= text.is_empty();
        if !text.chars().all(is_token_char) {
            return Err(fmt::Error);
        }
        self.to.as_mut().map_or(Ok(()), |to| to.write_str(text))
    }
}
