//! Any sequence of public calls, also after errors, after a Close and after the end of the input.
//! No call panics, and a strict peer accepts everything that was sent.

use crate::support;

use proptest::prelude::*;
use support::naive;
use wsframe::{
    Assembler, CloseBody, CloseCode, Connection, Event, FrameDecoder, FrameHeader, Mask,
    MaskingKey, MessageDecoder, NoKeys, Opcode, ProtocolError, Relay, Role, Rsv, Rules,
    SliceOutput, Utf8Validator,
};

/// A call, or an event before it. Numbers choose between variants.
#[derive(Clone, Debug)]
enum Call {
    /// More bytes arrive: a frame that may be valid, or any bytes.
    Arrive(Vec<u8>),
    /// A call that receives.
    Receive(u8),
    /// The input ends.
    End,
    /// A call that sends.
    Send { way: u8, fin: bool, rsv: u8, payload: Vec<u8> },
    /// The output is sent.
    GoOut,
}

/// Generates text that is cut anywhere, and bytes that are not text.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        &b""[..],
        b"Hello",
        b"caf\xC3",
        b"\xA9",
        b"\xF0\x9F",
        b"\xA6\x80",
        b"\xFF",
        b"\x03\xE8",
        b"\x03\xEE",
        b"x",
    ]);
    let any = prop_oneof![
        8 => piece.prop_map(<[u8]>::to_vec),
        1 => Just(vec![b'a'; 126]),
        1 => Just(vec![b'a'; 70_000]),
    ];
    any.boxed()
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let opcode = prop::sample::select(vec![
        Opcode::Text,
        Opcode::Binary,
        Opcode::Continuation,
        Opcode::Ping,
        Opcode::Close,
    ]);
    // Most are complete and valid, for a server or for a client.
    let frame = (opcode, any::<bool>(), prop::sample::select(vec![0u8, 0, 0, 0x40]), payload())
        .prop_flat_map(|(opcode, fin, rsv, payload)| {
            let masking_key = any::<bool>().prop_map(|m| m.then(|| MaskingKey::new([1, 2, 3, 4])));
            (masking_key, 0..=payload.len() + 14).prop_map(move |(masking_key, len)| {
                let fin = fin || opcode.is_control();
                let rsv = Rsv::from_bits(rsv);
                let header = FrameHeader {
                    fin,
                    rsv,
                    masking_key,
                    ..FrameHeader::new(opcode, payload.len() as u64)
                };
                let mut bytes = Vec::new();
                let form = naive::shortest_form(payload.len());
                naive::encode(&header, &payload, form, &mut bytes);
                // Three of four frames are complete.
                if len % 4 == 0 {
                    bytes.truncate(len);
                }
                bytes
            })
        });
    let call = prop_oneof![
        6 => frame.prop_map(Call::Arrive),
        1 => prop::collection::vec(any::<u8>(), 0..8).prop_map(Call::Arrive),
        8 => any::<u8>().prop_map(Call::Receive),
        1 => Just(Call::End),
        8 => (any::<u8>(), any::<bool>(), prop::sample::select(vec![0u8, 0, 0x40, 0x20]), payload())
            .prop_map(|(way, fin, rsv, payload)| Call::Send { way, fin, rsv, payload }),
        1 => Just(Call::GoOut),
    ];
    prop::collection::vec(call, 1..40)
}

fn rules(role: Role) -> Rules {
    Rules::new(role).allow_rsv(Rsv::RSV1)
}

fn messages(role: Role) -> MessageDecoder {
    MessageDecoder::with_rules(rules(role))
}

/// Returns the error that a strict peer of this role finds in the bytes.
fn wrong_for(peer: Role, mut bytes: Vec<u8>) -> Option<ProtocolError> {
    let mut decoder = messages(peer);
    let mut input = &mut bytes[..];
    loop {
        match decoder.decode(&mut input) {
            Ok(Some(_)) => {}
            Ok(None) => {
                assert!(input.is_empty(), "no frame is cut off, nor follows a Close");
                return None;
            }
            Err(error) => return Some(error),
        }
    }
}

/// Sends with one of the calls that need no feature.
fn send<K: wsframe::MaskingKeys>(
    connection: &mut Connection<K>,
    (way, fin, rsv, payload): (u8, bool, u8, &[u8]),
    text: &mut Utf8Validator,
    out: &mut Vec<u8>,
) {
    let code = CloseCode::new(payload.len() as u16 + 1000);
    let reason = std::str::from_utf8(payload).unwrap_or_default();
    let _ = match way % 10 {
        0 => connection.send(payload, out),
        1 => connection.send(reason, out),
        2 => connection.send_fragment(payload, fin, out),
        3 => connection.send_fragment(reason, fin, out),
        // Received text, of which some chunks are left out.
        4 | 5 => {
            let mut payload = payload.to_vec();
            match text.unmask_and_validate(&mut payload, &mut { Mask::IDENTITY }) {
                Ok(chunk) if way % 10 == 4 => connection.send_fragment(&chunk, fin, out),
                Ok(chunk) => connection.send(&chunk, out),
                Err(_) => {
                    text.reset();
                    Ok(())
                }
            }
        }
        6 => connection.ping(payload, out),
        7 => connection.pong(payload, out),
        // RSV1 is allowed on the first frame of a message.
        8 => connection
            .frame_encoder(Opcode::Binary, fin)
            .and_then(|frame| frame.rsv(Rsv::from_bits(rsv & 0x40)).encode_to_vec(payload, out)),
        _ => {
            let body = CloseBody { code, reason };
            connection.close((!payload.is_empty()).then_some(body), out)
        }
    };
}

fn connection_calls<K: wsframe::MaskingKeys>(mut connection: Connection<K>, calls: &[Call]) {
    let (mut input, mut out, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    let (mut text, mut assembler) = (Utf8Validator::new(), Assembler::new());
    for call in calls {
        match call {
            Call::Arrive(bytes) => input.extend_from_slice(bytes),
            Call::Receive(way) => {
                let mut bytes = input.clone();
                let mut rest = &mut bytes[..];
                match way % 3 {
                    0 => {
                        while let Ok(Some(event)) = connection.receive(&mut rest, &mut out) {
                            match event {
                                Event::Text(chunk) => drop(assembler.text(chunk)),
                                Event::Binary(chunk) => drop(assembler.binary(chunk)),
                                Event::Raw(chunk) => drop(assembler.raw(chunk)),
                                _ => {}
                            }
                        }
                    }
                    1 => {
                        let mut room = [0; 40];
                        let mut small = SliceOutput::new(&mut room);
                        let _ = connection.receive(&mut rest, &mut small);
                        out.extend_from_slice(small.bytes());
                    }
                    _ => {
                        if let Ok(Some(span)) = connection.next_span(rest, &mut out) {
                            let end = span.consumed_len();
                            let (used, behind) = std::mem::take(&mut rest).split_at_mut(end);
                            let _ = connection.receive_span(span, used, &mut out);
                            rest = behind;
                        }
                    }
                }
                input = rest.to_vec();
            }
            Call::End => connection.receive_eof(),
            Call::Send { way, fin, rsv, payload } if *way < 240 => {
                send(&mut connection, (*way, *fin, *rsv, payload), &mut text, &mut out);
            }
            Call::Send { .. } => {
                let _ = connection.fail(ProtocolError::InvalidDeflate, &mut out);
            }
            Call::GoOut => gone.append(&mut out),
        }
        let _ = (connection.transport_action(), connection.close_code(), format!("{connection:?}"));
    }
    gone.append(&mut out);
    assert_eq!(wrong_for(connection.role().peer(), gone), None);
}

/// Each of the decoders, and a relay in both directions.
fn decoder_calls(role: Role, calls: &[Call]) {
    let mut frames = FrameDecoder::with_rules(rules(role));
    let mut decoder = messages(role);
    let mut relay = Relay::new(messages(role), || MaskingKey::new([9; 4]));
    let [mut of_frames, mut of_messages, mut of_relay] = [const { Vec::new() }; 3];
    let mut relayed = Vec::new();
    for call in calls {
        match call {
            Call::Arrive(bytes) => {
                for input in [&mut of_frames, &mut of_messages, &mut of_relay] {
                    input.extend_from_slice(bytes);
                }
            }
            Call::Receive(way) => {
                let mut bytes = of_frames.clone();
                let mut rest = &mut bytes[..];
                if way % 2 == 0 {
                    let _ = frames.decode(&mut rest).map(|chunk| chunk.map(|c| c.payload.unmask()));
                } else if let Ok(Some(span)) = frames.next_span(rest) {
                    let (used, behind) = rest.split_at_mut(span.consumed_len());
                    span.into_chunk(used).payload.unmask();
                    rest = behind;
                }
                of_frames = rest.to_vec();

                let mut bytes = of_messages.clone();
                let mut rest = &mut bytes[..];
                match way % 3 {
                    0 => drop(decoder.decode(&mut rest)),
                    1 => drop(decoder.decode_frame(&mut rest)),
                    _ => {
                        if let Ok(Some(span)) = decoder.next_span(rest) {
                            let end = span.consumed_len();
                            let (used, behind) = std::mem::take(&mut rest).split_at_mut(end);
                            let _ = decoder.decode_span(span, used);
                            rest = behind;
                        }
                    }
                }
                of_messages = rest.to_vec();

                let mut bytes = of_relay.clone();
                let mut rest = &mut bytes[..];
                while let Ok(Some(part)) = relay.forward(&mut rest) {
                    relayed.extend_from_slice(part.header.as_deref().unwrap_or_default());
                    relayed.extend_from_slice(part.payload);
                }
                of_relay = rest.to_vec();
            }
            Call::Send { payload, .. } => {
                let code = CloseCode::new(payload.len() as u16 + 1000);
                let reason = std::str::from_utf8(payload).unwrap_or_default();
                let _ = relay.close(Some(CloseBody { code, reason }), &mut relayed);
            }
            Call::End | Call::GoOut => {}
        }
    }
    // The receiver of its frames has the role for which it decodes.
    assert_eq!(wrong_for_open(role, relayed), None);
}

/// Same as `wrong_for`, for bytes that may end within a frame.
fn wrong_for_open(peer: Role, mut bytes: Vec<u8>) -> Option<ProtocolError> {
    let mut decoder = messages(peer);
    let mut input = &mut bytes[..];
    loop {
        match decoder.decode(&mut input) {
            Ok(Some(_)) => {}
            Ok(None) => return None,
            Err(error) => return Some(error),
        }
    }
}

#[cfg(feature = "bytes")]
mod owned {
    use bytes::BytesMut;
    use wsframe::{BytesAssembler, CloseFrame, Message, Utf8Bytes};

    use super::*;

    /// Clears the buffer after an error, as a caller may do.
    fn after(result: Result<bool, ()>, way: u8, input: &mut BytesMut) {
        if result.is_err() && way % 2 == 0 {
            input.clear();
        }
    }

    pub(super) fn assembler_calls(role: Role, calls: &[Call]) {
        let mut decoder = messages(role);
        let mut connection =
            Connection::with_message_decoder(messages(role), || MaskingKey::new([9; 4]));
        let mut assemblers = [BytesAssembler::new(), BytesAssembler::new()];
        let mut inputs = [BytesMut::new(), BytesMut::new()];
        let mut out = Vec::new();
        for call in calls {
            match call {
                Call::Arrive(bytes) => {
                    inputs.iter_mut().for_each(|input| input.extend_from_slice(bytes));
                }
                Call::Receive(way) => {
                    let [with_decoder, with_connection] = &mut assemblers;
                    let found = with_decoder.decode(&mut decoder, &mut inputs[0]);
                    after(found.map(|m| m.is_some()).map_err(drop), *way, &mut inputs[0]);
                    let found = with_connection.receive(&mut connection, &mut inputs[1], &mut out);
                    after(found.map(|m| m.is_some()).map_err(drop), *way, &mut inputs[1]);
                }
                Call::End => connection.receive_eof(),
                Call::Send { way, fin, rsv, payload } => {
                    let _ = connection.send_message(&message(*way, *fin, *rsv, payload), &mut out);
                }
                Call::GoOut => {}
            }
        }
        assert_eq!(wrong_for(role.peer(), out), None);
    }

    pub(super) fn message(way: u8, fin: bool, rsv: u8, payload: &[u8]) -> Message {
        let text = std::str::from_utf8(payload).unwrap_or_default().to_owned();
        match way % 7 {
            0 => Message::text(text),
            1 => Message::binary(payload.to_vec()),
            2 => Message::Ping(payload.to_vec().into()),
            3 => Message::Pong(payload.to_vec().into()),
            4 => {
                let code = CloseCode::new(payload.len() as u16 + 1000);
                let reason = Utf8Bytes::from(text);
                Message::Close(fin.then_some(CloseFrame { code, reason }))
            }
            _ => Message::Raw {
                opcode: Opcode::from_bits(way >> 4),
                rsv: Rsv::from_bits(rsv),
                payload: payload.to_vec().into(),
            },
        }
    }
}

#[cfg(feature = "tokio")]
mod codecs {
    use bytes::BytesMut;
    use tokio_util::codec::{Decoder, Encoder};
    use wsframe::Frame;
    use wsframe::codec::{FrameCodec, MessageCodec};

    use super::*;

    pub(super) fn codec_calls(role: Role, compressed: bool, calls: &[Call]) {
        let key = || MaskingKey::new([9; 4]);
        let mut frames = FrameCodec::with_frame_decoder(FrameDecoder::with_rules(rules(role)), key);
        let decoder = if compressed { MessageDecoder::new(role) } else { messages(role) };
        #[allow(unused_mut)]
        let mut codec = MessageCodec::new(Connection::with_message_decoder(decoder, key));
        #[cfg(feature = "deflate")]
        if compressed {
            use wsframe::deflate::{Config, DeflateParameters};
            codec = codec.deflate(Some(DeflateParameters::DEFAULT), Config::default());
        }
        let mut inputs = [BytesMut::new(), BytesMut::new()];
        let [mut of_frames, mut out] = [BytesMut::new(), BytesMut::new()];
        let mut ended = false;
        for call in calls {
            let [input_of_frames, input] = &mut inputs;
            match call {
                Call::Arrive(bytes) => {
                    input_of_frames.extend_from_slice(bytes);
                    input.extend_from_slice(bytes);
                }
                Call::Receive(way) if ended || *way == 0 => {
                    let _ = frames.decode_eof(input_of_frames);
                    let _ = codec.decode_eof(input);
                }
                Call::Receive(way) => {
                    if frames.decode(input_of_frames).is_err() && way % 2 == 0 {
                        input_of_frames.clear();
                    }
                    if codec.decode(input).is_err() && way % 2 == 0 {
                        input.clear();
                    }
                }
                Call::End => ended = true,
                Call::Send { way, fin, rsv, payload } => {
                    let message = owned::message(*way, *fin, *rsv, payload);
                    let is_raw = matches!(message, wsframe::Message::Raw { .. });
                    // Payloads that are compressed elsewhere are not checked.
                    if !(compressed && is_raw) {
                        let _ = codec.encode(message, &mut out);
                    }
                    let opcode = Opcode::from_bits(*way);
                    let rsv = Rsv::from_bits(*rsv);
                    let frame = Frame { fin: *fin, rsv, ..Frame::new(opcode, payload.clone()) };
                    let _ = frames.encode(frame, &mut of_frames);
                }
                Call::GoOut => out.extend_from_slice(&codec.take_replies()),
            }
        }
        out.extend_from_slice(&codec.take_replies());
        assert_eq!(wrong_for(role.peer(), out.to_vec()), None);
        // The headers of frames are valid. The caller is responsible for their sequence.
        let mut bytes = of_frames.to_vec();
        let mut input = &mut bytes[..];
        let mut decoder = FrameDecoder::with_rules(rules(role.peer()));
        while decoder.decode(&mut input).expect("right headers").is_some() {}
        assert!(input.is_empty());
    }
}

#[cfg(feature = "deflate")]
mod compressed {
    use wsframe::deflate::{CompressedConnection, Config, DeflateParameters, Pool};

    use super::*;

    pub(super) fn compressed_calls(role: Role, calls: &[Call]) {
        let key = || MaskingKey::new([9; 4]);
        let agreed = Some(DeflateParameters::DEFAULT);
        let connection = Connection::with_message_decoder(MessageDecoder::new(role), key);
        let mut ours = CompressedConnection::new(connection, agreed);
        let mut pool = Pool::new(Config::default());
        let (mut input, mut out, mut buf) = (Vec::new(), Vec::new(), [0; 100]);
        let mut text = Utf8Validator::new();
        for call in calls {
            match call {
                Call::Arrive(bytes) => input.extend_from_slice(bytes),
                Call::Receive(_) => {
                    let mut bytes = input.clone();
                    let mut rest = &mut bytes[..];
                    let _ = ours.receive(&mut rest, &mut buf, &mut pool, &mut out);
                    input = rest.to_vec();
                }
                Call::End => ours.connection_mut().receive_eof(),
                Call::Send { way, fin, payload, .. } => {
                    let reason = std::str::from_utf8(payload).unwrap_or_default();
                    let _ = match way % 6 {
                        0 => ours.send(&payload[..], &mut pool, &mut out),
                        1 => ours.send(reason, &mut pool, &mut out),
                        2 => ours.send_fragment(&payload[..], *fin, &mut pool, &mut out),
                        3 => ours.send_fragment(reason, *fin, &mut pool, &mut out),
                        4 => {
                            let mut payload = payload.clone();
                            match text.unmask_and_validate(&mut payload, &mut { Mask::IDENTITY }) {
                                Ok(chunk) => ours.send_fragment(&chunk, *fin, &mut pool, &mut out),
                                Err(_) => {
                                    text.reset();
                                    Ok(())
                                }
                            }
                        }
                        _ => ours.connection_mut().ping(payload, &mut out),
                    };
                }
                Call::GoOut => ours.release(&mut pool),
            }
        }

        // The peer accepts all of it.
        let peer = Connection::with_message_decoder(MessageDecoder::new(role.peer()), key);
        let mut peer = CompressedConnection::new(peer, agreed);
        let mut input = &mut out[..];
        let mut replies = Vec::new();
        while peer
            .receive(&mut input, &mut buf, &mut pool, &mut replies)
            .expect("a right frame")
            .is_some()
        {}
    }
}

/// A case that was found by hand.
#[test]
fn calls_after_an_end_within_a_frame() {
    let hel = Call::Arrive(b"\x81\x85\0\0\0\0Hel".to_vec());
    let calls = [hel, Call::Receive(1), Call::End, Call::Receive(1), Call::Receive(1)];
    any_calls(&calls);
}

fn any_calls(calls: &[Call]) {
    connection_calls(Connection::with_message_decoder(messages(Role::Server), NoKeys), calls);
    let key = || MaskingKey::new([9; 4]);
    connection_calls(Connection::with_message_decoder(messages(Role::Client), key), calls);
    for role in [Role::Client, Role::Server] {
        decoder_calls(role, calls);
        #[cfg(feature = "bytes")]
        owned::assembler_calls(role, calls);
        #[cfg(feature = "tokio")]
        {
            codecs::codec_calls(role, false, calls);
            #[cfg(feature = "deflate")]
            codecs::codec_calls(role, true, calls);
        }
        #[cfg(feature = "deflate")]
        compressed::compressed_calls(role, calls);
    }
}

proptest! {
    #![proptest_config(support::proptest_config())]

    #[test]
    fn no_sequence_of_calls_panics_or_sends_invalid_frames(calls in calls()) {
        any_calls(&calls);
    }
}
