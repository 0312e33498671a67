//! RFC 6455 §5.5.1 and §7.4: the body of a Close frame.

use crate::support;

use proptest::prelude::*;
use wsframe::{CloseBody, CloseCode, EncodeError, Opcode, ProtocolError, Rsv};

#[test]
fn an_empty_body_decodes_to_none() {
    assert_eq!(CloseBody::decode(b""), Ok(None));
}

#[test]
fn a_body_of_one_byte_is_refused() {
    for byte in 0..=255 {
        assert_eq!(CloseBody::decode(&[byte]), Err(ProtocolError::TruncatedCloseCode));
    }
}

#[test]
fn every_code_received_and_sent() {
    for number in 0..=u16::MAX {
        let code = CloseCode::new(number);
        let allowed = (1000..=1003).contains(&number)
            || (1007..=1014).contains(&number)
            || (3000..=4999).contains(&number);
        assert_eq!(code.may_be_sent(), allowed);

        let body = CloseBody { code, reason: "" };
        let expected = if allowed { Ok(()) } else { Err(ProtocolError::InvalidCloseCode(number)) };
        assert_eq!(CloseBody::decode(&number.to_be_bytes()).map(|_| ()), expected);
        let refused = EncodeError::InvalidCloseCode(number);
        assert_eq!(body.encode().map(|_| ()), if allowed { Ok(()) } else { Err(refused) });
        if allowed {
            assert_eq!(CloseBody::decode(&body.encode().unwrap()), Ok(Some(body)));
        }
    }
}

#[test]
fn a_reason_that_is_not_utf8_is_refused_where_it_is() {
    let error = CloseBody::decode(b"\x03\xE8na\xC3ve").unwrap_err();
    let ProtocolError::InvalidUtf8(position) = error else { panic!("{error:?}") };
    assert_eq!((position.offset(), position.valid_up_to()), (3, 2));
    assert_eq!(error.close_code(), CloseCode::INVALID_PAYLOAD);

    let cut = CloseBody::decode(b"\x03\xE8caf\xC3").unwrap_err();
    let ProtocolError::InvalidUtf8(position) = cut else { panic!("{cut:?}") };
    assert!(position.is_incomplete());
}

#[test]
fn a_reason_of_123_bytes_goes_and_a_longer_one_is_never_cut() {
    let code = CloseCode::NORMAL;
    for reason in ["x".repeat(123), "é".repeat(61) + "x", "🦀".repeat(30) + "abc"] {
        assert_eq!(reason.len(), CloseBody::MAX_REASON_LEN);
        let body = CloseBody { code, reason: &reason };
        let payload = body.encode().unwrap();
        assert_eq!(payload.len(), 125);
        assert_eq!(CloseBody::decode(&payload), Ok(Some(body)));

        let longer = reason + "x";
        let body = CloseBody { code, reason: &longer };
        assert_eq!(body.encode().err(), Some(EncodeError::ControlTooLong(126)));
        let payload = [&code.get().to_be_bytes(), longer.as_bytes()].concat();
        assert_eq!(CloseBody::decode(&payload), Err(ProtocolError::ControlTooLong(126)));
    }
}

#[test]
fn close_codes_of_errors() {
    let utf8 = CloseBody::decode(b"\x03\xE8\xFF").unwrap_err();
    assert_eq!(utf8.close_code().get(), 1007);
    assert_eq!(ProtocolError::FrameTooLong(1 << 40).close_code().get(), 1009);
    for error in [
        ProtocolError::ReservedOpcode(3),
        ProtocolError::UnexpectedRsv(Rsv::from_bits(0x40)),
        ProtocolError::FragmentedControl(Opcode::Ping),
        ProtocolError::ControlTooLong(126),
        ProtocolError::UnmaskedByClient,
        ProtocolError::MaskedByServer,
        ProtocolError::NonMinimalLength(5),
        ProtocolError::LengthOverflow(1 << 63),
        ProtocolError::TruncatedCloseCode,
        ProtocolError::InvalidCloseCode(1005),
    ] {
        assert_eq!(error.close_code().get(), 1002, "{error}");
        assert!(error.to_string().ends_with(&format!(" ({})", error.section())));
    }
}

proptest! {
    #![proptest_config(support::proptest_config())]

    #[test]
    fn any_payload_is_judged_as_the_rfc_says(payload in prop::collection::vec(any::<u8>(), 0..130)) {
        let decoded = CloseBody::decode(&payload);
        match payload.split_first_chunk::<2>() {
            None => prop_assert_eq!(decoded.is_ok(), payload.is_empty()),
            Some((code, reason)) => {
                let code = CloseCode::new(u16::from_be_bytes(*code));
                let expected = code.may_be_sent() && payload.len() <= 125;
                match (expected, core::str::from_utf8(reason)) {
                    (true, Ok(reason)) => {
                        prop_assert_eq!(decoded, Ok(Some(CloseBody { code, reason })));
                    }
                    _ => prop_assert!(decoded.is_err()),
                }
            }
        }
    }
}
