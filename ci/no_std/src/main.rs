//! A program without `std`, an allocator and libc. It links only if wsframe needs none of them. It
//! uses the operating system only for its exit status, which tells whether all results were right.
//!
//! With feature `bytes` it has an allocator of its own, and still neither `std` nor libc.
//!
//! With `--cfg panic_free` it links only if no panic is reachable, because the panic handler then
//! calls a function that does not exist.

#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;

use wsframe::{
    CloseBody, CloseCode, Connection, Event, FrameDecoder, FrameEncoder, FrameHeader, Limits,
    MAX_HEADER_LEN, MaskingKey, MessageDecoder, Opcode, Payload, Relay, Role, Rules, SliceOutput,
    TransportAction, Utf8Validator,
};

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    #[cfg(panic_free)]
    {
        unsafe extern "C" {
            safe fn a_way_to_a_panic_is_left() -> !;
        }
        a_way_to_a_panic_is_left()
    }
    #[cfg(not(panic_free))]
    exit(101)
}

/// The entry point. The kernel jumps here with an aligned stack, but a function expects to be
/// called. So this calls one.
#[unsafe(naked)]
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    #[cfg(target_arch = "x86_64")]
    core::arch::naked_asm!("call {}", sym main);
    #[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
    core::arch::naked_asm!("bl {}", sym main);
    #[cfg(target_arch = "riscv32")]
    core::arch::naked_asm!("call {}", sym main);
}

extern "C" fn main() -> ! {
    #[cfg(feature = "handshake")]
    if handshake() != Some(()) {
        exit(2)
    }
    #[cfg(feature = "bytes")]
    if owned() != Some(()) {
        exit(3)
    }
    exit(if run() == Some(()) { 0 } else { 1 })
}

/// Encodes and decodes with every layer. Returns `None` if a result is wrong.
fn run() -> Option<()> {
    frames()?;
    messages()?;
    connections()?;
    relays()?;
    headers()
}

/// Uses the other parts that need no feature: a header, text, a mask in pieces, a payload for
/// another connection, and a frame that the caller encodes.
fn headers() -> Option<()> {
    let rules = Rules::new(Role::Server);
    let bytes = black_box([0x82, 0xFE, 0x01, 0x00, 1, 2, 3, 4]);
    let (header, len) = FrameHeader::decode(&bytes, rules).ok()??;
    if len != FrameHeader::required_len(&bytes) || *header.encode().ok()? != bytes {
        return None;
    }

    let mut text = Utf8Validator::new();
    text.validate(black_box(b"gr\xC3")).ok()?;
    text.validate(black_box(b"\xBC\xC3\x9F")).ok()?;
    text.finish().ok()?;

    let mut payload = black_box(*b"Hello");
    let mut mask = header.mask();
    let (front, back) = payload.split_at_mut_checked(black_box(3))?;
    mask.apply(front);
    mask.apply(back);
    let mut unmasked = [0; 8];
    let written = Payload::new(&mut payload, header.mask()).unmask_into(&mut unmasked).ok()?;
    if written != b"Hello" {
        return None;
    }

    let mut server = Connection::server();
    let frame = server.frame_encoder(Opcode::Text, black_box(true)).ok()?;
    (*frame.header(black_box(5)).ok()? == [0x81, 0x05]).then_some(())
}

fn frames() -> Option<()> {
    let mut wire = [0; 2048];
    let key = MaskingKey::new(black_box([0x37, 0xFA, 0x21, 0x3D]));
    let text = FrameEncoder::new(Opcode::Text).masking_key(key);
    let binary = FrameEncoder::new(Opcode::Binary).masking_key(key);
    let close = FrameEncoder::new(Opcode::Close).masking_key(key);
    let bye = CloseBody { code: CloseCode::NORMAL, reason: black_box("bye") }.encode().ok()?;

    let mut at = 0;
    at += text.encode_to_slice(black_box("grüße 🦀").as_bytes(), wire.get_mut(at..)?).ok()?.len();
    at += binary.encode_to_slice(black_box(&[7; 1000]), wire.get_mut(at..)?).ok()?.len();
    at += close.encode_to_slice(&bye, wire.get_mut(at..)?).ok()?.len();

    let mut headroom = [0; MAX_HEADER_LEN + 5];
    *headroom.last_chunk_mut()? = *black_box(b"Hello");
    for byte in text.encode_in_place(&mut headroom).ok()? {
        *wire.get_mut(at)? = *byte;
        at += 1;
    }

    let mut decoder = FrameDecoder::new(Role::Server).whole_frames_up_to(500);
    let mut validator = Utf8Validator::new();
    let mut input = wire.get_mut(..at)?;
    let (mut texts, mut bytes, mut closes) = (0, 0, 0);
    while let Some(chunk) = decoder.decode(&mut input).ok()? {
        match chunk.header.opcode {
            Opcode::Text => {
                let checked = chunk.payload.unmask_text(&mut validator).ok()?;
                texts += checked.as_str()?.len();
                validator.finish().ok()?;
            }
            Opcode::Close => {
                let body = CloseBody::decode(chunk.payload.unmask()).ok()??;
                closes += body.reason.len();
            }
            _ => bytes += chunk.payload.unmask().iter().filter(|&&byte| byte == 7).count(),
        }
    }
    (texts == "grüße 🦀".len() + 5 && bytes == 1000 && closes == 3 && input.is_empty())
        .then_some(())
}

/// Performs the opening handshakes of both sides. Returns `None` if a result is wrong.
#[cfg(feature = "handshake")]
fn handshake() -> Option<()> {
    use wsframe::handshake::{ClientHandshake, HeadScanner, Request, Response, Uri, WebSocketKey};

    let uri = Uri::parse(black_box("ws://[::1]:9001/chat?room=7")).ok()?;
    let client =
        ClientHandshake::new(uri, WebSocketKey::new(black_box([7; 16]))).subprotocols(&["chat"]);
    let (mut request, mut response) = (Text::new(), Text::new());
    client.write(&[], &mut request).ok()?;

    let head_len = HeadScanner::new().find_request(request.bytes()?).ok()??;
    let parsed = Request::parse(request.bytes()?.get(..head_len)?).ok()?;
    let opening = parsed.handshake().ok()?;
    let chosen = opening.choose_subprotocol(&["chat"]);
    opening.accept().subprotocol(chosen).write(&mut [], &mut response).ok()?;

    let head_len = HeadScanner::new().find_request(response.bytes()?).ok()??;
    let parsed = Response::parse(response.bytes()?.get(..head_len)?).ok()?;
    (client.check(&parsed, &mut []).ok()?.subprotocol == Some("chat")).then_some(())
}

/// Text in a buffer of fixed length, in place of a `String`.
#[cfg(feature = "handshake")]
struct Text {
    buf: [u8; 512],
    len: usize,
}

#[cfg(feature = "handshake")]
impl Text {
    fn new() -> Self {
        Self { buf: [0; 512], len: 0 }
    }

    fn bytes(&self) -> Option<&[u8]> {
        self.buf.get(..self.len)
    }
}

#[cfg(feature = "handshake")]
impl core::fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let room = self.buf.get_mut(self.len..).and_then(|rest| rest.get_mut(..text.len()));
        room.ok_or(core::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}

/// Encodes a client's frames: a text in two fragments with a Ping between them, a binary message
/// and a Close. Returns their length in `wire`.
fn say(wire: &mut [u8]) -> Option<usize> {
    let key = || MaskingKey::new(black_box([0x37, 0xFA, 0x21, 0x3D]));
    let mut client = Connection::client(key);
    let mut out = SliceOutput::new(wire);
    client.send_fragment(black_box("grüße "), false, &mut out).ok()?;
    client.ping(black_box(b"?"), &mut out).ok()?;
    client.send_fragment(black_box("🦀"), true, &mut out).ok()?;
    client.send(black_box(&[7; 1000]), &mut out).ok()?;
    let bye = CloseBody { code: CloseCode::NORMAL, reason: black_box("bye") };
    client.close(Some(bye), &mut out).ok()?;
    Some(out.bytes().len())
}

fn messages() -> Option<()> {
    let mut wire = [0; 2048];
    let len = say(&mut wire)?;
    let mut decoder =
        MessageDecoder::new(Role::Server).limits(Limits::DEFAULT.max_fragments(black_box(2)));
    let mut input = wire.get_mut(..len)?;
    let (mut texts, mut bytes, mut messages) = (0, 0, 0);
    while let Some(event) = decoder.decode(&mut input).ok()? {
        match event {
            Event::Text(chunk) => {
                texts += chunk.text.as_str()?.len();
                messages += usize::from(chunk.last);
            }
            Event::Binary(chunk) => {
                bytes += chunk.payload.unmask().iter().filter(|&&byte| byte == 7).count();
                messages += usize::from(chunk.last);
            }
            _ => {}
        }
    }
    let right = texts == "grüße 🦀".len() && bytes == 1000 && messages == 2;
    (right && decoder.is_closed()).then_some(())
}

/// Runs a server that receives a client's frames in small reads, and a client that receives the
/// answers.
fn connections() -> Option<()> {
    let mut wire = [0; 2048];
    let len = say(&mut wire)?;
    let mut server = Connection::server();
    let mut answers = [0; 512];
    let mut out = SliceOutput::new(&mut answers);
    let mut buffer = [0; 300];
    let (mut held, mut bytes) = (0, 0);
    for read in wire.get(..len)?.chunks(100) {
        buffer.get_mut(held..held + read.len())?.copy_from_slice(read);
        let end = held + read.len();
        let mut input = buffer.get_mut(..end)?;
        while let Some(event) = server.receive(&mut input, &mut out).ok()? {
            match event {
                Event::Text(chunk) => {
                    server.send_fragment(&chunk.text, chunk.last, &mut out).ok()?;
                }
                Event::Binary(chunk) => bytes += chunk.payload.unmask().len(),
                _ => {}
            }
        }
        // The rest of the read is before the next one.
        let left = input.len();
        for i in 0..left {
            *buffer.get_mut(i)? = *buffer.get(end - left + i)?;
        }
        held = left;
    }
    if bytes != 1000 || server.transport_action() != TransportAction::Close {
        return None;
    }

    // An invalid frame causes a Close. Bytes that were sent are removed.
    let mut told = [0; 300];
    let mut told = SliceOutput::new(&mut told);
    let mut failing = Connection::server();
    failing.ping(black_box(b"?"), &mut told).ok()?;
    told.consume(black_box(2));
    if failing.receive(&mut &mut black_box([0x83, 0x80])[..], &mut told).is_ok() {
        return None;
    }
    if told.bytes().get(..3) != Some(&[b'?', 0x88, 0x10]) || failing.close_code().is_none() {
        return None;
    }

    let key = || MaskingKey::new(black_box([1, 2, 3, 4]));
    let mut client = Connection::client(key);
    let mut out_of_client = [0; 200];
    let mut out_of_client = SliceOutput::new(&mut out_of_client);
    let said = out.bytes().len();
    let mut input = answers.get_mut(..said)?;
    let (mut texts, mut pongs, mut closes) = (0, 0, 0);
    while let Some(event) = client.receive(&mut input, &mut out_of_client).ok()? {
        match event {
            Event::Text(chunk) => texts += chunk.text.as_bytes().len(),
            Event::Pong(data) => pongs += data.len(),
            Event::Close(body) => closes += u32::from(body?.code.get()),
            _ => return None,
        }
    }
    client.receive_eof();
    (texts == "grüße 🦀".len() && pongs == 1 && closes == 1000).then_some(())
}

/// Relays a client's frames to a server, and from it to a client.
fn relays() -> Option<()> {
    let mut wire = [0; 2048];
    let len = say(&mut wire)?;
    let key = || MaskingKey::new(black_box([9, 8, 7, 6]));
    let mut upstream = Relay::new(MessageDecoder::new(Role::Server), key);
    let mut passed = [0; 2048];
    let mut at = 0;
    let mut input = wire.get_mut(..len)?;
    while let Some(forwarded) = upstream.forward(&mut input).ok()? {
        for part in [forwarded.header.as_deref().unwrap_or_default(), &*forwarded.payload] {
            passed.get_mut(at..at + part.len())?.copy_from_slice(part);
            at += part.len();
        }
    }
    let mut server = Connection::server();
    let mut answers = [0; 200];
    let mut out = SliceOutput::new(&mut answers);
    let mut input = passed.get_mut(..at)?;
    let mut events = 0;
    while server.receive(&mut input, &mut out).ok()?.is_some() {
        events += 1;
    }
    (at == len && events == 5 && upstream.is_closed()).then_some(())
}

/// Receives a client's frames as owned messages, and sends them as a server. Returns `None` if a
/// result is wrong.
#[cfg(feature = "bytes")]
fn owned() -> Option<()> {
    use bytes::{Buf, BytesMut};
    use wsframe::{BytesAssembler, Message};

    let mut wire = [0; 2048];
    let len = say(&mut wire)?;
    let mut server = Connection::server();
    let mut assembler = BytesAssembler::new();
    let (mut input, mut out) = (BytesMut::new(), BytesMut::new());
    let (mut texts, mut bytes, mut sent, mut closes) = (0, 0, 0, 0);
    for read in wire.get(..len)?.chunks(100) {
        input.extend_from_slice(read);
        while let Some(message) = assembler.receive(&mut server, &mut input, &mut out).ok()? {
            match message {
                Message::Text(text) => texts += usize::from(text == "grüße 🦀"),
                Message::Binary(payload) => {
                    bytes += payload.len();
                    let frame = server
                        .frame_encoder(Opcode::Binary, true)
                        .ok()?
                        .encode_chain(payload)
                        .ok()?;
                    sent += frame.remaining();
                }
                Message::Close(frame) => closes += frame?.reason.len(),
                _ => {}
            }
        }
    }
    let replied = out.get(..2) == Some(&[0x8A, 1]);
    (texts == 1 && bytes == 1000 && sent == 1004 && closes == 3 && replied).then_some(())
}

/// Allocates memory from one end to the other, and never frees any, because the program is short.
#[cfg(feature = "bytes")]
mod allocator {
    use core::alloc::{GlobalAlloc, Layout};
    use core::cell::UnsafeCell;
    use core::ptr;
    use core::sync::atomic::{AtomicUsize, Ordering};

    const LEN: usize = 1 << 16;

    struct Bump {
        memory: UnsafeCell<[u8; LEN]>,
        taken: AtomicUsize,
    }

    #[global_allocator]
    static BUMP: Bump = Bump { memory: UnsafeCell::new([0; LEN]), taken: AtomicUsize::new(0) };

    // SAFETY: only `alloc` accesses the memory, and returns every byte of it once.
    unsafe impl Sync for Bump {}

    // SAFETY: a returned block is within the memory, which is static. It is aligned as requested,
    // and is not returned again.
    unsafe impl GlobalAlloc for Bump {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // The extra bytes suffice to align the block.
            let len = layout.size() + layout.align() - 1;
            let start = self.taken.fetch_add(len, Ordering::Relaxed);
            if start.checked_add(len).is_none_or(|end| end > LEN) {
                return ptr::null_mut();
            }
            let bytes = self.memory.get().cast::<u8>().wrapping_add(start);
            bytes.wrapping_add(bytes.align_offset(layout.align()))
        }

        unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
    }
}

/// Ends the program with the only system call that it uses.
fn exit(status: i32) -> ! {
    // SAFETY: exit_group (231) takes a status, touches no memory of ours and does not return.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        core::arch::asm!("syscall", in("rax") 231, in("rdi") status, options(noreturn))
    }
    // SAFETY: the same call (94) by the numbers and registers of this architecture.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        core::arch::asm!("svc 0", in("x8") 94, in("x0") status, options(noreturn))
    }
    // SAFETY: the same call (248). Its number goes to r7, which an operand must not name on Thumb.
    #[cfg(target_arch = "arm")]
    unsafe {
        core::arch::asm!("mov r7, r1", "svc 0", in("r1") 248, in("r0") status, options(noreturn))
    }
    // SAFETY: the same call (94).
    #[cfg(target_arch = "riscv32")]
    unsafe {
        core::arch::asm!("ecall", in("a7") 94, in("a0") status, options(noreturn))
    }
}

/// The functions that the compiler calls for copies, which libc would provide.
mod memory {
    #[unsafe(no_mangle)]
    unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
        for i in 0..len {
            // SAFETY: the caller promises that both have `len` bytes. The accesses are volatile, so
            // that the compiler does not turn the loop into a call of this function.
            unsafe { to.add(i).write_volatile(from.add(i).read_volatile()) };
        }
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
        for i in 0..len {
            // If the regions overlap, each byte is read before it is overwritten, because the loop
            // begins at the end that is nearer to the destination.
            let i = if to.cast_const() <= from { i } else { len - 1 - i };
            // SAFETY: the caller promises that both have `len` bytes, and `i` is less. Volatile as
            // above.
            unsafe { to.add(i).write_volatile(from.add(i).read_volatile()) };
        }
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memset(to: *mut u8, byte: i32, len: usize) -> *mut u8 {
        for i in 0..len {
            // SAFETY: the caller promises that `to` has `len` bytes. Volatile as above.
            unsafe { to.add(i).write_volatile(byte as u8) };
        }
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, len: usize) -> i32 {
        for i in 0..len {
            // SAFETY: the caller promises that both have `len` bytes. Volatile as above.
            let (one, other) =
                unsafe { (one.add(i).read_volatile(), other.add(i).read_volatile()) };
            if one != other {
                return i32::from(one) - i32::from(other);
            }
        }
        0
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn bcmp(one: *const u8, other: *const u8, len: usize) -> i32 {
        // SAFETY: the caller makes the same promise.
        unsafe { memcmp(one, other, len) }
    }
}
