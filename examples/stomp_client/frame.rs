//! Frames of STOMP 1.2. They are text: a command, a line per header, and a body that ends with a
//! NUL.

use core::fmt;

pub(crate) struct Frame {
    pub(crate) command: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Frame {
    pub(crate) fn new(command: &str) -> Self {
        Self { command: command.into(), headers: Vec::new(), body: String::new() }
    }

    pub(crate) fn with(mut self, header: &str, value: impl Into<String>) -> Self {
        self.headers.push((header.into(), value.into()));
        self
    }

    pub(crate) fn body(self, body: &str) -> Self {
        let len = body.len().to_string();
        Self { body: body.into(), ..self.with("content-length", len) }
    }

    /// Returns the value of the first header with this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// Parses the frame in a message. Returns `None` for a heart-beat, which is only a line end.
    pub(crate) fn parse(message: &str) -> Result<Option<Self>, &'static str> {
        let message = message.trim_start_matches(['\r', '\n']);
        if message.is_empty() {
            return Ok(None);
        }
        let (command, mut rest) = line(message)?;
        let mut frame = Self::new(command);
        loop {
            let header;
            (header, rest) = line(rest)?;
            if header.is_empty() {
                break;
            }
            let (name, value) = header.split_once(':').ok_or("a header without a colon")?;
            frame = if escapes(command) {
                frame.with(&unescaped(name)?, unescaped(value)?)
            } else {
                frame.with(name, value)
            };
        }
        let len = match frame.header("content-length") {
            Some(len) => len.parse().map_err(|_| "a content-length that is no number")?,
            None => rest.find('\0').ok_or("a frame without an end")?,
        };
        let (body, end) = rest.split_at_checked(len).ok_or("a body shorter than it says")?;
        if !end.starts_with('\0') {
            return Err("a body longer than it says");
        }
        frame.body = body.into();
        Ok(Some(frame))
    }
}

/// Writes the frame as it is sent.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.command)?;
        for (name, value) in &self.headers {
            if escapes(&self.command) {
                writeln!(f, "{}:{}", escaped(name), escaped(value))?;
            } else {
                writeln!(f, "{name}:{value}")?;
            }
        }
        write!(f, "\n{}\0", self.body)
    }
}

/// Returns whether headers are escaped. Those of the first two frames are not, for compatibility
/// with STOMP 1.0.
fn escapes(command: &str) -> bool {
    !matches!(command, "CONNECT" | "CONNECTED")
}

/// The escapes of a header, and their meanings.
const ESCAPES: [(char, char); 4] = [('\\', '\\'), ('n', '\n'), ('r', '\r'), ('c', ':')];

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for char in text.chars() {
        match ESCAPES.iter().find(|(_, meant)| *meant == char) {
            Some((written, _)) => escaped.extend(['\\', *written]),
            None => escaped.push(char),
        }
    }
    escaped
}

fn unescaped(text: &str) -> Result<String, &'static str> {
    let mut chars = text.chars();
    let mut unescaped = String::new();
    while let Some(mut char) = chars.next() {
        if char == '\\' {
            let written = chars.next();
            let escape = ESCAPES.iter().find(|(one, _)| Some(*one) == written);
            char = escape.ok_or("an escape that is not defined")?.1;
        }
        unescaped.push(char);
    }
    Ok(unescaped)
}

/// Returns the first line, and the text after it.
fn line(text: &str) -> Result<(&str, &str), &'static str> {
    let (line, rest) = text.split_once('\n').ok_or("a frame that ends among its headers")?;
    Ok((line.strip_suffix('\r').unwrap_or(line), rest))
}
