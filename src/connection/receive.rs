//! What a connection makes of what it reads, and what it replies by itself.

use super::{Connection, Flags, MaskingKeys, Output};
use crate::close::{CloseBody, CloseCode};
use crate::error::{ProtocolError, ReceiveError};
use crate::header::{MAX_CONTROL_PAYLOAD_LEN, Opcode};
use crate::message::{Event, MessageDecoder, MessageSpan};

/// Bytes of a control frame's header, at most: two, and a masking key.
const MAX_CONTROL_HEADER_LEN: usize = 2 + 4;

/// # Receiving
impl<K: MaskingKeys> Connection<K> {
    /// Takes the next event from the beginning of `input`, which then begins behind it; `None` if more
    /// bytes are needed first. What the connection replies to it by itself is appended to `out`:
    ///
    /// - to a Ping a Pong with the same data (§5.5.2), unless a Close was sent: behind that the peer
    ///   discards everything (§1.4);
    /// - to a Close a Close with the same code, unless one was sent (§5.5.1);
    /// - to what breaks a rule a Close with the error's code, and the section of the RFC for a reason.
    ///
    /// After a Close all input is discarded.
    ///
    /// # Errors
    ///
    /// [`Protocol`](ReceiveError::Protocol) if the peer broke a rule. Send the output, then end the
    /// transport. Every further call fails likewise.
    ///
    /// [`OutputFull`](ReceiveError::OutputFull) if there is no room for the reply, or if more replies wait than
    /// [`max_pending_replies`](Self::max_pending_replies) allows. Nothing is lost: send the output, and
    /// call again with what is left of the input. Ask [`transport`](Self::transport) only after that: if
    /// the reply is the Close with a failure's code, the connection has failed already.
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
            None => match self.locate(input, out) {
                Ok(span) => self.messages.cut(span, &mut input).map(|(span, bytes)| {
                    let event = self.messages.read(&span, bytes);
                    self.reply_to(event, out)
                }),
                Err(error) => Some(Err(error)),
            },
        };
        (event.transpose(), input)
    }

    /// Finds the next event at the beginning of `input`; `None` if more bytes are needed first, or if a
    /// Close frame has come. What follows such a frame is to be discarded.
    ///
    /// After `Some`, [`take`](Self::take) the span and consume [`MessageSpan::end`] bytes of the input,
    /// before anything else is put into the same output: there is room in it for the reply to this event.
    /// After `None` or an error, consume nothing.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive).
    #[inline(always)]
    pub fn locate(
        &mut self,
        input: &[u8],
        out: &mut impl Output,
    ) -> Result<Option<MessageSpan>, ReceiveError> {
        let span = match self.messages.locate(input) {
            Ok(Some(span)) => span,
            Ok(None) => return Ok(None),
            Err(error) => return Err(self.fail(error, out)),
        };
        // A control frame that was located and not taken has changed nothing.
        if span.header().opcode.is_control() && !self.has_room_for_reply(&span, out) {
            return Err(ReceiveError::OutputFull);
        }
        Ok(Some(span))
    }

    /// Takes the located event, and replies to it. `used` is the input in which it was located, or the
    /// consumed part of it.
    ///
    /// # Errors
    ///
    /// [`Protocol`](ReceiveError::Protocol), as [`receive`](Self::receive), and
    /// [`OutputFull`](ReceiveError::OutputFull) if that is what it would say, but there is no room for the
    /// Close. The span's bytes are to be consumed in any case.
    ///
    /// # Panics
    ///
    /// If `used` is shorter than [`MessageSpan::end`].
    #[inline(always)]
    pub fn take<'b>(
        &mut self,
        span: MessageSpan,
        used: &'b mut [u8],
        out: &mut impl Output,
    ) -> Result<Event<'b>, ReceiveError> {
        let event = self.messages.take(span, used);
        self.reply_to(event, out)
    }

    /// Fails the connection because of what only its caller can see (RFC 6455 §7.1.7), such as what an
    /// extension made of a [`Raw`](Event::Raw) chunk: a Close with the error's code is appended to `out`,
    /// unless one was sent before. Send the output, then end the transport; every further call fails with
    /// this error.
    ///
    /// Returns the error, or [`OutputFull`](ReceiveError::OutputFull) if there is no room for the Close:
    /// then any further [`receive`](Self::receive) tries again.
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
                reply <= out.room() && (may_wait || out.pending() == 0)
            }
            Opcode::Close if !self.flags.has(Flags::CLOSE_SENT) => {
                // The answer, or the code of a failure and its reason.
                MAX_CONTROL_HEADER_LEN + MAX_CONTROL_PAYLOAD_LEN <= out.room()
            }
            _ => true,
        }
    }

    /// > upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response, unless it already
    /// > received a Close frame (§5.5.2)
    ///
    /// Behind a Close that was sent, nothing is sent: its receiver discards what follows (§1.4).
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

    /// Room for the reply was found when the event was located, so that nothing fails here.
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
                // > If an endpoint receives a Close frame and did not previously send a Close frame, the
                // > endpoint MUST send a Close frame in response. […] the endpoint typically echos the
                // > status code it received.
                if !self.flags.has(Flags::CLOSE_SENT | Flags::LEAVE_CLOSE) {
                    let answer = body.as_ref().map(|body| CloseBody { reason: "", ..*body });
                    let _ = self.close(answer, out);
                }
            }
            _ => {}
        }
    }
}
