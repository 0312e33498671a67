//! RFC 6455 §4 on the types of the crate `http`, and with an extended CONNECT (RFC 8441 §5, RFC
//! 9220).
#![cfg(feature = "http")]

use http::{Method as HttpMethod, Request, Response, StatusCode, Uri as HttpUri, Version as Http};
use std::fmt;
use wsframe::Rsv;
use wsframe::extensions::{Extension, ExtensionElement, ExtensionWriter};
use wsframe::handshake::{
    ClientHandshake, HandshakeRequest, HandshakeRules, Rejection, ResponseError, Uri, WebSocketKey,
    WriteError,
};

/// An extension that accepts every offer.
#[derive(Default)]
struct Anything {
    agreed: bool,
}

impl Extension for Anything {
    fn name(&self) -> &str {
        "x-any"
    }
    fn rsv(&self) -> Rsv {
        Rsv::RSV3
    }
    fn offer(&self, to: &mut ExtensionWriter<'_>) -> fmt::Result {
        to.extension("x-any")?.flag("a")?;
        Ok(())
    }
    fn choose(&mut self, _: &ExtensionElement<'_>) -> bool {
        self.agreed = true;
        true
    }
    fn answer(&self, to: &mut ExtensionWriter<'_>) -> fmt::Result {
        to.extension("x-any")?.parameter("b", 1)?;
        Ok(())
    }
    fn confirm(&mut self, answer: &ExtensionElement<'_>) -> bool {
        self.agreed = answer.to_string() == "x-any; b=1";
        self.agreed
    }
}

const HEADERS: [(&str, &str); 5] = [
    ("Host", "server.example.com"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
];

/// Returns a valid request, in which these values replace the header fields of this name.
fn request(name: &str, instead: &[(&str, &str)]) -> Request<()> {
    let mut builder = Request::builder().uri("/chat?room=7");
    let kept = HEADERS.iter().filter(|(other, _)| !other.eq_ignore_ascii_case(name));
    for (name, value) in kept.chain(instead) {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap()
}

fn connect(uri: &str, instead: &[(&str, &str)]) -> Request<()> {
    let mut builder = Request::builder().method(HttpMethod::CONNECT).version(Http::HTTP_2).uri(uri);
    for (name, value) in instead {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap()
}

fn client<'a>() -> ClientHandshake<'a> {
    let uri = Uri::parse("ws://server.example.com:80/chat?room=7").unwrap();
    ClientHandshake::new(uri, WebSocketKey::new(*b"the sample nonce"))
        .subprotocols(&["chat", "superchat"])
        .origin("http://example.com")
        .headers(&[("Cookie", "a=b"), ("Cookie", "c=d")])
}

#[test]
fn both_ends_over_http_1_1() {
    let mut offering = Anything::default();
    let request: Request<()> = client().to_http(&[&offering]).unwrap();
    assert_eq!((request.method(), request.version()), (&HttpMethod::GET, Http::HTTP_11));
    assert_eq!(request.uri(), "/chat?room=7");
    assert_eq!(request.headers()["host"], "server.example.com");
    assert_eq!(request.headers()["sec-websocket-extensions"], "x-any; a");
    assert_eq!(request.headers().get_all("cookie").iter().count(), 2);
    // The request as text is the same.
    let mut text = String::new();
    client().write(&[&offering], &mut text).unwrap();
    let parsed = wsframe::handshake::Request::parse(text.as_bytes()).unwrap();
    assert_eq!(parsed.headers().count(), request.headers().len());
    for (name, value) in parsed.headers() {
        assert!(request.headers().get_all(name).iter().any(|other| other.as_bytes() == value));
    }

    let opening = HandshakeRequest::from_http(&request).unwrap();
    assert_eq!((opening.path(), opening.query()), ("/chat", Some("room=7")));
    assert_eq!(
        (opening.host(), opening.origin()),
        ("server.example.com", Some("http://example.com"))
    );
    assert_eq!(opening.header("cookie"), Some(&b"a=b"[..]));
    assert_eq!(opening.headers().count(), parsed.headers().count());
    let chosen = opening.choose_subprotocol(&["superchat"]);
    let mut choosing = Anything::default();
    let (response, agreed) = opening
        .accept()
        .subprotocol(chosen)
        .headers(&[("X-Further", "y")])
        .to_http::<()>(&mut [&mut choosing])
        .unwrap();
    assert_eq!((agreed.subprotocol, agreed.rsv), (Some("superchat"), Rsv::RSV3));
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    for (name, value) in [
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("sec-websocket-protocol", "superchat"),
        ("sec-websocket-extensions", "x-any; b=1"),
        ("x-further", "y"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
    assert_eq!(response.headers().len(), 6);

    let agreed = client().check_http(&response, &mut [&mut offering]).unwrap();
    assert_eq!((agreed.subprotocol, agreed.rsv), (Some("superchat"), Rsv::RSV3));
    assert!(offering.agreed && choosing.agreed);
}

#[test]
fn refused_with_the_right_status() {
    use Rejection::*;
    for (name, instead, why, status) in [
        ("host", &[][..], Host, 400),
        ("host", &[("host", "a"), ("host", "b")], Host, 400),
        ("upgrade", &[], Upgrade, 400),
        ("connection", &[("connection", "close")], Connection, 400),
        ("sec-websocket-key", &[("sec-websocket-key", "a")], Key, 400),
        ("sec-websocket-version", &[], NoVersion, 400),
        ("sec-websocket-version", &[("sec-websocket-version", "8")], Version, 426),
        ("", &[("transfer-encoding", "chunked")], Body, 400),
        ("connection", &[("connection", "\"x, Upgrade, y\"")], Connection, 400),
        ("upgrade", &[("upgrade", "(, websocket")], Upgrade, 400),
        ("", &[("sec-websocket-protocol", ",")], Subprotocols, 400),
        (
            "",
            &[("sec-websocket-protocol", "a"), ("sec-websocket-protocol", "a")],
            Subprotocols,
            400,
        ),
        ("", &[("origin", "a"), ("origin", "b")], Origin, 403),
    ] {
        let request = request(name, instead);
        let rejection = HandshakeRequest::from_http(&request).unwrap_err();
        assert_eq!((rejection, rejection.status()), (why, status));
        let response: Response<String> = rejection.to_http(request.version());
        assert_eq!(response.status(), status);
        assert_eq!(response.headers().contains_key("upgrade"), status == 426);
        assert_eq!(response.headers().contains_key("sec-websocket-version"), status == 426);
        assert_eq!(*response.body(), rejection.to_string());
        assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    }

    let mut post = request("", &[]);
    *post.method_mut() = HttpMethod::POST;
    let rejection = HandshakeRequest::from_http(&post).unwrap_err();
    let response: Response<&str> = rejection.to_http(post.version());
    assert_eq!((response.status().as_u16(), *response.body()), (405, ""));
    assert_eq!(response.headers()["allow"], "GET");
    assert!(!response.headers().contains_key("content-type"), "there is no body");

    let mut old = request("", &[]);
    *old.version_mut() = Http::HTTP_10;
    assert_eq!(HandshakeRequest::from_http(&old).unwrap_err(), HttpVersion);
    *old.version_mut() = Http::HTTP_2;
    assert_eq!(HandshakeRequest::from_http(&old).unwrap_err(), HttpVersion);
    let plain = Request::builder().uri("/").header("host", "a").body(()).unwrap();
    assert_eq!(HandshakeRequest::from_http(&plain).unwrap_err(), NoHandshake);
    for wrong in ["*", "a:80"] {
        let mut request = request("", &[]);
        *request.uri_mut() = wrong.parse().unwrap();
        assert_eq!(HandshakeRequest::from_http(&request).unwrap_err(), Target, "{wrong}");
    }
}

#[test]
fn responses_are_checked() {
    let right = || {
        Response::builder()
            .status(101)
            .header("upgrade", "WebSocket")
            .header("connection", "upgrade")
            .header("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    };
    let check = |response: http::response::Builder| {
        client().check_http(&response.body(()).unwrap(), &mut []).map(|agreed| agreed.subprotocol)
    };
    assert_eq!(check(right()), Ok(None));
    assert_eq!(check(right().header("sec-websocket-protocol", "chat")), Ok(Some("chat")));
    assert_eq!(check(right().status(403)), Err(ResponseError::Status(403)));
    assert_eq!(check(right().version(Http::HTTP_10)), Err(ResponseError::HttpVersion));
    let other = right().header("sec-websocket-protocol", "other");
    assert_eq!(check(other), Err(ResponseError::Subprotocol));
    assert_eq!(check(right().header("upgrade", "x")), Err(ResponseError::Upgrade));
    let used = right().header("sec-websocket-extensions", "x-any");
    assert_eq!(check(used), Err(ResponseError::ExtensionNotOffered));
    assert_eq!(check(Response::builder().status(101)), Err(ResponseError::Upgrade));

    let empty = right().header("sec-websocket-protocol", "").body(()).unwrap();
    assert_eq!(client().check_http(&empty, &mut []).unwrap_err(), ResponseError::Subprotocol);
    let rules = HandshakeRules::new().accept_empty_subprotocol();
    assert_eq!(client().rules(rules).check_http(&empty, &mut []).unwrap().subprotocol, None);
}

/// RFC 9112 §3.2, with relaxed rules.
#[test]
fn targets_in_utf8() {
    let rules = HandshakeRules::new().accept_utf8_target();
    let uri = Uri::parse_with("ws://a/caf\u{e9}", rules).unwrap();
    let client = ClientHandshake::new(uri, WebSocketKey::new([0; 16]));
    let request: Request<()> = client.to_http(&[]).unwrap();
    assert_eq!(HandshakeRequest::from_http(&request).unwrap_err(), Rejection::Target);
    assert_eq!(HandshakeRequest::from_http_with(&request, rules).unwrap().path(), "/caf\u{e9}");

    let request: Request<()> = client.to_extended_connect(&[]).unwrap();
    let strict = HandshakeRequest::from_extended_connect(&request, "websocket");
    assert_eq!(strict.unwrap_err(), Rejection::Target);
    let opening =
        HandshakeRequest::from_extended_connect_with(&request, "websocket", rules).unwrap();
    assert_eq!(opening.path(), "/caf\u{e9}");
}

/// RFC 9110 §5.5: the characters of a value of a header field.
#[test]
fn obs_text_is_sent() {
    let headers = [("x-city", "K\u{f6}ln")];
    let request: Request<()> = client().headers(&headers).to_http(&[]).unwrap();
    assert_eq!(request.headers()["x-city"].as_bytes(), "K\u{f6}ln".as_bytes());
    let opening = HandshakeRequest::from_http(&request).unwrap();
    let (response, _) = opening.accept().headers(&headers).to_http::<()>(&mut []).unwrap();
    assert_eq!(response.headers()["x-city"].as_bytes(), "K\u{f6}ln".as_bytes());
}

/// RFC 8441 §5.1 shows such a request and response.
#[test]
fn both_ends_by_extended_connect() {
    let mut offering = Anything::default();
    let request: Request<()> = client().to_extended_connect(&[&offering]).unwrap();
    assert_eq!((request.method(), request.version()), (&HttpMethod::CONNECT, Http::HTTP_2));
    assert_eq!(request.uri(), "http://server.example.com/chat?room=7");
    for absent in ["host", "upgrade", "connection", "sec-websocket-key"] {
        assert!(!request.headers().contains_key(absent), "{absent}");
    }
    assert_eq!(request.headers()["sec-websocket-version"], "13");
    assert_eq!(request.headers()["origin"], "http://example.com");
    assert_eq!(request.headers()["sec-websocket-protocol"], "chat, superchat");

    let opening = HandshakeRequest::from_extended_connect(&request, "websocket").unwrap();
    assert_eq!((opening.path(), opening.query()), ("/chat", Some("room=7")));
    assert_eq!(opening.host(), "server.example.com");
    let mut choosing = Anything::default();
    let acceptance = opening.accept().subprotocol(opening.choose_subprotocol(&["chat"]));
    let (response, agreed) = acceptance.to_http::<()>(&mut [&mut choosing]).unwrap();
    assert_eq!((agreed.subprotocol, agreed.rsv), (Some("chat"), Rsv::RSV3));
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["sec-websocket-protocol"], "chat");
    assert_eq!(response.headers()["sec-websocket-extensions"], "x-any; b=1");
    assert_eq!(response.headers().len(), 2, "neither Upgrade, nor Connection, nor an accept value");
    assert_eq!(acceptance.write(&mut [], &mut String::new()), Err(WriteError::Format));

    for version in [Http::HTTP_2, Http::HTTP_3] {
        let mut response = response.clone();
        *response.version_mut() = version;
        let agreed = client().check_http(&response, &mut [&mut offering]).unwrap();
        assert_eq!((agreed.subprotocol, agreed.rsv), (Some("chat"), Rsv::RSV3));
        *response.status_mut() = StatusCode::FORBIDDEN;
        let error = client().check_http(&response, &mut [&mut offering]).unwrap_err();
        assert_eq!(error, ResponseError::Status(403));
        // These versions have no upgrades.
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let error = client().check_http(&response, &mut [&mut offering]).unwrap_err();
        assert_eq!(error, ResponseError::Status(101));
    }

    let secure =
        ClientHandshake::new(Uri::parse("wss://[::1]:8443").unwrap(), WebSocketKey::new([0; 16]));
    let request: Request<()> = secure.to_extended_connect(&[]).unwrap();
    assert_eq!(request.uri(), "https://[::1]:8443/");
}

/// RFC 9112 §3.2.2: `Host` is ignored if the target is an absolute URI, but must be present.
#[test]
fn an_absolute_target_names_the_host() {
    let host = |target: &str| {
        let mut request = request("", &[]);
        *request.uri_mut() = target.parse().expect(target);
        HandshakeRequest::from_http(&request).map(|opening| opening.host().to_owned())
    };
    assert_eq!(host("/chat"), Ok("server.example.com".into()));
    assert_eq!(host("http://other.example:8080/chat"), Ok("other.example:8080".into()));
    assert_eq!(host("HTTPS://other.example"), Ok("other.example".into()));
    for target in ["http://me:secret@other.example/a", "ftp://a/", "ws://a/", "a:80", "http://a?b"]
    {
        assert_eq!(host(target), Err(Rejection::Target), "{target}");
    }
    let mut without_host = request("host", &[]);
    *without_host.uri_mut() = HttpUri::from_static("http://other.example/chat");
    assert_eq!(HandshakeRequest::from_http(&without_host).unwrap_err(), Rejection::Host);
}

/// RFC 9113 §8.3.1: `Host` must have the same value as `:authority`.
#[test]
fn a_host_beside_authority_names_the_same() {
    let opens = |uri: &str, host: &str| {
        let request = connect(uri, &[("sec-websocket-version", "13"), ("host", host)]);
        let opening = HandshakeRequest::from_extended_connect(&request, "websocket");
        opening.map(|opening| assert!(uri.contains(opening.host())))
    };
    for (uri, host) in [
        ("https://a.example/", "a.example"),
        ("https://a.example/", "A.Example:443"),
        ("http://a.example:80/", "a.example"),
        ("http://[::1]:8080/", "[::1]:8080"),
    ] {
        assert_eq!(opens(uri, host), Ok(()), "{uri} {host}");
    }
    for (uri, host) in [
        ("https://a.example/", "evil.example"),
        ("https://a.example/", "a.example:80"),
        ("http://a.example/", "a.example:443"),
        ("http://a.example:8080/", "a.example"),
        ("http://a.example/", ""),
        ("http://a.example/", "me@a.example"),
    ] {
        assert_eq!(opens(uri, host), Err(Rejection::Host), "{uri} {host}");
    }
}

#[test]
fn an_extended_connect_is_refused_without_an_upgrade() {
    use Rejection::*;
    let version = [("sec-websocket-version", "13")];
    let uri = "https://server.example.com/chat";
    for (request, protocol, why, status) in [
        (connect(uri, &version), "connect-udp", ConnectProtocol, 501),
        (connect(uri, &version), "WebSocket", ConnectProtocol, 501),
        (connect(uri, &version), "", ConnectProtocol, 501),
        (connect("server.example.com:443", &version), "websocket", Target, 400),
        (connect("ftp://server.example.com/", &version), "websocket", Target, 400),
        (connect("https://me@server.example.com/", &version), "websocket", Target, 400),
        (connect("/chat", &version), "websocket", Target, 400),
        (connect(uri, &[version[0], ("host", "a"), ("host", "a")]), "websocket", Host, 400),
        (connect(uri, &[]), "websocket", NoVersion, 400),
        (connect(uri, &[("sec-websocket-version", "8")]), "websocket", Version, 400),
        (
            connect(uri, &[version[0], ("sec-websocket-protocol", "a b")]),
            "websocket",
            Subprotocols,
            400,
        ),
    ] {
        let rejection = HandshakeRequest::from_extended_connect(&request, protocol).unwrap_err();
        assert_eq!(rejection, why);
        let response: Response<String> = rejection.to_http(request.version());
        assert_eq!(response.status(), status);
        assert!(!response.headers().contains_key("upgrade"));
        assert!(!response.headers().contains_key("connection"));
        let names_version = response.headers().contains_key("sec-websocket-version");
        assert_eq!(names_version, why == Version);
    }
    // RFC 9113 §8.3.1: `:path` begins with a slash.
    for path in ["http://evil.example/chat", "*", "?room=7"] {
        let parts = HttpUri::builder().scheme("https").authority("a").path_and_query(path);
        // Some versions of the crate `http` refuse the first themselves.
        let Ok(uri) = parts.build() else { continue };
        let mut request = connect("/", &version);
        *request.uri_mut() = uri;
        let rejection = HandshakeRequest::from_extended_connect(&request, "websocket").unwrap_err();
        assert_eq!(rejection, Target, "{path}");
    }
    let mut get = connect(uri, &version);
    *get.method_mut() = HttpMethod::GET;
    let rejection = HandshakeRequest::from_extended_connect(&get, "websocket").unwrap_err();
    let response: Response<String> = rejection.to_http(get.version());
    assert_eq!(
        (response.status().as_u16(), &response.headers()["allow"]),
        (405, &"CONNECT".parse().unwrap())
    );
}

#[test]
fn header_injection_is_refused() {
    let request = request("", &[("sec-websocket-protocol", "a")]);
    let accept = HandshakeRequest::from_http(&request).unwrap().accept();
    let error = |acceptance: wsframe::handshake::HandshakeResponse<'_, '_>| {
        acceptance.to_http::<()>(&mut []).map(drop).unwrap_err()
    };
    assert_eq!(error(accept.headers(&[("a", "b\r\nc: d")])), WriteError::HeaderValue(0));
    assert_eq!(error(accept.headers(&[("a b", "c")])), WriteError::HeaderName(0));
    assert_eq!(error(accept.headers(&[("upgrade", "c")])), WriteError::ReservedHeader(0));
    assert_eq!(error(accept.subprotocol(Some("b"))), WriteError::SubprotocolNotOffered);
    let error = client().origin("a\r\n").to_http::<()>(&[]).map(drop).unwrap_err();
    assert_eq!(error, WriteError::Origin);
    let long = format!("ws://a/{}", "b".repeat(64 << 10));
    for uri in [&long, "ws://a%20b/", "ws://a/<", "ws://a/?\""] {
        let client = ClientHandshake::new(Uri::parse(uri).unwrap(), WebSocketKey::new([0; 16]));
        let error = client.to_extended_connect::<()>(&[]).map(drop).unwrap_err();
        assert_eq!(error, WriteError::Uri);
        assert_eq!(client.to_http::<()>(&[]).is_err(), uri != "ws://a%20b/");
    }
    let error =
        client().subprotocols(&["a b"]).to_extended_connect::<()>(&[]).map(drop).unwrap_err();
    assert_eq!(error, WriteError::Subprotocol);
}
