//! The man pages in docs/man match the definitions they are generated from.

use landline_common::command::commands;
use landline_tests::man_pages::pages;
use std::path::Path;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/man")
}

#[test]
fn man_pages_are_up_to_date() {
    for (name, text) in pages().expect("pages") {
        let written = std::fs::read_to_string(folder().join(name)).expect("a page");
        assert!(written == text, "{name} is out of date: cargo run -p landline-tests --bin landline-man");
    }
}

#[test]
fn client_page_has_every_command_and_option() {
    let page = std::fs::read_to_string(folder().join("landline.1")).expect("a page");
    let page = page.replace("\\fB", "").replace("\\fI", "").replace("\\fR", "").replace("\\-", "-");
    for spec in commands() {
        assert!(page.contains(spec.usage), "{}", spec.usage);
    }
    for option in [
        "--server-password",
        "--json",
        "--patience",
        "LANDLINE_PASSWORD",
        "--timeout",
        "LANDLINE WIFI",
        "config.toml",
        "--log",
        "/save FILE",
    ] {
        assert!(page.contains(option), "{option}");
    }
}
