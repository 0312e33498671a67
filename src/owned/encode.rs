//! Encoding frames into `BufMut` and as `Buf`.

use alloc::vec::Vec;

use bytes::buf::Chain;
use bytes::{Buf, BufMut, Bytes};

use crate::error::EncodeError;
use crate::frame::FrameEncoder;
use crate::header::EncodedHeader;

impl FrameEncoder {
    /// Writes the frame to a `BufMut`, masking the payload while copying it.
    ///
    /// # Errors
    ///
    /// - [`NoRoom`](EncodeError::NoRoom) if the frame does not fit
    /// - the errors of [`FrameHeader::encode`](crate::FrameHeader::encode), for a frame that no
    ///   peer may accept
    ///
    /// Nothing is written then.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use wsframe::{FrameEncoder, Opcode};
    ///
    /// let mut out = BytesMut::new();
    /// FrameEncoder::new(Opcode::Text).encode_to_buf(b"Hello", &mut out)?;
    /// assert_eq!(&out[..], b"\x81\x05Hello");
    /// # Ok::<(), wsframe::EncodeError>(())
    /// ```
    pub fn encode_to_buf(&self, payload: &[u8], out: &mut impl BufMut) -> Result<(), EncodeError> {
        let header = self.pack(payload.len() as u64)?;
        let needed = header.len().saturating_add(payload.len());
        if out.remaining_mut() < needed {
            return Err(EncodeError::NoRoom { needed });
        }
        header.put_with(self.mask(), payload, out);
        Ok(())
    }

    /// Returns the frame as a `Buf` of its header and its payload, for vectored writes.
    ///
    /// Without a masking key nothing is copied. With one, the payload is masked in place if it is
    /// not shared (`Bytes::try_into_mut`), and while it is copied otherwise.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`FrameHeader::encode`](crate::FrameHeader::encode), for a frame that
    /// no peer may accept.
    ///
    /// ```
    /// use std::io::{IoSlice, Write};
    ///
    /// use bytes::{Buf, Bytes};
    /// use wsframe::{Connection, Opcode};
    ///
    /// let mut socket = Vec::new(); // one with vectored writes
    /// let payload = Bytes::from("Hello"); // imagine it large
    ///
    /// let mut frame = Connection::server().frame_encoder(Opcode::Text, true)?.encode_chain(payload)?;
    /// while frame.has_remaining() {
    ///     let mut slices = [IoSlice::new(&[]); 2];
    ///     let count = frame.chunks_vectored(&mut slices);
    ///     let written = socket.write_vectored(&slices[..count])?;
    ///     frame.advance(written);
    /// }
    /// assert_eq!(socket, b"\x81\x05Hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn encode_chain(&self, payload: Bytes) -> Result<Chain<HeaderBuf, Bytes>, EncodeError> {
        let header = self.header(payload.len() as u64)?;
        let header = HeaderBuf { header, taken: 0 };
        let mut mask = self.mask();
        if mask.is_identity() {
            return Ok(header.chain(payload));
        }
        let payload = match payload.try_into_mut() {
            Ok(mut ours) => {
                mask.apply(&mut ours);
                ours.freeze()
            }
            Err(shared) => {
                let mut copy = Vec::new();
                mask.apply_append(&shared, &mut copy);
                copy.into()
            }
        };
        Ok(header.chain(payload))
    }
}

/// A frame header as a `Buf`. [`FrameEncoder::encode_chain`] returns it before the payload.
///
/// ```
/// use bytes::{Buf, Bytes};
/// use wsframe::{FrameEncoder, Opcode};
///
/// let frame = FrameEncoder::new(Opcode::Text).encode_chain(Bytes::from("Hello"))?;
/// assert_eq!(frame.first_ref().chunk(), [0x81, 5]);
/// # Ok::<(), wsframe::EncodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct HeaderBuf {
    header: EncodedHeader,
    taken: usize,
}

impl Buf for HeaderBuf {
    fn remaining(&self) -> usize {
        self.chunk().len()
    }

    fn chunk(&self) -> &[u8] {
        self.header.get(self.taken..).unwrap_or_default()
    }

    fn advance(&mut self, count: usize) {
        assert!(count <= self.remaining(), "a header has no {count} bytes more");
        self.taken += count;
    }
}
