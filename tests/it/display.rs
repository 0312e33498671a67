//! `Display` and `Debug` of values and errors.
//!
//! The wording may change. The tests check that the text of each error is one line, differs from
//! all others, and contains its values and the section of the broken rule.

use crate::support;

use std::collections::HashSet;
use std::error::Error;
use std::fmt::{Debug, Write};
#[cfg(feature = "std")]
use std::io::{self, ErrorKind};

use support::Room;
use wsframe::{
    CloseBody, CloseCode, EncodeError, FrameHeader, Mask, MaskingKey, Opcode, ProtocolError,
    ReceiveError, Role, Rsv, Rules, Utf8Error, Utf8Validator,
};

/// Checks that each text is one line that differs from the others, and cites a section if a rule
/// was broken.
fn check_lines<E: Error>(errors: &[E], cites: impl Fn(&E) -> bool) {
    let lines: HashSet<String> = errors.iter().map(E::to_string).collect();
    assert_eq!(lines.len(), errors.len(), "{lines:#?}");
    for error in errors {
        let line = error.to_string();
        assert!(line.len() > 10 && !line.contains('\n'), "{line:?}");
        let cited = line.contains("(RFC ") && line.ends_with(')') && line.contains(" §");
        assert_eq!(cited, cites(error), "{line:?}");
        for words in ["  ", "..", "()"] {
            assert!(!line.contains(words), "{line:?}");
        }
        // A writer that accepts less than the whole line causes an error.
        for room in 0..=line.len() {
            assert_eq!(write!(Room(room), "{error}").is_ok(), room == line.len());
        }
    }
}

/// Checks that `?` converts the error to an `io::Error` of this kind, with the same text.
#[cfg(feature = "std")]
fn check_io<E: Error + Copy + Into<io::Error>>(error: E, kind: ErrorKind) {
    let converted: io::Error = error.into();
    assert_eq!((converted.kind(), converted.to_string()), (kind, error.to_string()));
}

fn not_utf8() -> Utf8Error {
    Utf8Validator::new().validate(b"ab\xFF").unwrap_err()
}

fn incomplete() -> Utf8Error {
    let mut text = Utf8Validator::new();
    text.validate(b"\xC3").unwrap();
    text.finish().unwrap_err()
}

#[test]
fn texts_of_protocol_errors() {
    let errors = [
        ProtocolError::ReservedOpcode(11),
        ProtocolError::UnexpectedRsv(Rsv::from_bits(0x40)),
        ProtocolError::UnexpectedRsv(Rsv::from_bits(0x30)),
        ProtocolError::FragmentedControl(Opcode::Ping),
        ProtocolError::ControlTooLong(126),
        ProtocolError::UnmaskedByClient,
        ProtocolError::MaskedByServer,
        ProtocolError::NonMinimalLength(5),
        ProtocolError::LengthOverflow(1 << 63),
        ProtocolError::FrameTooLong(4321),
        ProtocolError::UnexpectedContinuation,
        ProtocolError::ExpectedContinuation(Opcode::Text),
        ProtocolError::MessageTooLong(5432),
        ProtocolError::TooManyFragments(6543),
        not_utf8().into(),
        incomplete().into(),
        ProtocolError::TruncatedCloseCode,
        ProtocolError::InvalidCloseCode(1005),
        ProtocolError::InvalidDeflate,
        ProtocolError::TruncatedDeflate,
    ];
    check_lines(&errors, |_| true);
    for error in errors {
        let line = error.to_string();
        assert!(line.ends_with(&format!(" ({})", error.section())), "{line:?}");
        // The errors of all higher layers have the same text.
        assert_eq!(ReceiveError::from(error).to_string(), line);
    }
    let contains = |error: ProtocolError, what: &str| error.to_string().contains(what);
    assert!(contains(ProtocolError::ReservedOpcode(11), "0xb"));
    assert!(contains(ProtocolError::UnexpectedRsv(Rsv::from_bits(0x40)), ": RSV1 ("));
    assert!(contains(ProtocolError::UnexpectedRsv(Rsv::from_bits(0x30)), ": RSV2 RSV3 ("));
    assert!(contains(ProtocolError::FrameTooLong(4321), " 4321 "));
    assert!(contains(ProtocolError::MessageTooLong(5432), " 5432 "));
    assert!(contains(ProtocolError::TooManyFragments(6543), " 6543 "));
    assert!(contains(ProtocolError::InvalidCloseCode(1005), " 1005 "));
    assert!(contains(not_utf8().into(), "byte 2"));
    #[cfg(feature = "std")]
    check_io(not_utf8(), ErrorKind::InvalidData);
}

#[test]
fn texts_of_encode_errors() {
    let errors = [
        (EncodeError::FragmentedControl(Opcode::Ping), "§5.5)"),
        (EncodeError::ControlTooLong(126), " 126 bytes"),
        (EncodeError::LengthOverflow(1 << 63), " 9223372036854775808 bytes"),
        (EncodeError::UnexpectedRsv(Rsv::from_bits(0x30)), "RSV2 RSV3"),
        (EncodeError::UnexpectedContinuation, "§5.4)"),
        (EncodeError::ExpectedContinuation(Opcode::Text), "§5.4)"),
        (EncodeError::NotAMessage(Opcode::Ping), "ping"),
        (EncodeError::InvalidUtf8(not_utf8()), "byte 2"),
        (EncodeError::TruncatedCloseCode, "§5.5.1)"),
        (EncodeError::InvalidCloseCode(1005), " 1005 "),
        (EncodeError::FrameAfterClose, "§5.5.1)"),
        (EncodeError::MaskedShared, "§5.3)"),
        (EncodeError::NoRoom { needed: 77 }, " 77 "),
    ];
    check_lines(&errors.map(|(error, _)| error), |error| {
        !matches!(error, EncodeError::NoRoom { .. })
    });
    for (error, part) in errors {
        assert!(error.to_string().contains(part), "{error}");
    }
    check_lines(&[ReceiveError::OutputFull], |_| false);
}

#[test]
fn texts_of_close_codes() {
    let known = [
        CloseCode::NORMAL,
        CloseCode::GOING_AWAY,
        CloseCode::PROTOCOL_ERROR,
        CloseCode::UNSUPPORTED_DATA,
        CloseCode::NO_STATUS,
        CloseCode::ABNORMAL,
        CloseCode::INVALID_PAYLOAD,
        CloseCode::POLICY_VIOLATION,
        CloseCode::TOO_BIG,
        CloseCode::MANDATORY_EXTENSION,
        CloseCode::INTERNAL_ERROR,
        CloseCode::SERVICE_RESTART,
        CloseCode::TRY_AGAIN_LATER,
        CloseCode::BAD_GATEWAY,
        CloseCode::TLS_HANDSHAKE,
    ];
    let numbers: Vec<u16> = (1000..=1015).filter(|&number| number != 1004).collect();
    assert_eq!(known.map(u16::from).to_vec(), numbers);
    let meaning = |number: u16| {
        let line = CloseCode::from(number).to_string();
        let meaning = line.strip_prefix(&format!("{number} (")).unwrap();
        meaning.strip_suffix(')').unwrap().to_owned()
    };
    let mut meanings: HashSet<String> = numbers.iter().map(|&number| meaning(number)).collect();
    assert_eq!(meanings.len(), known.len());
    for (meaning_of_all, numbers) in [
        ("reserved", vec![0, 999, 1004, 1016, 2999, 5000, u16::MAX]),
        ("registered", vec![3000, 3999]),
        ("private use", vec![4000, 4999]),
    ] {
        assert!(meanings.insert(meaning_of_all.to_owned()));
        for number in numbers {
            assert_eq!(meaning(number), meaning_of_all, "{number}");
        }
    }
    assert_eq!(format!("{:?}", CloseCode::new(4242)), "CloseCode(4242)");
}

#[test]
fn texts_of_roles_and_bits() {
    assert_eq!(
        (Role::Client.to_string(), Role::Server.to_string()),
        ("client".into(), "server".into())
    );
    let mut bits = Rsv::RSV3;
    assert_eq!((Rsv::NONE.to_string(), bits.to_string()), (String::new(), "RSV3".into()));
    bits |= Rsv::RSV1;
    assert_eq!((bits.bits(), bits.to_string()), (0x50, "RSV1 RSV3".into()));
    assert_eq!(format!("{bits:?}"), "Rsv(RSV1 RSV3)");
    let rules = Rules::new(Role::Server).allow_rsv(bits).accept_unmasked();
    assert_eq!(
        format!("{rules:?}"),
        "Rules { role: Server, allowed_rsv: Rsv(RSV1 RSV3), allow_rsv_on_all_frames: false, \
         accept_any_masking: true, accept_non_minimal_lengths: false, \
         accept_reserved_opcodes: false, accept_fragmented_control: false, \
         accept_long_control: false }"
    );
}

#[test]
fn masks_and_keys() {
    let key = MaskingKey::from([0x0A, 0xFA, 0x21, 0x3D]);
    assert_eq!(key.to_string(), "0afa213d");
    assert_eq!(format!("{key:?}"), "MaskingKey(0afa213d)");
    assert_eq!(<[u8; 4]>::from(key), [0x0A, 0xFA, 0x21, 0x3D]);
    let mut mask = Mask::from(key);
    assert_eq!(mask, Mask::new(key));
    mask.advance(1);
    assert_eq!(format!("{mask:?}"), "Mask(fa213d0a)");

    let header = FrameHeader::new(Opcode::Text, 5).encode().unwrap();
    assert_eq!(header.as_ref(), [0x81, 5]);
    assert_eq!(format!("{header:?}"), "EncodedHeader([129, 5])");
    let body = CloseBody { code: CloseCode::NORMAL, reason: "!" }.encode().unwrap();
    assert_eq!(body.as_ref(), b"\x03\xE8!");
    assert_eq!(format!("{body:?}"), "EncodedCloseBody([3, 232, 33])");
}

#[test]
fn utf8_validators() {
    let mut text = Utf8Validator::new();
    assert_eq!(format!("{text:?}"), "Utf8Validator { open_bytes: 0 }");
    for (byte, open) in [(0xF0, 1), (0x9F, 2), (0xA6, 3), (0x80, 0)] {
        text.validate(&[byte]).unwrap();
        assert_eq!(format!("{text:?}"), format!("Utf8Validator {{ open_bytes: {open} }}"));
    }
    assert!(text.validate(b"\xFF").is_err());
    assert_eq!(format!("{text:?}"), "Utf8Validator { broken: true }");
}

/// Checks that `Debug` shows the name of the type and these fields.
fn check_debug(value: &dyn Debug, name: &str, fields: &[&str]) {
    let printed = format!("{value:?}");
    assert!(printed.starts_with(name), "{printed}");
    for field in fields {
        assert!(printed.contains(field), "{field} in {printed}");
    }
}

mod extensions {
    use super::*;
    use wsframe::extensions::{ExtensionWriter, Extensions};

    #[test]
    fn texts_of_extension_errors() {
        let lines: [&[u8]; 6] = [b"a; b=\xFF", b",", b"a; ;", b"a b", b"a; b=\"c", b"a; b=\"c,\""];
        let errors = lines.map(|line| Extensions::parse(line).unwrap_err());
        check_lines(&errors, |_| true);
        for error in errors {
            assert!(error.to_string().contains(&format!(" byte {} ", error.offset())), "{error}");
            #[cfg(feature = "std")]
            check_io(error, ErrorKind::InvalidData);
        }
    }

    #[test]
    fn extensions_and_values() {
        let line = br#"x; a="\12"; b=12; c=21"#;
        let extension = Extensions::parse(line).unwrap().next().unwrap();
        assert_eq!(extension.to_string(), "x; a=12; b=12; c=21");
        let values: Vec<_> = extension.parameters().map(|each| each.value().unwrap()).collect();
        assert_eq!(values[0], values[1]);
        assert_ne!(values[0], values[2]);
        assert_eq!(format!("{:?}", values[0]), "\"12\"");

        let mut header = String::new();
        check_debug(&ExtensionWriter::new(&mut header), "ExtensionWriter", &["is_empty: true"]);
    }
}

#[cfg(feature = "handshake")]
mod handshake {
    use super::*;
    use wsframe::extensions::Extensions;
    use wsframe::handshake::{
        HeadError, Rejection, ResponseError, UriError, WebSocketKey, WriteError,
    };

    const HEADS: [HeadError; 8] = [
        HeadError::TooLong,
        HeadError::TooManyHeaders,
        HeadError::Incomplete,
        HeadError::StartLine,
        HeadError::Version,
        HeadError::Header,
        HeadError::ObsFold,
        HeadError::LineEnd,
    ];

    #[test]
    fn texts_of_head_errors() {
        let of_ours = [HeadError::TooLong, HeadError::TooManyHeaders, HeadError::Incomplete];
        check_lines(&HEADS, |error| !of_ours.contains(error));
        for error in HEADS {
            assert_eq!(Rejection::from(error).to_string(), error.to_string());
            assert_eq!(ResponseError::from(error).to_string(), error.to_string());
        }
    }

    #[test]
    fn texts_of_rejections() {
        let refusals = [
            Rejection::Method,
            Rejection::NoHandshake,
            Rejection::HttpVersion,
            Rejection::Target,
            Rejection::Host,
            Rejection::Upgrade,
            Rejection::Connection,
            Rejection::Key,
            Rejection::NoVersion,
            Rejection::Version,
            Rejection::Body,
            Rejection::Subprotocols,
            Rejection::Extensions(Extensions::parse(b"=").unwrap_err()),
            Rejection::Origin,
            Rejection::ConnectProtocol,
        ];
        check_lines(&refusals, |_| true);
        // The text contains the position.
        let malformed = Extensions::parse(b"=").unwrap_err();
        assert_eq!(Rejection::Extensions(malformed).to_string(), malformed.to_string());
    }

    #[test]
    fn texts_of_response_errors() {
        let errors = [
            ResponseError::Status(404),
            ResponseError::HttpVersion,
            ResponseError::Upgrade,
            ResponseError::Connection,
            ResponseError::Accept,
            ResponseError::Subprotocol,
            ResponseError::Extensions(Extensions::parse(b"=").unwrap_err()),
            ResponseError::ExtensionNotOffered,
            ResponseError::ExtensionRepeated,
            ResponseError::ExtensionConflict,
            ResponseError::ExtensionAnswer,
        ];
        check_lines(&errors, |_| true);
        assert!(errors[0].to_string().contains(" 404 "));
    }

    #[test]
    fn texts_of_uri_errors() {
        let errors = [
            UriError::Scheme,
            UriError::Host,
            UriError::Port,
            UriError::Userinfo,
            UriError::Fragment(77),
            UriError::Character(77),
        ];
        check_lines(&errors, |_| true);
        for error in errors {
            assert_eq!(error.to_string().contains("77"), format!("{error:?}").contains("77"));
        }
    }

    #[test]
    fn texts_of_write_errors() {
        let errors = [
            WriteError::HeaderName(7),
            WriteError::HeaderValue(7),
            WriteError::ReservedHeader(7),
            WriteError::Origin,
            WriteError::Subprotocol,
            WriteError::SubprotocolNotOffered,
            WriteError::Status(7),
            WriteError::Uri,
            WriteError::Format,
        ];
        check_lines(&errors, |_| false);
        for error in errors {
            assert_eq!(error.to_string().contains('7'), format!("{error:?}").contains('7'));
        }
    }

    #[cfg(feature = "std")]
    #[test]
    fn errors_become_io_errors() {
        check_io(HeadError::TooLong, ErrorKind::InvalidData);
        check_io(Rejection::Origin, ErrorKind::InvalidData);
        check_io(ResponseError::Status(404), ErrorKind::InvalidData);
        check_io(UriError::Host, ErrorKind::InvalidInput);
        check_io(WriteError::Origin, ErrorKind::InvalidInput);
    }

    #[test]
    fn keys_and_accept_values() {
        let key = WebSocketKey::new(*b"the sample nonce");
        assert_eq!(key.to_string(), "dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(format!("{key:?}"), "Key(\"dGhlIHNhbXBsZSBub25jZQ==\")");
        let accept = key.accept();
        assert_eq!(accept.to_string(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(format!("{accept:?}"), "AcceptValue(\"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\")");
    }
}

#[cfg(feature = "deflate")]
mod deflate {
    use super::*;
    use wsframe::Connection;
    use wsframe::deflate::{
        CompressedConnection, Compressor, CompressorOptions, Config, Decompressor, DeflateContext,
        DeflateParameters, NegotiationError, Pool, PooledCompressor, PooledDecompressor,
        WindowBits,
    };

    #[test]
    fn texts_of_negotiation_errors() {
        let errors = [
            NegotiationError::OtherExtension,
            NegotiationError::UnknownParameter,
            NegotiationError::RepeatedParameter,
            NegotiationError::InvalidValue,
            NegotiationError::NotOffered,
            NegotiationError::RepeatedAnswer,
        ];
        check_lines(&errors, |error| *error != NegotiationError::OtherExtension);
        #[cfg(feature = "std")]
        check_io(NegotiationError::NotOffered, ErrorKind::InvalidData);
    }

    #[test]
    fn debug_output() {
        assert_eq!(format!("{:?}", WindowBits::MAX), "WindowBits(15)");
        let compressor = Compressor::new(DeflateContext::DEFAULT, CompressorOptions::default());
        check_debug(&compressor, "Compressor", &["takeover: true", "level: 5", "stage"]);
        let decompressor = Decompressor::new(DeflateContext::NO_TAKEOVER).max_message_size(123);
        check_debug(&decompressor, "Decompressor", &["takeover: false", "max_message_size: 123"]);
        let pool = Pool::new(Config::new(DeflateParameters::NO_TAKEOVER).max_idle(3));
        check_debug(
            &pool,
            "Pool",
            &["max_idle: 3", "idle_compressors: 0", "idle_decompressors: 0"],
        );
        let agreed = DeflateParameters {
            server: DeflateContext::NO_TAKEOVER,
            client: DeflateContext::DEFAULT,
        };
        let connection = CompressedConnection::new(Connection::server(), Some(agreed));
        assert_eq!(connection.context(), Some(DeflateContext::NO_TAKEOVER));
        let context = format!("context: {:?}", connection.context());
        check_debug(&connection, "CompressedConnection", &["connection: Connection", &context]);
    }

    /// The defaults are those of the documentation.
    #[test]
    fn default_settings() {
        assert_eq!(CompressorOptions::default(), CompressorOptions::DEFAULT);
        assert_eq!(DeflateContext::default(), DeflateContext::DEFAULT);
        assert_eq!(CompressorOptions::DEFAULT.level(200), CompressorOptions::DEFAULT.level(9));
        assert_eq!(CompressorOptions::DEFAULT.memory(0), CompressorOptions::DEFAULT.memory(1));
        assert_eq!(CompressorOptions::DEFAULT.memory(200), CompressorOptions::DEFAULT.memory(9));
        let config = Config::new(DeflateParameters::DEFAULT)
            .compressor_options(CompressorOptions::DEFAULT.level(1));
        assert_ne!(config, Config::default());
        assert_eq!(*Pool::new(config).config(), config);
        let context = DeflateContext::NO_TAKEOVER;
        assert_eq!(PooledCompressor::new(context).context(), context);
        assert_eq!(PooledDecompressor::new(context).context(), context);
    }
}
