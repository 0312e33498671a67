//! Names from other crates, which a search of the documentation must find.

use std::fs;
use std::path::Path;

/// Each is the name of a public item, or a `doc(alias)` of the item that does the same.
const SOUGHT: [&str; 22] = [
    "accept_async",
    "connect_async",
    "from_raw_socket",
    "from_partially_read",
    "into_inner",
    "max_message_size",
    "max_frame_size",
    "auto_pong",
    "read_message",
    "write_message",
    "recv",
    "next_message",
    "is_ping",
    "into_text",
    "CloseFrame",
    "WebSocketConfig",
    "set_config",
    "set_auto_pong",
    "FragmentCollector",
    "unmask",
    "apply_mask",
    "StringCollector",
];

/// Appends the text of all files in a folder.
fn read(folder: &Path, to: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { read(&path, to) } else { *to += &fs::read_to_string(&path).unwrap() }
    }
}

#[test]
fn names_of_other_crates_are_found() {
    let mut source = String::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../src"), &mut source);
    for name in SOUGHT {
        let is_name = |item: &str| {
            let item = format!("pub {item} {name}");
            let mut after = source.split(&item).skip(1);
            after.any(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        };
        let is_alias = source.contains(&format!("#[doc(alias = \"{name}\")]"));
        let items = ["fn", "const fn", "async fn", "struct"];
        assert!(is_alias || items.into_iter().any(is_name), "{name} is not found");
    }
}
