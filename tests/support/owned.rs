//! Whole messages as `Bytes`, compared with the oracle.

use super::drive::pieces;
use super::naive::{Broken, Item};
use bytes::BytesMut;
use wsframe::{BytesAssembler, Message, MessageDecoder, ProtocolError};

/// Converts a message to the oracle's type.
fn item(message: &Message) -> Item {
    match message {
        Message::Text(text) => Item::Text(text.as_str().into()),
        Message::Binary(bytes) => Item::Binary(bytes.to_vec()),
        Message::Raw { opcode, rsv, payload } => Item::Raw(*opcode, *rsv, payload.to_vec()),
        Message::Ping(data) => Item::Ping(data.to_vec()),
        Message::Pong(data) => Item::Pong(data.to_vec()),
        Message::Close(frame) => {
            Item::Close(frame.as_ref().map(|frame| (frame.code.get(), frame.reason.to_string())))
        }
    }
}

/// Assembles a stream that arrives in reads of these lengths (repeated; without lengths, in one
/// read).
pub fn assemble(
    mut decoder: MessageDecoder,
    stream: &[u8],
    cuts: &[usize],
) -> (Vec<Item>, Option<ProtocolError>) {
    let mut assembler = BytesAssembler::new();
    let mut input = BytesMut::new();
    let mut messages = Vec::new();
    for (start, end) in pieces(stream.len(), cuts.iter().copied().cycle()) {
        input.extend_from_slice(&stream[start..end]);
        loop {
            match assembler.decode(&mut decoder, &mut input) {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(assembler.decode(&mut decoder, &mut input), Err(error), "latched");
                    return (messages.iter().map(item).collect(), Some(error));
                }
            }
        }
        if decoder.is_closed() {
            assert!(input.is_empty(), "what follows a Close is discarded");
        }
    }
    // Converting them only now checks that nothing has changed them since.
    (messages.iter().map(item).collect(), None)
}

/// Compares errors. For invalid text the offsets may differ, because the chunks differ.
pub fn same_error(found: Option<ProtocolError>, expected: Option<Broken>) {
    match (found, expected) {
        (Some(ProtocolError::InvalidUtf8(at)), expected) => assert!(
            matches!(expected, Some(Broken::TextEnd(_))) == at.is_incomplete()
                && matches!(expected, Some(Broken::Text(_) | Broken::TextEnd(_))),
            "{at:?}, but {expected:?}"
        ),
        (found, expected) => assert_eq!(found.map(Broken::Rule), expected),
    }
}
