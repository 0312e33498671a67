//! Two tasks per side, over transports with all allowed behaviours: no wake-up is lost.
//!
//! The executor polls only tasks that were woken, in an order that a seed chooses. If no task was
//! woken and not all have finished, a wake-up was lost.
#![cfg(feature = "tokio")]

use core::cell::{Cell, RefCell};
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;
use wsframe::stream::WebSocketStream;
use wsframe::{CloseCode, Connection, MaskingKeys, Message};

use crate::pipe::key;

/// A generator of pseudo-random numbers (xorshift).
#[derive(Clone)]
struct Random(Rc<Cell<u64>>);

impl Random {
    fn new(seed: u64) -> Self {
        Self(Rc::new(Cell::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)))
    }

    /// Returns a number below `bound`.
    fn below(&self, bound: usize) -> usize {
        let mut state = self.0.get();
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        self.0.set(state);
        (state >> 33) as usize % bound
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Runs the tasks until all have finished.
fn run(tasks: Vec<Task>, random: &Random, late: &Late) {
    let mut tasks: Vec<_> =
        tasks.into_iter().map(|task| (task, Arc::new(Woken(AtomicBool::new(true))))).collect();
    for _ in 0..1_000_000 {
        if tasks.is_empty() {
            return;
        }
        let woken: Vec<_> =
            (0..tasks.len()).filter(|&at| tasks[at].1.0.load(Ordering::Relaxed)).collect();
        // Delayed wake-ups are delivered at the latest when nothing else happens.
        if woken.is_empty() || random.below(4) == 0 {
            let mut late = late.0.borrow_mut();
            if !late.is_empty() {
                let at = random.below(late.len());
                late.swap_remove(at).wake();
                continue;
            }
        }
        assert!(!woken.is_empty(), "{} tasks sleep for ever", tasks.len());
        let at = woken[random.below(woken.len())];
        let (task, woken) = &mut tasks[at];
        woken.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(woken));
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            drop(tasks.swap_remove(at));
        }
    }
    panic!("it goes on for ever");
}

/// Wake-ups that were not delivered yet.
#[derive(Clone, Default)]
struct Late(Rc<RefCell<Vec<Waker>>>);

/// The behaviour of an end of a transport.
#[derive(Clone, Copy, Debug)]
struct Habits {
    /// Whether it has one waker for reading and writing, that of the last poll.
    one_waker: bool,
    /// Whether it buffers writes, and sends them when it is flushed or read from.
    sends_on_read: bool,
    /// Whether a read acknowledges the bytes of the previous one, for which it must write. The peer
    /// must not send more bytes than were acknowledged.
    acknowledges_on_read: bool,
    wakes_late: bool,
    vectored: bool,
}

/// The bytes in flight in one direction.
#[derive(Default)]
struct Wire {
    bytes: VecDeque<u8>,
    ended: bool,
    /// The number of bytes that may be sent before some are acknowledged.
    credit: usize,
    /// The acknowledgements in flight, which share the capacity of the wire with its bytes.
    acknowledged: VecDeque<usize>,
    /// The task that waits for bytes or credit at its end, and the one that waits for capacity at
    /// its beginning.
    receiver: Option<Waker>,
    sender: Option<Waker>,
}

impl Wire {
    fn is_full(&self, capacity: usize) -> bool {
        self.bytes.len() + self.acknowledged.len() >= capacity
    }
}

/// One end of a transport.
struct End {
    habits: Habits,
    capacity: usize,
    random: Random,
    late: Late,
    from_peer: Rc<RefCell<Wire>>,
    to_peer: Rc<RefCell<Wire>>,
    /// The bytes that were written and not sent, if it sends on reads.
    buffered: VecDeque<u8>,
    /// The number of bytes that were read and not acknowledged.
    unacknowledged: usize,
}

impl End {
    fn wake(&self, waker: &mut Option<Waker>) {
        if let Some(waker) = waker.take() {
            if self.habits.wakes_late {
                self.late.0.borrow_mut().push(waker);
            } else {
                waker.wake();
            }
        }
    }

    /// Remembers the task that waits for the peer to send, or for capacity to send to it.
    fn wait(&self, for_room: bool, cx: &Context<'_>) {
        let waker = Some(cx.waker().clone());
        if for_room || self.habits.one_waker {
            self.to_peer.borrow_mut().sender.clone_from(&waker);
        }
        if !for_room || self.habits.one_waker {
            self.from_peer.borrow_mut().receiver = waker;
        }
    }

    /// Receives the acknowledgements. They free capacity for the peer, and add to the credit of
    /// this end.
    fn take_acknowledged(&self) {
        let mut wire = self.from_peer.borrow_mut();
        let arrived: usize = wire.acknowledged.drain(..).sum();
        if arrived == 0 {
            return;
        }
        let mut peer = wire.sender.take();
        drop(wire);
        let mut wire = self.to_peer.borrow_mut();
        wire.credit += arrived;
        let mut ours = wire.sender.take();
        drop(wire);
        self.wake(&mut peer);
        self.wake(&mut ours);
    }

    /// Sends as many bytes as capacity and credit allow.
    fn send(&self, bytes: &mut VecDeque<u8>) {
        self.take_acknowledged();
        let mut wire = self.to_peer.borrow_mut();
        while !bytes.is_empty() && !wire.is_full(self.capacity) {
            if self.habits.acknowledges_on_read {
                if wire.credit == 0 {
                    break;
                }
                wire.credit -= 1;
            }
            wire.bytes.extend(bytes.pop_front());
        }
        let mut receiver = wire.receiver.take();
        drop(wire);
        self.wake(&mut receiver);
    }

    fn acknowledge(&mut self, cx: &Context<'_>) {
        if self.unacknowledged == 0 {
            return;
        }
        if self.to_peer.borrow().is_full(self.capacity) {
            self.wait(true, cx);
            return;
        }
        let mut wire = self.to_peer.borrow_mut();
        wire.acknowledged.push_back(self.unacknowledged);
        let mut receiver = wire.receiver.take();
        drop(wire);
        self.unacknowledged = 0;
        self.wake(&mut receiver);
        // Credit may allow the peer's sender to continue.
        let mut sender = self.from_peer.borrow_mut().sender.take();
        self.wake(&mut sender);
    }

    fn poll_send_buffered(&mut self, cx: &Context<'_>) -> Poll<()> {
        let mut buffered = core::mem::take(&mut self.buffered);
        self.send(&mut buffered);
        self.buffered = buffered;
        if self.buffered.is_empty() {
            return Poll::Ready(());
        }
        self.wait(true, cx);
        Poll::Pending
    }
}

impl AsyncRead for End {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.habits.sends_on_read {
            let _ = this.poll_send_buffered(cx);
        }
        this.take_acknowledged();
        this.acknowledge(cx);
        let mut wire = this.from_peer.borrow_mut();
        let count = wire.bytes.len().min(buf.remaining());
        if count == 0 {
            let ended = wire.ended;
            drop(wire);
            if ended {
                return Poll::Ready(Ok(()));
            }
            this.wait(false, cx);
            return Poll::Pending;
        }
        let count = 1 + this.random.below(count);
        for byte in wire.bytes.drain(..count) {
            buf.put_slice(&[byte]);
        }
        let mut sender = wire.sender.take();
        drop(wire);
        if this.habits.acknowledges_on_read {
            this.unacknowledged += count;
            this.acknowledge(cx);
        }
        this.wake(&mut sender);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let offered = &bytes[..1 + this.random.below(bytes.len())];
        if this.habits.sends_on_read {
            if !this.buffered.is_empty() && this.poll_send_buffered(cx).is_pending() {
                return Poll::Pending;
            }
            let offered = &offered[..offered.len().min(this.capacity)];
            this.buffered.extend(offered);
            return Poll::Ready(Ok(offered.len()));
        }
        let mut rest = offered.iter().copied().collect();
        this.send(&mut rest);
        match offered.len() - rest.len() {
            0 => {
                this.wait(true, cx);
                Poll::Pending
            }
            count => Poll::Ready(Ok(count)),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        self.poll_write(cx, &bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.habits.vectored
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_send_buffered(cx).map(Ok)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.poll_send_buffered(cx).is_pending() {
            return Poll::Pending;
        }
        let mut wire = this.to_peer.borrow_mut();
        wire.ended = true;
        let mut receiver = wire.receiver.take();
        drop(wire);
        this.wake(&mut receiver);
        Poll::Ready(Ok(()))
    }
}

/// Ends this direction, so that the reader at the other end gets the end.
impl Drop for End {
    fn drop(&mut self) {
        let mut wire = self.to_peer.borrow_mut();
        wire.ended = true;
        let mut receiver = wire.receiver.take();
        drop(wire);
        self.wake(&mut receiver);
    }
}

fn link(random: &Random, late: &Late) -> (End, End) {
    let habits = Habits {
        one_waker: random.below(2) == 0,
        sends_on_read: random.below(2) == 0,
        acknowledges_on_read: random.below(2) == 0,
        wakes_late: random.below(2) == 0,
        vectored: random.below(2) == 0,
    };
    let capacity = 2 + random.below(60);
    let wire = || Rc::new(RefCell::new(Wire { credit: capacity, ..Wire::default() }));
    let (up, down) = (wire(), wire());
    let end = |from_peer: &Rc<RefCell<Wire>>, to_peer: &Rc<RefCell<Wire>>| End {
        habits,
        capacity,
        random: random.clone(),
        late: late.clone(),
        from_peer: Rc::clone(from_peer),
        to_peer: Rc::clone(to_peer),
        buffered: VecDeque::new(),
        unacknowledged: 0,
    };
    (end(&up, &down), end(&down, &up))
}

/// Returns the tasks of one side. One sends `count` messages, and the other reads as many. The
/// client then closes.
fn side<K: MaskingKeys + Unpin + 'static>(
    ours: WebSocketStream<End, K>,
    random: &Random,
    closes: bool,
) -> [Task; 2] {
    const COUNT: usize = 6;
    let (mut sink, mut stream) = ours.split();
    let (all_read, all_were_read) = oneshot::channel();
    let random = random.clone();
    let write = async move {
        for number in 0..COUNT {
            // Some are long enough to be sent without a copy.
            let len = if random.below(60) == 0 { 4200 } else { [0, 3, 40, 200][random.below(4)] };
            let message = Message::binary(vec![number as u8; len]);
            match random.below(3) {
                0 => sink.feed(message).await.unwrap(),
                1 => sink.send(message).await.unwrap(),
                _ => {
                    sink.feed(Message::Ping("hi".into())).await.unwrap();
                    sink.send(message).await.unwrap();
                }
            }
        }
        // The other task may have finished reading, and then does not flush.
        sink.flush().await.unwrap();
        all_were_read.await.unwrap();
        if closes {
            sink.close().await.unwrap();
        }
    };
    let read = async move {
        let mut count = 0;
        let mut all_read = Some(all_read);
        while let Some(message) = stream.next().await {
            if let Message::Binary(bytes) = message.unwrap() {
                assert!(bytes.iter().all(|&byte| usize::from(byte) == count));
                count += 1;
            }
            if count == COUNT {
                if let Some(all_read) = all_read.take() {
                    all_read.send(()).unwrap();
                }
            }
        }
        assert_eq!(count, COUNT);
        assert_eq!(stream.close_code(), Some(CloseCode::NORMAL));
    };
    [Box::pin(write), Box::pin(read)]
}

#[test]
fn no_wake_up_is_lost_over_any_transport() {
    for seed in 0..3000 {
        let random = Random::new(seed);
        let late = Late::default();
        let (client, server) = link(&random, &late);
        println!("seed {seed}: {:?}, capacity {}", client.habits, client.capacity);
        let mut client = WebSocketStream::new(client, Connection::client(key));
        let mut server = WebSocketStream::new(server, Connection::server());
        let boundary = [1, 100, 4000, 64 << 10][random.below(4)];
        client.set_backpressure_boundary(boundary);
        server.set_backpressure_boundary(boundary);
        let [a, b] = side(client, &random, true);
        let [c, d] = side(server, &random, false);
        run(vec![a, b, c, d], &random, &late);
    }
}

/// yamux sends window updates from `poll_read`, and remembers one waker.
#[cfg(not(target_family = "wasm"))]
#[tokio::test]
async fn split_streams_over_yamux_do_not_wait_for_each_other() {
    use core::future::poll_fn;
    use core::time::Duration;
    use tokio::io::duplex;
    use tokio_util::compat::{FuturesAsyncReadCompatExt, TokioAsyncReadCompatExt};
    use yamux::{Config, Connection as Yamux, Mode};

    for capacity in [64, 700, 2000] {
        let (client_io, server_io) = duplex(capacity);
        let mut client = Yamux::new(client_io.compat(), Config::default(), Mode::Client);
        let mut server = Yamux::new(server_io.compat(), Config::default(), Mode::Server);
        let client_io = poll_fn(|cx| client.poll_new_outbound(cx)).await.unwrap();
        let (accepted, server_io) = oneshot::channel();
        let mut accepted = Some(accepted);
        let driver = tokio::spawn(async move {
            while poll_fn(|cx| client.poll_next_inbound(cx)).await.is_some() {}
        });
        let acceptor = tokio::spawn(async move {
            while let Some(stream) = poll_fn(|cx| server.poll_next_inbound(cx)).await {
                if let (Ok(stream), Some(accepted)) = (stream, accepted.take()) {
                    let _ = accepted.send(stream);
                }
            }
        });
        let client = WebSocketStream::new(client_io.compat(), Connection::client(key));
        let client = tokio::spawn(exchange(client));
        // The other end notices the stream with its first bytes.
        let server = async {
            exchange(WebSocketStream::new(server_io.await.unwrap().compat(), Connection::server()))
                .await;
            client.await.unwrap();
        };
        tokio::time::timeout(Duration::from_secs(20), server).await.expect("nobody waits for ever");
        driver.abort();
        acceptor.abort();
    }
}

/// Sends 400 messages in one task, and reads 400 in another.
#[cfg(not(target_family = "wasm"))]
async fn exchange<T, K>(ours: WebSocketStream<T, K>)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    K: MaskingKeys + Unpin + Send + 'static,
{
    let (mut sink, mut stream) = ours.split();
    let sent = tokio::spawn(async move {
        for number in 0..400 {
            sink.send(Message::binary(vec![7; 3000 + number * 7])).await.unwrap();
        }
    });
    for _ in 0..400 {
        stream.next().await.unwrap().unwrap();
    }
    sent.await.unwrap();
}
