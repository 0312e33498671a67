//! Header fields in the encoding of QPACK (RFC 9204), without a dynamic table. The settings do not
//! allow the peer to use one either: its capacity is 0.

use std::io;

/// A field: its name and its value.
pub(crate) type Field = (String, Vec<u8>);

/// Returns the static table (appendix A). Each line of the file has a name, a tab and a value.
fn static_table() -> impl Iterator<Item = (&'static str, &'static str)> {
    include_str!("static_table.txt").lines().filter_map(|line| line.split_once('\t'))
}

/// Encodes a section of fields, with references to the static table where it has the field.
pub(crate) fn encode<'f>(fields: impl IntoIterator<Item = (&'f str, &'f [u8])>) -> Vec<u8> {
    // Required Insert Count and Base (§4.5.1): nothing refers to the dynamic table.
    let mut section = vec![0, 0];
    for (name, value) in fields {
        let index = |wanted: Option<&[u8]>| {
            static_table().position(|(known, its_value)| {
                known == name && wanted.is_none_or(|value| its_value.as_bytes() == value)
            })
        };
        if let Some(index) = index(Some(value)) {
            integer(0b1100_0000, 6, index, &mut section); // indexed field line (§4.5.2)
            continue;
        }
        match index(None) {
            // Literal field line with name reference (§4.5.4), or with literal name (§4.5.6).
            Some(index) => integer(0b0101_0000, 4, index, &mut section),
            None => {
                integer(0b0010_0000, 3, name.len(), &mut section);
                section.extend_from_slice(name.as_bytes());
            }
        }
        integer(0, 7, value.len(), &mut section);
        section.extend_from_slice(value);
    }
    section
}

/// Decodes a section of fields. Fails if it refers to the dynamic table.
pub(crate) fn decode(mut section: &[u8]) -> io::Result<Vec<Field>> {
    let input = &mut section;
    if read_integer(input, 8)? != 0 {
        return Err(malformed("a section that refers to the dynamic table"));
    }
    read_integer(input, 7)?;
    let mut fields = Vec::new();
    while let Some(&first) = input.first() {
        fields.push(match first {
            0b1100_0000.. => {
                let (name, value) = known(read_integer(input, 6)?)?;
                (name.to_owned(), value.as_bytes().to_vec())
            }
            0b0101_0000..=0b0101_1111 | 0b0111_0000..=0b0111_1111 => {
                let (name, _) = known(read_integer(input, 4)?)?;
                (name.to_owned(), read_string(input, 7)?)
            }
            0b0010_0000..=0b0011_1111 => {
                let name = String::from_utf8(read_string(input, 3)?);
                let name = name.map_err(|_| malformed("a name that is not text"))?;
                (name, read_string(input, 7)?)
            }
            _ => return Err(malformed("a field of the dynamic table")),
        });
    }
    Ok(fields)
}

fn known(index: usize) -> io::Result<(&'static str, &'static str)> {
    static_table().nth(index).ok_or_else(|| malformed("an index beyond the static table"))
}

/// Appends an integer with a prefix of this many bits (RFC 7541 §5.1). `first` has the other bits
/// of the first byte.
fn integer(first: u8, prefix: u32, value: usize, out: &mut Vec<u8>) {
    let max = (1 << prefix) - 1;
    if value < max {
        out.push(first | value as u8);
        return;
    }
    out.push(first | max as u8);
    let mut rest = value - max;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn read_integer(input: &mut &[u8], prefix: u32) -> io::Result<usize> {
    let max = (1 << prefix) - 1;
    let mut value = usize::from(byte(input)?) & max;
    if value < max {
        return Ok(value);
    }
    // Longer integers cannot be the length of anything in memory here.
    for shift in [0, 7, 14] {
        let next = usize::from(byte(input)?);
        value += (next & 0x7F) << shift;
        if next < 0x80 {
            return Ok(value);
        }
    }
    Err(malformed("an integer that is too large"))
}

/// Reads a string. The bit before the prefix of its length tells whether it is Huffman-coded
/// (§4.1.2).
fn read_string(input: &mut &[u8], prefix: u32) -> io::Result<Vec<u8>> {
    let is_huffman = input.first().is_some_and(|first| first & (1 << prefix) != 0);
    let len = read_integer(input, prefix)?;
    let (bytes, rest) = input.split_at_checked(len).ok_or_else(|| malformed("a cut string"))?;
    *input = rest;
    if !is_huffman {
        return Ok(bytes.to_vec());
    }
    let mut decoded = Vec::new();
    httlib_huffman::decode(bytes, &mut decoded, httlib_huffman::DecoderSpeed::FourBits)
        .map_err(|_| malformed("a string that is not Huffman-coded"))?;
    Ok(decoded)
}

fn byte(input: &mut &[u8]) -> io::Result<u8> {
    let (&first, rest) = input.split_first().ok_or_else(|| malformed("a cut section"))?;
    *input = rest;
    Ok(first)
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what} (RFC 9204)"))
}
