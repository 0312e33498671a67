//! Receiving, and automatic replies.

use super::{Connection, Flags, MaskingKeys, Output};
use crate::close::{CloseBody, CloseCode};
use crate::error::{ProtocolError, ReceiveError};
use crate::header::MAX_CONTROL_PAYLOAD_LEN;
use crate::message::{Event, MessageDecoder, MessageSpan};
use crate::opcode::Opcode;

/// The longest header of a control frame: two bytes and a masking key.
const MAX_CONTROL_HEADER_LEN: usize = 2 + 4;

/// # Receiving
impl<K: MaskingKeys> Connection<K> {
    /// Returns the next event and advances `input` past it. Returns `None` when more bytes are
    /// needed.
    ///
    /// Replies are appended to `out`:
    ///
    /// - to a Ping, a Pong with the same payload (§5.5.2), unless a Close was already sent: a peer
    ///   discards everything after a Close (§1.4)
    /// - to a Close, a Close with the same code (§5.5.1), unless one was already sent
    /// - to an error of the peer, a Close with the error's code and its RFC section as the reason
    ///
    /// After a Close, all input is discarded. An event borrows the buffer, not the connection.
    ///
    /// # Errors
    ///
    /// - [`Protocol`](ReceiveError::Protocol) if the peer broke a rule or exceeded a limit. Send
    ///   the output, then end the transport. The error is sticky.
    /// - [`OutputFull`](ReceiveError::OutputFull) if the output has no capacity for a reply, or
    ///   [`max_pending_replies`](crate::Limits::max_pending_replies) is reached. Nothing is lost:
    ///   send the output, clear it, and call `receive` again with the rest of the input. Do so
    ///   before checking [`transport_action`](Self::transport_action), which may report a failure
    ///   whose Close is not in the output yet.
    ///
    /// ```
    /// use wsframe::{Assembler, Connection, Event, ReceiveError};
    ///
    /// /// Prints the messages in what was read. Returns how many bytes of it were consumed.
    /// fn print(
    ///     connection: &mut Connection,
    ///     assembler: &mut Assembler,
    ///     received: &mut [u8],
    ///     out: &mut Vec<u8>, // bytes to send, also after an error
    /// ) -> Result<usize, ReceiveError> {
    ///     let len = received.len();
    ///     let mut input = received;
    ///     while let Some(event) = connection.receive(&mut input, out)? {
    ///         match event {
    ///             Event::Text(chunk) => {
    ///                 if let Some(text) = assembler.text(chunk)? {
    ///                     println!("{text}");
    ///                 }
    ///             }
    ///             Event::Close(body) => println!("closed: {body:?}"), // answered already
    ///             _ => {}
    ///         }
    ///     }
    ///     Ok(len - input.len())
    /// }
    /// ```
    #[doc(alias = "read")]
    #[doc(alias = "read_message")]
    #[doc(alias = "read_frame")]
    #[doc(alias = "recv")]
    #[doc(alias = "next_message")]
    #[inline(always)]
    pub fn receive<'b>(
        &mut self,
        input: &mut &'b mut [u8],
        out: &mut impl Output,
    ) -> Result<Option<Event<'b>>, ReceiveError> {
        MessageDecoder::decode_plain_or(
            self,
            |connection| &mut connection.messages,
            input,
            |connection, input| connection.receive_any(input, out),
        )
    }

    #[inline(never)]
    fn receive_any<'b>(
        &mut self,
        mut input: &'b mut [u8],
        out: &mut impl Output,
    ) -> (Result<Option<Event<'b>>, ReceiveError>, &'b mut [u8]) {
        let event = match self.messages.decode_part(&mut input) {
            Some(event) => Some(self.reply_to(event, out)),
            None => match self.next_span(input, out) {
                Ok(span) => self.messages.cut(span, &mut input).map(|(span, bytes)| {
                    let event = self.messages.read(&span, bytes);
                    self.reply_to(event, out)
                }),
                Err(error) => Some(Err(error)),
            },
        };
        (event.transpose(), input)
    }

    /// Locates the next event at the beginning of `input`.
    ///
    /// Returns `None` when more bytes are needed, or after a Close frame: then discard all input.
    ///
    /// After `Some`, pass the span to [`receive_span`](Self::receive_span) and consume
    /// [`MessageSpan::consumed_len`] bytes of the input. Append nothing else to the same output
    /// before that: this call checked its remaining capacity for the reply. After `None` or an
    /// error, consume nothing.
    ///
    /// # Errors
    ///
    /// - [`Protocol`](ReceiveError::Protocol) if the next header breaks a rule or exceeds a limit.
    ///   The error is sticky.
    /// - [`OutputFull`](ReceiveError::OutputFull) if the output has no capacity for a reply, or
    ///   [`max_pending_replies`](crate::Limits::max_pending_replies) is reached. Send the output,
    ///   clear it, and call again.
    ///
    /// ```
    /// use wsframe::{Connection, Event, ReceiveError};
    ///
    /// /// A connection that owns its buffer.
    /// struct Buffered {
    ///     connection: Connection,
    ///     input: Vec<u8>,
    ///     start: usize,
    ///     out: Vec<u8>,
    /// }
    ///
    /// impl Buffered {
    ///     fn next(&mut self) -> Result<Option<Event<'_>>, ReceiveError> {
    ///         let input = &mut self.input[self.start..];
    ///         let Some(span) = self.connection.next_span(input, &mut self.out)? else {
    ///             return Ok(None);
    ///         };
    ///         self.start += span.consumed_len();
    ///         self.connection.receive_span(span, input, &mut self.out).map(Some)
    ///     }
    /// }
    /// ```
    #[inline(always)]
    pub fn next_span(
        &mut self,
        input: &[u8],
        out: &mut impl Output,
    ) -> Result<Option<MessageSpan>, ReceiveError> {
        let span = match self.messages.next_span(input) {
            Ok(Some(span)) => span,
            Ok(None) => return Ok(None),
            Err(error) => return Err(self.fail(error, out)),
        };
        // Locating a control frame changes no state, so the next call locates it again.
        if span.header().opcode.is_control() && !self.has_room_for_reply(&span, out) {
            return Err(ReceiveError::OutputFull);
        }
        Ok(Some(span))
    }

    /// Returns the located event, and appends the reply to it, if any, to `out`.
    ///
    /// `used` is the input in which [`next_span`](Self::next_span) found the span, or only its
    /// consumed part. Consume the span's bytes also after an error. `next_span` has an example.
    ///
    /// # Errors
    ///
    /// - [`Protocol`](ReceiveError::Protocol) if the payload breaks a rule: text that is not UTF-8,
    ///   or an invalid Close. The error is sticky.
    /// - [`OutputFull`](ReceiveError::OutputFull) if the payload breaks a rule and the output has
    ///   no capacity for the Close. Send the output; the next call appends the Close and returns
    ///   the error.
    ///
    /// # Panics
    ///
    /// Panics if `used` is shorter than [`MessageSpan::consumed_len`].
    #[inline(always)]
    pub fn receive_span<'b>(
        &mut self,
        span: MessageSpan,
        used: &'b mut [u8],
        out: &mut impl Output,
    ) -> Result<Event<'b>, ReceiveError> {
        let event = self.messages.decode_span(span, used);
        self.reply_to(event, out)
    }

    /// Fails the connection with an error that only the caller can detect (RFC 6455 §7.1.7).
    ///
    /// An example is an extension that cannot decode an [`Event::Raw`] chunk. A Close with the
    /// error's code is appended to `out`, unless one was already sent. Send the output, then end
    /// the transport. The error is sticky; an earlier error takes precedence.
    ///
    /// Returns the error. Returns [`OutputFull`](ReceiveError::OutputFull) if the output has no
    /// capacity for the Close; the next [`receive`](Self::receive) tries again.
    ///
    /// ```
    /// use wsframe::{Connection, ProtocolError};
    ///
    /// let mut connection = Connection::server();
    /// let mut out = Vec::new();
    /// connection.fail(ProtocolError::InvalidDeflate, &mut out);
    /// assert_eq!(out, b"\x88\x12\x03\xEFRFC 7692 \xC2\xA77.2.2");
    /// assert_eq!(connection.error(), Some(ProtocolError::InvalidDeflate));
    /// ```
    #[cold]
    pub fn fail(&mut self, error: ProtocolError, out: &mut impl Output) -> ReceiveError {
        let error = self.messages.fail(error);
        if !self.flags.has(Flags::CLOSE_SENT) {
            let body = CloseBody { code: error.close_code(), reason: error.section() };
            if self.close(Some(body), out).is_err() {
                return ReceiveError::OutputFull;
            }
        }
        ReceiveError::Protocol(error)
    }

    fn has_room_for_reply(&self, span: &MessageSpan, out: &impl Output) -> bool {
        let header = span.header();
        match header.opcode {
            Opcode::Ping if self.answers_pings() => {
                // A control frame has at most 125 bytes.
                let reply = MAX_CONTROL_HEADER_LEN + header.payload_len as usize;
                let may_wait = self.pending_replies < self.max_pending_replies;
                reply <= out.remaining_capacity() && (may_wait || out.pending() == 0)
            }
            Opcode::Close if !self.flags.has(Flags::CLOSE_SENT) => {
                // The answer, or, if the body is invalid, the error's code and reason.
                MAX_CONTROL_HEADER_LEN + MAX_CONTROL_PAYLOAD_LEN <= out.remaining_capacity()
            }
            _ => true,
        }
    }

    /// Returns whether a Pong is sent for each Ping.
    ///
    /// > upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response, unless it
    /// > already received a Close frame (§5.5.2)
    ///
    /// After a Close was sent, no Pong is sent: the peer would discard it (§1.4).
    const fn answers_pings(&self) -> bool {
        !self.flags.has(Flags::LEAVE_PONG | Flags::CLOSE_SENT)
    }

    #[inline(always)]
    fn reply_to<'b>(
        &mut self,
        event: Result<Event<'b>, ProtocolError>,
        out: &mut impl Output,
    ) -> Result<Event<'b>, ReceiveError> {
        match event {
            Ok(event @ (Event::Text(_) | Event::Binary(_) | Event::Raw(_))) => Ok(event),
            Ok(event) => {
                self.reply(&event, out);
                Ok(event)
            }
            Err(error) => Err(self.fail(error, out)),
        }
    }

    /// Appends the reply. `next_span` has checked the remaining capacity, so appending does not
    /// fail.
    #[inline(never)]
    fn reply(&mut self, event: &Event<'_>, out: &mut impl Output) {
        match event {
            Event::Ping(data) if self.answers_pings() => {
                let _ = self.pong(data, out);
                self.pending_replies = self.pending_replies.saturating_add(1);
            }
            Event::Close(body) => {
                let code = body.as_ref().map_or(CloseCode::NO_STATUS, |body| body.code);
                self.received_code = code.get();
                // > If an endpoint receives a Close frame and did not previously send a Close
                // > frame, the endpoint MUST send a Close frame in response. […] the endpoint
                // > typically echos the status code it received.
                if !self.flags.has(Flags::CLOSE_SENT | Flags::LEAVE_CLOSE) {
                    let answer = body.as_ref().map(|body| CloseBody { reason: "", ..*body });
                    let _ = self.close(answer, out);
                }
            }
            _ => {}
        }
    }
}
