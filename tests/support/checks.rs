//! Checks that must pass for any input. The property tests, the fuzz targets, and the test of the
//! fuzz inputs call them.

use super::backends;
use super::drive::{self, Way, pieces};
use super::naive::{self, Choices, Frame, Item, Limits};
use super::streams::{self, Spec};
use wsframe::arch;
use wsframe::{
    EncodeError, FrameDecoder, FrameEncoder, FrameHeader, MIN_BUFFER_LEN, Mask, MaskingKey,
    MessageDecoder, Opcode, ProtocolError, Role, Rsv, Rules, Utf8Validator, mask, utf8,
};

/// Compares the decoder with the oracle, on every prefix of a header. Encodes complete headers
/// again and compares the bytes.
pub fn header(choices: Choices, bytes: &[u8]) {
    for end in 0..=bytes.len().min(16) {
        let prefix = &bytes[..end];
        let decoded = FrameHeader::decode(prefix, choices.rules());
        assert_eq!(decoded, naive::header(prefix, choices), "{prefix:02x?} {choices:?}");
        // `parse` and the rules together give the same result.
        let parsed = FrameHeader::parse(prefix);
        match (parsed, decoded) {
            (Some((header, len)), _) => {
                assert_eq!(policy(choices, &header, len), decoded);
            }
            (None, decoded) => assert!(matches!(decoded, Ok(None) | Err(_))),
        }
        match decoded {
            Ok(Some((header, len))) => {
                assert_eq!(len, FrameHeader::required_len(prefix));
                let encoded = header.encode();
                // A decoder finds this error only when it reads the body. An encoder rejects the
                // header.
                if (header.opcode, header.payload_len) == (Opcode::Close, 1) {
                    let fragmented = EncodeError::FragmentedControl(Opcode::Close);
                    let error =
                        if header.fin { EncodeError::TruncatedCloseCode } else { fragmented };
                    assert_eq!(encoded.err(), Some(error));
                    continue;
                }
                assert_eq!(
                    encoded.is_ok(),
                    choices.of_messages().rules().check(&header, header.encoded_len()).is_ok()
                );
                let Ok(encoded) = encoded else { continue };
                assert_eq!(*encoded, *header.to_bytes());
                assert!(encoded.len() <= len);
                let key_end = encoded.len();
                match ({ encoded }.masking_key_mut(), header.masking_key) {
                    (Some(place), Some(key)) => {
                        assert_eq!(*place, key.to_bytes());
                        assert_eq!(*place, encoded[key_end - 4..]);
                    }
                    (place, key) => assert_eq!((place, key), (None, None)),
                }
                if !choices.accept_non_minimal_lengths {
                    assert_eq!(*encoded, prefix[..len]);
                }
            }
            Ok(None) => assert!(FrameHeader::required_len(prefix) > end),
            Err(_) => {}
        }
    }
}

/// Checks a header that was parsed without rules. Returns the result in the form of
/// [`FrameHeader::decode`].
pub fn policy(
    choices: Choices,
    header: &FrameHeader,
    len: usize,
) -> Result<Option<(FrameHeader, usize)>, ProtocolError> {
    match choices.rules().check(header, len) {
        Ok(()) => Ok(Some((*header, len))),
        Err(ProtocolError::ControlTooLong(payload_len)) => {
            assert_eq!(payload_len, header.payload_len);
            let key_len = if header.masking_key.is_some() { 4 } else { 0 };
            let in_7_bits = if len == 4 + key_len { 126 } else { 127 };
            Err(ProtocolError::ControlTooLong(in_7_bits))
        }
        Err(error) => Err(error),
    }
}

/// Compares masking with the oracle: at any cut, in place and while copying, on every backend.
pub fn mask(key: [u8; 4], cut: usize, bytes: &[u8]) {
    let mut expected = bytes.to_vec();
    naive::mask(&mut expected, key, 0);
    let cut = cut.min(bytes.len());

    let word = u32::from_ne_bytes(key);
    for backend in backends() {
        let mut in_place = bytes.to_vec();
        let (front, back) = in_place.split_at_mut(cut);
        backend.mask(front, word);
        backend.mask(back, arch::rotate(word, cut));
        assert_eq!(in_place, expected, "{}", backend.name);

        let mut copied = vec![0; bytes.len()];
        let (front, back) = copied.split_at_mut(cut);
        backend.mask_copy(&bytes[..cut], front, word);
        backend.mask_copy(&bytes[cut..], back, arch::rotate(word, cut));
        assert_eq!(copied, expected, "{}", backend.name);
    }

    let mut mask = Mask::new(MaskingKey::new(key));
    let mut in_place = bytes.to_vec();
    mask.apply(&mut in_place[..cut]);
    mask.apply(&mut in_place[cut..]);
    assert_eq!(in_place, expected);

    let mut by_plain_key = bytes.to_vec();
    mask::apply(&mut by_plain_key, key);
    assert_eq!(by_plain_key, expected);
    let mut turned = key;
    mask::apply_and_rotate(&mut turned, &mut by_plain_key[..cut]);
    mask::apply_and_rotate(&mut turned, &mut by_plain_key[cut..]);
    assert_eq!(by_plain_key, bytes, "masked twice");
    let mut behind = [0; 4];
    naive::mask(&mut behind, key, bytes.len() % 4);
    assert_eq!(turned, behind, "what zeros behind the payload would be masked to");
}

/// Compares validation with `core`: in chunks of these lengths (repeated), alone and while
/// unmasking, on every backend.
pub fn utf8(cuts: &[usize], text: &[u8]) {
    let expected = naive::first_bad_byte(text);
    let key = [0x37, 0xFA, 0x21, 0x3D];
    let mut masked = text.to_vec();
    naive::mask(&mut masked, key, 0);
    let cuts = || cuts.iter().copied().cycle();

    let whole = utf8::from_utf8(text);
    assert_eq!(whole.ok(), core::str::from_utf8(text).ok());
    if let Err(error) = whole {
        assert_eq!(error.is_incomplete(), expected.is_none());
        assert_eq!(error.offset(), expected.unwrap_or(text.len()));
        assert_eq!(error.valid_up_to(), core::str::from_utf8(text).unwrap_err().valid_up_to());
    }

    let mut fed = Utf8Validator::new();
    let fed = pieces(text.len(), cuts())
        .try_for_each(|(start, end)| fed.feed(&text[start..end], end == text.len()));
    assert_eq!(fed.is_ok(), whole.is_ok());
    assert_eq!(fed.is_err_and(|error| error.is_incomplete()), naive::is_incomplete(text));

    let mut validator = Utf8Validator::new();
    let mut fused = Utf8Validator::new();
    let mut mask = Mask::new(MaskingKey::new(key));
    let mut bad = None;
    for (start, end) in pieces(text.len(), cuts()) {
        let result = validator.validate(&text[start..end]);
        let unmasked = fused.unmask_and_validate(&mut masked[start..end], &mut mask).map(|chunk| {
            let chunk = chunk.into_bytes();
            assert_eq!(chunk, &text[start..end]);
        });
        assert_eq!(unmasked, result);
        assert_eq!(masked[start..end], text[start..end], "unmasked, valid or not");
        if let Err(error) = result {
            let valid = core::str::from_utf8(text).expect_err("broken").valid_up_to();
            assert_eq!(start + error.valid_up_to(), valid.max(start));
            bad = Some(start + error.offset());
            break;
        }
    }
    assert_eq!(bad, expected);
    if bad.is_none() {
        assert_eq!(validator.is_complete(), !naive::is_incomplete(text));
        assert_eq!(fused.finish().is_ok(), validator.finish().is_ok());
    }

    let states: Vec<_> =
        pieces(text.len(), cuts()).map(|(_, end)| naive::utf8_state(&text[..end])).collect();
    for backend in backends() {
        let mut state = 0;
        for ((start, end), &expected) in pieces(text.len(), cuts()).zip(&states) {
            let before = state;
            state = backend.validate(&text[start..end], before);
            let mut copy = text[start..end].to_vec();
            let key = u32::from_ne_bytes(key);
            backend.mask(&mut copy, key);
            assert_eq!(backend.unmask_validate(&mut copy, key, before), state);
            assert_eq!(copy, text[start..end]);
            assert_eq!(state, expected, "{}", backend.name);
        }
    }
}

/// Compares the frame decoder, on a stream that is cut anywhere, with the oracle on the whole
/// stream.
pub fn frames(choices: Choices, max_frame_size: u32, cuts: &[usize], stream: &[u8]) {
    let limit = if max_frame_size == u32::MAX { u64::MAX } else { max_frame_size.into() };
    let (frames, error) = naive::frames(stream, choices, limit);
    for whole_frames_up_to in WHOLE_UP_TO {
        for (cuts, way) in [(cuts, Way::Cursor), (cuts, Way::Locate), (&[], Way::Cursor)] {
            let decoder = FrameDecoder::with_rules(choices.rules())
                .max_frame_size(max_frame_size)
                .whole_frames_up_to(whole_frames_up_to);
            let decoded = drive::decode(decoder, stream, cuts, stream.len().max(1), way);
            assert_eq!(decoded.whole_frames(), &frames[..]);
            assert_eq!(decoded.error, error);
            // A frame that is longer than this limit can express is the exception.
            if whole_frames_up_to == u32::MAX && decoded.frames.len() == frames.len() {
                assert_eq!(decoded.chunks, frames.len(), "every frame whole, or not yet");
            }
        }
    }
}

/// Settings of `whole_frames_up_to`: no frame, frames of a few words, and all frames.
const WHOLE_UP_TO: [u32; 3] = [0, 20, u32::MAX];

/// Returns the length of the stream up to the end of its last complete frame, or up to an error in
/// a header.
fn whole_frames_len(stream: &[u8], choices: Choices) -> usize {
    let mut len = 0;
    loop {
        match naive::header(&stream[len..], choices) {
            Ok(Some((header, header_len))) => {
                let rest = stream.len() - len - header_len;
                if header.payload_len > rest as u64 {
                    return len;
                }
                len += header_len + header.payload_len as usize;
            }
            Ok(None) => return len,
            Err(_) => return stream.len(),
        }
    }
}

/// Creates a decoder with these rules, limits and `whole_frames_up_to`.
fn message_decoder(
    choices: Choices,
    limits: Limits,
    validate: bool,
    whole_frames_up_to: u32,
) -> MessageDecoder {
    let limit = |limit: u64| u32::try_from(limit).unwrap_or(u32::MAX);
    MessageDecoder::with_rules(choices.rules())
        .whole_frames_up_to(whole_frames_up_to)
        .limits(
            wsframe::Limits::DEFAULT
                .max_frame_size(limit(limits.frame))
                .max_message_size(limit(limits.message))
                .max_fragments(limit(limits.fragments)),
        )
        .validate_text(validate)
}

/// Compares the message decoder, on a stream that is cut anywhere, with the oracle on the whole
/// stream.
pub fn messages(choices: Choices, limits: Limits, validate: bool, cuts: &[usize], stream: &[u8]) {
    let expected = naive::messages(stream, choices, limits, validate);
    for (cuts, way) in
        [(cuts, Way::Cursor), (cuts, Way::Locate), (&[1], Way::Cursor), (&[], Way::Locate)]
    {
        let decoder = message_decoder(choices, limits, validate, 0);
        let mut found = drive::messages(decoder, stream, cuts, way);
        if expected.error.is_some() {
            // The bytes before an error in the same chunk are not returned.
            assert!(expected.open.starts_with(&found.open));
            found.open.clone_from(&expected.open);
        }
        assert_eq!(found, expected, "{cuts:?} {way:?}");
    }

    // If a frame must be complete, an error in its payload is found only then.
    let whole = &stream[..whole_frames_len(stream, choices)];
    let wrong_in_whole = naive::messages(whole, choices, limits, validate).error;
    for whole_frames_up_to in &WHOLE_UP_TO[1..] {
        for way in [Way::Cursor, Way::Locate] {
            let decoder = message_decoder(choices, limits, validate, *whole_frames_up_to);
            let found = drive::messages(decoder, stream, cuts, way);
            assert_eq!(found.items, expected.items, "{cuts:?} {way:?} {whole_frames_up_to}");
            assert!(expected.open.starts_with(&found.open));
            if found.error != expected.error {
                assert_eq!((found.error, wrong_in_whole), (None, None), "{expected:?}");
            }
        }
    }

    #[cfg(feature = "bytes")]
    for cuts in [cuts, &[1], &[]] {
        let decoder = message_decoder(choices, limits, validate, 0);
        let (items, error) = super::owned::assemble(decoder, stream, cuts);
        assert_eq!(items, expected.items, "{cuts:?}");
        super::owned::same_error(error, expected.error);
    }
}

/// Compares a relay, on a stream that is cut anywhere, with the oracle. The receiver finds the same
/// frames, in strict form, and so the same messages. An invalid stream is forwarded up to the same
/// error.
pub fn relay(choices: Choices, limits: Limits, validate: bool, cuts: &[usize], stream: &[u8]) {
    let expected = naive::messages(stream, choices, limits, validate);
    // Frames that a server receives are forwarded to a server, so the role is the same. Relaxed
    // rules do not apply to forwarded frames.
    let strict =
        Choices { accept_any_masking: false, accept_non_minimal_lengths: false, ..choices };
    let without_key =
        |(header, payload): Frame| (FrameHeader { masking_key: None, ..header }, payload);
    let received = naive::frames(stream, choices, u64::MAX).0;
    let received: Vec<Frame> = received.into_iter().map(without_key).collect();

    for cuts in [cuts, &[1], &[]] {
        let decoder = message_decoder(choices, limits, validate, 0);
        let forwarded = drive::relay(choices.role, decoder, stream, cuts);
        let mut found = naive::messages(&forwarded.bytes, strict, limits, validate);
        assert_eq!(found.error, None);
        if expected.error.is_some() {
            assert!(expected.open.starts_with(&found.open));
            found.open.clone_from(&expected.open);
        }
        assert_eq!(forwarded.error, expected.error);
        found.error = forwarded.error;
        assert_eq!(found, expected, "{cuts:?}");
        assert_eq!(forwarded.closed, matches!(expected.items.last(), Some(Item::Close(_))));

        let (sent, error) = naive::frames(&forwarded.bytes, strict, u64::MAX);
        assert_eq!(error, None);
        for ((header, _), number) in sent.iter().zip(1u32..) {
            let fresh = MaskingKey::new(drive::relay_key(number));
            assert_eq!(header.masking_key, (choices.role == Role::Server).then_some(fresh));
        }
        let sent: Vec<Frame> = sent.into_iter().map(without_key).collect();
        assert!(received.starts_with(&sent), "frame by frame, none put together");
    }
}

/// Encodes frames, decodes them in a buffer of any length and reads of any lengths, and compares.
pub fn round_trip(specs: &[Spec], receiver: Role, rsv: Rsv, cuts: &[usize], capacity: usize) {
    let capacity = capacity.max(MIN_BUFFER_LEN);
    let (frames, stream) = streams::stream(specs, receiver, rsv);

    let mut encoded = Vec::new();
    for (header, payload) in &frames {
        let mut encoder = FrameEncoder::new(header.opcode).fin(header.fin).rsv(header.rsv);
        if let Some(key) = header.masking_key {
            encoder = encoder.masking_key(key);
        }
        encoder.encode_to_vec(payload, &mut encoded).expect("a right frame");
    }
    assert_eq!(encoded, stream);

    let rules = Rules::new(receiver).allow_rsv(rsv);
    for whole_frames_up_to in [0, capacity as u32] {
        let decoder = FrameDecoder::with_rules(rules).whole_frames_up_to(whole_frames_up_to);
        let decoded = drive::decode(decoder, &stream, cuts, capacity, Way::Cursor);
        assert_eq!((decoded.error, decoded.consumed), (None, stream.len()));
        assert_eq!(decoded.frames, frames);
        if whole_frames_up_to != 0
            && frames.iter().all(|(_, payload)| payload.len() + 14 <= capacity)
        {
            assert_eq!(decoded.chunks, frames.len(), "every frame whole");
        }
    }
}
