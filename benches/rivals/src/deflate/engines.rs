use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, compress, create_comp_flags_from_zip_params,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};
use zlib_rs::{Deflate, DeflateFlush, Inflate, InflateFlush};

use super::LEVEL;
use super::messages::Messages;

const ROOM: usize = 80 << 10;
const TAIL: usize = 4;

pub fn zlib_rs(takeover: bool) -> impl FnMut(&mut Messages) {
    let mut deflate = Deflate::new(LEVEL.into(), false, 15);
    let mut inflate = Inflate::new(false, 15);
    let (mut payload, mut back) = (vec![0; ROOM], vec![0; ROOM]);
    move |messages| {
        messages.each(|message, done| {
            if !takeover {
                deflate.reset();
                inflate.reset(false);
            }
            let before = deflate.total_out();
            deflate.compress(message, &mut payload, DeflateFlush::SyncFlush).expect("no error");
            let payload = &payload[..(deflate.total_out() - before) as usize];
            let before = inflate.total_out();
            inflate.decompress(payload, &mut back, InflateFlush::NoFlush).expect("no error");
            let len = (inflate.total_out() - before) as usize;
            done(payload.len() - TAIL, &back[..len]);
        });
    }
}

pub fn miniz_oxide(takeover: bool) -> impl FnMut(&mut Messages) {
    const WINDOW: usize = 32 << 10;
    let flags = create_comp_flags_from_zip_params(LEVEL.into(), -15, 0);
    let mut deflate = CompressorOxide::new(flags);
    let mut inflate = Box::new(DecompressorOxide::new());
    // The output is the window. It starts again from the beginning when it is full.
    let (mut payload, mut window, mut end) = (vec![0; ROOM], vec![0; ROOM * 4], 0);
    let flags = inflate_flags::TINFL_FLAG_HAS_MORE_INPUT
        | inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    move |messages| {
        messages.each(|message, done| {
            if !takeover {
                deflate.reset();
                inflate.init();
                end = 0;
            } else if end + ROOM > window.len() {
                window.copy_within(end - WINDOW..end, 0);
                end = WINDOW;
            }
            let (_, _, len) = compress(&mut deflate, message, &mut payload, TDEFLFlush::Sync);
            let (_, _, back) = decompress(&mut inflate, &payload[..len], &mut window, end, flags);
            done(len - TAIL, &window[end..end + back]);
            end += back;
        });
    }
}
