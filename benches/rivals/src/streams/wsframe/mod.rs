//! wsframe, in four ways: whole messages from a connection, whole frames, whole frames with a call
//! for each, and chunks of frames.
//!
//! Only the first joins fragments and answers control frames, as the peers do. The streams contain
//! neither.

mod buffer;
mod called;
mod chunks;
mod connection;
mod rest;
mod whole;

use wsframe::{FrameDecoder, Role};

use super::{Peer, Pieces, READ, Side, Totals, Workload};
use buffer::Buffer;
pub use called::run as run_called;
pub use chunks::run as run_in_chunks;
pub use connection::run as run_connection;
pub use whole::run as run_frames;

fn decoder(side: Side) -> FrameDecoder {
    let role = match side {
        Side::Server => Role::Server,
        Side::Client => Role::Client,
    };
    FrameDecoder::new(role).max_frame_size(u32::MAX)
}
