//! UTF-8 validation of chunks that are cut anywhere.

use std::{slice, str};

use sockudo_ws::utf8::Utf8Stream;
use wsframe::{Utf8Validator, arch};

use super::TEXTS;
use crate::measure::{Rival, Role, Work};
use crate::payload::{Kind, Size};
use crate::table::{Case, Plan, Table, Unit};

const NOTES: &[&str] = &[
    "simdutf8, carrying: with the bytes of an open character carried to the next chunk by its caller, \
     as tokio-websockets does, whose validator is not public.",
];

const TEXT: usize = 256 << 10;

/// A text, and the length of its chunks.
struct Chunks {
    text: Vec<u8>,
    chunk: usize,
}

impl Work for Chunks {
    fn items(&self) -> f64 {
        self.text.len() as f64 / 1024.0
    }
}

pub fn measure(plan: &Plan) -> Table {
    let mut rivals = vec![rival("wsframe", Role::Ours, |mut chunks| {
        let mut validator = Utf8Validator::new();
        chunks.all(|chunk| validator.validate(chunk).is_ok()) && validator.finish().is_ok()
    })];
    for backend in arch::available() {
        rivals.push(rival(backend.name, Role::Backend, |chunks| {
            chunks.fold(0, |state, chunk| backend.validate(chunk, state)) == 0
        }));
    }
    rivals.extend([
        rival("simdutf8, carrying", Role::Peer, |mut chunks| {
            let mut validator = Carrying::default();
            chunks.all(|chunk| validator.push(chunk)) && validator.len == 0
        }),
        rival("sockudo-ws", Role::Peer, |mut chunks| {
            let mut validator = Utf8Stream::new();
            chunks.all(|chunk| validator.push(chunk)) && validator.finish()
        }),
    ]);
    let cases = TEXTS.into_iter().flat_map(|kind| [64, 250, 1460, 4096].map(|len| case(kind, len)));
    Table::measure("validating UTF-8 in chunks", Unit::Kibibyte, &rivals, cases, NOTES, plan)
}

fn case(kind: Kind, chunk: usize) -> Case<Chunks> {
    Case {
        group: kind.name().to_owned(),
        size: Size::Fixed(chunk),
        work: Box::new(move || Chunks { text: kind.payload(TEXT, 0), chunk }),
    }
}

fn rival(
    name: &str,
    role: Role,
    validate: impl Fn(slice::Chunks<'_, u8>) -> bool + 'static,
) -> Rival<Chunks> {
    Rival::new(name, role, move |work: &mut Chunks| {
        assert!(validate(work.text.chunks(work.chunk)), "UTF-8");
    })
}

#[derive(Default)]
struct Carrying {
    /// The bytes of the open character, in the first `len` of these.
    open: [u8; 4],
    len: usize,
}

impl Carrying {
    #[inline(always)]
    fn push(&mut self, mut chunk: &[u8]) -> bool {
        while self.len > 0
            && let Some((&byte, rest)) = chunk.split_first()
        {
            self.open[self.len] = byte;
            self.len += 1;
            chunk = rest;
            match str::from_utf8(&self.open[..self.len]) {
                Ok(_) => self.len = 0,
                Err(error) if error.error_len().is_some() => return false,
                Err(_) => {}
            }
        }
        match simdutf8::compat::from_utf8(chunk) {
            Ok(_) => true,
            Err(error) if error.error_len().is_some() => false,
            Err(error) => {
                let open = &chunk[error.valid_up_to()..];
                self.open[..open.len()].copy_from_slice(open);
                self.len = open.len();
                true
            }
        }
    }
}
