//! RFC 6455 §5.2: the frame header, decoded and encoded.

use crate::support;

use proptest::prelude::*;
use support::checks;
use support::naive::{self, Choices};
use wsframe::{
    EncodeError, FrameHeader, MAX_HEADER_LEN, MaskingKey, Opcode, ProtocolError, Role, Rsv, Rules,
};

/// Decodes every prefix, and compares the results with the oracle.
fn decode(bytes: &[u8], choices: Choices) -> Result<Option<(FrameHeader, usize)>, ProtocolError> {
    checks::header(choices, bytes);
    FrameHeader::decode(bytes, choices.rules())
}

#[test]
fn first_two_bytes_exhaustively_under_every_choice_of_rules() {
    let mut decoded = 0u32;
    for choices in Choices::all() {
        for first in 0..=255 {
            for second in 0..=255 {
                // A length whose shortest form is the 16-bit form, and one for the 64-bit form.
                let rest = [0x01, 0x23, 0, 1, 0, 0, 0, 0, 9, 8, 7, 6];
                let mut bytes = [0; 14];
                bytes[0] = first;
                bytes[1] = second;
                bytes[2..].copy_from_slice(&rest);
                for len in [1, 2, 14] {
                    let ours = FrameHeader::decode(&bytes[..len], choices.rules());
                    assert_eq!(ours, naive::header(&bytes[..len], choices));
                    if let Some((header, len)) = FrameHeader::parse(&bytes[..len]) {
                        assert_eq!(checks::policy(choices, &header, len), ours);
                    }
                    decoded += 1;
                }
            }
        }
    }
    assert_eq!(decoded, Choices::COUNT as u32 * 65_536 * 3);
}

#[test]
fn reserved_opcodes_and_unclaimed_bits_are_refused_at_the_first_byte() {
    for role in [Role::Client, Role::Server] {
        for first in 0..=255u8 {
            let strict = FrameHeader::decode(&[first], Rules::new(role));
            let expected = match (first & 0x0F, first & 0x70, first & 0x80) {
                (opcode @ (3..=7 | 11..=15), _, _) => Err(ProtocolError::ReservedOpcode(opcode)),
                (_, rsv @ 1.., _) => Err(ProtocolError::UnexpectedRsv(Rsv::from_bits(rsv))),
                (8..=10, 0, 0) => Err(ProtocolError::FragmentedControl(Opcode::from_bits(first))),
                _ => Ok(None),
            };
            assert_eq!(strict, expected, "{first:#04x}");
        }
    }
}

#[test]
fn rsv_set_operations() {
    let sets: Vec<Rsv> = (0..8).map(|bits| Rsv::from_bits(bits << 4)).collect();
    for (index, &one) in sets.iter().enumerate() {
        assert_eq!(one.is_empty(), index == 0);
        for (other_index, &other) in sets.iter().enumerate() {
            assert_eq!((one | other).bits(), ((index | other_index) << 4) as u8);
            // The set contains each bit of the other.
            let contains = (0..3).all(|bit| index >> bit & 1 >= other_index >> bit & 1);
            assert_eq!(one.contains(other), contains, "{one:?} {other:?}");
        }
    }
    assert_eq!(Rsv::RSV1 | Rsv::RSV2 | Rsv::RSV3, Rsv::from_bits(0xFF));
    assert_eq!(Rsv::NONE, Rsv::from_bits(0x8F));
}

#[test]
fn each_role_is_the_others_peer() {
    assert_eq!((Role::Client.peer(), Role::Server.peer()), (Role::Server, Role::Client));
    for role in [Role::Client, Role::Server] {
        assert_eq!(Rules::new(role).accept_unmasked().role(), role);
    }
}

/// Relaxing a rule twice has the same effect as once.
#[test]
fn relaxations_are_idempotent() {
    let strict = Rules::new(Role::Server);
    let claimed = strict.allow_rsv(Rsv::RSV1 | Rsv::RSV2);
    assert_eq!(strict.allow_rsv(Rsv::RSV1).allow_rsv(Rsv::RSV1 | Rsv::RSV2), claimed);
    for relax in
        [Rules::accept_unmasked, Rules::accept_non_minimal_lengths, Rules::allow_rsv_on_all_frames]
    {
        assert_eq!(relax(relax(claimed)), relax(claimed));
        assert_ne!(relax(claimed), claimed);
    }
}

#[test]
fn a_claimed_bit_is_valid_on_the_first_frame_of_a_message_only() {
    let rules = Rules::new(Role::Client).allow_rsv(Rsv::RSV1);
    let refused = Err(ProtocolError::UnexpectedRsv(Rsv::from_bits(0x40)));
    assert!(FrameHeader::decode(&[0xC1, 0], rules).is_ok_and(|header| header.is_some()));
    assert!(FrameHeader::decode(&[0x42, 0], rules).is_ok_and(|header| header.is_some()));
    assert_eq!(FrameHeader::decode(&[0xC0, 0], rules), refused);
    assert_eq!(FrameHeader::decode(&[0xC9, 0], rules), refused);
    // The error contains only the bit that is not allowed.
    let beside = Err(ProtocolError::UnexpectedRsv(Rsv::from_bits(0x20)));
    assert_eq!(FrameHeader::decode(&[0xE1, 0], rules), beside);
    // An extension may define its bits for every frame.
    let rules = rules.allow_rsv_on_all_frames();
    assert!(FrameHeader::decode(&[0xC9, 0], rules).is_ok_and(|header| header.is_some()));
    assert_eq!(
        FrameHeader::decode(&[0xD9, 0], rules),
        Err(ProtocolError::UnexpectedRsv(Rsv::from_bits(0x10)))
    );
}

#[test]
fn masking_is_required_of_clients_and_refused_from_servers() {
    let masked = [0x82, 0x80, 1, 2, 3, 4];
    let unmasked = [0x82, 0x00];
    let of = |bytes: &[u8], rules| FrameHeader::decode(bytes, rules).map(|header| header.is_some());

    assert_eq!(of(&masked, Rules::new(Role::Server)), Ok(true));
    assert_eq!(of(&unmasked, Rules::new(Role::Client)), Ok(true));
    assert_eq!(of(&unmasked, Rules::new(Role::Server)), Err(ProtocolError::UnmaskedByClient));
    assert_eq!(of(&masked, Rules::new(Role::Client)), Err(ProtocolError::MaskedByServer));

    let lenient = |role| Rules::new(role).accept_unmasked();
    assert_eq!(of(&unmasked, lenient(Role::Server)), Ok(true));
    assert_eq!(of(&masked, lenient(Role::Server)), Ok(true));
    assert_eq!(of(&masked, lenient(Role::Client)), Err(ProtocolError::MaskedByServer));
}

/// The lengths at which the encoding or the type of a number changes.
const LENGTHS: [u64; 18] = [
    0,
    1,
    124,
    125,
    126,
    127,
    65_535,
    65_536,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) - 1,
    1 << 32,
    (1 << 53) - 1,
    1 << 53,
    1 << 62,
    (1 << 63) - 14,
    (1 << 63) - 2,
    (1 << 63) - 1,
];

#[test]
fn lengths_round_trip_in_their_shortest_form() {
    for payload_len in LENGTHS {
        for masking_key in [None, Some(MaskingKey::new([1, 0, 255, 4]))] {
            let role = if masking_key.is_some() { Role::Server } else { Role::Client };
            let header =
                FrameHeader { masking_key, ..FrameHeader::new(Opcode::Binary, payload_len) };
            let bytes = header.encode().unwrap();

            let len_bytes = match payload_len {
                0..=125 => 0,
                126..=65_535 => 2,
                _ => 8,
            };
            let key_bytes = if masking_key.is_some() { 4 } else { 0 };
            assert_eq!(bytes.len(), 2 + len_bytes + key_bytes);
            assert_eq!(bytes.len(), header.encoded_len());
            assert_eq!(decode(&bytes, Choices::strict(role)), Ok(Some((header, bytes.len()))));

            let mut headroom = [0xEE; MAX_HEADER_LEN];
            let start = header.encode_into_headroom(&mut headroom).unwrap();
            assert_eq!(headroom[start..], *bytes);
            assert!(headroom[..start].iter().all(|&byte| byte == 0xEE));
        }
    }
}

#[test]
fn longer_forms_than_needed_are_refused_unless_accepted() {
    let strict = Choices::strict(Role::Client);
    let lenient = Choices { accept_non_minimal_lengths: true, ..strict };
    for (len, form) in [(0u64, 2), (125, 2), (0, 8), (125, 8), (126, 8), (65_535, 8)] {
        let mut bytes = vec![0x82, if form == 2 { 126 } else { 127 }];
        bytes.extend(&len.to_be_bytes()[8 - form..]);
        assert_eq!(
            decode(&bytes, strict),
            Err(ProtocolError::NonMinimalLength(len)),
            "{len} in {form}"
        );
        let header = FrameHeader::new(Opcode::Binary, len);
        assert_eq!(decode(&bytes, lenient), Ok(Some((header, 2 + form))));
    }
    for (len, form) in [(126u64, 2), (65_535, 2), (65_536, 8)] {
        let mut bytes = vec![0x82, if form == 2 { 126 } else { 127 }];
        bytes.extend(&len.to_be_bytes()[8 - form..]);
        let header = FrameHeader::new(Opcode::Binary, len);
        assert_eq!(decode(&bytes, strict), Ok(Some((header, 2 + form))));
    }
}

#[test]
fn the_top_bit_of_a_length_is_refused_under_every_choice_of_rules() {
    let lengths = (u64::MAX - 13..=u64::MAX).chain([1 << 63, (1 << 63) + 1]);
    for len in lengths {
        for choices in Choices::all() {
            let masked = choices.role == Role::Server;
            let mut bytes = vec![0x82, 127 | if masked { 0x80 } else { 0 }];
            bytes.extend(len.to_be_bytes());
            bytes.extend([1, 2, 3, 4]);
            assert_eq!(decode(&bytes, choices), Err(ProtocolError::LengthOverflow(len)));
        }
        let header = FrameHeader::new(Opcode::Binary, len);
        assert_eq!(header.encode().err(), Some(EncodeError::LengthOverflow(len)));
    }
}

#[test]
fn frames_that_no_peer_may_accept_are_not_encoded() {
    for opcode in [Opcode::Close, Opcode::Ping, Opcode::Pong] {
        assert!(FrameHeader::new(opcode, 125).encode().is_ok());
        let too_long = FrameHeader::new(opcode, 126);
        assert_eq!(too_long.encode().err(), Some(EncodeError::ControlTooLong(126)));
        let fragment = FrameHeader { fin: false, ..FrameHeader::new(opcode, 0) };
        assert_eq!(fragment.encode().err(), Some(EncodeError::FragmentedControl(opcode)));

        let mut headroom = [0xEE; MAX_HEADER_LEN];
        assert_eq!(
            too_long.encode_into_headroom(&mut headroom),
            Err(EncodeError::ControlTooLong(126))
        );
        assert_eq!(headroom, [0xEE; MAX_HEADER_LEN]);

        // The payload of a Close is empty, or begins with a code of two bytes.
        let one_byte = FrameHeader::new(opcode, 1).encode().err();
        let truncated = Some(EncodeError::TruncatedCloseCode);
        assert_eq!(one_byte, truncated.filter(|_| opcode == Opcode::Close));
    }
}

#[test]
fn opcodes_round_trip_as_bits() {
    for bits in 0..16 {
        let opcode = Opcode::from_bits(bits);
        assert_eq!((opcode.bits(), u8::from(opcode)), (bits, bits));
        assert_eq!(Opcode::from_bits(bits | 0xF0), opcode);
        assert_eq!(opcode.is_control(), bits >= 8);
        assert_eq!(opcode.begins_message(), bits == 1 || bits == 2);
        assert_eq!(opcode.is_reserved(), matches!(bits, 3..=7 | 11..));
        let name = format!("{opcode:?}").to_lowercase();
        let reserved = format!("reserved opcode {bits:#x}");
        assert_eq!(opcode.to_string(), if opcode.is_reserved() { reserved } else { name });
        let encoded = FrameHeader::new(opcode, 0).encode();
        let refused = opcode.is_reserved().then_some(EncodeError::ReservedOpcode(bits));
        assert_eq!(encoded.err(), refused);
    }
}

proptest! {
    #![proptest_config(support::proptest_config())]

    #[test]
    fn any_bytes_decode_as_the_oracle_says(
        bytes in prop::collection::vec(any::<u8>(), 0..20),
        choice in 0..Choices::COUNT,
    ) {
        checks::header(Choices::all().nth(choice).unwrap(), &bytes);
    }

    #[test]
    fn any_header_that_is_encoded_decodes_to_itself(
        fin: bool,
        rsv in 0u8..8,
        opcode in prop::sample::select(vec![0u8, 1, 2, 8, 9, 10]),
        key: Option<[u8; 4]>,
        payload_len in prop_oneof![0u64..3, 0u64..130, 65_000u64..66_000, any::<u64>()],
    ) {
        let header = FrameHeader {
            fin,
            rsv: Rsv::from_bits(rsv << 4),
            opcode: Opcode::from_bits(opcode),
            masking_key: key.map(MaskingKey::new),
            payload_len,
        };
        let rules = Rules::new(Role::Server)
            .accept_unmasked()
            .allow_rsv(header.rsv)
            .allow_rsv_on_all_frames();
        match header.encode() {
            Ok(bytes) => prop_assert_eq!(
                FrameHeader::decode(&bytes, rules),
                Ok(Some((header, bytes.len())))
            ),
            Err(_) => prop_assert!(
                payload_len >> 63 != 0
                    || (opcode >= 8 && (!fin || payload_len > 125))
                    || (opcode == 8 && payload_len == 1)
            ),
        }
    }
}
