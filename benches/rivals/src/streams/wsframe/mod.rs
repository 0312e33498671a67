//! wsframe, in three ways: whole messages, the same behind a call, and what has arrived of each frame.
//!
//! None of them joins fragments or answers control frames: nobody is sent any here.

mod buffer;
mod called;
mod chunks;
mod rest;
mod whole;

use wsframe::{FrameDecoder, NO_LIMIT, Role};

use super::{Peer, Pieces, READ, Side, Totals, Workload};
use buffer::Buffer;
pub use called::run as run_called;
pub use chunks::run as run_in_chunks;
pub use whole::run;

fn decoder(side: Side) -> FrameDecoder {
    let role = match side {
        Side::Server => Role::Server,
        Side::Client => Role::Client,
    };
    FrameDecoder::new(role).max_payload_len(NO_LIMIT)
}
