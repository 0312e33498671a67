//! Writing `Sec-WebSocket-Extensions`.

use core::fmt::{self, Write as _};

use super::{is_token, is_token_char};

/// Writes the value of one line of `Sec-WebSocket-Extensions`: each extension, followed by its
/// parameters.
///
/// Header injection is impossible: a name or value that is not a token is refused with
/// [`fmt::Error`], and nothing of it is written. Values are never quoted, because quoted values
/// must be tokens as well.
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
    /// Written before the next extension.
    separator: &'w str,
    is_empty: bool,
}

impl<'w> ExtensionWriter<'w> {
    /// Creates a writer for a new value. `to` may be a `String`, a `Formatter` or any other
    /// [`fmt::Write`].
    pub fn new(to: &'w mut dyn fmt::Write) -> Self {
        Self::after("", to)
    }

    /// Creates a writer that writes `prefix` before the first extension, and nothing if there is
    /// none.
    pub(crate) fn after(prefix: &'w str, to: &'w mut dyn fmt::Write) -> Self {
        Self { to, separator: prefix, is_empty: true }
    }

    /// Returns whether no extension was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Writes the name of the next extension.
    ///
    /// # Errors
    ///
    /// Returns [`fmt::Error`] if the name is not a token, or the output returns an error.
    pub fn extension(&mut self, name: &str) -> Result<&mut Self, fmt::Error> {
        self.word(self.separator, name)?;
        self.separator = ", ";
        self.is_empty = false;
        Ok(self)
    }

    /// Writes a parameter without a value, for the current extension.
    ///
    /// # Errors
    ///
    /// Returns [`fmt::Error`] if there is no extension yet, the name is not a token, or the output
    /// returns an error.
    pub fn flag(&mut self, name: &str) -> Result<&mut Self, fmt::Error> {
        if self.is_empty {
            return Err(fmt::Error);
        }
        self.word("; ", name)
    }

    /// Writes a parameter with a value, for the current extension.
    ///
    /// # Errors
    ///
    /// Returns [`fmt::Error`] if there is no extension yet, the name or the value is not a token,
    /// or the output returns an error.
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
        // The value is checked again while it is written, because `Display` may produce a different
        // text.
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

/// A writer that accepts only the characters of a token.
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
