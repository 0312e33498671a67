//! RFC 6455 §9.1 and RFC 7692 §5: extensions are offered, chosen and confirmed in the handshake.
#![cfg(feature = "handshake")]

use std::cell::RefCell;
use std::fmt;

use wsframe::extensions::{Extension, ExtensionElement, ExtensionWriter};
use wsframe::handshake::{
    ClientHandshake, Negotiated, Request, Response, ResponseError, Uri, WebSocketKey, WriteError,
};
use wsframe::{FrameHeader, ProtocolError, Role, Rsv};

/// An extension with one number, for which a smaller one can be negotiated, like the windows of
/// permessage-deflate. It does not change messages.
#[derive(Clone, Debug)]
struct Window {
    name: &'static str,
    rsv: Rsv,
    /// As a client, one offer for each number, in this order. As a server, the smallest supported
    /// number.
    bits: Vec<u32>,
    agreed: Option<u32>,
    /// The elements that it was passed.
    seen: Vec<String>,
}

impl Window {
    fn new(name: &'static str, rsv: Rsv, bits: &[u32]) -> Self {
        Self { name, rsv, bits: bits.to_vec(), agreed: None, seen: Vec::new() }
    }

    fn bits(extension: &ExtensionElement<'_>) -> Option<u32> {
        let mut parameters = extension.parameters();
        let bits = parameters.next().filter(|parameter| parameter.name() == "bits")?.value()?;
        if parameters.next().is_some() { None } else { bits.number() }
    }
}

impl Extension for Window {
    fn name(&self) -> &str {
        self.name
    }

    fn rsv(&self) -> Rsv {
        self.rsv
    }

    fn offer(&self, to: &mut ExtensionWriter<'_>) -> fmt::Result {
        self.bits.iter().try_for_each(|bits| {
            to.extension(self.name)?.parameter("bits", bits)?;
            Ok(())
        })
    }

    fn choose(&mut self, offer: &ExtensionElement<'_>) -> bool {
        self.seen.push(offer.to_string());
        self.agreed = Self::bits(offer).filter(|bits| self.bits.iter().any(|own| own <= bits));
        self.agreed.is_some()
    }

    fn answer(&self, to: &mut ExtensionWriter<'_>) -> fmt::Result {
        to.extension(self.name)?.parameter("bits", self.agreed.expect("chosen before"))?;
        Ok(())
    }

    fn confirm(&mut self, answer: &ExtensionElement<'_>) -> bool {
        self.seen.push(answer.to_string());
        self.agreed = Self::bits(answer).filter(|bits| self.bits.contains(bits));
        self.agreed.is_some()
    }
}

const CLIENT_KEY: [u8; 16] = *b"the sample nonce";

fn client<'a>() -> ClientHandshake<'a> {
    ClientHandshake::new(Uri::parse("ws://localhost/").unwrap(), WebSocketKey::new(CLIENT_KEY))
}

fn request(extensions: &[&dyn Extension]) -> String {
    let mut request = String::new();
    client().write(extensions, &mut request).unwrap();
    request
}

fn respond(
    request: &str,
    extensions: &mut [&mut dyn Extension],
) -> Result<(String, Rsv), WriteError> {
    let request = Request::parse(request.as_bytes()).unwrap();
    let opening = request.handshake().unwrap();
    let mut response = String::new();
    let agreed = opening.accept().write(extensions, &mut response)?;
    Ok((response, agreed.rsv))
}

fn check(
    response: &str,
    extensions: &mut [&mut dyn Extension],
) -> Result<Negotiated<'static>, ResponseError> {
    let response = Response::parse(response.as_bytes()).unwrap();
    client().check(&response, extensions)
}

/// Returns a request or response with these lines of `Sec-WebSocket-Extensions`.
fn with_lines(message: &str, lines: &[&str]) -> String {
    let lines = lines.iter().map(|line| format!("Sec-WebSocket-Extensions: {line}\r\n"));
    message.trim_end().to_owned() + "\r\n" + &lines.collect::<String>() + "\r\n"
}

fn line(message: &str) -> Option<&str> {
    message.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Extensions: "))
}

#[test]
fn both_sides_negotiate_the_same() {
    let mut offering = Window::new("x-window", Rsv::RSV1, &[10, 15]);
    let request = request(&[&offering]);
    assert_eq!(line(&request), Some("x-window; bits=10, x-window; bits=15"));

    let mut choosing = Window::new("x-window", Rsv::RSV1, &[12]);
    let (response, rsv) = respond(&request, &mut [&mut choosing]).unwrap();
    assert_eq!(choosing.seen, ["x-window; bits=10", "x-window; bits=15"]);
    assert_eq!(choosing.agreed, Some(15));
    assert_eq!(line(&response), Some("x-window; bits=15"));
    assert_eq!(rsv, Rsv::RSV1);

    let agreed = check(&response, &mut [&mut offering]).unwrap();
    assert_eq!(offering.agreed, Some(15));
    assert_eq!(agreed.rsv, Rsv::RSV1);

    // A negotiated bit may be set.
    let compressed = [0xC1, 0x00];
    assert!(FrameHeader::decode(&compressed, agreed.rules(Role::Client)).is_ok());
    let nothing = Negotiated { subprotocol: None, rsv: Rsv::NONE };
    let error = FrameHeader::decode(&compressed, nothing.rules(Role::Client)).unwrap_err();
    assert_eq!(error, ProtocolError::UnexpectedRsv(Rsv::from_bits(0x40)));
}

#[test]
fn the_first_acceptable_offer_ends_the_search() {
    let request =
        with_lines(&request(&[]), &["y, x-window; bits=1", "x-window; bits=14, x-window; bits=15"]);
    let mut window = Window::new("x-window", Rsv::NONE, &[12]);
    let (response, rsv) = respond(&request, &mut [&mut window]).unwrap();
    assert_eq!(window.seen, ["x-window; bits=1", "x-window; bits=14"]);
    assert_eq!((line(&response), rsv), (Some("x-window; bits=14"), Rsv::NONE));
}

#[test]
fn nothing_offered_or_nothing_acceptable_is_no_header() {
    for lines in [
        &[][..],
        &["", "other; bits=15"],
        &["other; bits=15", ","],
        &["X-Window; bits=15"],
        &["x-window; bits=3, x-window"],
    ] {
        let mut window = Window::new("x-window", Rsv::RSV1, &[12]);
        let (response, rsv) =
            respond(&with_lines(&request(&[]), lines), &mut [&mut window]).unwrap();
        assert_eq!((line(&response), rsv, window.agreed), (None, Rsv::NONE, None));
        assert!(check(&response, &mut [&mut window]).is_ok());
        assert_eq!(window.agreed, None);
    }
    assert_eq!(line(&request(&[&Window::new("x-window", Rsv::RSV1, &[])])), None);
}

#[test]
fn answers_are_in_the_servers_order() {
    let (mut a, mut b) = (Window::new("a", Rsv::RSV2, &[1]), Window::new("b", Rsv::RSV3, &[1]));
    let request = request(&[&a, &b]);
    assert_eq!(line(&request), Some("a; bits=1, b; bits=1"));
    let (response, rsv) = respond(&request, &mut [&mut b, &mut a]).unwrap();
    assert_eq!(line(&response), Some("b; bits=1, a; bits=1"));
    assert_eq!(rsv, Rsv::RSV2 | Rsv::RSV3);
    assert_eq!(check(&response, &mut [&mut a, &mut b]).unwrap().rsv, rsv);
}

/// §9.1: "the order of operations on the data should be assumed to be the same as the order in
/// which the extensions are listed in the server's response".
#[test]
fn the_client_confirms_in_the_servers_order() {
    /// An extension that records its name when it confirms.
    struct Named<'a>(&'static str, &'a RefCell<String>);
    impl Extension for Named<'_> {
        fn name(&self) -> &str {
            self.0
        }
        fn offer(&self, to: &mut ExtensionWriter<'_>) -> fmt::Result {
            to.extension(self.0).map(drop)
        }
        fn choose(&mut self, _: &ExtensionElement<'_>) -> bool {
            false
        }
        fn answer(&self, _: &mut ExtensionWriter<'_>) -> fmt::Result {
            Ok(())
        }
        fn confirm(&mut self, _: &ExtensionElement<'_>) -> bool {
            self.1.borrow_mut().push_str(self.0);
            true
        }
    }
    let without = respond(&request(&[]), &mut []).unwrap().0;
    for (lines, order) in
        [(&["a, b, c"][..], "abc"), (&["c", "b, a"], "cba"), (&["b, ,c"], "bc"), (&[], "")]
    {
        let confirmed = RefCell::default();
        let [mut a, mut b, mut c] = ["a", "b", "c"].map(|name| Named(name, &confirmed));
        let response = with_lines(&without, lines);
        assert!(check(&response, &mut [&mut a, &mut b, &mut c]).is_ok());
        assert_eq!(confirmed.into_inner(), order);
    }
}

#[test]
fn two_extensions_never_share_a_bit() {
    let both = Rsv::RSV1 | Rsv::RSV2;
    let (mut a, mut b) = (Window::new("a", Rsv::RSV1, &[1]), Window::new("b", both, &[1]));
    let request = request(&[&a, &b]);
    let (response, rsv) = respond(&request, &mut [&mut a, &mut b]).unwrap();
    assert_eq!((line(&response), rsv), (Some("a; bits=1"), Rsv::RSV1));
    assert!(b.seen.is_empty());
    let (response, rsv) = respond(&request, &mut [&mut b, &mut a]).unwrap();
    assert_eq!((line(&response), rsv), (Some("b; bits=1"), both));

    let without = respond(&self::request(&[]), &mut []).unwrap().0;
    let response = with_lines(&without, &["a; bits=1, b; bits=1"]);
    let conflict = check(&response, &mut [&mut a, &mut b]).unwrap_err();
    assert_eq!(conflict, ResponseError::ExtensionConflict);
}

#[test]
fn an_answer_that_the_offers_do_not_allow_fails_the_client() {
    let without = respond(&request(&[]), &mut []).unwrap().0;
    for (lines, error) in [
        (&["x-window; bits=11"][..], ResponseError::ExtensionAnswer),
        (&["x-window"], ResponseError::ExtensionAnswer),
        (&["x-window; bits=10; bits=10"], ResponseError::ExtensionAnswer),
        (&["x-window; other"], ResponseError::ExtensionAnswer),
        (&["x-window; bits=10, x-window; bits=15"], ResponseError::ExtensionRepeated),
        (&["x-window; bits=10", "x-window; bits=10"], ResponseError::ExtensionRepeated),
        (&["other"], ResponseError::ExtensionNotOffered),
        (&["x-window; bits=10, other"], ResponseError::ExtensionNotOffered),
        (&["X-WINDOW; bits=10"], ResponseError::ExtensionNotOffered),
    ] {
        let mut window = Window::new("x-window", Rsv::RSV1, &[10, 15]);
        let response = with_lines(&without, lines);
        assert_eq!(check(&response, &mut [&mut window]), Err(error), "{lines:?}");
    }
    // The extension is in the list, but offered nothing.
    let mut silent = Window::new("x-window", Rsv::RSV1, &[]);
    let response = with_lines(&without, &["x-window; bits=10"]);
    assert_eq!(check(&response, &mut [&mut silent]), Err(ResponseError::ExtensionNotOffered));
    assert!(silent.seen.is_empty());
}

#[test]
fn quoted_values_and_split_lines_mean_the_same() {
    let mut window = Window::new("x-window", Rsv::NONE, &[12]);
    let request = with_lines(&request(&[]), &["y", "x-window ; bits = \"1\\2\""]);
    respond(&request, &mut [&mut window]).unwrap();
    assert_eq!((window.agreed, &*window.seen), (Some(12), &["x-window; bits=12".to_owned()][..]));
}

#[test]
fn an_extension_cannot_write_into_the_head() {
    struct Evil;
    impl Extension for Evil {
        fn name(&self) -> &str {
            "evil"
        }
        fn offer(&self, to: &mut ExtensionWriter<'_>) -> fmt::Result {
            to.extension("evil")?.parameter("a", "b\r\nX: y")?;
            Ok(())
        }
        fn choose(&mut self, _: &ExtensionElement<'_>) -> bool {
            true
        }
        fn answer(&self, to: &mut ExtensionWriter<'_>) -> fmt::Result {
            to.extension("evil\r\nX: y")?;
            Ok(())
        }
        fn confirm(&mut self, _: &ExtensionElement<'_>) -> bool {
            true
        }
    }
    let mut out = String::new();
    assert_eq!(client().write(&[&Evil], &mut out), Err(WriteError::Format));
    assert!(!out.contains("X: y"));
    let request = with_lines(&request(&[]), &["evil"]);
    assert_eq!(respond(&request, &mut [&mut Evil]).unwrap_err(), WriteError::Format);
}

/// 64 KiB of offers take linear time, also with several extensions.
#[test]
fn many_offers_take_linear_time() {
    let offers = ["x-window; bits=1"; 3000].join(",");
    let request = with_lines(&request(&[]), &[&offers]);
    let mut window = Window::new("x-window", Rsv::RSV1, &[12]);
    let (response, _) = respond(&request, &mut [&mut window]).unwrap();
    assert_eq!((line(&response), window.seen.len()), (None, 3000));
}
