//! The fuzz targets. The first bytes of the input choose the settings of a run. The test of the
//! saved inputs runs the same functions.

use super::settings::{choices, cuts, limit, limits};
use super::streams::Spec;
use super::{checks, conversation, extensions, rival};
use wsframe::{Role, Rsv};

/// Splits the settings off the input. Returns zeros for missing settings.
fn split<const N: usize>(input: &[u8]) -> ([u8; N], &[u8]) {
    let (front, rest) = input.split_at(input.len().min(N));
    let mut settings = [0; N];
    settings[..front.len()].copy_from_slice(front);
    (settings, rest)
}

/// Any bytes as a header, under any rules, compared with the naive parser.
pub fn header(input: &[u8]) {
    let ([rules], bytes) = split(input);
    checks::header(choices(rules), bytes);
}

/// Any bytes, cut anywhere, masked on every backend, compared with the naive loop.
pub fn mask(input: &[u8]) {
    let ([k0, k1, k2, k3, low, high], bytes) = split(input);
    checks::mask([k0, k1, k2, k3], u16::from_le_bytes([low, high]).into(), bytes);
}

/// Any bytes as text, in any chunks, alone and while unmasking, on every backend, compared with
/// `core`.
pub fn utf8(input: &[u8]) {
    let (lengths, text) = split::<3>(input);
    checks::utf8(&cuts(&lengths), text);
}

/// Any bytes as a stream, in any reads, under any rules and limit, compared with the naive decoder.
pub fn frames(input: &[u8]) {
    let ([rules, max_frame_size, reads @ ..], stream) = split::<5>(input);
    checks::frames(choices(rules), limit(max_frame_size), &cuts(&reads), stream);
}

/// Any frames, encoded, then decoded from any reads into any buffer.
pub fn round_trip(input: &[u8]) {
    let ([server, rsv, low, high, reads @ ..], mut frames) = split::<7>(input);
    let role = if server & 1 == 1 { Role::Server } else { Role::Client };
    let (mut specs, mut total) = (Vec::new(), 0);
    while let [what, k0, k1, k2, k3, len, rest @ ..] = frames {
        let (payload, behind) = rest.split_at(rest.len().min((*len).into()));
        // Some payloads are long, so that lengths of each form occur. Not all are, because a run
        // would take long.
        let times = if total > 1 << 13 { 1 } else { [1, 1, 20, 300][usize::from(what >> 6)] };
        let payload = payload.repeat(times);
        total += payload.len();
        let key = [*k0, *k1, *k2, *k3];
        specs.push(Spec { opcode: what & 7, fin: what & 8 != 0, key, payload });
        frames = behind;
    }
    let capacity = u16::from_le_bytes([low, high]).into();
    checks::round_trip(&specs, role, Rsv::from_bits(rsv), &cuts(&reads), capacity);
}

/// Any bytes as a stream of messages, in any reads, under any rules and limits, compared with the
/// naive decoder.
pub fn messages(input: &[u8]) {
    let ([rules, frame, message, fragments, validate, reads @ ..], stream) = split::<8>(input);
    let limits = limits([frame, message, fragments]);
    checks::messages(choices(rules), limits, validate & 1 == 1, &cuts(&reads), stream);
}

/// Any bytes through a relay, in any reads, under any rules and limits. The receiver finds the same
/// frames.
pub fn relay(input: &[u8]) {
    let ([rules, frame, message, fragments, validate, reads @ ..], stream) = split::<8>(input);
    let limits = limits([frame, message, fragments]);
    checks::relay(choices(rules), limits, validate & 1 == 1, &cuts(&reads), stream);
}

/// Two connections that run any script, through a network that cuts and delays.
pub fn conversation(input: &[u8]) {
    let ([max_pending_replies], script) = split(input);
    conversation::play(&conversation::script(script), max_pending_replies.into());
}

/// Any bytes from a peer, to a connection and to tungstenite. The results are the same, except for
/// the differences that `rival` lists.
pub fn differential(input: &[u8]) {
    let (settings, rest) = split::<3>(input);
    let (reads, stream) = split::<3>(rest);
    rival::compare(rival::Settings::of(settings), &cuts(&reads), stream);
}

/// Any bytes as a line of `Sec-WebSocket-Extensions`, compared with the naive parser.
pub fn handshake_extensions(input: &[u8]) {
    extensions::check(input);
}

#[cfg(feature = "handshake")]
pub use of_handshakes::*;

#[cfg(feature = "handshake")]
mod of_handshakes {
    use super::super::handshake;
    use super::{cuts, split};

    /// Any bytes as a request, in any reads. An accepted request is valid, and a client accepts the
    /// answer.
    pub fn handshake_request(input: &[u8]) {
        let (reads, received) = split::<3>(input);
        handshake::request(received, &cuts(&reads));
    }

    /// Any bytes as a response, in any reads. A response that a client accepts is valid.
    pub fn handshake_response(input: &[u8]) {
        let (reads, received) = split::<3>(input);
        handshake::response(received, &cuts(&reads));
    }

    /// Any text as a WebSocket URI. A server accepts the request for an accepted URI.
    pub fn handshake_uri(input: &[u8]) {
        handshake::uri(input.utf8_chunks().next().map_or("", |chunk| chunk.valid()));
    }
}

#[cfg(feature = "deflate")]
pub use of_deflate::*;

#[cfg(feature = "deflate")]
mod of_deflate {
    use super::super::compressed::{any_bytes, deflate};
    use super::{cuts, limit, split};
    use wsframe::Role;
    use wsframe::deflate::{CompressorOptions, DeflateParameters};

    /// Any line as an offer and as an answer, to endpoints with any settings, and any two
    /// endpoints.
    pub fn deflate_negotiation(input: &[u8]) {
        let (contexts, line) = split::<4>(input);
        let [server, client, fallback_server, fallback_client] = contexts.map(deflate::context);
        let wanted = DeflateParameters { server, client };
        let fallback = DeflateParameters { server: fallback_server, client: fallback_client };
        deflate::negotiation(wanted, fallback, line);
        deflate::agreement(wanted, fallback, fallback);
    }

    /// Any bytes, in any pieces, to an endpoint that negotiated compression, under a limit,
    /// compared with the naive decoders.
    pub fn deflate_connection(input: &[u8]) {
        let ([which, most, c0, c1, b0, b1], bytes) = split(input);
        let role = if which & 16 == 0 { Role::Server } else { Role::Client };
        let context = deflate::context(which);
        any_bytes(role, context, limit(most), bytes, &cuts(&[c0, c1]), &cuts(&[b0, b1]));
    }

    /// Any two payloads as the messages of a connection, under a limit, in any pieces, compared
    /// with the naive decoder.
    pub fn deflate_inflate(input: &[u8]) {
        let ([takeover, most, c0, c1, b0, b1, first], bytes) = split(input);
        let (first, second) = bytes.split_at(bytes.len().min(first.into()));
        let (cuts, buffers) = (cuts(&[c0, c1]), cuts(&[b0, b1]));
        let payloads = [first, second];
        deflate::any_payloads(takeover & 1 == 1, limit(most), &payloads, &cuts, &buffers);
    }

    /// Any two messages, compressed and decompressed, in any context, at any level and with any
    /// cuts.
    pub fn deflate_round_trip(input: &[u8]) {
        let ([which, level, memory, c0, c1, b0, b1, first], bytes) = split(input);
        let (first, second) = bytes.split_at(bytes.len().min(first.into()));
        let effort = CompressorOptions::DEFAULT.level(level % 10).memory(memory % 10);
        let (cuts, buffers) = (cuts(&[c0, c1]), cuts(&[b0, b1]));
        let messages = [first, second, second];
        deflate::round_trip(deflate::context(which), effort, &messages, &cuts, &buffers);
    }
}
