//! Tests of the chat, as its members see it.

use crate::peer::{Peer, REQUEST, close_body, masked};
use crate::running::{Running, resident_bytes};
use wsframe::{CloseBody, CloseCode, Opcode};

/// Enters the chat as a member, and receives the messages about that.
fn member(address: &str, name: &str) -> Peer {
    let mut peer = Peer::connect(address);
    peer.send(&masked(Opcode::Text, true, format!(r#"{{"name":"{name}"}}"#).as_bytes()));
    assert!(told(&mut peer).starts_with(r#"{"here":"#));
    assert_eq!(told(&mut peer), format!(r#"{{"came":"{name}"}}"#));
    peer
}

/// Returns the next message that a member gets.
fn told(member: &mut Peer) -> String {
    let (first, payload) = member.server_frame();
    assert_eq!(first, 0x81, "{}", String::from_utf8_lossy(&payload));
    String::from_utf8(payload).expect("text")
}

fn say(text: &str) -> Vec<u8> {
    masked(Opcode::Text, true, format!(r#"{{"text":"{text}"}}"#).as_bytes())
}

#[test]
fn the_chat_sends_messages_to_all_members() {
    let chat = Running::local("chat");
    let mut ada = member(&chat.address, "Ada");
    let mut bob = Peer::connect(&chat.address);
    bob.send(&masked(Opcode::Text, false, br#"{"name":"#));
    bob.send(&masked(Opcode::Ping, true, b"between"));
    assert_eq!(bob.server_frame(), (0x8A, b"between".to_vec()));
    bob.send(&masked(Opcode::Continuation, true, br#"" Bob "}"#));
    assert_eq!(told(&mut bob), r#"{"here":["Ada"]}"#);
    for member in [&mut ada, &mut bob] {
        assert_eq!(told(member), r#"{"came":"Bob"}"#);
    }
    bob.send(&say(r"grüße\n\u0000<b>"));
    for member in [&mut ada, &mut bob] {
        assert_eq!(told(member), r#"{"from":"Bob","text":"grüße\n\u0000<b>"}"#);
    }

    // A Close is answered, and no message follows.
    ada.send(&masked(Opcode::Close, true, &close_body(CloseCode::GOING_AWAY, "")));
    ada.fails_with(CloseCode::GOING_AWAY);
    assert_eq!(told(&mut bob), r#"{"left":"Ada"}"#);
    // A member that ends without a Close leaves, too.
    drop(member(&chat.address, "Ada"));
    assert_eq!(told(&mut bob), r#"{"came":"Ada"}"#);
    assert_eq!(told(&mut bob), r#"{"left":"Ada"}"#);
}

#[test]
fn the_chat_checks_origins() {
    let chat = Running::start("chat", &["127.0.0.1:0", "https://chat.example"]);
    let port = chat.address.split_once(':').expect("a port").1;
    let own = [&format!("http://{}", chat.address), &format!("http://localhost:{port}")];
    let foreign =
        [&format!("https://{}", chat.address), "https://example", "http://127.0.0.1", "null"];
    // A foreign origin is refused even if `Host` is the same.
    for (origins, status) in
        [(&[own[0].as_str(), own[1].as_str(), "https://chat.example"][..], 101), (&foreign, 403)]
    {
        for origin in origins {
            let request = str::from_utf8(REQUEST).expect("text");
            let end = format!("\r\nOrigin: {origin}\r\n\r\n");
            let (_, head) = Peer::asks(&chat.address, request.replace("\r\n\r\n", &end));
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{origin}");
        }
    }

    let _ada = member(&chat.address, "Ada");
    let long = format!(r#"{{"name":"{}"}}"#, "a".repeat(41));
    for (code, opcode, message) in [
        (CloseCode::POLICY_VIOLATION, Opcode::Text, r#"{"name":" Ada"}"#),
        (CloseCode::POLICY_VIOLATION, Opcode::Text, r#"{"name":" "}"#),
        (CloseCode::POLICY_VIOLATION, Opcode::Text, &long),
        (CloseCode::POLICY_VIOLATION, Opcode::Text, r#"{"text":"nameless"}"#),
        (CloseCode::POLICY_VIOLATION, Opcode::Text, "Hello"),
        (CloseCode::POLICY_VIOLATION, Opcode::Binary, "Hello"),
        (CloseCode::TOO_BIG, Opcode::Text, &"a".repeat((16 << 10) + 1)),
    ] {
        let mut peer = Peer::connect(&chat.address);
        peer.send(&masked(opcode, true, message.as_bytes()));
        peer.fails_with(code);
    }
}

#[test]
fn the_chat_removes_members_that_do_not_read() {
    let chat = Running::local("chat");
    let mut ada = member(&chat.address, "Ada");
    let mut bob = member(&chat.address, "Bob");
    assert_eq!(told(&mut ada), r#"{"came":"Bob"}"#);
    // A burst longer than a queue still reaches the members that read.
    let burst: Vec<u8> = (0..100).flat_map(|i| say(&i.to_string())).collect();
    ada.send(&burst);
    for i in 0..100 {
        for awake in [&mut ada, &mut bob] {
            assert_eq!(told(awake), format!(r#"{{"from":"Ada","text":"{i}"}}"#));
        }
    }

    let mut sleeper = member(&chat.address, "Sleeper");
    for awake in [&mut ada, &mut bob] {
        assert_eq!(told(awake), r#"{"came":"Sleeper"}"#);
    }
    // At first the system buffers what the sleeping member does not read.
    let text = "a".repeat(16_000);
    let (expected, left) =
        (format!(r#"{{"from":"Ada","text":"{text}"}}"#), r#"{"left":"Sleeper"}"#);
    let mut sent = 0;
    let mut is_there = true;
    while is_there {
        ada.send(&say(&text));
        sent += text.len();
        for awake in [&mut ada, &mut bob] {
            let mut news = told(awake);
            if news == left {
                is_there = false;
                news = told(awake);
            }
            assert!(news == expected);
        }
        assert!(sent < 32 << 20, "what is not read is kept");
    }
    if let Some(resident) = resident_bytes(chat.child.id()) {
        assert!(resident < 16 << 20, "the chat takes {resident} bytes");
    }
    // Its name is free. If it reads soon enough, it gets the reason.
    drop(member(&chat.address, "Sleeper"));
    let mut seen = 0;
    let (first, payload) = loop {
        let (first, payload) = sleeper.server_frame();
        if first == 0x88 {
            break (first, payload);
        }
        seen += payload.len();
    };
    assert!(seen > 0 && seen <= sent, "{first} {seen}");
    let body = CloseBody::decode(&payload).expect("a right body").expect("a body");
    assert_eq!(body.code, CloseCode::POLICY_VIOLATION);
    sleeper.ends();
}
