//! Where the head of an HTTP message ends, found as its bytes arrive, and what stands in it.
//!
//! A parser that is shown the growing head again at every read takes time that grows with the square of
//! its length, if the reads are small. So the end is looked for first, each byte once, and the head is
//! parsed once, when all of it is there. Lines are also held to end in CRLF on the way: two parsers that
//! disagree on where a line ends is what request smuggling is made of.

use core::fmt;
use core::ops::Range;

use httparse::{Error, Header, Status};
use memchr::{memchr, memchr_iter};

use super::fields::Fields;
use crate::extensions::is_token_char;

/// The length in bytes of the longest head that a [`HeadReader`] lets through unless told otherwise.
pub const DEFAULT_MAX_HEAD_LEN: usize = 16 << 10;

/// Finds the end of the head in bytes that arrive in any pieces. One a message: a server's finds the
/// request with [`find`](Self::find), a client's the response with [`find_final`](Self::find_final).
///
/// ```
/// use wsframe::handshake::HeadReader;
///
/// let mut reader = HeadReader::new();
/// assert_eq!(reader.find(b"GET / HTTP/1.1\r\nHost: a\r\n")?, None);
/// // The bytes from before, and more.
/// let received = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n\x81\x85";
/// assert_eq!(reader.find(received)?, Some(27)); // what follows is the caller's
/// # Ok::<(), wsframe::handshake::HeadError>(())
/// ```
#[derive(Clone, Debug)]
pub struct HeadReader {
    max_len: usize,
    /// Where the head begins: behind those that were passed over.
    start: usize,
    /// How many bytes were looked at.
    searched: usize,
    /// Where the line begins that those end in.
    line: usize,
    /// Whether the start-line has begun, with a byte that may begin it.
    is_begun: bool,
    /// Whether the start-line has ended.
    has_start_line: bool,
}

impl HeadReader {
    /// A reader that has seen nothing yet, for heads of up to [`DEFAULT_MAX_HEAD_LEN`] bytes.
    #[must_use]
    pub const fn new() -> Self {
        Self::at(0, DEFAULT_MAX_HEAD_LEN)
    }

    const fn at(start: usize, max_len: usize) -> Self {
        let (searched, line) = (start, start);
        Self { max_len, start, searched, line, is_begun: false, has_start_line: false }
    }

    /// Lets heads of up to this many bytes through, instead.
    #[must_use]
    pub const fn max_len(self, bytes: usize) -> Self {
        Self { max_len: bytes, ..self }
    }

    /// The length of the head that `received` begins with; `None` while its end is not there.
    ///
    /// `received` is everything that arrived, from the first byte on: what it held at the last call, and
    /// what came since. Only the latter is looked at. Empty lines before the head are part of it.
    ///
    /// # Errors
    ///
    /// [`HeadError::TooLong`], [`HeadError::LineEnd`] for a line that ends in LF alone, and
    /// [`HeadError::StartLine`] for what cannot be HTTP/1 by its first byte, such as TLS. An error
    /// repeats by itself.
    pub fn find(&mut self, received: &[u8]) -> Result<Option<usize>, HeadError> {
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
                // It began with a CR, but was no empty line.
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

    /// Where in `received` the head of the response stands that answers the request; `None` while its end
    /// is not there. Interim responses before it, such as 103 (Early Hints), are passed over: any server
    /// or proxy may send some (RFC 9110 §15.2). So it is this that a client calls, instead of
    /// [`find`](Self::find).
    ///
    /// `received` is as in `find`. What was passed over counts towards [`max_len`](Self::max_len).
    ///
    /// # Errors
    ///
    /// Those of `find`.
    ///
    /// ```
    /// use wsframe::handshake::HeadReader;
    ///
    /// let received = b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 Welcome\r\n\r\n\x81\x05";
    /// let head = HeadReader::new().find_final(received)?.unwrap();
    /// assert_eq!(&received[head.clone()], b"HTTP/1.1 101 Welcome\r\n\r\n");
    /// assert_eq!(&received[head.end..], b"\x81\x05");
    /// # Ok::<(), wsframe::handshake::HeadError>(())
    /// ```
    pub fn find_final(&mut self, received: &[u8]) -> Result<Option<Range<usize>>, HeadError> {
        while let Some(end) = self.find(received)? {
            let head = self.start..end;
            // There is no room for header fields, but the status-line comes before them.
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

/// Whether a response of this status is one that another follows: 101 is final, since what follows it is
/// no HTTP.
const fn is_interim(status: u16) -> bool {
    matches!(status, 100 | 102..=199)
}

/// Whether the start-line begins here: not if there is nothing yet, or an empty line. Both kinds of
/// start-line begin with a token.
fn begins(received: &[u8], line: usize) -> Result<bool, HeadError> {
    match received.get(line) {
        None | Some(b'\r' | b'\n') => Ok(false),
        Some(&first) if is_token_char(first.into()) => Ok(true),
        Some(_) => Err(HeadError::StartLine),
    }
}

impl Default for HeadReader {
    fn default() -> Self {
        Self::new()
    }
}

/// What is wrong with the head of an HTTP message, whatever it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeadError {
    /// The head is longer than [`HeadReader::max_len`] allows.
    TooLong,
    /// There are more header fields than the storage that the caller gave has room for.
    TooManyHeaders,
    /// The bytes end within the head: they are not what a [`HeadReader`] found.
    Incomplete,
    /// The request-line or status-line is none.
    StartLine,
    /// The version is neither HTTP/1.0 nor HTTP/1.1.
    Version,
    /// A name or value of a header field holds what may not stand there.
    Header,
    /// A header field is continued on the next line (obs-fold). A client can join the lines of a response
    /// with [`Response::unfold`]; a server must refuse the request.
    ObsFold,
    /// A line ends in something else than CRLF.
    LineEnd,
}

impl HeadError {
    pub(super) const fn why(self) -> &'static str {
        match self {
            Self::TooLong => "the head of the message is longer than is allowed here",
            Self::TooManyHeaders => "the message has more header fields than are allowed here",
            Self::Incomplete => "the head of the message does not end",
            Self::StartLine => "the first line is not one of HTTP/1 (RFC 9112 §2.1)",
            Self::Version => "the version is neither HTTP/1.0 nor HTTP/1.1 (RFC 9112 §2.3)",
            Self::Header => "a header field is malformed (RFC 9110 §5)",
            Self::ObsFold => "a header field is continued on the next line (RFC 9112 §5.2)",
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

/// What the parser says of a head that is thought to be whole.
fn whole(head: &[u8], parsed: httparse::Result<usize>) -> Result<(), HeadError> {
    match parsed {
        Ok(Status::Complete(len)) if len == head.len() => Ok(()),
        // It ended sooner, at an LF that no CR stands before.
        Ok(Status::Complete(_)) => Err(HeadError::LineEnd),
        Ok(Status::Partial) => Err(HeadError::Incomplete),
        // To the parser, the blank begins the name of the next field.
        Err(Error::HeaderName) if next_fold(head, first_line_len(head)).is_some() => {
            Err(HeadError::ObsFold)
        }
        Err(error) => Err(error.into()),
    }
}

/// Where the first header field begins: after the start-line, and the empty lines before it.
fn first_line_len(head: &[u8]) -> usize {
    let start = head.iter().take_while(|&&byte| matches!(byte, b'\r' | b'\n')).count();
    memchr(b'\n', &head[start..]).map_or(head.len(), |lf| start + lf + 1)
}

/// Where the first line at or after `line`, which begins one, ends in an obs-fold: the index of its LF.
///
/// > obs-fold = OWS CRLF RWS
fn next_fold(head: &[u8], line: usize) -> Option<usize> {
    let mut ends = memchr_iter(b'\n', &head[line..]).map(|lf| line + lf);
    ends.find(|&lf| head[..lf].ends_with(b"\r") && head.get(lf + 1).is_some_and(is_blank))
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The head of any HTTP/1 request, parsed: what a server reads first.
///
/// ```
/// use wsframe::handshake::{EMPTY_HEADER, Request};
///
/// let mut storage = [EMPTY_HEADER; 64];
/// let head = b"GET /news?page=2 HTTP/1.1\r\nHost: example.com\r\n\r\n";
/// let request = Request::parse(head, &mut storage)?;
/// assert!(!request.is_handshake()); // somebody wants a page
/// assert_eq!((request.method(), request.target()), ("GET", "/news?page=2"));
/// assert_eq!(request.header("host"), Some(&b"example.com"[..]));
/// # Ok::<(), wsframe::handshake::HeadError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    pub(super) is_http_1_1: bool,
    pub(super) fields: Fields<'a>,
}

impl<'a> Request<'a> {
    /// Parses a whole head, as [`HeadReader::find`] found it. `storage` bounds the number of header
    /// fields; [`EMPTY_HEADER`](super::EMPTY_HEADER) fills it.
    ///
    /// # Errors
    ///
    /// [`HeadError`], if this is not the head of an HTTP/1 request.
    pub fn parse<'b: 'a>(head: &'b [u8], storage: &'a mut [Header<'b>]) -> Result<Self, HeadError> {
        let mut request = httparse::Request::new(storage);
        let parsed = request.parse(head);
        whole(head, parsed)?;
        let (Some(method), Some(target), Some(version)) =
            (request.method, request.path, request.version)
        else {
            return Err(HeadError::Incomplete);
        };
        let fields = Fields::Lines(request.headers);
        Ok(Self { method, target, is_http_1_1: version == 1, fields })
    }

    /// The method, such as `GET`.
    #[must_use]
    pub fn method(&self) -> &'a str {
        self.method
    }

    /// The target as it was sent: mostly a path, with or without a query.
    #[must_use]
    pub fn target(&self) -> &'a str {
        self.target
    }

    /// The value of the first header field of this name, in any case, without the blanks around it.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.fields.first(name)
    }

    /// All header fields in their order: names as they were sent, values without the blanks around them.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        self.fields.all()
    }
}

/// The head of any HTTP/1 response, parsed: what a client reads first, whether or not it says that
/// there is a WebSocket.
///
/// ```
/// use wsframe::handshake::{EMPTY_HEADER, Response};
///
/// let mut storage = [EMPTY_HEADER; 64];
/// let head = b"HTTP/1.1 302 Found\r\nLocation: wss://example.com/\r\n\r\n";
/// let response = Response::parse(head, &mut storage)?;
/// assert_eq!(response.status(), 302);
/// assert_eq!(response.header("location"), Some(&b"wss://example.com/"[..]));
/// # Ok::<(), wsframe::handshake::HeadError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    pub(super) status: u16,
    reason: &'a str,
    pub(super) is_http_1_1: bool,
    pub(super) fields: Fields<'a>,
}

impl<'a> Response<'a> {
    /// Parses a whole head, as [`HeadReader::find_final`] found it. `storage` bounds the number of header
    /// fields; [`EMPTY_HEADER`](super::EMPTY_HEADER) fills it.
    ///
    /// # Errors
    ///
    /// [`HeadError`], if this is not the head of an HTTP/1 response.
    pub fn parse<'b: 'a>(head: &'b [u8], storage: &'a mut [Header<'b>]) -> Result<Self, HeadError> {
        let mut response = httparse::Response::new(storage);
        let parsed = response.parse(head);
        whole(head, parsed)?;
        let (Some(status), Some(reason), Some(version)) =
            (response.code, response.reason, response.version)
        else {
            return Err(HeadError::Incomplete);
        };
        let fields = Fields::Lines(response.headers);
        Ok(Self { status, reason, is_http_1_1: version == 1, fields })
    }

    /// Joins header fields that are continued on the next line (obs-fold), as some old servers send them.
    /// Call it before [`parse`](Self::parse), which refuses such a head with [`HeadError::ObsFold`].
    ///
    /// The head keeps its length: line ends become spaces, in place. A continued status-line stays as it
    /// is, for `parse` to refuse.
    ///
    /// > A user agent that receives an obs-fold in a response message […] MUST replace each received
    /// > obs-fold with one or more SP octets prior to interpreting the field value. (RFC 9112 §5.2)
    ///
    /// ```
    /// use wsframe::handshake::{EMPTY_HEADER, HeadError, Response};
    ///
    /// let mut head = *b"HTTP/1.1 101 ok\r\nServer: an old\r\n\tdevice\r\n\r\n";
    /// let error = Response::parse(&head, &mut [EMPTY_HEADER; 64]).unwrap_err();
    /// assert_eq!(error, HeadError::ObsFold);
    ///
    /// Response::unfold(&mut head);
    /// let mut storage = [EMPTY_HEADER; 64];
    /// let response = Response::parse(&head, &mut storage)?;
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

    /// The status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// What stands behind the status code, for people. May be empty.
    #[must_use]
    pub fn reason(&self) -> &'a str {
        self.reason
    }

    /// Whether this is only said meanwhile, and the response proper follows, such as 103 (Early Hints).
    /// [`HeadReader::find_final`] passes it over. Who wants to see it looks for the next head with a new
    /// `HeadReader`, in the bytes behind this one.
    #[must_use]
    pub fn is_interim(&self) -> bool {
        is_interim(self.status)
    }

    /// The value of the first header field of this name, in any case, without the blanks around it.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.fields.first(name)
    }

    /// All header fields in their order: names as they were sent, values without the blanks around them.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        self.fields.all()
    }
}
