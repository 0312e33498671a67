//! Finding the end of an HTTP head in bytes that arrive in pieces, and parsing the head.
//!
//! Parsing a growing head at every read takes quadratic time if the reads are small. So a scanner
//! first finds the end, and looks at each byte once. The complete head is then parsed once. All
//! lines must end in CRLF, because parsers that disagree on line ends enable request smuggling.

use core::fmt;
use core::ops::Range;

use httparse::{Error, Status};
use memchr::{memchr, memchr_iter};

use super::fields::{Fields, Lines};
use crate::extensions::is_token_char;

/// The default of [`HeadScanner::max_len`], in bytes.
pub const DEFAULT_MAX_HEAD_LEN: usize = 16 << 10;

/// The maximum number of header fields that [`Request::parse`] and [`Response::parse`] accept.
pub const DEFAULT_MAX_HEADERS: usize = 64;

/// Finds the end of an HTTP head in bytes that arrive in pieces.
///
/// Create one per message. A server finds the request with [`find_request`](Self::find_request), a
/// client finds the response with [`find_response`](Self::find_response).
///
/// ```
/// use wsframe::handshake::HeadScanner;
///
/// let mut reader = HeadScanner::new();
/// assert_eq!(reader.find_request(b"GET / HTTP/1.1\r\nHost: a\r\n")?, None);
/// // The earlier bytes, and more.
/// let received = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n\x81\x85";
/// assert_eq!(reader.find_request(received)?, Some(27)); // the bytes after it belong to frames
/// # Ok::<(), wsframe::handshake::HeadError>(())
/// ```
#[derive(Clone, Debug)]
pub struct HeadScanner {
    max_len: usize,
    /// The offset of the head, after the interim responses that were skipped.
    start: usize,
    /// The number of bytes that were searched.
    searched: usize,
    /// The offset of the line that contains the next byte to search.
    line: usize,
    /// Whether the start-line has begun, with a valid first byte.
    is_begun: bool,
    /// Whether the start-line has ended.
    has_start_line: bool,
}

impl HeadScanner {
    /// Creates a scanner for heads of up to [`DEFAULT_MAX_HEAD_LEN`] bytes.
    #[must_use]
    pub const fn new() -> Self {
        Self::at(0, DEFAULT_MAX_HEAD_LEN)
    }

    const fn at(start: usize, max_len: usize) -> Self {
        let (searched, line) = (start, start);
        Self { max_len, start, searched, line, is_begun: false, has_start_line: false }
    }

    /// Sets the limit on the length of a head, in bytes.
    #[must_use]
    #[doc(alias = "max_head_len")]
    pub const fn max_len(self, bytes: usize) -> Self {
        Self { max_len: bytes, ..self }
    }

    /// Returns the length of the head at the beginning of `received`. Returns `None` while its end
    /// has not arrived.
    ///
    /// `received` must contain everything that has arrived, from the first byte on. Only bytes that
    /// are new since the last call are searched. Empty lines before the head are part of it.
    ///
    /// # Errors
    ///
    /// - [`HeadError::TooLong`]
    /// - [`HeadError::LineEnd`] for a line that ends in LF alone
    /// - [`HeadError::StartLine`] if the first byte cannot begin an HTTP/1 message, as with TLS
    ///
    /// An error repeats if the call is repeated.
    pub fn find_request(&mut self, received: &[u8]) -> Result<Option<usize>, HeadError> {
        let end = received.len().min(self.max_len);
        let new = received.get(self.searched..end).unwrap_or_default();
        let Self { mut line, mut is_begun, mut has_start_line, .. } = *self;
        for lf in memchr_iter(b'\n', new) {
            let lf = self.searched + lf;
            is_begun = is_begun || begins(received, line)?;
            if lf == line || received[lf - 1] != b'\r' {
                return Err(HeadError::LineEnd);
            }
            if lf - line > 1 {
                // The line began with a CR, but was not empty.
                if !is_begun {
                    return Err(HeadError::StartLine);
                }
                has_start_line = true;
            } else if has_start_line {
                return Ok(Some(lf + 1));
            }
            line = lf + 1;
        }
        is_begun = is_begun || begins(&received[..end], line)?;
        if received.len() >= self.max_len {
            return Err(HeadError::TooLong);
        }
        *self = Self { searched: end.max(self.searched), line, is_begun, has_start_line, ..*self };
        Ok(None)
    }

    /// Returns the range of the final response in `received`. Returns `None` while its end has not
    /// arrived.
    ///
    /// Clients must call this instead of [`find_request`](Self::find_request). It skips interim
    /// responses, such as 103 (Early Hints), which any server or proxy may send (RFC 9110 §15.2).
    ///
    /// `received` must contain everything that has arrived, from the first byte on. Skipped
    /// responses count towards [`max_len`](Self::max_len).
    ///
    /// # Errors
    ///
    /// - [`HeadError::TooLong`]
    /// - [`HeadError::LineEnd`] for a line that ends in LF alone
    /// - [`HeadError::StartLine`] if the first byte cannot begin an HTTP/1 message, as with TLS
    ///
    /// ```
    /// use wsframe::handshake::HeadScanner;
    ///
    /// let received = b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 Welcome\r\n\r\n\x81\x05";
    /// let mut reader = HeadScanner::new();
    /// if let Some(head) = reader.find_response(received)? {
    ///     assert_eq!(&received[head.clone()], b"HTTP/1.1 101 Welcome\r\n\r\n");
    ///     assert_eq!(&received[head.end..], b"\x81\x05"); // a frame has begun
    /// }
    /// # Ok::<(), wsframe::handshake::HeadError>(())
    /// ```
    pub fn find_response(&mut self, received: &[u8]) -> Result<Option<Range<usize>>, HeadError> {
        while let Some(end) = self.find_request(received)? {
            let head = self.start..end;
            // There is no capacity for header fields, but the status-line comes before them.
            let mut response = httparse::Response::new(&mut []);
            let _ = response.parse(&received[head.clone()]);
            match (response.code, response.reason) {
                (Some(status), Some(_)) if is_interim(status) => {
                    *self = Self::at(end, self.max_len);
                }
                _ => return Ok(Some(head)),
            }
        }
        Ok(None)
    }
}

/// Returns whether another response follows one with this status. 101 is final, because no HTTP
/// follows it.
const fn is_interim(status: u16) -> bool {
    matches!(status, 100 | 102..=199)
}

/// Returns whether the start-line begins here. It does not if no byte has arrived, or the line is
/// empty. Request-lines and status-lines begin with a token.
fn begins(received: &[u8], line: usize) -> Result<bool, HeadError> {
    match received.get(line) {
        None | Some(b'\r' | b'\n') => Ok(false),
        Some(&first) if is_token_char(first.into()) => Ok(true),
        Some(_) => Err(HeadError::StartLine),
    }
}

impl Default for HeadScanner {
    fn default() -> Self {
        Self::new()
    }
}

/// Error returned for bytes that are not the head of an HTTP/1 message.
///
/// ```
/// use wsframe::handshake::{HeadError, HeadScanner};
///
/// let client_hello = [0x16, 0x03, 0x01]; // TLS on a port without it
/// assert_eq!(HeadScanner::new().find_request(&client_hello), Err(HeadError::StartLine));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeadError {
    /// The head is longer than [`HeadScanner::max_len`].
    TooLong,
    /// There are more header fields than [`DEFAULT_MAX_HEADERS`], or than the number passed to
    /// [`Request::parse_with_max_headers`] or [`Response::parse_with_max_headers`].
    TooManyHeaders,
    /// The bytes end inside the head. Pass the bytes that a [`HeadScanner`] found.
    Incomplete,
    /// The first line is not a request-line or status-line.
    StartLine,
    /// The version is neither HTTP/1.0 nor HTTP/1.1.
    Version,
    /// The name or value of a header field contains an invalid character.
    Header,
    /// A header field continues on the next line (obs-fold). A client can join the lines of a
    /// response with [`Response::unfold`]. A server must refuse the request.
    ObsFold,
    /// A line does not end in CRLF.
    LineEnd,
}

impl HeadError {
    pub(super) const fn why(self) -> &'static str {
        match self {
            Self::TooLong => "the head of the message exceeds the length limit",
            Self::TooManyHeaders => "the number of header fields exceeds the limit",
            Self::Incomplete => "the head of the message is incomplete",
            Self::StartLine => "the first line is not an HTTP/1 start-line (RFC 9112 §2.1)",
            Self::Version => "the version is neither HTTP/1.0 nor HTTP/1.1 (RFC 9112 §2.3)",
            Self::Header => "a header field is malformed (RFC 9110 §5)",
            Self::ObsFold => "a header field continues on the next line (RFC 9112 §5.2)",
            Self::LineEnd => "a line of the head does not end in CRLF (RFC 9112 §2.2)",
        }
    }
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why())
    }
}

impl core::error::Error for HeadError {}

impl From<Error> for HeadError {
    fn from(error: Error) -> Self {
        match error {
            Error::HeaderName | Error::HeaderValue => Self::Header,
            Error::NewLine => Self::LineEnd,
            Error::TooManyHeaders => Self::TooManyHeaders,
            Error::Version => Self::Version,
            Error::Status | Error::Token => Self::StartLine,
        }
    }
}

/// Converts the parser's result for a head that should be complete.
fn whole(head: &[u8], parsed: httparse::Result<usize>) -> Result<(), HeadError> {
    match parsed {
        Ok(Status::Complete(len)) if len == head.len() => Ok(()),
        // The head ended earlier, at an LF without CR.
        Ok(Status::Complete(_)) => Err(HeadError::LineEnd),
        Ok(Status::Partial) => Err(HeadError::Incomplete),
        // The parser reads the whitespace as the beginning of the next field's name.
        Err(Error::HeaderName) if next_fold(head, first_line_len(head)).is_some() => {
            Err(HeadError::ObsFold)
        }
        Err(error) => Err(error.into()),
    }
}

/// Returns the offset of the first header field: after the start-line, and the empty lines before
/// it.
fn first_line_len(head: &[u8]) -> usize {
    let start = head.iter().take_while(|&&byte| matches!(byte, b'\r' | b'\n')).count();
    memchr(b'\n', &head[start..]).map_or(head.len(), |lf| start + lf + 1)
}

/// Returns the index of the LF of the first obs-fold at or after `line`, which is the offset of a
/// line.
///
/// > obs-fold = OWS CRLF RWS
fn next_fold(head: &[u8], line: usize) -> Option<usize> {
    let mut ends = memchr_iter(b'\n', &head[line..]).map(|lf| line + lf);
    ends.find(|&lf| head[..lf].ends_with(b"\r") && head.get(lf + 1).is_some_and(is_blank))
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The parsed head of an HTTP/1 request. It may be a WebSocket handshake or any other request.
///
/// It borrows the head, and holds up to `N` header fields inline, without an allocator.
///
/// ```
/// use wsframe::handshake::Request;
///
/// let head = b"GET /news?page=2 HTTP/1.1\r\nHost: example.com\r\n\r\n";
/// let request = Request::parse(head)?;
/// assert!(!request.is_handshake()); // a request for a page
/// assert_eq!((request.method(), request.target()), ("GET", "/news?page=2"));
/// assert_eq!(request.header("host"), Some(&b"example.com"[..]));
/// # Ok::<(), wsframe::handshake::HeadError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Request<'a, const N: usize = DEFAULT_MAX_HEADERS> {
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    pub(super) is_http_1_1: bool,
    lines: Lines<'a, N>,
}

impl<'a> Request<'a> {
    /// Parses a complete head, as found by [`HeadScanner::find_request`], with up to
    /// [`DEFAULT_MAX_HEADERS`] header fields.
    ///
    /// # Errors
    ///
    /// Returns a [`HeadError`] if `head` is not the complete head of an HTTP/1 request.
    pub fn parse(head: &'a [u8]) -> Result<Self, HeadError> {
        Self::parse_with_max_headers(head)
    }
}

impl<'a, const N: usize> Request<'a, N> {
    /// Parses a complete head with up to `N` header fields.
    ///
    /// A `Request` has space for `N` fields, which take two slices each.
    ///
    /// # Errors
    ///
    /// Returns a [`HeadError`] if `head` is not the complete head of an HTTP/1 request.
    ///
    /// ```
    /// use wsframe::handshake::{HeadError, Request};
    ///
    /// let head = b"GET / HTTP/1.1\r\nHost: example.com\r\nOrigin: null\r\n\r\n";
    /// assert!(Request::<2>::parse_with_max_headers(head).is_ok());
    /// let refused = Request::<1>::parse_with_max_headers(head).err();
    /// assert_eq!(refused, Some(HeadError::TooManyHeaders));
    /// ```
    pub fn parse_with_max_headers(head: &'a [u8]) -> Result<Self, HeadError> {
        let mut lines = Lines::new();
        let mut request = httparse::Request::new(lines.storage());
        let parsed = request.parse(head);
        whole(head, parsed)?;
        let (Some(method), Some(target), Some(version)) =
            (request.method, request.path, request.version)
        else {
            return Err(HeadError::Incomplete);
        };
        let count = request.headers.len();
        lines.truncate(count);
        Ok(Self { method, target, is_http_1_1: version == 1, lines })
    }

    pub(super) fn fields(&self) -> Fields<'_> {
        Fields::Lines(self.lines.get())
    }

    /// Returns the method, such as `GET`.
    #[must_use]
    pub fn method(&self) -> &'a str {
        self.method
    }

    /// Returns the target as it was sent. It usually is a path, with or without a query.
    #[must_use]
    pub fn target(&self) -> &'a str {
        self.target
    }

    /// Returns the value of the first header field with this name, without whitespace around it.
    /// Names are case-insensitive.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.fields().first(name)
    }

    /// Returns all header fields in order: names as they were sent, values without whitespace
    /// around them.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields().all()
    }
}

/// The parsed head of an HTTP/1 response. It may open a WebSocket or be any other response.
///
/// It borrows the head, and holds up to `N` header fields inline, without an allocator.
///
/// ```
/// use wsframe::handshake::Response;
///
/// let head = b"HTTP/1.1 302 Found\r\nLocation: wss://example.com/\r\n\r\n";
/// let response = Response::parse(head)?;
/// assert_eq!(response.status(), 302);
/// assert_eq!(response.header("location"), Some(&b"wss://example.com/"[..]));
/// # Ok::<(), wsframe::handshake::HeadError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Response<'a, const N: usize = DEFAULT_MAX_HEADERS> {
    pub(super) status: u16,
    reason: &'a str,
    pub(super) is_http_1_1: bool,
    lines: Lines<'a, N>,
}

impl<'a> Response<'a> {
    /// Parses a complete head, as found by [`HeadScanner::find_response`], with up to
    /// [`DEFAULT_MAX_HEADERS`] header fields.
    ///
    /// # Errors
    ///
    /// Returns a [`HeadError`] if `head` is not the complete head of an HTTP/1 response.
    pub fn parse(head: &'a [u8]) -> Result<Self, HeadError> {
        Self::parse_with_max_headers(head)
    }

    /// Joins header fields that continue on the next line (obs-fold), as some old servers send
    /// them. Call it before [`parse`](Self::parse), which refuses such a head with
    /// [`HeadError::ObsFold`].
    ///
    /// The head keeps its length: line ends become spaces, in place. A continued status-line is
    /// unchanged, and `parse` refuses it.
    ///
    /// > A user agent that receives an obs-fold in a response message […] MUST replace each
    /// > received obs-fold with one or more SP octets prior to interpreting the field value. (RFC
    /// > 9112 §5.2)
    ///
    /// ```
    /// use wsframe::handshake::{HeadError, Response};
    ///
    /// let mut head = *b"HTTP/1.1 101 ok\r\nServer: an old\r\n\tdevice\r\n\r\n";
    /// let refused = Response::parse(&head).err();
    /// assert_eq!(refused, Some(HeadError::ObsFold));
    ///
    /// Response::unfold(&mut head);
    /// let response = Response::parse(&head)?;
    /// assert_eq!(response.header("server"), Some(&b"an old   device"[..]));
    /// # Ok::<(), HeadError>(())
    /// ```
    pub fn unfold(head: &mut [u8]) {
        let mut line = first_line_len(head);
        while let Some(lf) = next_fold(head, line) {
            let before = head[line..lf - 1].iter().rev().take_while(|byte| is_blank(byte)).count();
            let after = head[lf + 1..].iter().take_while(|byte| is_blank(byte)).count();
            head[lf - 1 - before..lf + 1 + after].fill(b' ');
            line = lf + 1;
        }
    }
}

impl<'a, const N: usize> Response<'a, N> {
    /// Parses a complete head with up to `N` header fields.
    ///
    /// A `Response` has space for `N` fields, which take two slices each.
    ///
    /// # Errors
    ///
    /// Returns a [`HeadError`] if `head` is not the complete head of an HTTP/1 response.
    ///
    /// ```
    /// use wsframe::handshake::{HeadError, Response};
    ///
    /// let head = b"HTTP/1.1 200 OK\r\nServer: example\r\nContent-Length: 0\r\n\r\n";
    /// assert!(Response::<2>::parse_with_max_headers(head).is_ok());
    /// let refused = Response::<1>::parse_with_max_headers(head).err();
    /// assert_eq!(refused, Some(HeadError::TooManyHeaders));
    /// ```
    pub fn parse_with_max_headers(head: &'a [u8]) -> Result<Self, HeadError> {
        let mut lines = Lines::new();
        let mut response = httparse::Response::new(lines.storage());
        let parsed = response.parse(head);
        whole(head, parsed)?;
        let (Some(status), Some(reason), Some(version)) =
            (response.code, response.reason, response.version)
        else {
            return Err(HeadError::Incomplete);
        };
        let count = response.headers.len();
        lines.truncate(count);
        Ok(Self { status, reason, is_http_1_1: version == 1, lines })
    }

    pub(super) fn fields(&self) -> Fields<'_> {
        Fields::Lines(self.lines.get())
    }

    /// Returns the status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the reason phrase after the status code. It may be empty.
    #[must_use]
    pub fn reason(&self) -> &'a str {
        self.reason
    }

    /// Returns whether this is an interim response, such as 103 (Early Hints), which the final one
    /// follows.
    ///
    /// [`HeadScanner::find_response`] skips interim responses. To see them, call
    /// [`HeadScanner::find_request`], and find the next head with a new `HeadScanner` in the bytes
    /// after this one.
    #[must_use]
    pub fn is_interim(&self) -> bool {
        is_interim(self.status)
    }

    /// Returns the value of the first header field with this name, without whitespace around it.
    /// Names are case-insensitive.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.fields().first(name)
    }

    /// Returns all header fields in order: names as they were sent, values without whitespace
    /// around them.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields().all()
    }
}
