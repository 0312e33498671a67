//! A naive parser of `Sec-WebSocket-Extensions` (RFC 6455 §9.1), and a check for any line.

use wsframe::extensions::{ExtensionWriter, Extensions};

/// A name, and the parameters with or without values.
pub type Element = (String, Vec<(String, Option<String>)>);

#[derive(Debug, PartialEq)]
enum Word {
    Token(String),
    Quoted(String),
    Separator(u8),
}

/// Returns the elements of the list, at least one. Returns `None` if the line is not valid.
pub fn naive(line: &[u8]) -> Option<Vec<Element>> {
    let words = words(line)?;
    let mut list = Vec::new();
    for element in words.split(|word| *word == Word::Separator(b',')) {
        if element.is_empty() {
            continue;
        }
        let mut parts = element.split(|word| *word == Word::Separator(b';'));
        let [Word::Token(name)] = parts.next()? else { return None };
        let mut parameters = Vec::new();
        for part in parts {
            parameters.push(match part {
                [Word::Token(name)] => (name.clone(), None),
                [
                    Word::Token(name),
                    Word::Separator(b'='),
                    Word::Token(value) | Word::Quoted(value),
                ] => (name.clone(), Some(value.clone())),
                _ => return None,
            });
        }
        list.push((name.clone(), parameters));
    }
    Some(list).filter(|list| !list.is_empty())
}

fn words(line: &[u8]) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut at = 0;
    while at < line.len() {
        match line[at] {
            b' ' | b'\t' => at += 1,
            byte @ (b',' | b';' | b'=') => {
                words.push(Word::Separator(byte));
                at += 1;
            }
            b'"' => {
                let mut value = String::new();
                at += 1;
                while *line.get(at)? != b'"' {
                    if line[at] == b'\\' {
                        at += 1;
                    }
                    let byte = *line.get(at)?;
                    if !is_token_byte(byte) {
                        return None;
                    }
                    value.push(byte.into());
                    at += 1;
                }
                if value.is_empty() {
                    return None;
                }
                words.push(Word::Quoted(value));
                at += 1;
            }
            byte if is_token_byte(byte) => {
                let len = line[at..].iter().take_while(|&&byte| is_token_byte(byte)).count();
                words.push(Word::Token(String::from_utf8(line[at..at + len].to_vec()).unwrap()));
                at += len;
            }
            _ => return None,
        }
    }
    Some(words)
}

/// Returns whether this is any CHAR except CTLs or separators (RFC 2616 §2.2).
fn is_token_byte(byte: u8) -> bool {
    (33..127).contains(&byte) && !b"()<>@,;:\\\"/[]?={}".contains(&byte)
}

/// Parses the line with the crate.
pub fn read(line: &[u8]) -> Option<Vec<Element>> {
    let list = Extensions::parse(line).ok()?;
    let element = |extension: wsframe::extensions::ExtensionElement<'_>| {
        let parameters = extension.parameters().map(|parameter| {
            let value = parameter.value().map(|value| {
                let text: String = value.chars().collect();
                assert_eq!(value, text.as_str());
                assert_eq!(value.to_string(), text);
                assert!(value.as_str().is_none_or(|slice| slice == text));
                assert_eq!(value.number().map(|number| number.to_string()), decimal(&text));
                text
            });
            (parameter.name().to_owned(), value)
        });
        (extension.name().to_owned(), parameters.collect())
    };
    Some(list.map(element).collect())
}

/// Returns the text if it is a `u32` in its usual form.
fn decimal(text: &str) -> Option<String> {
    let number: u32 = text.parse().ok()?;
    Some(number.to_string()).filter(|written| written == text)
}

/// Compares the crate with the naive parser on any line. Writes the elements and parses them again.
pub fn check(line: &[u8]) {
    let list = read(line);
    assert_eq!(list, naive(line), "{}", line.escape_ascii());
    let Some(list) = list else {
        let error = Extensions::parse(line).unwrap_err();
        assert!(error.offset() <= line.len());
        return;
    };

    let mut written = String::new();
    write(&list, &mut ExtensionWriter::new(&mut written));
    assert_eq!(read(written.as_bytes()).as_ref(), Some(&list));
    let displayed: Vec<String> =
        Extensions::parse(line).unwrap().map(|extension| extension.to_string()).collect();
    assert_eq!(displayed.join(", "), written);
}

pub fn write(list: &[Element], to: &mut ExtensionWriter<'_>) {
    for (name, parameters) in list {
        to.extension(name).unwrap();
        for (name, value) in parameters {
            match value {
                Some(value) => to.parameter(name, value).unwrap(),
                None => to.flag(name).unwrap(),
            };
        }
    }
}
