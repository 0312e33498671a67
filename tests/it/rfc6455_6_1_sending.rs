//! RFC 6455 §6.1: encoding frames in all four ways, which must give the same bytes.

use crate::support;

use proptest::prelude::*;
use support::drive::{self, Way};
use support::{boundary_lengths, naive, odd_bytes};
use wsframe::{
    EncodeError, FrameDecoder, FrameEncoder, FrameHeader, MAX_HEADER_LEN, MaskingKey, Opcode, Role,
    Rsv, Rules,
};

/// Encodes a frame in all four ways, and compares each with the oracle.
fn encode_in_every_way(header: FrameHeader, payload: &[u8]) {
    let mut expected = Vec::new();
    naive::encode(&header, payload, naive::shortest_form(payload.len()), &mut expected);

    let mut encoder = FrameEncoder::new(header.opcode).fin(header.fin).rsv(header.rsv);
    if let Some(key) = header.masking_key {
        encoder = encoder.masking_key(key);
    }

    let mut with_header = encoder.header(payload.len() as u64).unwrap().to_vec();
    let start = with_header.len();
    with_header.extend(payload);
    header.mask().apply(&mut with_header[start..]);
    assert_eq!(with_header, expected);

    let mut buf = vec![0xEE; MAX_HEADER_LEN];
    buf.extend(payload);
    let frame_len = encoder.encode_in_place(&mut buf).unwrap().len();
    assert_eq!(buf[buf.len() - frame_len..], expected);
    assert!(buf[..buf.len() - frame_len].iter().all(|&byte| byte == 0xEE));

    // Short frames are written as blocks, if the slice is long enough. The bytes after a frame must
    // not change.
    for after in [3, 200] {
        let mut out = vec![0xEE; expected.len() + after];
        assert_eq!(encoder.encode_to_slice(payload, &mut out).unwrap(), expected);
        assert_eq!(out[expected.len()..], vec![0xEE; after]);
    }
    let mut short = vec![0xEE; expected.len() - 1];
    let no_room = EncodeError::NoRoom { needed: expected.len() };
    assert_eq!(encoder.encode_to_slice(payload, &mut short), Err(no_room));
    assert!(short.iter().all(|&byte| byte == 0xEE));

    // Short frames are written as blocks, if there is enough capacity after the frame.
    for capacity in [0, expected.len(), expected.len() + 20, expected.len() + 200] {
        let mut appended = Vec::with_capacity(6 + capacity);
        appended.extend(b"before");
        encoder.encode_to_vec(payload, &mut appended).unwrap();
        assert_eq!(appended, [&b"before"[..], &expected].concat());
        let mut appended = Vec::with_capacity(6 + capacity);
        appended.extend(b"before");
        header.append_to_vec(payload, &mut appended);
        assert_eq!(appended, [&b"before"[..], &expected].concat());
    }

    if header.masking_key.is_none() {
        assert_eq!(*encoder.encode_to_arc(payload).unwrap(), *expected);
    } else {
        assert_eq!(encoder.encode_to_arc(payload), Err(EncodeError::MaskedShared));
    }
}

#[test]
fn boundary_lengths_are_encoded_the_same_in_every_way() {
    let lengths = (0..140).chain(boundary_lengths()).chain([65_535, 65_536, 100_000]);
    for len in lengths {
        for key in [None, Some([0x37, 0xFA, 0x21, 0x3D]), Some([0; 4])] {
            let masking_key = key.map(MaskingKey::new);
            let header =
                FrameHeader { masking_key, ..FrameHeader::new(Opcode::Binary, len as u64) };
            encode_in_every_way(header, &odd_bytes(len));
        }
    }
}

#[test]
fn invalid_frames_are_refused_before_anything_is_written() {
    let too_long = [0; 126];
    let mut out = [0xEE; 200];
    let mut vec = Vec::new();
    for (encoder, payload, error) in [
        (FrameEncoder::new(Opcode::Ping), &too_long[..], EncodeError::ControlTooLong(126)),
        (
            FrameEncoder::new(Opcode::Close).fin(false),
            b"",
            EncodeError::FragmentedControl(Opcode::Close),
        ),
        (FrameEncoder::new(Opcode::Close), b"\x03", EncodeError::TruncatedCloseCode),
    ] {
        assert_eq!(encoder.header(payload.len() as u64).err(), Some(error));
        assert_eq!(encoder.encode_to_slice(payload, &mut out), Err(error));
        assert_eq!(encoder.encode_to_vec(payload, &mut vec), Err(error));
        assert_eq!(encoder.encode_to_arc(payload), Err(error));
        let in_place = &mut out[..MAX_HEADER_LEN + payload.len()];
        assert_eq!(encoder.encode_in_place(in_place), Err(error));
        assert_eq!((out, vec.len()), ([0xEE; 200], 0));
    }
}

#[test]
fn without_rules_any_header_is_encoded_with_any_part_of_its_payload() {
    let (mut out, part) = (Vec::new(), b"the beginning");
    for opcode in (0..=0xF).map(Opcode::from_bits) {
        for payload_len in [13, 126, 1 << 16, 1 << 63] {
            let (fin, masking_key) = (false, Some(MaskingKey::new([1, 2, 3, 4])));
            let header = FrameHeader { fin, masking_key, ..FrameHeader::new(opcode, payload_len) };
            out.clear();
            header.append_to_vec(part, &mut out);
            let (parsed, len) = FrameHeader::parse(&out).unwrap();
            assert_eq!((parsed, &out[..len]), (header, &*header.to_bytes()));
            header.mask().apply(&mut out[len..]);
            assert_eq!(out[len..], *part);
        }
    }
}

#[test]
fn a_buffer_without_headroom_is_refused() {
    let no_room = EncodeError::NoRoom { needed: MAX_HEADER_LEN };
    for len in 0..MAX_HEADER_LEN {
        let mut buf = vec![0xEE; len];
        assert_eq!(FrameEncoder::new(Opcode::Text).encode_in_place(&mut buf), Err(no_room));
        assert_eq!(buf, vec![0xEE; len]);
    }
    let mut buf = [0xEE; MAX_HEADER_LEN];
    assert_eq!(FrameEncoder::new(Opcode::Text).encode_in_place(&mut buf).unwrap(), [0x81, 0]);
}

proptest! {
    #![proptest_config(support::proptest_config())]

    #[test]
    fn any_frame_is_encoded_the_same_in_every_way_and_decoded(
        opcode in prop::sample::select(vec![Opcode::Continuation, Opcode::Text, Opcode::Ping]),
        fin: bool,
        rsv in 0u8..8,
        masking_key: Option<[u8; 4]>,
        payload in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let mut payload = payload;
        if opcode.is_control() {
            payload.truncate(125);
        }
        let header = FrameHeader {
            fin: fin || opcode.is_control(),
            rsv: Rsv::from_bits(rsv << 4),
            masking_key: masking_key.map(MaskingKey::new),
            ..FrameHeader::new(opcode, payload.len() as u64)
        };
        encode_in_every_way(header, &payload);

        let role = if masking_key.is_some() { Role::Server } else { Role::Client };
        let rules = Rules::new(role).allow_rsv(header.rsv).allow_rsv_on_all_frames();
        let mut stream = Vec::new();
        naive::encode(&header, &payload, naive::shortest_form(payload.len()), &mut stream);
        let decoder = FrameDecoder::with_rules(rules);
        let decoded = drive::decode(decoder, &stream, &[7], 1000, Way::Cursor);
        prop_assert_eq!(decoded.frames, [(header, payload)]);
    }
}
