//! RFC 7692 §5, §7.1: offers and answers.
#![cfg(feature = "deflate")]

use crate::support;
use crate::support::deflate;

use deflate::contexts;
use proptest::prelude::*;
use wsframe::deflate::{
    DeflateContext, DeflateParameters, NAME, Negotiation, NegotiationError, WindowBits,
};
use wsframe::extensions::{Extension, ExtensionWriter, Extensions};
use wsframe::{Role, Rsv};

/// Returns the answer of a server with these parameters, or `None` if it declines.
fn answer(wanted: DeflateParameters, offers: &str) -> Option<(String, DeflateParameters)> {
    let mut server = Negotiation::new(wanted);
    let mut list = Extensions::parse(offers.as_bytes()).unwrap();
    if !list.any(|offer| server.choose(&offer)) {
        assert_eq!(server.agreed(), None);
        return None;
    }
    let mut answer = String::new();
    server.answer(&mut ExtensionWriter::new(&mut answer)).unwrap();
    Some((answer, server.agreed().unwrap()))
}

/// Returns the parameters that a client with these offers negotiates from the answer.
fn confirm(
    offers: &[DeflateParameters],
    answer: &str,
) -> Result<DeflateParameters, NegotiationError> {
    let mut client = Negotiation::new(offers[0]).fallbacks(&offers[1..]);
    let answer = Extensions::parse(answer.as_bytes()).unwrap().next().unwrap();
    assert_eq!(client.confirm(&answer), client.agreed().is_some());
    client.agreed().ok_or_else(|| client.rejection().unwrap())
}

fn offers(offers: &[DeflateParameters]) -> String {
    let mut line = String::new();
    let client = Negotiation::new(offers[0]).fallbacks(&offers[1..]);
    client.offer(&mut ExtensionWriter::new(&mut line)).unwrap();
    line
}

fn window(bits: u8) -> DeflateContext {
    DeflateContext { takeover: true, window_bits: WindowBits::new(bits).unwrap() }
}

fn server(server: DeflateContext) -> DeflateParameters {
    DeflateParameters { server, ..DeflateParameters::DEFAULT }
}

fn client(client: DeflateContext) -> DeflateParameters {
    DeflateParameters { client, ..DeflateParameters::DEFAULT }
}

#[test]
fn name_and_rsv_of_the_extension() {
    let negotiation = Negotiation::new(DeflateParameters::DEFAULT);
    assert_eq!(negotiation.name(), "permessage-deflate");
    assert_eq!(negotiation.rsv(), Rsv::RSV1);
    assert_eq!((negotiation.agreed(), negotiation.rejection()), (None, None));
    let mut nothing = String::new();
    negotiation.answer(&mut ExtensionWriter::new(&mut nothing)).unwrap();
    assert_eq!(nothing, "");
}

#[test]
fn offers_as_written() {
    for (wanted, expected) in [
        (DeflateParameters::DEFAULT, "permessage-deflate; client_max_window_bits"),
        (
            DeflateParameters::NO_TAKEOVER,
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
             client_max_window_bits",
        ),
        (
            server(window(10)),
            "permessage-deflate; server_max_window_bits=10; client_max_window_bits",
        ),
        (client(window(8)), "permessage-deflate; client_max_window_bits=8"),
    ] {
        assert_eq!(offers(&[wanted]), expected);
    }
    assert_eq!(
        offers(&[server(window(9)), DeflateParameters::DEFAULT]),
        "permessage-deflate; server_max_window_bits=9; client_max_window_bits, \
         permessage-deflate; client_max_window_bits"
    );
}

#[test]
fn answers_to_each_parameter() {
    let full = DeflateParameters::DEFAULT;
    let frugal = DeflateParameters { server: window(11), client: window(12) };
    for (wanted, offer, expected) in [
        (full, "", ""),
        (full, "; server_no_context_takeover", "; server_no_context_takeover"),
        (full, "; client_no_context_takeover", "; client_no_context_takeover"),
        (full, "; server_max_window_bits=10", "; server_max_window_bits=10"),
        (full, "; server_max_window_bits=15", "; server_max_window_bits=15"),
        (full, "; server_max_window_bits=8", "; server_max_window_bits=8"),
        (full, "; server_max_window_bits=\"10\"", "; server_max_window_bits=10"),
        (full, "; server_max_window_bits=\"1\\0\"", "; server_max_window_bits=10"),
        (full, "; client_max_window_bits", ""),
        (full, "; client_max_window_bits=15", ""),
        (full, "; client_max_window_bits=9", "; client_max_window_bits=9"),
        (
            DeflateParameters::NO_TAKEOVER,
            "",
            "; server_no_context_takeover; client_no_context_takeover",
        ),
        (frugal, "", "; server_max_window_bits=11"),
        (frugal, "; server_max_window_bits=12", "; server_max_window_bits=11"),
        (frugal, "; server_max_window_bits=10", "; server_max_window_bits=10"),
        (
            frugal,
            "; client_max_window_bits",
            "; server_max_window_bits=11; client_max_window_bits=12",
        ),
        (
            frugal,
            "; client_max_window_bits=13",
            "; server_max_window_bits=11; client_max_window_bits=12",
        ),
        (
            frugal,
            "; client_max_window_bits=10",
            "; server_max_window_bits=11; client_max_window_bits=10",
        ),
    ] {
        let (answer, _) = answer(wanted, &format!("{NAME}{offer}")).unwrap();
        assert_eq!(answer, format!("{NAME}{expected}"), "to {offer}");
    }
    // A client that does not offer a window of its own is not asked for one, and may use all of it.
    let (_, agreed) = answer(frugal, NAME).unwrap();
    assert_eq!(agreed, DeflateParameters { server: window(11), client: DeflateContext::DEFAULT });
    assert_eq!(agreed.sent_by(Role::Server), window(11));
    assert_eq!(agreed.received_by(Role::Server), DeflateContext::DEFAULT);
    assert_eq!(agreed.sent_by(Role::Client), DeflateContext::DEFAULT);
    assert_eq!(agreed.received_by(Role::Client), window(11));
}

const WRONG: [(&str, NegotiationError); 22] = [
    ("; server_no_context_takeover=", NegotiationError::InvalidValue),
    ("; server_no_context_takeover=true", NegotiationError::InvalidValue),
    ("; client_no_context_takeover=15", NegotiationError::InvalidValue),
    ("; client_no_context_takeover=\"15\"", NegotiationError::InvalidValue),
    ("; server_max_window_bits", NegotiationError::InvalidValue),
    ("; server_max_window_bits=7", NegotiationError::InvalidValue),
    ("; server_max_window_bits=16", NegotiationError::InvalidValue),
    ("; server_max_window_bits=0", NegotiationError::InvalidValue),
    ("; server_max_window_bits=010", NegotiationError::InvalidValue),
    ("; server_max_window_bits=+10", NegotiationError::InvalidValue),
    ("; server_max_window_bits=-10", NegotiationError::InvalidValue),
    ("; server_max_window_bits=1e1", NegotiationError::InvalidValue),
    ("; server_max_window_bits=266", NegotiationError::InvalidValue),
    ("; server_max_window_bits=4294967306", NegotiationError::InvalidValue),
    ("; client_max_window_bits=7", NegotiationError::InvalidValue),
    ("; client_max_window_bits=16", NegotiationError::InvalidValue),
    ("; client_max_window_bits=\"08\"", NegotiationError::InvalidValue),
    (
        "; server_no_context_takeover; server_no_context_takeover",
        NegotiationError::RepeatedParameter,
    ),
    ("; client_max_window_bits=10; client_max_window_bits=10", NegotiationError::RepeatedParameter),
    ("; server_max_window_bits=9; server_max_window_bits=10", NegotiationError::RepeatedParameter),
    ("; mux", NegotiationError::UnknownParameter),
    ("; Server_Max_Window_Bits=10", NegotiationError::UnknownParameter),
];

#[test]
fn what_is_wrong_in_an_offer_or_an_answer_is_refused() {
    for (parameters, expected) in WRONG {
        let line = format!("{NAME}{parameters}");
        // A missing value after `=` is malformed.
        let Ok(mut list) = Extensions::parse(line.as_bytes()) else {
            assert!(parameters.ends_with('='));
            continue;
        };
        let extension = list.next().unwrap();
        for end in [Extension::choose, Extension::confirm] {
            let mut negotiation = Negotiation::new(DeflateParameters::DEFAULT);
            assert!(!end(&mut negotiation, &extension));
            assert_eq!(negotiation.rejection(), Some(expected), "{line}");
            assert!(expected.to_string().contains("RFC 7692"));
        }
        // The next offer is accepted. A refused answer resets the result.
        let (answer, _) = answer(DeflateParameters::DEFAULT, &format!("{line}, {NAME}")).unwrap();
        assert_eq!(answer, NAME);
    }
    // These are invalid only in an answer.
    let missing = "permessage-deflate; client_max_window_bits";
    assert_eq!(
        confirm(&[DeflateParameters::DEFAULT], missing),
        Err(NegotiationError::InvalidValue)
    );
    assert_eq!(
        confirm(&[DeflateParameters::DEFAULT], "deflate-frame"),
        Err(NegotiationError::OtherExtension)
    );
    assert_eq!(
        answer(DeflateParameters::DEFAULT, "x-webkit-deflate-frame, Permessage-Deflate"),
        None
    );
}

#[test]
fn every_window_size_from_0_to_20() {
    for bits in 0..=20u8 {
        for name in ["server_max_window_bits", "client_max_window_bits"] {
            let line = format!("{NAME}; {name}={bits}");
            let valid = (8..=15).contains(&bits);
            assert_eq!(answer(DeflateParameters::DEFAULT, &line).is_some(), valid);
            assert_eq!(confirm(&[DeflateParameters::DEFAULT], &line).is_ok(), valid);
        }
    }
}

#[test]
fn offers_are_taken_in_their_order() {
    let line = "permessage-deflate; server_max_window_bits=9; unknown, \
                x-other, \
                permessage-deflate; server_max_window_bits=10, \
                permessage-deflate";
    let (answer, agreed) = answer(DeflateParameters::DEFAULT, line).unwrap();
    assert_eq!(answer, "permessage-deflate; server_max_window_bits=10");
    assert_eq!(agreed, server(window(10)));
}

#[test]
fn header_fields_are_read_whole() {
    let mut server = Negotiation::new(DeflateParameters::NO_TAKEOVER);
    let taken = server.answer_lines([
        "permessage-deflate; server_max_window_bits=99",
        "x-other, permessage-deflate; server_max_window_bits=9",
        "permessage-deflate",
    ]);
    let answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
        server_max_window_bits=9";
    assert_eq!(taken, Ok(Some(answer.into())));
    for nothing in ["x-other", "permessage-deflate; x"] {
        let mut server = Negotiation::new(DeflateParameters::DEFAULT);
        assert_eq!(server.answer_lines([nothing]), Ok(None));
        assert_eq!(server.agreed(), None);
    }
    // One of the lines must contain an extension (RFC 6455 §9.1).
    for lines in [&[""][..], &[",,"], &["", " , "]] {
        let mut negotiation = Negotiation::new(DeflateParameters::DEFAULT);
        assert!(negotiation.answer_lines(lines).is_err(), "{lines:?}");
        let confirmed = negotiation.confirm_lines(lines);
        assert!(matches!(confirmed, Err(NegotiationError::Malformed(_))), "{lines:?}");
    }
    for lines in [["", NAME], [NAME, ","]] {
        let mut negotiation = Negotiation::new(DeflateParameters::DEFAULT);
        assert_eq!(negotiation.answer_lines(lines), Ok(Some(NAME.into())));
        assert_eq!(negotiation.confirm_lines(lines), Ok(Some(DeflateParameters::DEFAULT)));
    }
    // A malformed offer is an error even after an accepted one.
    let mut server = Negotiation::new(DeflateParameters::DEFAULT);
    assert!(server.answer_lines(["permessage-deflate", "\""]).is_err());

    let confirm = |lines: &[&'static str]| {
        let mut client = Negotiation::new(DeflateParameters::DEFAULT);
        client.confirm_lines(lines)
    };
    assert_eq!(confirm(&[]), Ok(None));
    assert_eq!(confirm(&["permessage-deflate"]), Ok(Some(DeflateParameters::DEFAULT)));
    let two = ["permessage-deflate", "permessage-deflate"];
    assert_eq!(confirm(&two), Err(NegotiationError::RepeatedAnswer));
    for other in [&["permessage-deflate, x-other"][..], &["x-other", "permessage-deflate"]] {
        assert_eq!(confirm(other), Err(NegotiationError::OtherExtension));
    }
    // A value may be used for several handshakes. Each begins from the initial state.
    let mut client = Negotiation::new(DeflateParameters::DEFAULT);
    assert_eq!(client.confirm_lines(["permessage-deflate"]), Ok(Some(DeflateParameters::DEFAULT)));
    assert_eq!(client.confirm_lines([""; 0]), Ok(None));
    assert!(client.confirm_lines(["x-other"]).is_err());
    assert_eq!(client.confirm_lines(["permessage-deflate"]), Ok(Some(DeflateParameters::DEFAULT)));
    let mut server = Negotiation::new(DeflateParameters::DEFAULT);
    let small = "permessage-deflate; server_max_window_bits=9";
    assert_eq!(server.answer_lines([small]), Ok(Some(small.into())));
    assert_eq!(server.answer_lines(["permessage-deflate"]), Ok(Some(NAME.into())));
    assert_eq!(server.answer_lines(["permessage-deflate; x"]), Ok(None));
    assert_eq!(server.answer_lines([""; 0]), Ok(None));
    assert_eq!((server.agreed(), server.rejection()), (None, None));

    let wrong = ["permessage-deflate; client_max_window_bits"];
    assert_eq!(confirm(&wrong), Err(NegotiationError::InvalidValue));
    let error = confirm(&["permessage-deflate,\""]).unwrap_err();
    assert!(matches!(error, NegotiationError::Malformed(_)));
    assert!(error.to_string().starts_with("Sec-WebSocket-Extensions: expected "), "{error}");
}

#[test]
fn answers_that_fit_no_offer_are_refused() {
    let small = DeflateParameters { server: window(10), client: window(11) };
    let frugal = DeflateParameters::NO_TAKEOVER;
    for (offers, answer) in [
        // The server does not confirm the requested parameter.
        (&[small][..], ""),
        (&[small], "; server_max_window_bits=11"),
        (&[frugal], ""),
        (&[frugal], "; client_no_context_takeover"),
        // It requests a greater window than the client's.
        (&[small], "; server_max_window_bits=10; client_max_window_bits=12"),
        // It accepts a part of each offer.
        (&[small, frugal], "; server_max_window_bits=11; client_no_context_takeover"),
    ] {
        let line = format!("{NAME}{answer}");
        assert_eq!(confirm(offers, &line), Err(NegotiationError::NotOffered), "{line}");
    }
}

#[test]
fn answers_set_the_parameters() {
    let small = DeflateParameters { server: window(10), client: window(11) };
    let both = [small, DeflateParameters::DEFAULT];
    let no_takeover = |context: DeflateContext| DeflateContext { takeover: false, ..context };
    for (offers, answer, expected) in [
        (&[DeflateParameters::DEFAULT][..], "", DeflateParameters::DEFAULT),
        // The server may add this without a request.
        (&[DeflateParameters::DEFAULT], "; server_max_window_bits=9", server(window(9))),
        (
            &[DeflateParameters::DEFAULT],
            "; server_no_context_takeover",
            server(DeflateContext::NO_TAKEOVER),
        ),
        (
            &[DeflateParameters::DEFAULT],
            "; client_no_context_takeover",
            client(DeflateContext::NO_TAKEOVER),
        ),
        (&[DeflateParameters::DEFAULT], "; client_max_window_bits=\"8\"", client(window(8))),
        (&[small], "; server_max_window_bits=9", DeflateParameters { server: window(9), ..small }),
        (
            &[small],
            "; server_max_window_bits=10; client_max_window_bits=9; client_no_context_takeover",
            DeflateParameters { client: no_takeover(window(9)), ..small },
        ),
        // This accepts the second offer.
        (&both, "", DeflateParameters::DEFAULT),
        // This may accept either. The client is bound by the parameters of both.
        (&both, "; server_max_window_bits=10", small),
    ] {
        let line = format!("{NAME}{answer}");
        assert_eq!(confirm(offers, &line), Ok(expected), "{line}");
    }
}

#[test]
fn all_pairs_of_configurations_agree() {
    let all: Vec<DeflateContext> = contexts().collect();
    for &client in &all {
        for &server in &all {
            let client = DeflateParameters { server: client, client: server };
            let server = DeflateParameters { server, client: all[3] };
            deflate::agreement(client, DeflateParameters::DEFAULT, server);
            deflate::agreement(server, client, client);
        }
    }
}

fn any_parameters() -> impl Strategy<Value = DeflateParameters> {
    let context = || any::<u8>().prop_map(deflate::context);
    (context(), context()).prop_map(|(server, client)| DeflateParameters { server, client })
}

proptest! {
    #![proptest_config(support::proptest_config())]

    #[test]
    fn any_line_is_read_as_the_naive_reading_has_it(
        wanted in any_parameters(),
        fallback in any_parameters(),
        line in "(permessage-deflate|x)((; ?(server|client)_(no_context_takeover|max_window_bits)(=\"?1?[0-9]\"?)?){0,4}(; x)?,? ?(permessage-deflate)?){0,2}",
    ) {
        deflate::negotiation(wanted, fallback, line.as_bytes());
    }

    #[test]
    fn any_two_ends_agree(
        wanted in any_parameters(),
        fallback in any_parameters(),
        server in any_parameters(),
    ) {
        deflate::agreement(wanted, fallback, server);
    }
}
