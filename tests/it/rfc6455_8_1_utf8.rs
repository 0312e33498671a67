//! RFC 6455 §8.1: text is UTF-8, and is refused at its first invalid byte, on every backend of the
//! machine.

use crate::support;

use std::thread;

use proptest::prelude::*;
use support::{checks, naive, odd_variable, one_in};
use wsframe::arch::{self, BROKEN, Backend};
use wsframe::{FrameDecoder, FrameEncoder, Mask, MaskingKey, Opcode, Role, Utf8Validator};

const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// Returns the state of the validating kernel. Checks that the kernel that also unmasks returns the
/// same, and unmasks.
fn state_after(backend: &Backend, text: &[u8], before: u32) -> u32 {
    let state = backend.validate(text, before);
    let mut masked = text.to_vec();
    naive::mask(&mut masked, KEY, 0);
    let fused = backend.unmask_validate(&mut masked, u32::from_ne_bytes(KEY), before);
    assert_eq!(fused, state, "{}: {text:02x?}", backend.name);
    assert_eq!(masked, text, "{}: not unmasked", backend.name);
    state
}

/// Returns the positions of a sequence, as the numbers of ASCII bytes before and after it. They are
/// around the edges of vectors and blocks, at the end of the text, and before a block of ASCII. The
/// lengths of the texts include the limits between kernels.
const PLACES: [(usize, usize); 20] = [
    (0, 0),
    (5, 0),
    (12, 0),
    (14, 1),
    (15, 0),
    (13, 10),
    (28, 0),
    (29, 2),
    (31, 0),
    (30, 9),
    (61, 80),
    (62, 80),
    (63, 0),
    (64, 1),
    (94, 40),
    (125, 40),
    (125, 8),
    (126, 0),
    (127, 37),
    (1022, 24),
];

/// Puts each sequence into ASCII at every position. Every backend must give the result of `core`.
fn check_sequences(sequences: impl Iterator<Item = [u8; 4]>, len: usize) -> u64 {
    let texts = PLACES.map(|(before, behind)| (before, vec![b'a'; before + len + behind]));
    let mut texts: Vec<_> = texts.into();
    let mut checked = 0;
    for (i, sequence) in sequences.enumerate() {
        let sequence = &sequence[..len];
        let at_end = naive::utf8_state(sequence);
        // ASCII after an incomplete character is an error.
        let inside = if at_end == 0 { 0 } else { BROKEN };
        for ((before, text), (_, behind)) in texts.iter_mut().zip(PLACES) {
            text[*before..*before + len].copy_from_slice(sequence);
            let expected = if behind == 0 { at_end } else { inside };
            for backend in support::backends() {
                let state = backend.validate(text, 0);
                assert_eq!(state, expected, "{} {sequence:02x?} at {before}", backend.name);
                checked += 1;
            }
            // The kernel that also unmasks needs a copy, so it runs only for some cases.
            if i % 64 == 0 {
                for backend in support::backends() {
                    assert_eq!(state_after(backend, text, 0), expected);
                    checked += 1;
                }
            }
        }
    }
    checked
}

/// All sequences of up to three bytes, and all of four bytes after a lead of four, that are valid
/// except for their last byte. Of those that are invalid before, one in 251, or in
/// `WSFRAME_ONE_WRONG_IN`. They run on two threads, divided by their first byte.
#[test]
fn all_sequences_at_block_edges() {
    let one_in = one_in();
    let one_wrong_in = odd_variable("WSFRAME_ONE_WRONG_IN", 251);
    let checked: u64 = thread::scope(|scope| {
        let halves = [0, 1].map(|half| {
            scope.spawn(move || {
                let mut count = 0;
                for first in (half..=255u32).step_by(2) {
                    let one = [first as u8, 0, 0, 0];
                    count += check_sequences([one].into_iter(), 1);
                    let two = (0..=255).map(|second| [first as u8, second, 0, 0]);
                    count += check_sequences(two, 2);
                    let three = (0..1u32 << 16).step_by(one_in).map(|rest| {
                        let [_, _, second, third] = rest.to_be_bytes();
                        [first as u8, second, third, 0]
                    });
                    let three = three.enumerate().filter_map(|(i, sequence)| {
                        let open = naive::first_bad_byte(&sequence[..2]).is_none();
                        (open || i % one_wrong_in == 0).then_some(sequence)
                    });
                    count += check_sequences(three, 3);
                }
                for first in (0xF0 + half..=0xF4).step_by(2) {
                    let four = (0..1u32 << 24).step_by(one_in).map(|rest| {
                        let [_, second, third, fourth] = rest.to_be_bytes();
                        [first as u8, second, third, fourth]
                    });
                    let four = four.enumerate().filter_map(|(i, sequence)| {
                        let open = naive::first_bad_byte(&sequence[..3]).is_none();
                        (open || i % one_wrong_in == 0).then_some(sequence)
                    });
                    count += check_sequences(four, 4);
                }
                count
            })
        });
        halves.map(|half| half.join().unwrap()).into_iter().sum()
    });
    let backends: Vec<_> = support::backends().map(|backend| backend.name).collect();
    println!("{checked} times a sequence was put somewhere and judged, by {}", backends.join(", "));
    println!(
        "of three and four bytes one in {one_in}, of wrong prefixes one in {one_wrong_in} of these"
    );
    assert!(checked > 100_000_000 / one_in as u64);
}

/// The first and the last character of each kind, and the values just outside: complete, cut at
/// every byte, and with an extra continuation. They are at every position of texts that are long
/// enough for every kernel.
#[test]
fn the_edges_of_every_rule_at_every_place() {
    const EDGES: [&[u8]; 23] = [
        b"\xC0\x80",
        b"\xC1\xBF",
        b"\xC2\x80",
        b"\xDF\xBF",
        b"\xE0\x80\x80",
        b"\xE0\x9F\xBF",
        b"\xE0\xA0\x80",
        b"\xE1\x80\x80",
        b"\xEC\xBF\xBF",
        b"\xED\x9F\xBF",
        b"\xED\xA0\x80",
        b"\xED\xBF\xBF",
        b"\xEE\x80\x80",
        b"\xEF\xBF\xBF",
        b"\xF0\x80\x80\x80",
        b"\xF0\x8F\xBF\xBF",
        b"\xF0\x90\x80\x80",
        b"\xF1\x80\x80\x80",
        b"\xF3\xBF\xBF\xBF",
        b"\xF4\x8F\xBF\xBF",
        b"\xF4\x90\x80\x80",
        b"\xF4\xBF\xBF\xBF",
        b"\xF5\x80\x80\x80",
    ];
    let mut checked = 0;
    for edge in EDGES {
        let longer = [edge, b"\x80"].concat();
        for sequence in (1..=longer.len()).map(|end| &longer[..end]) {
            // The position is in the first half of a text, or at its end.
            for at in (0..=260).chain(505..=523 - sequence.len()) {
                let mut text = vec![b'a'; 523];
                text[at..at + sequence.len()].copy_from_slice(sequence);
                let expected = naive::utf8_state(&text);
                for backend in support::backends() {
                    let name = backend.name;
                    let state = state_after(backend, &text, 0);
                    assert_eq!(state, expected, "{name} {sequence:02x?} at {at}");
                    checked += 1;
                }
            }
        }
    }
    println!("{checked} times a sequence was put somewhere and judged");
}

/// Every prefix of a character, followed by every byte, with a cut at every position of the
/// character. These are all states and all steps.
#[test]
fn every_open_character_and_every_byte_after_it() {
    let mut prefixes: Vec<Vec<u8>> = vec![vec![]];
    let mut done = 0;
    let mut checked = 0;
    while let Some(prefix) = prefixes.get(done).cloned() {
        done += 1;
        let before = naive::utf8_state(&prefix);
        for byte in 0..=255 {
            let mut text = prefix.clone();
            text.push(byte);
            let expected = naive::utf8_state(&text);
            for backend in support::backends() {
                assert_eq!(state_after(backend, &[byte], before), expected, "{text:02x?}");
                checked += 1;
            }
            // An incomplete character continues. The value of the last continuation byte matters
            // little, so two values represent all.
            let goes_on = expected != 0 && expected != BROKEN;
            if goes_on && (text.len() < 3 || byte == 0x80 || byte == 0xBF) {
                prefixes.push(text);
            }
        }
    }
    println!("{} prefixes, {checked} steps", prefixes.len());
    assert!(prefixes.len() > 1000);
}

#[test]
fn all_code_points_in_one_text_cut_everywhere() {
    let text: String = ('\0'..=char::MAX).step_by(one_in()).collect();
    for backend in support::backends() {
        assert_eq!(state_after(backend, text.as_bytes(), 0), 0);
        for size in [1, 2, 3, 5, 7, 64, 1000, 1460] {
            let chunks = text.as_bytes().chunks(size);
            assert_eq!(chunks.fold(0, |state, chunk| backend.validate(chunk, state)), 0);
        }
    }
}

#[test]
fn a_broken_text_stays_broken_and_is_still_unmasked() {
    for backend in support::backends() {
        for len in [0, 1, 15, 16, 17, 64, 500, 5000] {
            assert_eq!(state_after(backend, &vec![b'a'; len], BROKEN), BROKEN);
        }
        // After an error at the beginning, the rest is still unmasked.
        let mut text = vec![b'a'; 5000];
        text[0] = 0xFF;
        assert_eq!(state_after(backend, &text, 0), BROKEN);
    }
}

#[test]
fn text_is_refused_at_the_first_byte_that_no_valid_text_contains() {
    let cases: [(&[u8], usize); 12] = [
        (b"\xC0", 0),
        (b"\xC1", 0),
        (b"\xF5", 0),
        (b"\xFF", 0),
        (b"\x80", 0),
        (b"\xE0\x80", 1),
        (b"\xED\xA0", 1),
        (b"\xF0\x80", 1),
        (b"\xF4\x90", 1),
        (b"\xC3a", 1),
        (b"\xE2\x82a", 2),
        (b"\xF0\x9F\xA6a", 3),
    ];
    for (bytes, offending) in cases {
        for ascii_before in 0..70 {
            let text = [&b"a".repeat(ascii_before), bytes].concat();
            let error = Utf8Validator::new().validate(&text).unwrap_err();
            assert_eq!(error.offset(), ascii_before + offending, "{bytes:02x?}");
            assert_eq!(error.valid_up_to(), ascii_before);
            assert!(!error.is_incomplete());
            // All bytes before the invalid one were accepted.
            assert_eq!(Utf8Validator::new().validate(&text[..error.offset()]), Ok(()));
        }
    }
}

#[test]
fn a_text_may_not_end_inside_a_character() {
    let text = "aé€🦀".as_bytes();
    for end in 0..=text.len() {
        for cut in 0..=end {
            let mut validator = Utf8Validator::new();
            validator.validate(&text[..cut]).unwrap();
            validator.validate(&text[cut..end]).unwrap();
            let whole = core::str::from_utf8(&text[..end]).is_ok();
            assert_eq!(validator.is_complete(), whole);
            // An empty last chunk, such as an empty final fragment, changes nothing.
            validator.validate(b"").unwrap();
            let finished = validator.finish();
            assert_eq!(finished.is_ok(), whole);
            assert_eq!(finished.is_err_and(|error| error.is_incomplete()), !whole);

            // If the last chunk is known, the error is at its end.
            let mut validator = Utf8Validator::new();
            validator.validate(&text[..cut]).unwrap();
            let fed = validator.feed(&text[cut..end], true).map_err(|error| error.offset());
            assert_eq!(fed, if whole { Ok(()) } else { Err(end - cut) });
        }
    }
}

#[test]
fn errors_are_sticky_until_reset() {
    let mut validator = Utf8Validator::new();
    assert_eq!(validator.validate(b"ab\xFFcd").unwrap_err().offset(), 2);
    assert_eq!(validator.validate(b"ab").unwrap_err().offset(), 0);
    assert_eq!(validator.validate(b"").unwrap_err().offset(), 0);
    assert!(!validator.finish().unwrap_err().is_incomplete());
    let mut mask = Mask::new(MaskingKey::new(KEY));
    assert!(validator.unmask_and_validate(&mut [1, 2, 3], &mut mask).is_err());
    validator.reset();
    assert_eq!(validator.validate(b"ab"), Ok(()));
    assert_eq!(validator.finish(), Ok(()));

    validator.validate(b"\xE2").unwrap();
    assert!(validator.finish().is_err());
    assert!(validator.validate(b"\x82\xAC").is_err());
}

#[test]
fn positions_count_from_the_chunk_and_reach_back_into_the_one_before() {
    let mut validator = Utf8Validator::new();
    validator.validate(b"a\xF0\x9F").unwrap();
    let error = validator.validate(b"\xA6\xFF").unwrap_err();
    assert_eq!((error.offset(), error.valid_up_to()), (1, 0));
}

/// Invalid text is refused before the frame is complete, for any length of the chunk.
#[test]
fn a_wrong_byte_is_reported_when_it_arrives() {
    const HEADER_LEN: usize = 6;
    for wrong_at in 0..20 {
        let mut payload = [b'a'; 20];
        payload[wrong_at] = 0xFF;
        let encoder = FrameEncoder::new(Opcode::Text).masking_key(KEY.into());
        let mut frame = Vec::new();
        encoder.encode_to_vec(&payload, &mut frame).unwrap();

        let mut decoder = FrameDecoder::new(Role::Server);
        let mut text = Utf8Validator::new();
        let mut consumed = 0;
        let reported = (1..=frame.len()).find(|&arrived| {
            let mut input = &mut frame[consumed..arrived];
            let Some(chunk) = decoder.decode(&mut input).unwrap() else { return false };
            consumed = arrived;
            chunk.payload.unmask_text(&mut text).is_err()
        });
        assert_eq!(reported, Some(HEADER_LEN + wrong_at + 1));
    }
}

#[test]
fn a_chunk_is_str_if_both_ends_are_boundaries() {
    let text = "né🦀!".as_bytes();
    for cut in 0..=text.len() {
        let mut validator = Utf8Validator::new();
        let mut bytes = text.to_vec();
        naive::mask(&mut bytes, KEY, 0);
        let (front, back) = bytes.split_at_mut(cut);
        let mut mask = Mask::new(MaskingKey::new(KEY));
        let boundary = core::str::from_utf8(&text[..cut]).ok();

        let front = validator.unmask_and_validate(front, &mut mask).unwrap();
        assert_eq!(front.as_str(), boundary);
        assert_eq!(front.as_bytes(), &text[..cut]);
        let back = validator.unmask_and_validate(back, &mut mask).unwrap();
        assert_eq!(back.as_bytes(), &text[cut..]);
        assert_eq!(back.into_str(), boundary.and(core::str::from_utf8(&text[cut..]).ok()));
    }
}

/// Generates text of every kind, and text with a changed byte.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop_oneof![
        "[ -~]{0,80}".prop_map(String::into_bytes),
        "[가-힣]{0,40}".prop_map(String::into_bytes),
        "\\PC{0,40}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..3),
    ];
    prop::collection::vec(pieces, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(support::proptest_config())]

    #[test]
    fn any_text_in_any_chunks_is_judged_as_core_judges_the_whole(
        text in text(),
        cuts in prop::collection::vec(1usize..90, 1..8),
        damage: Option<(prop::sample::Index, u8)>,
    ) {
        let mut text = text;
        if let (Some((index, byte)), false) = (damage, text.is_empty()) {
            let at = index.index(text.len());
            text[at] = byte;
        }
        checks::utf8(&cuts, &text);
    }

    #[test]
    fn every_backend_takes_over_from_every_other(
        text in text(),
        cut: prop::sample::Index,
    ) {
        let (front, back) = text.split_at(cut.index(text.len() + 1));
        let expected = (naive::utf8_state(front), naive::utf8_state(&text));
        for first in arch::available() {
            for second in arch::available() {
                let between = state_after(first, front, 0);
                prop_assert_eq!((between, state_after(second, back, between)), expected);
            }
        }
    }
}
