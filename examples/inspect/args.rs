//! The command line.

use std::ffi::OsString;

use wsframe::{Role, Rsv, Rules};

pub(crate) const USAGE: &str = "usage: inspect [OPTIONS] FILE   (- is the standard input; --help)";

pub(crate) const HELP: &str = "\
Shows the frames in one direction of a captured WebSocket connection.

usage: inspect [OPTIONS] FILE

FILE holds the bytes that one side sent; - is the standard input. If it begins with
the HTTP head of the handshake, that is skipped. Offsets count from the beginning of FILE.

  --from client|server  which side sent the bytes; if not told, the HTTP head says it,
                        or else the first frame does by being masked or not
  --claim RSV1[,RSV2…]  accept these RSV bits, as an extension would: RSV1 for
                        permessage-deflate (what it has compressed is shown as it is)
  --lenient             accept unmasked frames from a client, and lengths in more bytes
                        than they need
  --hex                 FILE holds hexadecimal digits and white space
  -h, --help            this text

A line for each frame; a character that is cut by the end of a fragment stands in the line
of the fragment that completes it. Reading ends at the first rule that is broken.

exit status: 0, also if FILE ends inside a frame (the summary says so)
             1 if a rule is broken
             2 if FILE cannot be read, or the arguments make no sense
";

/// The arguments.
pub(crate) struct Args {
    pub(crate) file: OsString,
    pub(crate) hex: bool,
    pub(crate) from: Option<Role>,
    claim: Rsv,
    lenient: bool,
}

impl Args {
    /// Parses the arguments. Returns `None` for `--help`.
    pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Option<Self>, String> {
        let mut parsed = Self {
            file: OsString::new(),
            hex: false,
            from: None,
            claim: Rsv::NONE,
            lenient: false,
        };
        let mut file = None;
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            match arg.to_str() {
                Some("-h" | "--help") => return Ok(None),
                Some("--hex") => parsed.hex = true,
                Some("--lenient") => parsed.lenient = true,
                Some("--from") => parsed.from = Some(role(args.next())?),
                Some("--claim") => parsed.claim = rsv(args.next())?,
                Some(option) if option.starts_with('-') && option != "-" => {
                    return Err(format!("no such option: {option}"));
                }
                _ if file.is_some() => return Err("more than one FILE".into()),
                _ => file = Some(arg),
            }
        }
        parsed.file = file.ok_or("FILE is missing")?;
        Ok(Some(parsed))
    }

    /// Returns the rules for frames that `receiver` receives.
    pub(crate) fn rules(&self, receiver: Role) -> Rules {
        let rules = Rules::new(receiver).allow_rsv(self.claim);
        if self.lenient { rules.accept_unmasked().accept_non_minimal_lengths() } else { rules }
    }
}

fn role(value: Option<OsString>) -> Result<Role, String> {
    match value.as_ref().and_then(|value| value.to_str()) {
        Some("client") => Ok(Role::Client),
        Some("server") => Ok(Role::Server),
        _ => Err("--from takes client or server".into()),
    }
}

fn rsv(value: Option<OsString>) -> Result<Rsv, String> {
    let names = value.as_ref().and_then(|value| value.to_str());
    names
        .unwrap_or_default()
        .split(',')
        .try_fold(Rsv::NONE, |bits, name| match name {
            "RSV1" => Some(bits | Rsv::RSV1),
            "RSV2" => Some(bits | Rsv::RSV2),
            "RSV3" => Some(bits | Rsv::RSV3),
            _ => None,
        })
        .ok_or_else(|| "--claim takes RSV1, RSV2 or RSV3, or several with commas".into())
}
