//! RFC 6455 §5.3: masking, on every backend of the machine.

use crate::support;

use proptest::prelude::*;
use support::{boundary_lengths, checks, naive, odd_bytes, one_in};
use wsframe::arch::{self, Backend};
use wsframe::{Connection, Mask, MaskingKey};

const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
const GUARD: u8 = 0xA5;
/// Bytes on both sides of a slice that must stay as they are.
const GUARD_LEN: usize = 64;

fn key_word(phase: usize) -> u32 {
    arch::rotate(u32::from_ne_bytes(KEY), phase)
}

#[test]
fn the_example_of_section_5_7() {
    let mut payload = [0x7F, 0x9F, 0x4D, 0x51, 0x58];
    Mask::new(MaskingKey::new(KEY)).apply(&mut payload);
    assert_eq!(&payload, b"Hello");
}

/// A slice at every alignment, between guards.
fn guarded(alignment: usize, bytes: &[u8]) -> (Vec<u8>, std::ops::Range<usize>) {
    let mut memory = vec![GUARD; 64 + alignment + bytes.len() + 2 * GUARD_LEN];
    let to_aligned = memory.as_ptr().align_offset(64);
    let start = to_aligned + alignment + GUARD_LEN;
    memory.resize(start + bytes.len() + GUARD_LEN, GUARD);
    let range = start..start + bytes.len();
    memory[range.clone()].copy_from_slice(bytes);
    (memory, range)
}

fn assert_guards(memory: &[u8], range: &std::ops::Range<usize>) {
    let (before, after) = (&memory[..range.start], &memory[range.end..]);
    assert!(before.iter().chain(after).all(|&byte| byte == GUARD), "wrote outside its slice");
}

fn in_place_and_copying(backend: &Backend, len: usize, alignment: usize, phase: usize) {
    let input = odd_bytes(len);
    let mut expected = input.clone();
    naive::mask(&mut expected, KEY, phase);

    let (mut memory, range) = guarded(alignment, &input);
    backend.mask(&mut memory[range.clone()], key_word(phase));
    assert_eq!(memory[range.clone()], expected, "{} {len} at {alignment}", backend.name);
    assert_guards(&memory, &range);

    let (mut memory, range) = guarded(alignment, &vec![0; len]);
    backend.mask_copy(&input, &mut memory[range.clone()], key_word(phase));
    assert_eq!(memory[range.clone()], expected, "{} {len} to {alignment}", backend.name);
    assert_guards(&memory, &range);
}

#[test]
fn every_length_alignment_and_phase_on_every_backend() {
    let one_in = one_in();
    for backend in support::backends() {
        for len in 0..=1024 {
            for alignment in (0..=64).filter(|alignment| (65 * len + alignment) % one_in == 0) {
                in_place_and_copying(backend, len, alignment, (len + alignment) % 4);
            }
            for phase in 0..4 {
                in_place_and_copying(backend, len, 0, phase);
            }
        }
        println!("{}: 1,025 lengths, 4 phases; of 65 alignments one in {one_in}", backend.name);
    }
}

#[test]
fn long_slices_on_every_backend() {
    for backend in support::backends() {
        for len in boundary_lengths().filter(|&len| len > 1024) {
            for alignment in [0, 1, 13, 63] {
                in_place_and_copying(backend, len, alignment, alignment % 4);
            }
        }
    }
}

#[test]
fn copying_fills_the_shorter_of_the_two() {
    for backend in support::backends() {
        for (from, to) in [(0, 9), (9, 0), (5, 9), (9, 5), (300, 200), (200, 300)] {
            let mut target = vec![GUARD; to];
            backend.mask_copy(&odd_bytes(from), &mut target, key_word(0));
            let len = from.min(to);
            let mut expected = odd_bytes(len);
            naive::mask(&mut expected, KEY, 0);
            assert_eq!(target[..len], expected);
            assert!(target[len..].iter().all(|&byte| byte == GUARD));
        }
    }
    let mut mask = Mask::new(MaskingKey::new(KEY));
    assert_eq!(mask.apply_into(&[1; 7], &mut [0; 5]), 5);
    assert_eq!(mask.key(), MaskingKey::new([KEY[1], KEY[2], KEY[3], KEY[0]]));
}

#[test]
fn the_mask_continues_across_chunks() {
    for (first, second) in [(1, 255), (3, 253), (255, 1), (0, 256), (2, 254)] {
        let mut payload = odd_bytes(first + second);
        let mut expected = payload.clone();
        naive::mask(&mut expected, KEY, 0);

        let mut mask = Mask::new(MaskingKey::new(KEY));
        let (front, back) = payload.split_at_mut(first);
        mask.apply(front);
        mask.apply(back);
        assert_eq!(payload, expected, "{first} then {second}");
    }
}

#[test]
fn the_mask_is_right_after_more_than_two_to_the_32_bytes() {
    let mut mask = Mask::new(MaskingKey::new(KEY));
    let mut chunk = vec![0; (1 << 20) + 3];
    let mut total = 0u64;
    while total <= 1 << 32 {
        // Other tests check the bytes after these. This test is about the offset.
        mask.advance(chunk.len() - 5);
        mask.apply(&mut chunk[..5]);
        total += chunk.len() as u64;
    }
    let mut ours = [0; 4];
    let mut expected = [0; 4];
    mask.apply(&mut ours);
    naive::mask(&mut expected, KEY, (total % 4) as usize);
    assert_eq!(ours, expected);

    let mut mask = Mask::new(MaskingKey::new(KEY));
    mask.advance(usize::MAX);
    assert_eq!(mask.key().to_bytes(), [KEY[3], KEY[0], KEY[1], KEY[2]]);
}

#[test]
fn the_zero_key_is_the_identity() {
    let mut bytes = odd_bytes(100);
    let mut none = Mask::IDENTITY;
    none.apply(&mut bytes);
    assert_eq!(bytes, odd_bytes(100));
    assert!(none.is_identity());
    assert!(Mask::new(MaskingKey::new([0; 4])).is_identity());
    assert!(!Mask::new(MaskingKey::new([0, 0, 0, 1])).is_identity());
}

proptest! {
    #![proptest_config(support::proptest_config())]

    #[test]
    fn any_two_pieces_give_what_the_whole_gives(
        payload in prop::collection::vec(any::<u8>(), 0..4096),
        key: [u8; 4],
        cut in 0usize..4096,
    ) {
        checks::mask(key, cut, &payload);
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn any_two_pieces_are_appended_as_the_whole_is(
        payload in prop::collection::vec(any::<u8>(), 0..10_000),
        key in prop_oneof![Just([0; 4]), any::<[u8; 4]>()],
        cut in 0usize..10_000,
    ) {
        let mut expected = payload.clone();
        naive::mask(&mut expected, key, 0);
        let (front, back) = payload.split_at(cut.min(payload.len()));
        let mut mask = Mask::new(key.into());
        let mut appended = vec![GUARD];
        mask.apply_append(front, &mut appended);
        mask.apply_append(back, &mut appended);
        prop_assert_eq!(&appended[1..], &expected);
        prop_assert_eq!(appended[0], GUARD);
    }

    #[test]
    fn two_masks_combine_into_one(
        payload in prop::collection::vec(any::<u8>(), 0..300),
        one: [u8; 4],
        other: [u8; 4],
    ) {
        let (one, other) = (Mask::new(one.into()), Mask::new(other.into()));
        let mut at_once = payload.clone();
        one.combine(&other).apply(&mut at_once);
        let mut in_turn = payload;
        one.clone().apply(&mut in_turn);
        other.clone().apply(&mut in_turn);
        prop_assert_eq!(at_once, in_turn);
    }
}

/// §10.3: the two sources of keys. Each key is the generator's next four bytes. Two keys are equal
/// with a probability of one in 2^32.
#[cfg(feature = "rand")]
#[test]
fn keys_from_generators() {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};
    use std::collections::HashSet;
    use wsframe::{MaskingKeys, RandomKeys, ThreadKeys};

    let mut keys = RandomKeys(StdRng::from_seed([7; 32]));
    let mut same = StdRng::from_seed([7; 32]);
    for _ in 0..100 {
        assert_eq!(keys.next_key().to_bytes(), same.next_u32().to_ne_bytes());
    }
    let drawn: HashSet<MaskingKey> = (0..100).map(|_| ThreadKeys.next_key()).collect();
    assert!(drawn.len() > 98, "{}", drawn.len());
}

/// §10.3: keys must not be predictable. So `Debug` does not show the source of keys, which need not
/// implement `Debug`.
#[test]
fn a_source_of_keys_is_not_shown() {
    let secret = 0x1234_5678_u32;
    let keys = move || MaskingKey::new(secret.to_be_bytes());
    let shown = format!("{:?}", Connection::client(keys));
    assert!(shown.starts_with("Connection { role: Client, messages: MessageDecoder("), "{shown}");
    assert!(shown.ends_with(", transport: KeepOpen, close_code: None, .. }"), "{shown}");
}
