/// The kind of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Binary,
    /// JSON, all ASCII.
    Json,
    /// JSON with a few letters that are not ASCII.
    Names,
    Korean,
    Chinese,
    Russian,
    Emoji,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Json => "JSON",
            Self::Names => "JSON with names",
            Self::Korean => "Korean",
            Self::Chinese => "Chinese",
            Self::Russian => "Russian",
            Self::Emoji => "emoji",
        }
    }

    pub fn is_text(self) -> bool {
        self != Self::Binary
    }

    /// Returns `len` bytes of this kind, from `start` of the sample on. If a character would be cut
    /// at the end of text, ASCII replaces it.
    pub fn payload(self, len: usize, start: usize) -> Vec<u8> {
        let sample = match self {
            Self::Binary => return (0..len).map(|i| ((start + i) * 167 % 256) as u8).collect(),
            Self::Json => {
                r#"{"id":48151623,"symbol":"WSF","price":42.1875,"side":"buy","tags":["a","bc"]},"#
            }
            Self::Names => {
                r#"{"id":48151623,"name":"Zoë Müller","city":"São Paulo","street":"Rua Augusta 2690"},"#
            }
            Self::Korean => "웹소켓은 하나의 연결에서 양쪽이 함께 말하는 규약이다. ",
            Self::Chinese => "网络套接字是在单个连接上进行全双工通信的协议。",
            Self::Russian => "Протокол, по которому обе стороны говорят по одному соединению. ",
            Self::Emoji => "🦀🚀🎉👩‍🚀🌍✨🔥🐙",
        };
        let start = start % sample.len();
        let start = (start..).find(|&at| sample.is_char_boundary(at)).unwrap_or(0);
        let text = sample[start..].to_owned() + &sample.repeat(len / sample.len() + 1);
        let end = (0..=len).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        let mut bytes = text.into_bytes();
        bytes.truncate(end);
        bytes.resize(len, b'.');
        bytes
    }
}
