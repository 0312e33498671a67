//! Limits on what a peer may send.

/// Limits on what a peer may send (RFC 6455 §10.4).
///
/// | limit | default |
/// |---|---|
/// | [`max_frame_size`](Self::max_frame_size) | 16 MiB |
/// | [`max_message_size`](Self::max_message_size) | 64 MiB |
/// | [`max_fragments`](Self::max_fragments) | 131,072 |
/// | [`max_pending_replies`](crate::Limits::max_pending_replies) | 512 |
///
/// A frame, message or fragment over a limit fails as soon as its header has arrived, before its
/// payload is read. `u32::MAX` disables one of these three limits. Received Pings beyond
/// `max_pending_replies` wait until the output is sent.
///
/// ```
/// use wsframe::{Connection, Limits};
///
/// let limits = Limits::DEFAULT.max_message_size(1 << 20).max_fragments(1000);
/// let connection = Connection::server().limits(limits);
/// # let _ = connection;
/// ```
#[doc(alias = "WebSocketConfig")]
#[doc(alias = "max_payload_len")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub(crate) frame_size: u32,
    pub(crate) message_size: u32,
    pub(crate) fragments: u32,
    pub(crate) pending_replies: u16,
}

/// The value that disables a limit.
pub(crate) const NONE: u32 = u32::MAX;

impl Limits {
    /// The default limits, which [`Limits`] lists.
    pub const DEFAULT: Self = Self {
        frame_size: 16 << 20,
        message_size: 64 << 20,
        fragments: 1 << 17,
        pending_replies: 512,
    };

    /// No limits on frames, messages and fragments, and the default number of pending replies.
    pub const UNLIMITED: Self = Self {
        frame_size: NONE,
        message_size: NONE,
        fragments: NONE,
        pending_replies: Self::DEFAULT.pending_replies,
    };

    /// Sets the greatest payload length of a frame, in bytes.
    #[must_use]
    pub const fn max_frame_size(mut self, bytes: u32) -> Self {
        self.frame_size = bytes;
        self
    }

    /// Sets the greatest length of a message, in bytes, over all its fragments.
    ///
    /// For compressed messages (feature `deflate`) it also limits the decompressed length.
    #[must_use]
    pub const fn max_message_size(mut self, bytes: u32) -> Self {
        self.message_size = bytes;
        self
    }

    /// Sets the greatest number of fragments of a message, empty ones included.
    #[must_use]
    pub const fn max_fragments(mut self, fragments: u32) -> Self {
        self.fragments = fragments;
        self
    }

    /// Sets how many automatic Pongs may wait in the output of a
    /// [`Connection`](crate::Connection).
    ///
    /// At the limit, [`receive`](crate::Connection::receive) returns
    /// [`OutputFull`](crate::ReceiveError::OutputFull) until the output is empty. So a peer that
    /// sends Pings and does not read cannot make the output grow without end. An empty output
    /// always takes a Pong, also with a limit of 0. Frames that the caller sends do not count. The
    /// default of 512 Pongs takes at most 66 KiB of output.
    #[must_use]
    pub const fn max_pending_replies(mut self, replies: u16) -> Self {
        self.pending_replies = replies;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
