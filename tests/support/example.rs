//! Running the examples as programs.

use std::env;
use std::process::Command;

/// Returns the command of an example, `target/<profile>/examples/<name>`.
pub fn command(name: &str) -> Command {
    let test = env::current_exe().expect("the path of this test");
    let profile = test.ancestors().nth(2).expect("a test lies in target/<profile>/deps");
    let example = profile.join("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX));
    assert!(
        example.is_file(),
        "the example is not there; `cargo test` or `cargo build --example {name}` builds it"
    );
    Command::new(example)
}
