use wsframe::deflate::{
    CompressedConnection, Compressor, CompressorOptions, Config, Decompressor, DeflateContext,
    DeflateParameters, Pool,
};
use wsframe::{Connection, Event, FrameHeader, MaskingKey, Role, Rsv, Rules};

use super::LEVEL;
use super::messages::Messages;

fn pair(takeover: bool, effort: CompressorOptions) -> (Compressor, Decompressor) {
    let context = DeflateContext { takeover, ..DeflateContext::DEFAULT };
    (Compressor::new(context, effort), Decompressor::new(context))
}

pub fn payloads(takeover: bool, effort: CompressorOptions) -> impl FnMut(&mut Messages) {
    let (mut compressor, mut decompressor) = pair(takeover, effort);
    let (mut payload, mut back) = (Vec::new(), Vec::new());
    move |messages| {
        messages.each(|message, done| {
            payload.clear();
            back.clear();
            compressor.append(message, &mut payload);
            decompressor.append(&payload, &mut back).expect("right payloads");
            done(payload.len(), &back);
        });
    }
}

/// Sends messages from one connection to another. They are decompressed into a buffer that is long
/// enough for a message, and validated.
pub fn connections(takeover: bool) -> impl FnMut(&mut Messages) {
    let context = DeflateContext { takeover, ..DeflateContext::DEFAULT };
    let agreed = Some(DeflateParameters { server: context, client: context });
    let config =
        Config::default().compressor_options(CompressorOptions::DEFAULT.level(LEVEL)).threshold(0);
    let mut pool = Pool::new(config);
    let mut server = CompressedConnection::new(Connection::server(), agreed);
    let rules = Rules::new(Role::Client).allow_rsv(Rsv::RSV1);
    let unused = || MaskingKey::new([0; 4]);
    let mut client = CompressedConnection::new(Connection::client(unused), agreed);
    let (mut stream, mut back, mut replies) = (Vec::new(), vec![0; 128 << 10], Vec::new());
    move |messages| {
        messages.each(|message, done| {
            stream.clear();
            let text = std::str::from_utf8(message).expect("UTF-8");
            server.send(text, &mut pool, &mut stream).expect("a vector has room");
            let (header, _) = FrameHeader::decode(&stream, rules).expect("right").expect("whole");
            let mut input = &mut stream[..];
            let event = client.receive(&mut input, &mut back, &mut pool, &mut replies);
            let Ok(Some(Event::Text(chunk))) = event else { panic!("{event:?}") };
            let text = chunk.into_message().expect("it fits");
            done(header.payload_len as usize, text.as_bytes());
        });
    }
}
