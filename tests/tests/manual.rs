//! The man pages are those that the definitions give, and `man` can read them; the shells' completions work.

use landline_common::command::TOPICS;
use landline_tests::manual::pages;
use landline_tests::{Program, missing};
use std::path::Path;
use std::process::Command;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/man")
}

#[test]
fn the_man_pages_are_up_to_date() {
    for (name, text) in pages().expect("pages") {
        let written = std::fs::read_to_string(folder().join(name)).expect("a page");
        assert!(written == text, "{name} is out of date: cargo run -p landline-tests --bin landline-man");
    }
}

#[test]
fn the_client_s_page_has_every_command_and_option() {
    let page = std::fs::read_to_string(folder().join("landline.1")).expect("a page");
    let page = page.replace("\\fB", "").replace("\\fI", "").replace("\\fR", "").replace("\\-", "-");
    for topic in TOPICS {
        assert!(page.contains(topic.usage), "{}", topic.usage);
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

#[test]
fn shells_can_read_their_completions() {
    for (shell, check) in [
        (
            "bash",
            "source /dev/stdin && COMP_WORDS=(landline --reg) COMP_CWORD=1 && _landline landline --reg landline && echo ${COMPREPLY[@]}",
        ),
        ("zsh", "zsh -n"),
        ("fish", "fish -n"),
    ] {
        let script = Program::client().args(["completions", shell]).output().expect("running landline");
        assert!(script.status.success());
        let text = String::from_utf8(script.stdout).expect("UTF-8");
        assert!(text.contains("register") && text.contains("discover"), "{text}");
        // The others are not on every machine.
        if shell != "bash" || missing("bash") {
            continue;
        }
        let folder = tempfile::TempDir::new().expect("a folder");
        let file = folder.path().join("completions");
        std::fs::write(&file, text).expect("a file");
        let check = check.replace("/dev/stdin", &file.to_string_lossy());
        let output = Command::new("bash").args(["-c", &check]).output().expect("running bash");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(printed.trim(), "--register", "{}", String::from_utf8_lossy(&output.stderr));
    }
    let refused = Program::client().args(["completions", "tcsh"]).output().expect("running landline");
    assert_eq!(refused.status.code(), Some(2));
}
