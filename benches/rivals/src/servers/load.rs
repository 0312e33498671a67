//! The clients, all on one core and in one thread.
//!
//! Each client keeps a number of messages in flight: for every echo it sends the next message.
//! Frames are encoded beforehand, and echoes are compared with the expected bytes, so that the load
//! costs little more than its system calls.

use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

use super::tape::{Checker, Tape};

const REQUEST: &[u8] =
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
/// The longest wait for a server.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens a connection, with its handshake unless the server echoes raw bytes.
pub fn connect(addr: SocketAddr, raw: bool) -> Result<TcpStream, Box<dyn Error>> {
    let mut socket = TcpStream::connect(addr)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    if !raw {
        socket.write_all(REQUEST)?;
        let (mut response, mut byte) = (Vec::new(), [0]);
        while !response.ends_with(b"\r\n\r\n") {
            socket.read_exact(&mut byte)?;
            response.extend(byte);
        }
        if !response.starts_with(b"HTTP/1.1 101 ") {
            return Err(String::from_utf8_lossy(&response).into());
        }
    }
    Ok(socket)
}

/// Connections to one server.
pub struct Load {
    epoll: OwnedFd,
    clients: Vec<Client>,
    raw: bool,
    buf: Vec<u8>,
    events: Vec<epoll::Event>,
}

struct Client {
    socket: TcpStream,
    checker: Checker,
    /// The next frame of the tape to queue.
    next: usize,
    /// The number of queued frames, and of bytes that were sent of the first one.
    unsent: usize,
    partial: usize,
}

impl Load {
    pub fn connect(addr: SocketAddr, raw: bool, clients: usize) -> Result<Self, Box<dyn Error>> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let (buf, events) = (vec![0; 256 << 10], Vec::with_capacity(1024));
        let mut load = Self { epoll, clients: Vec::new(), raw, buf, events };
        for at in 0..clients {
            let socket = connect(addr, raw)?;
            socket.set_nonblocking(true)?;
            let interest = EventFlags::IN | EventFlags::OUT | EventFlags::ET;
            epoll::add(&load.epoll, &socket, EventData::new_u64(at as u64), interest)?;
            let checker = Checker::default();
            load.clients.push(Client { socket, checker, next: 0, unsent: 0, partial: 0 });
        }
        Ok(load)
    }

    /// Keeps `depth` messages of each client in flight until `duration` has passed, and then
    /// receives the missing echoes. Returns the number of echoes.
    pub fn echo(
        &mut self,
        tape: &Tape,
        depth: usize,
        duration: Duration,
    ) -> Result<usize, Box<dyn Error>> {
        let end = Instant::now() + duration;
        let (mut sent, mut echoed) = (0, 0);
        for client in &mut self.clients {
            client.send(tape, depth)?;
            sent += depth;
        }
        while echoed < sent {
            let goes_on = Instant::now() < end;
            self.wait()?;
            for event in &self.events {
                let client = &mut self.clients[event.data.u64() as usize];
                let ended = client.receive(tape, self.raw, &mut self.buf)?;
                echoed += ended;
                let again = if goes_on { ended } else { 0 };
                sent += again;
                client.send(tape, again)?;
            }
        }
        Ok(echoed)
    }

    /// Sends `depth` messages from the first client, and receives each of them on all clients.
    /// Repeats this until `duration` has passed. Returns the number of received messages.
    pub fn broadcast(
        &mut self,
        tape: &Tape,
        depth: usize,
        duration: Duration,
    ) -> Result<usize, Box<dyn Error>> {
        let end = Instant::now() + duration;
        let (mut due, mut received) = (0, 0);
        while due == 0 || Instant::now() < end {
            self.clients[0].send(tape, depth)?;
            due += depth * self.clients.len();
            while received < due {
                self.wait()?;
                for event in &self.events {
                    let client = &mut self.clients[event.data.u64() as usize];
                    received += client.receive(tape, self.raw, &mut self.buf)?;
                    client.send(tape, 0)?;
                }
            }
        }
        Ok(received)
    }

    fn wait(&mut self) -> Result<(), Box<dyn Error>> {
        let patience = Timespec { tv_sec: PATIENCE.as_secs() as i64, tv_nsec: 0 };
        self.events.clear();
        epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&patience))?;
        if self.events.is_empty() {
            return Err("nothing comes".into());
        }
        Ok(())
    }
}

impl Client {
    /// Sends `more` messages, after the queued ones.
    fn send(&mut self, tape: &Tape, more: usize) -> Result<(), Box<dyn Error>> {
        self.next = (self.next + more) % tape.len;
        self.unsent += more;
        while self.unsent > 0 {
            let first = (self.next + tape.len - self.unsent % tape.len) % tape.len;
            let frames = tape.frames(first, self.unsent);
            let frame_len = frames.len() / self.unsent;
            match self.socket.write(&frames[self.partial..]) {
                Ok(count) => {
                    let sent = self.partial + count;
                    self.unsent -= sent / frame_len;
                    self.partial = sent % frame_len;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Reads the available bytes, and returns how many messages ended in them.
    fn receive(&mut self, tape: &Tape, raw: bool, buf: &mut [u8]) -> Result<usize, Box<dyn Error>> {
        let mut ended = 0;
        loop {
            match self.socket.read(buf) {
                Ok(0) => return Err("the server has ended the connection".into()),
                Ok(count) => {
                    let check = if raw { Checker::raw } else { Checker::messages };
                    ended += check(&mut self.checker, tape, &buf[..count])?;
                    // A short read means that no more bytes are available.
                    if count < buf.len() {
                        return Ok(ended);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(ended),
                Err(error) => return Err(error.into()),
            }
        }
    }
}
