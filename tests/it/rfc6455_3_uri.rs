//! RFC 6455 §3: WebSocket URIs.
#![cfg(feature = "handshake")]

use crate::support;
use crate::support::handshake;

use proptest::prelude::*;
use wsframe::handshake::{HandshakeRules, Uri, UriError};

#[test]
fn parts_of_a_uri() {
    for (text, secure, host, port, path, query) in [
        ("ws://example.com/chat", false, "example.com", 80, "/chat", None),
        ("wss://example.com/chat", true, "example.com", 443, "/chat", None),
        ("WSS://Example.COM:8443/A?b=c", true, "Example.COM", 8443, "/A", Some("b=c")),
        ("ws://example.com", false, "example.com", 80, "/", None),
        ("ws://example.com?a", false, "example.com", 80, "/", Some("a")),
        ("ws://example.com/?", false, "example.com", 80, "/", Some("")),
        ("ws://example.com/??", false, "example.com", 80, "/", Some("?")),
        ("ws://example.com:/x", false, "example.com", 80, "/x", None),
        ("ws://127.0.0.1:1", false, "127.0.0.1", 1, "/", None),
        ("ws://[::1]:9001/a/b;c=d/%20", false, "[::1]", 9001, "/a/b;c=d/%20", None),
        ("wss://[2001:db8::7]/", true, "[2001:db8::7]", 443, "/", None),
        ("ws://[::ffff:1.2.3.4]:80/", false, "[::ffff:1.2.3.4]", 80, "/", None),
        (
            "ws://a_b.x--n-1.local/:@!$&'()*+,;=",
            false,
            "a_b.x--n-1.local",
            80,
            "/:@!$&'()*+,;=",
            None,
        ),
    ] {
        let uri = Uri::parse(text).expect(text);
        assert_eq!((uri.is_secure(), uri.host(), uri.port()), (secure, host, port), "{text}");
        assert_eq!((uri.path(), uri.query()), (path, query), "{text}");
        assert_eq!((uri.address(), uri.zone()), (host.trim_matches(['[', ']']), None));
        handshake::uri(text);
    }
}

/// URIs as browsers and URL parsers write them. A server accepts them.
#[test]
fn what_should_be_percent_encoded() {
    for (path, query) in [
        ("/", Some("x=1|2")),
        ("/", Some("tags[]=1")),
        ("/", Some("q={%22a%22:1}")),
        ("/a|b[c]^d", None),
        ("/", Some("%s0A")),
        ("/%", None),
        ("/%2", Some("100%")),
        ("/%zz", Some("?%")),
        ("/\"<>\\`{}", Some("\"<>\\`{}'")),
    ] {
        let text =
            format!("ws://a{path}{}", query.map_or(String::new(), |query| format!("?{query}")));
        let uri = Uri::parse(&text).expect(&text);
        assert_eq!((uri.path(), uri.query()), (path, query));
        assert_eq!(uri.to_string(), text);
        handshake::uri(&text);
    }
    for byte in 0..=0x7F {
        let text = format!("ws://a/{}", char::from(byte));
        assert_eq!(Uri::parse(&text).is_ok(), byte.is_ascii_graphic() && byte != b'#', "{text:?}");
        handshake::uri(&text);
    }
}

/// Zone identifiers (RFC 6874).
#[test]
fn zone_identifiers() {
    for (host, address, zone) in [
        ("[fe80::1%25eth0]", "fe80::1", "eth0"),
        ("[fe80::1%25en%2F1]", "fe80::1", "en%2F1"),
        ("[fe80::1%25%25]", "fe80::1", "%25"),
        ("[FE80::A%25a-._~Z0]", "FE80::A", "a-._~Z0"),
        ("[::ffff:1.2.3.4%251]", "::ffff:1.2.3.4", "1"),
    ] {
        let text = format!("ws://{host}:81/a");
        let uri = Uri::parse(&text).expect(&text);
        assert_eq!((uri.host(), uri.address(), uri.zone()), (host, address, Some(zone)));
        assert_eq!((uri.port(), uri.to_string()), (81, text.clone()));
        handshake::uri(&text);
    }
    for host in [
        "[fe80::1%25]",
        "[fe80::1%eth0]",
        "[fe80::1%2525 ]",
        "[fe80::1%25a:b]",
        "[fe80::1%25a+b]",
        "[fe80::1%25a%2]",
        "[%25eth0]",
        "[127.0.0.1%25eth0]",
        "[fe80::1%25eth0",
    ] {
        let text = format!("ws://{host}/");
        assert_eq!(Uri::parse(&text), Err(UriError::Host), "{text}");
        handshake::uri(&text);
    }
    // The host of a name is percent-encoded, and has no zone.
    let uri = Uri::parse("ws://a%25eth0/").unwrap();
    assert_eq!((uri.address(), uri.zone()), ("a%25eth0", None));
}

#[test]
fn raw_utf8_is_accepted_by_relaxed_rules_only() {
    let rules = HandshakeRules::new().accept_utf8_target();
    let text = "wss://a/caf\u{e9}?q=\u{1F980}\u{a0}";
    assert_eq!(Uri::parse(text), Err(UriError::Character(11)));
    let uri = Uri::parse_with(text, rules).unwrap();
    assert_eq!((uri.path(), uri.query()), ("/caf\u{e9}", Some("q=\u{1F980}\u{a0}")));
    handshake::uri(text);
    for (text, error) in [
        ("ws://a/\u{80}", UriError::Character(7)),
        ("ws://a/\u{e9}\u{9f}", UriError::Character(9)),
        ("ws://a/\u{e9} ", UriError::Character(9)),
        ("ws://a/\u{e9}#", UriError::Fragment(9)),
        ("ws://\u{e9}/", UriError::Host),
    ] {
        assert_eq!(Uri::parse_with(text, rules), Err(error), "{text}");
        handshake::uri(text);
    }
}

#[test]
fn display_omits_default_ports() {
    for (text, shown) in [
        ("WS://example.com", "ws://example.com/"),
        ("ws://example.com:80/?", "ws://example.com/"),
        ("wss://example.com:443/a?b", "wss://example.com/a?b"),
        ("wss://example.com:80/", "wss://example.com:80/"),
        ("ws://[::1]:00080/", "ws://[::1]/"),
    ] {
        assert_eq!(Uri::parse(text).unwrap().to_string(), shown);
    }
}

#[test]
fn invalid_uris_are_refused() {
    for (text, error) in [
        ("", UriError::Scheme),
        ("example.com", UriError::Scheme),
        ("http://example.com/", UriError::Scheme),
        ("ws:example.com", UriError::Scheme),
        ("ws:/example.com", UriError::Scheme),
        (" ws://example.com/", UriError::Scheme),
        ("ws://", UriError::Host),
        ("ws:///chat", UriError::Host),
        ("ws://:80/", UriError::Host),
        ("ws://exa mple/", UriError::Host),
        ("ws://exämple/", UriError::Host),
        ("ws://example\r\n/", UriError::Host),
        ("ws://a%2/", UriError::Host),
        ("ws://a\\b/", UriError::Host),
        ("ws://[::1/", UriError::Host),
        ("ws://::1/", UriError::Host),
        ("ws://[]/", UriError::Host),
        ("ws://[::1]80/", UriError::Host),
        ("ws://[v1.a]/", UriError::Host),
        ("ws://[127.0.0.1]/", UriError::Host),
        ("ws://a:65536/", UriError::Port),
        ("ws://a:+80/", UriError::Port),
        ("ws://a:-1/", UriError::Port),
        ("ws://a:8o/", UriError::Port),
        ("ws://a:80:80/", UriError::Port),
        ("ws://me@a/", UriError::Userinfo),
        ("ws://me:secret@a/", UriError::Userinfo),
        ("ws://a/#", UriError::Fragment(7)),
        ("ws://a#b", UriError::Fragment(6)),
        ("ws://a/?b#c", UriError::Fragment(9)),
        ("ws://a/b c", UriError::Character(8)),
        ("ws://a/b\r\nX: y", UriError::Character(8)),
        ("ws://a/ü", UriError::Character(7)),
        ("ws://a/\0", UriError::Character(7)),
        ("ws://a/?q=\u{7F}", UriError::Character(10)),
    ] {
        assert_eq!(Uri::parse(text), Err(error), "{text}");
        assert!(error.to_string().contains("RFC 6455 §3"));
    }
}

proptest! {
    #![proptest_config(support::proptest_config())]

    #[test]
    fn any_uri(text in r"(ws|wss)://[a-z\[\]:0-9.@%]{1,12}[/?#a-z%0-9 é:]{0,12}") {
        handshake::uri(&text);
    }

    #[test]
    fn any_zone_identifier(text in r"ws://\[(fe80::1|a|)(%25|%|)[a-f0-9~%+:é]{0,6}\](:[0-9]{0,3})?/?") {
        handshake::uri(&text);
    }

    #[test]
    fn any_resource(text in r"ws://a[/?][ -~é\x{80}-\x{A0}]{0,12}") {
        handshake::uri(&text);
    }

    #[test]
    fn any_host_and_resource(text in r"wss?://([a-z0-9._-]{1,9}|\[[0-9a-f:]{2,9}\])(:[0-9]{0,5})?(/([a-z:@!]|%[0-9a-f]{2}){0,9}){0,2}(\?[a-z/?=&]{0,9})?") {
        handshake::uri(&text);
    }
}
