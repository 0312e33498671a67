//! Accepting connections, whatever becomes of some of them.

use core::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// Accepts the next connection. Each write is sent at once, and does not wait for an
/// acknowledgement of the previous one (Nagle's algorithm).
pub(crate) async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                // A socket for which this fails works as well, only later.
                let _ = socket.set_nodelay(true);
                return socket;
            }
            Err(error) => {
                eprintln!("cannot accept a connection: {error}");
                // Most likely no file descriptor is free. One will be, when a connection ends.
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
