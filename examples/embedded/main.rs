//! Both ends of a connection where there is neither `std` nor an allocator, over
//! `embedded-io-async`: `cargo run --all-features --example embedded`.
//!
//! | to see how to | read |
//! |---|---|
//! | run an end in buffers of a few hundred bytes, in which messages of any length go through | `socket.rs` |
//! | be the server | `server.rs` |
//! | be the client | `client.rs` |
//!
//! These three use `core` alone, and nothing of the machine that they run on. Here, on a machine
//! with an operating system, the two ends talk to each other through a pipe in memory (`pipe.rs`),
//! and what the client says is printed. On a board the stream is a TCP socket of the network stack,
//! the source of masking keys is its generator of random numbers, and the executor sleeps while
//! there is nothing to do.

#![no_std]

extern crate std;

mod client;
mod pipe;
mod server;
mod socket;

use core::fmt::Display;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::println;
use std::process::ExitCode;

use futures_util::future::{Future, join};
use pipe::Wire;
use wsframe::{Connection, ThreadKeys};

fn main() -> ExitCode {
    println!(
        "an end keeps {} bytes of state, and {} of buffers",
        size_of::<Connection>(),
        socket::BUFFERS
    );
    let (up, down) = (Wire::new(), Wire::new());
    let client = client::run(pipe::End::new(&down, &up), ThreadKeys, |said| println!("{said}"));
    let server = server::run(pipe::End::new(&up, &down));
    let (client, server) = block_on(join(client, server));
    if succeeded("client", client) & succeeded("server", server) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn succeeded(end: &str, result: Result<(), impl Display>) -> bool {
    if let Err(error) = &result {
        std::eprintln!("embedded: the {end} failed: {error}");
    }
    result.is_ok()
}

/// An executor for one future. It does not sleep, since here one end can go on whenever the other
/// cannot.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}
