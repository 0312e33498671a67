use futures_util::{FutureExt, SinkExt};
use tokio::io::DuplexStream;
use yawc::{CompressionLevel, Frame, Options, Role, WebSocket};

use super::LEVEL;
use super::messages::Messages;

pub fn messages(takeover: bool) -> impl FnMut(&mut Messages) {
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    let mut server = socket(ours, Role::Server, takeover);
    let mut client = socket(theirs, Role::Client, takeover);
    move |messages| {
        messages.each(|message, done| {
            let frame = Frame::text(message.to_vec());
            server.send(frame).now_or_never().expect("there is room").expect("no error");
            let frame = client.next_frame().now_or_never().expect("it is there").expect("no error");
            // How long it was, nobody is told.
            done(0, frame.payload());
        });
    }
}

fn socket(io: DuplexStream, role: Role, takeover: bool) -> WebSocket<DuplexStream> {
    let extensions = if takeover {
        "permessage-deflate"
    } else {
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    };
    let options = Options::default()
        .with_utf8()
        .with_compression_level(CompressionLevel::new(LEVEL.into()))
        .with_compression_threshold(0);
    WebSocket::from_stream_with_extensions(io, role, Some(extensions), options)
        .expect("right extensions")
}
