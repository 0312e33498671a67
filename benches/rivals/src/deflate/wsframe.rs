use wsframe::deflate::{Compressor, Context, Decompressor, Effort};
use wsframe::{FrameDecoder, FrameEncoder, Opcode, Role, Rsv, Rules};

use super::LEVEL;
use super::messages::Messages;

fn pair(takeover: bool, effort: Effort) -> (Compressor, Decompressor) {
    let context = Context { takeover, ..Context::FULL };
    (Compressor::new(context, effort), Decompressor::new(context))
}

pub fn payloads(takeover: bool, effort: Effort) -> impl FnMut(&mut Messages) {
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

pub fn frames(takeover: bool) -> impl FnMut(&mut Messages) {
    let (mut compressor, mut decompressor) = pair(takeover, Effort::DEFAULT.level(LEVEL));
    let rules = Rules::new(Role::Client).claim_rsv(Rsv::RSV1);
    let mut decoder = FrameDecoder::with_rules(rules).whole_up_to(u32::MAX);
    let encoder = FrameEncoder::new(Opcode::Text).rsv(Rsv::RSV1);
    let (mut payload, mut stream, mut back) = (Vec::new(), Vec::new(), Vec::new());
    move |messages| {
        messages.each(|message, done| {
            payload.clear();
            stream.clear();
            back.clear();
            compressor.append(message, &mut payload);
            encoder.append(&payload, &mut stream).expect("a right frame");
            let mut input = &mut stream[..];
            let chunk = decoder.decode(&mut input).expect("a right frame").expect("a whole one");
            let payload = chunk.payload.unmask();
            decompressor.append(payload, &mut back).expect("right payloads");
            std::str::from_utf8(&back).expect("UTF-8");
            done(payload.len(), &back);
        });
    }
}
