//! RFC 6455 §5.5: control frames.

use crate::support;

use support::drive::{self, Way};
use support::odd_bytes;
use support::streams::{self, Spec};
use wsframe::{FrameDecoder, MIN_BUFFER_LEN, Opcode, ProtocolError, Role, Rsv};

const CONTROL: [Opcode; 3] = [Opcode::Close, Opcode::Ping, Opcode::Pong];

#[test]
fn a_payload_of_125_bytes_passes_and_a_longer_one_is_refused_at_the_second_byte() {
    assert_eq!(MIN_BUFFER_LEN, 2 + 4 + 125);
    for opcode in CONTROL {
        let first = 0x80 | opcode.bits();
        let mut decoder = FrameDecoder::new(Role::Client);
        let stream = [&[first, 125][..], &[0; 125]].concat();
        let span = decoder.next_span(&stream).unwrap().unwrap();
        assert_eq!((span.range(), span.last()), (2..127, true));
        for second in [126, 127] {
            let error = FrameDecoder::new(Role::Client).next_span(&[first, second]).err();
            assert_eq!(error, Some(ProtocolError::ControlTooLong(second.into())));
        }
    }
}

#[test]
fn a_fragment_is_refused_at_the_first_byte() {
    for opcode in CONTROL {
        let error = FrameDecoder::new(Role::Client).next_span(&[opcode.bits()]).err();
        assert_eq!(error, Some(ProtocolError::FragmentedControl(opcode)));
    }
}

/// Control frames between any two fragments are returned complete, in the smallest buffer and with
/// a cut at every byte. The driver asserts this for every chunk.
#[test]
fn between_fragments_and_split_anywhere_they_come_whole() {
    let data = |opcode, fin| Spec { opcode, fin, key: [1, 2, 3, 4], payload: odd_bytes(200) };
    for (index, control_len) in [(3, 125), (4, 0), (4, 125), (5, 1)] {
        let control =
            Spec { opcode: index, fin: true, key: [7, 7, 7, 7], payload: odd_bytes(control_len) };
        let specs = [
            control.clone(),
            data(1, false),
            control.clone(),
            data(0, false),
            control.clone(),
            data(0, true),
            control,
        ];
        for role in [Role::Client, Role::Server] {
            let (frames, stream) = streams::stream(&specs, role, Rsv::NONE);
            for cut in 1..=MIN_BUFFER_LEN {
                let decoder = FrameDecoder::new(role);
                let decoded = drive::decode(decoder, &stream, &[cut], MIN_BUFFER_LEN, Way::Cursor);
                assert_eq!((decoded.error, decoded.consumed), (None, stream.len()));
                assert_eq!(decoded.frames, frames, "cut every {cut}");
            }
        }
    }
}
