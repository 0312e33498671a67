//! A connection and tungstenite interpret the same bytes in the same way. `support/rival.rs` lists
//! the differences.

use crate::support;

use proptest::prelude::*;
use support::rival::{self, Settings};
use support::streams;
use wsframe::Role;

/// Every Close body that a rule is about, in every state of the connections.
#[test]
fn every_close_code_in_every_state() {
    for code in (0..=5100u16).chain([u16::MAX]) {
        for reason in [&b""[..], b"bye", b"\xFF", b"\xC3"] {
            let body = [&code.to_be_bytes()[..], reason].concat();
            close(&body);
        }
    }
    close(b"");
    close(b"\x03");
}

fn close(body: &[u8]) {
    let stream = [&[0x88, body.len() as u8][..], body].concat();
    for closing in [false, true] {
        rival::compare(Settings { closing, ..settings(Role::Client) }, &[], &stream);
    }
}

/// All 65,536 values of the first two bytes of a frame, alone and inside a message.
#[test]
fn every_first_two_bytes_of_a_header() {
    for first in 0..=u8::MAX {
        for second in 0..=u8::MAX {
            for before in [&[][..], &[0x01, 0x80, 1, 2, 3, 4]] {
                let stream =
                    [before, &[first, second], &[0, 0, 0, 3, 0, 0, 0, 0, 0, 7, 7]].concat();
                rival::compare(settings(Role::Server), &[], &stream);
            }
            rival::compare(settings(Role::Client), &[], &[first, second, 0, 1, 2, 3]);
        }
    }
}

fn settings(role: Role) -> Settings {
    Settings {
        role,
        accept_unmasked: false,
        closing: false,
        max_frame_size: 1 << 16,
        max_message_size: u32::MAX,
    }
}

proptest! {
    #![proptest_config(support::proptest_config())]

    #[test]
    fn any_frames_cut_anywhere(
        (role, frames) in streams::any_role(),
        cuts in prop::collection::vec(1usize..40, 0..6),
        missing in 0usize..20,
        accept_unmasked in any::<bool>(),
        closing in any::<bool>(),
        max_frame_size in prop_oneof![Just(1 << 16), 0u32..150],
        max_message_size in prop_oneof![Just(u32::MAX), 0u32..300],
    ) {
        let settings = Settings { role, accept_unmasked, closing, max_frame_size, max_message_size };
        let mut stream = frames.concat();
        stream.truncate(stream.len().saturating_sub(missing));
        rival::compare(settings, &cuts, &stream);
    }
}
