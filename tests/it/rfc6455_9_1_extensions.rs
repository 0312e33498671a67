//! RFC 6455 §9.1: the header field `Sec-WebSocket-Extensions`.

use crate::support;

use std::cell::Cell;
use std::fmt;

use proptest::prelude::*;
use support::extensions::{Element, check, read, write};
use wsframe::extensions::{ExtensionWriter, Extensions};

fn element(name: &str, parameters: &[(&str, Option<&str>)]) -> Element {
    let parameter = |&(name, value): &(&str, Option<&str>)| (name.into(), value.map(Into::into));
    (name.into(), parameters.iter().map(parameter).collect())
}

#[test]
fn examples_of_section_9_1() {
    // The header field may be split over several lines.
    let joined = read(b"foo, bar; baz=2").unwrap();
    assert_eq!(joined, [element("foo", &[]), element("bar", &[("baz", Some("2"))])]);
    let split = [read(b"foo").unwrap(), read(b"bar; baz=2").unwrap()].concat();
    assert_eq!(split, joined);

    assert_eq!(read(b"deflate-stream").unwrap(), [element("deflate-stream", &[])]);
    assert_eq!(
        read(b"mux; max-channels=4; flow-control, deflate-stream").unwrap(),
        [
            element("mux", &[("max-channels", Some("4")), ("flow-control", None)]),
            element("deflate-stream", &[]),
        ]
    );
    assert_eq!(read(b"private-extension").unwrap(), [element("private-extension", &[])]);
}

#[test]
fn offers_with_fallback_keep_their_order() {
    let line = b"permessage-deflate; client_max_window_bits; server_max_window_bits=10, \
        permessage-deflate; client_max_window_bits";
    let window = ("client_max_window_bits", None);
    assert_eq!(
        read(line).unwrap(),
        [
            element("permessage-deflate", &[window, ("server_max_window_bits", Some("10"))]),
            element("permessage-deflate", &[window]),
        ]
    );
}

#[test]
fn repeated_parameters_are_handed_out() {
    let twice = [("b", Some("1")), ("b", None), ("b", Some("1"))];
    assert_eq!(read(b"a; b=1; b; b=1").unwrap(), [element("a", &twice)]);
}

#[test]
fn blanks_and_empty_elements() {
    let expected = [element("a", &[("b", Some("1")), ("c", None)]), element("d", &[])];
    for line in [
        "a;b=1;c,d",
        " a ; b = 1 ; c , d ",
        "\ta\t;\tb\t=\t\"1\"\t;\tc\t,\td\t",
        ",a;b=1;c,,d,",
        " , , a;b=\"\\1\";c, ,\t, d , , ",
    ] {
        assert_eq!(read(line.as_bytes()).as_deref(), Some(&expected[..]), "{line}");
    }
}

/// RFC 9110 §5.6.1.2: "at least one non-empty element is required".
#[test]
fn a_list_without_elements_is_refused() {
    for nothing in ["", " ", "\t", ",", ",,", " , ,, "] {
        let error = Extensions::parse(nothing.as_bytes()).unwrap_err();
        assert_eq!(error.offset(), nothing.len(), "{nothing:?}");
        check(nothing.as_bytes());
    }
}

#[test]
fn quoted_values() {
    for (line, value) in [
        (r#"a; b="c""#, "c"),
        (r#"a; b="\c""#, "c"),
        (r#"a; b="1\2\3""#, "123"),
        (r#"a; b="!#$%&'*+-.^_`|~""#, "!#$%&'*+-.^_`|~"),
    ] {
        assert_eq!(read(line.as_bytes()).unwrap(), [element("a", &[("b", Some(value))])], "{line}");
    }
}

/// A value compares as its unescaped characters. It is a slice of the line unless it has escapes.
#[test]
fn values_compare_as_unescaped_characters() {
    let line = br#"a; b=10; c="10"; d="\1\0"; e=1; f=100; g=11"#;
    let extension = Extensions::parse(line).unwrap().next().unwrap();
    let values: Vec<_> =
        extension.parameters().map(|parameter| parameter.value().unwrap()).collect();
    for (value, slice) in values.iter().zip([Some("10"), Some("10"), None, Some("1")]) {
        assert_eq!(value.as_str(), slice);
    }
    for (at, value) in values.iter().enumerate() {
        let is_ten = at < 3;
        assert_eq!(*value == "10", is_ten, "{value}");
        assert_eq!(*value == *"10", is_ten, "{value}");
        assert_eq!(*value == values[0], is_ten, "{value}");
    }
}

#[test]
fn malformed_lists_are_refused_at_the_first_wrong_byte() {
    for (line, offset) in [
        (";", 0),
        ("=", 0),
        ("\"a\"", 0),
        ("a;", 2),
        ("a; ", 3),
        ("a;;b", 2),
        ("a; b=", 5),
        ("a; b=,c", 5),
        ("a; b==c", 5),
        ("a; b=c=d", 6),
        ("a b", 2),
        ("a; b c", 5),
        ("a=b", 1),
        ("a; =b", 3),
        ("a; \"b\"", 3),
        ("a; \"b\"=c", 3),
        ("a; b=\"", 5),
        ("a; b=\"c", 5),
        ("a; b=\"c\\\"", 5),
        ("a; b=\"\"", 5),
        ("a; b=\"c d\"", 5),
        ("a; b=\"c,d\"", 5),
        ("a; b=\"\\\"\"", 5),
        ("a; b=\"\\\\\"", 5),
        ("a; b=\"c\\\\d\"", 5),
        ("a; b=\"c\"d", 8),
        ("a; b='c d'", 8),
        ("a/1", 1),
        ("a, (b)", 3),
        ("a\0", 1),
        ("a\r\nb", 1),
        ("a\x7f", 1),
        ("a, é", 3),
        ("a; b=\"é\"", 5),
    ] {
        let error = Extensions::parse(line.as_bytes()).expect_err(line);
        assert_eq!(error.offset(), offset, "{line}: {error}");
        assert!(error.to_string().contains(&format!("at byte {offset} (RFC 6455 §9.1)")));
        check(line.as_bytes());
    }
    assert_eq!(Extensions::parse(b"ab\xFF").unwrap_err().offset(), 2);
}

#[test]
fn every_byte_is_accepted_where_the_grammar_allows_it() {
    for byte in 0..=255 {
        for (before, after) in [("", ""), ("a", "b"), ("a;", ""), ("a;b", ""), ("a;b=\"", "\"")] {
            check(&[before.as_bytes(), &[byte], after.as_bytes()].concat());
            check(&[before.as_bytes(), &[b'\\', byte], after.as_bytes()].concat());
        }
    }
}

#[test]
fn numeric_values() {
    for (value, number) in [
        ("0", Some(0)),
        ("8", Some(8)),
        ("15", Some(15)),
        ("4294967295", Some(u32::MAX)),
        ("4294967296", None),
        ("08", None),
        ("00", None),
        ("+8", None),
        ("-8", None),
        ("8a", None),
        ("1e1", None),
    ] {
        let line = format!("a; b={value}");
        let extension = Extensions::parse(line.as_bytes()).unwrap().next().unwrap();
        let parameter = extension.parameters().next().unwrap();
        assert_eq!(parameter.value().unwrap().number(), number, "{value}");
    }
}

#[test]
fn only_tokens_can_be_written() {
    let injections = ["", " ", "a b", "a,b", "a;b", "a=b", "a\r\nX: y", "\"a\"", "é", "a\0"];
    for text in injections {
        let mut line = String::new();
        let mut to = ExtensionWriter::new(&mut line);
        assert!(to.flag("before-any-extension").is_err());
        assert!(to.extension(text).is_err());
        assert!(to.is_empty());
        to.extension("a").unwrap();
        assert!(to.flag(text).is_err());
        assert!(to.parameter(text, 1).is_err());
        assert!(to.parameter("b", text).is_err());
        assert!(!to.is_empty());
        assert_eq!(line, "a");
    }
}

#[test]
fn a_value_that_displays_differently_each_time_is_checked_each_time() {
    struct Fickle(Cell<bool>);
    impl fmt::Display for Fickle {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(if self.0.replace(true) { "\r\nX: y" } else { "8" })
        }
    }
    let mut line = String::new();
    let mut to = ExtensionWriter::new(&mut line);
    assert!(to.extension("a").unwrap().parameter("b", Fickle(Cell::new(false))).is_err());
    assert!(!line.contains('\r'));
}

fn token() -> impl Strategy<Value = String> {
    "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8}"
}

proptest! {
    #![proptest_config(support::proptest_config())]

    #[test]
    fn any_list_round_trips(
        list in prop::collection::vec(
            (token(), prop::collection::vec((token(), prop::option::of(token())), 0..4)),
            1..4,
        ),
    ) {
        let mut line = String::new();
        write(&list, &mut ExtensionWriter::new(&mut line));
        prop_assert_eq!(read(line.as_bytes()), Some(list));
        check(line.as_bytes());
    }

    #[test]
    fn any_line_is_read_as_the_oracle_reads_it(line in r#"[ab1,;="\\ \t/é]{0,24}"#) {
        check(line.as_bytes());
    }
}
