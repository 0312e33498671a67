//! Checks that must pass for any compressed message, any message to compress, and any offer or
//! answer.

// No test program uses all of this.
#![allow(dead_code)]

#[path = "inflate.rs"]
pub mod naive;

use wsframe::ProtocolError;
use wsframe::deflate::{
    Compressor, CompressorOptions, Decompressor, DeflateContext, DeflateParameters, NAME,
    Negotiation, WindowBits,
};
use wsframe::extensions::{Extension, ExtensionWriter, Extensions};

/// Returns all contexts: with and without context takeover, with each window.
pub fn contexts() -> impl Iterator<Item = DeflateContext> {
    let windows = (8..=15).map(|bits| WindowBits::new(bits).unwrap());
    windows.flat_map(|window_bits| {
        [true, false].map(|takeover| DeflateContext { takeover, window_bits })
    })
}

/// Returns the context with this number, modulo their count.
pub fn context(byte: u8) -> DeflateContext {
    contexts().nth(usize::from(byte) % 16).unwrap()
}

/// Repeats the lengths. If there are none, or only zeros, returns one length for everything.
pub fn endless(lengths: &[usize]) -> impl Iterator<Item = usize> + '_ {
    let all = lengths.iter().all(|&length| length == 0);
    let mut cycle = lengths.iter().copied().filter(|&length| length > 0).cycle();
    std::iter::from_fn(move || Some(if all { 1 << 20 } else { cycle.next().unwrap() }))
}

/// Splits the bytes into pieces of these lengths.
pub fn pieces<'b>(mut bytes: &'b [u8], lengths: &[usize]) -> Vec<&'b [u8]> {
    let mut pieces = Vec::new();
    let mut lengths = endless(lengths);
    while !bytes.is_empty() {
        let (piece, rest) = bytes.split_at(lengths.next().unwrap().min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

/// Buffers of these lengths (repeated), at most 64 KiB each. They share one memory, so that a
/// buffer for every piece of a message does not cost more than the piece.
struct Buffers<I> {
    lengths: I,
    memory: Vec<u8>,
}

const UNTOUCHED: u8 = 0xAA;

impl<I: Iterator<Item = usize>> Buffers<I> {
    fn new(lengths: I) -> Self {
        Self { lengths, memory: Vec::new() }
    }

    fn next(&mut self) -> &mut [u8] {
        let len = self.lengths.next().unwrap().min(1 << 16);
        if self.memory.len() < len {
            self.memory.resize(len, UNTOUCHED);
        }
        &mut self.memory[..len]
    }
}

/// Restores a buffer. Returns whether no byte was written in the kilobyte after its content.
fn restore(buffer: &mut [u8], written: usize) -> bool {
    let (written, rest) = buffer.split_at_mut(written);
    written.fill(UNTOUCHED);
    rest.iter().take(1 << 10).all(|&byte| byte == UNTOUCHED)
}

/// Compresses a message in pieces, into buffers of these lengths.
pub fn compress(
    compressor: &mut Compressor,
    message: &[u8],
    cuts: &[usize],
    buffers: &[usize],
) -> Vec<u8> {
    let mut payload = Vec::new();
    let mut buffers = Buffers::new(endless(buffers));
    for mut piece in pieces(message, cuts) {
        loop {
            let out = buffers.next();
            let written = compressor.compress(&mut piece, out);
            payload.extend_from_slice(&out[..written.len]);
            assert!(restore(out, written.len));
            assert_eq!(written.done, piece.is_empty());
            if written.done {
                break;
            }
        }
    }
    loop {
        let out = buffers.next();
        let written = compressor.finish(out);
        payload.extend_from_slice(&out[..written.len]);
        assert!(restore(out, written.len));
        if written.done {
            return payload;
        }
    }
}

/// Decompresses a payload in pieces, into buffers of these lengths. Also returns the output before
/// an error.
pub fn inflate(
    decompressor: &mut Decompressor,
    payload: &[u8],
    cuts: &[usize],
    buffers: &[usize],
) -> (Vec<u8>, Result<(), ProtocolError>) {
    let mut message = Vec::new();
    let mut buffers = Buffers::new(endless(buffers));
    for mut piece in pieces(payload, cuts) {
        loop {
            let out = buffers.next();
            let written = match decompressor.decompress(&mut piece, out) {
                Ok(written) => written,
                Err(error) => return (message, Err(error)),
            };
            message.extend_from_slice(&out[..written.len]);
            if written.done {
                assert!(piece.is_empty());
                break;
            }
            assert_eq!(written.len, out.len());
        }
    }
    (message, decompressor.finish())
}

/// Compares decompression of any payloads, in pieces and whole, with the naive decoder.
pub fn any_payloads(
    takeover: bool,
    limit: u32,
    payloads: &[&[u8]],
    cuts: &[usize],
    buffers: &[usize],
) {
    let context = DeflateContext { takeover, window_bits: WindowBits::MAX };
    let mut in_pieces = Decompressor::new(context).max_message_size(limit);
    let mut whole = Decompressor::new(context).max_message_size(limit);
    let mut history = Vec::new();
    for payload in payloads {
        let expected = naive::inflate(&history, payload);
        let too_long = limit != u32::MAX && expected.bytes.len() > limit as usize;
        let (message, outcome) = inflate(&mut in_pieces, payload, cuts, buffers);
        let mut appended = b"kept".to_vec();
        let outcome_whole = whole.append(payload, &mut appended);
        assert_eq!(outcome, outcome_whole);
        match outcome {
            Ok(()) => {
                assert!(expected.right && !too_long, "{}", payload.escape_ascii());
                assert_eq!(message, expected.bytes);
                assert_eq!(appended, [b"kept", &message[..]].concat());
            }
            Err(error) => {
                assert_eq!(error == ProtocolError::MessageTooLong(u64::from(limit) + 1), too_long);
                assert!(too_long || !expected.right, "{error}: {}", payload.escape_ascii());
                assert!(expected.bytes.starts_with(&message));
                assert_eq!(appended, b"kept");
                // The error is sticky.
                assert_eq!(in_pieces.finish(), Err(error));
                assert_eq!(whole.append(&[0], &mut appended), Err(error));
                return;
            }
        }
        if takeover {
            history.extend_from_slice(&message);
            history.drain(..history.len() - expected.referable);
        }
    }
}

/// Compresses any messages, and decompresses them in pieces and whole, and with the naive decoder.
pub fn round_trip(
    context: DeflateContext,
    effort: CompressorOptions,
    messages: &[&[u8]],
    cuts: &[usize],
    buffers: &[usize],
) {
    let mut in_pieces = Compressor::new(context, effort);
    let mut whole = Compressor::new(context, effort);
    let mut from_pieces = Decompressor::new(context);
    let mut from_whole = Decompressor::new(context);
    let mut history: Vec<u8> = Vec::new();
    for &message in messages {
        let payload = compress(&mut in_pieces, message, cuts, buffers);
        let mut appended = b"kept".to_vec();
        whole.append(message, &mut appended);
        for payload in [&payload, &appended[4..]] {
            let naive = naive::inflate(&history, payload);
            assert!(naive.right, "{}", payload.escape_ascii());
            assert_eq!(naive.bytes, message);
            assert!(naive.max_distance <= context.window_bits.window_len(), "{context:?}");
            if message.is_empty() {
                assert_eq!(payload, [0]);
            }
        }
        let (inflated, outcome) = inflate(&mut from_pieces, &payload, buffers, cuts);
        assert_eq!((&inflated[..], outcome), (message, Ok(())));
        let mut inflated = Vec::new();
        from_whole.append(&appended[4..], &mut inflated).unwrap();
        assert_eq!(inflated, message);
        if context.takeover {
            history.extend_from_slice(message);
        }
    }
}

/// Compares the negotiation, of a server and of a client that receive this line, with a naive
/// reading of RFC 7692 §7.1.
pub fn negotiation(wanted: DeflateParameters, fallback: DeflateParameters, line: &[u8]) {
    lines(wanted, line);
    let Ok(elements) = Extensions::parse(line) else { return };
    let list = crate::support::extensions::naive(line).unwrap();
    for (extension, element) in elements.zip(list) {
        // As a server.
        let stated = stated(&element, false);
        let mut server = Negotiation::new(wanted);
        let chosen = server.choose(&extension);
        assert_eq!(chosen, stated.is_some(), "{extension}");
        assert_eq!(chosen, server.agreed().is_some());
        assert_ne!(chosen, server.rejection().is_some());
        if let (Some(agreed), Some([no_server, no_client, server_bits, client_bits])) =
            (server.agreed(), stated)
        {
            let min = |wanted: WindowBits, said: u8| u8::min(wanted.get(), said);
            let bits = |context: DeflateContext| context.window_bits.get();
            assert_eq!(agreed.server.takeover, wanted.server.takeover && no_server == 0);
            assert_eq!(agreed.client.takeover, wanted.client.takeover && no_client == 0);
            let said = if server_bits == 0 { 15 } else { server_bits };
            assert_eq!(bits(agreed.server), min(wanted.server.window_bits, said));
            let expected = match client_bits {
                0 => 15, // the answer may omit it
                said => min(wanted.client.window_bits, said.min(15)),
            };
            assert_eq!(bits(agreed.client), expected);

            // The answer is valid for the offer.
            let mut answer = String::new();
            server.answer(&mut ExtensionWriter::new(&mut answer)).unwrap();
            let list = crate::support::extensions::naive(answer.as_bytes()).unwrap();
            let [no_server_back, _, server_back, client_back] = stated_in(&list[0]);
            assert!(no_server_back >= no_server);
            assert!(server_bits == 0 || (8..=server_bits).contains(&server_back), "{answer}");
            assert!(client_back == 0 || (client_bits != 0 && client_back <= client_bits.min(15)));
        }

        // As a client that receives this answer.
        let mut client = Negotiation::new(wanted);
        let fallbacks = [fallback];
        client = client.fallbacks(&fallbacks);
        let confirmed = client.confirm(&extension);
        let said = self::stated(&element, true);
        let fits: Vec<DeflateParameters> = [wanted, fallback]
            .into_iter()
            .filter(|offer| said.is_some_and(|said| fits(said, offer)))
            .collect();
        assert_eq!(confirmed, !fits.is_empty(), "{extension}");
        if let (Some(agreed), Some([no_server, no_client, server_bits, client_bits])) =
            (client.agreed(), said)
        {
            let or_full = |bits| if bits == 0 { 15 } else { bits };
            assert_eq!(agreed.server.takeover, no_server == 0);
            assert_eq!(agreed.server.window_bits.get(), or_full(server_bits));
            assert!(!agreed.client.takeover || no_client == 0);
            assert!(agreed.client.window_bits.get() <= or_full(client_bits));
            for offer in fits {
                assert!(!agreed.client.takeover || offer.client.takeover);
                assert!(agreed.client.window_bits <= offer.client.window_bits);
            }
        }
    }
}

/// Compares the methods for whole header fields with one call for each element.
fn lines(wanted: DeflateParameters, line: &[u8]) {
    let others = &b"x-other; x=1"[..];
    let list = || Extensions::parse(line).into_iter().flatten();

    let mut one_by_one = Negotiation::new(wanted);
    let _ = list().any(|offer| one_by_one.choose(&offer));
    let mut answer = String::new();
    one_by_one.answer(&mut ExtensionWriter::new(&mut answer)).unwrap();
    let mut server = Negotiation::new(wanted);
    let answered = server.answer_lines([others, line]);
    // Several lines mean the same as one that joins them.
    let joined = [others, b",", line].concat();
    assert_eq!(answered.is_err(), Extensions::parse(&joined).is_err());
    if let Ok(answered) = answered {
        assert_eq!(answered.unwrap_or_default(), answer);
        assert_eq!(server.agreed(), one_by_one.agreed());
    }

    let mut one_by_one = Negotiation::new(wanted);
    let all_right = list().all(|answer| one_by_one.confirm(&answer)) && list().count() < 2;
    let mut client = Negotiation::new(wanted);
    let confirmed = client.confirm_lines([line]);
    assert_eq!(confirmed.is_ok(), all_right && Extensions::parse(line).is_ok());
    if let Ok(agreed) = confirmed {
        assert_eq!(agreed, one_by_one.agreed());
    }
    assert!(client.confirm_lines([others]).is_err());
}

/// Returns whether this answer is allowed for the offer.
fn fits([no_server, _, server_bits, client_bits]: [u8; 4], offer: &DeflateParameters) -> bool {
    let wanted = offer.server.window_bits.get();
    (offer.server.takeover || no_server == 1)
        && (wanted == 15 || (server_bits != 0 && server_bits <= wanted))
        && client_bits <= offer.client.window_bits.get()
}

fn stated_in(element: &crate::support::extensions::Element) -> [u8; 4] {
    stated(element, true).unwrap()
}

/// Returns the four parameters in the order of the RFC: 1 for a flag, the bits of a window, 16 for
/// `client_max_window_bits` without a value, and 0 for a missing one. Returns `None` if they are
/// not valid.
fn stated(element: &crate::support::extensions::Element, answer: bool) -> Option<[u8; 4]> {
    const NAMES: [&str; 4] = [
        "server_no_context_takeover",
        "client_no_context_takeover",
        "server_max_window_bits",
        "client_max_window_bits",
    ];
    const BITS: [&str; 8] = ["8", "9", "10", "11", "12", "13", "14", "15"];
    let (name, parameters) = element;
    if name != NAME {
        return None;
    }
    let mut stated = [0; 4];
    for (name, value) in parameters {
        let which = NAMES.iter().position(|known| known == name)?;
        let bits = || BITS.iter().position(|bits| Some(*bits) == value.as_deref());
        let value = match (which, value) {
            (0 | 1, None) => 1,
            (0 | 1, Some(_)) => return None,
            (3, None) if !answer => 16,
            _ => bits()? as u8 + 8,
        };
        if std::mem::replace(&mut stated[which], value) != 0 {
            return None;
        }
    }
    Some(stated)
}

/// Checks that two endpoints negotiate the same parameters, within the bounds of both.
pub fn agreement(
    client_wants: DeflateParameters,
    fallback: DeflateParameters,
    server_wants: DeflateParameters,
) {
    let fallbacks = [fallback];
    let mut client = Negotiation::new(client_wants).fallbacks(&fallbacks);
    let mut server = Negotiation::new(server_wants);
    let (mut offers, mut answer) = (String::new(), String::new());
    client.offer(&mut ExtensionWriter::new(&mut offers)).unwrap();
    assert!(Extensions::parse(offers.as_bytes()).unwrap().any(|offer| server.choose(&offer)));
    server.answer(&mut ExtensionWriter::new(&mut answer)).unwrap();
    assert_eq!(client.offer_line(), offers);
    let mut answers = Extensions::parse(answer.as_bytes()).unwrap();
    assert!(client.confirm(&answers.next().unwrap()), "{offers} / {answer}");
    assert!(answers.next().is_none());

    let (client, server) = (client.agreed().unwrap(), server.agreed().unwrap());
    // Each side must be able to decompress what the other sends. The client's own limits may be
    // stricter than the server knows, because of an offer that was not chosen.
    assert_eq!(client.server, server.server, "{offers} / {answer}");
    assert!(!client.client.takeover || server.client.takeover);
    assert!(client.client.window_bits <= server.client.window_bits);
    assert!(!server.server.takeover || client_wants.server.takeover);
    assert!(server.server.window_bits <= client_wants.server.window_bits);
    assert!(!server.client.takeover || server_wants.client.takeover);
    assert!(server.server.window_bits <= server_wants.server.window_bits);
    assert!(server.client.window_bits <= server_wants.client.window_bits);
}
