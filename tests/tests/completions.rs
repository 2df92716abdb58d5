//! The scripts of `landline completions`, run in their shells: each shell accepts its script, and completes options and
//! paths.
#![cfg(unix)]

use landline_tests::{Program, Terminal, skip_if_missing};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// Typed lines before Tab, and the completion of their last word.
const TYPED: [(&str, &str); 5] = [
    ("landline --reg", "--register"),
    ("landline disc", "discover"),
    ("landline --log wo", "words of mine"),
    ("landline --config wo", "words of mine"),
    ("landline --password-file wo", "words of mine"),
];

/// A further case, for which fish's script has no completion.
const AFTER_A_HOST: (&str, &str) = ("landline 192.168.1.20 --reg", "--register");

/// Creates a folder with the script for a shell and a file to complete. Prints a note and returns `None` if the shell
/// is not installed; in CI that fails.
fn folder_for(shell: &str) -> Option<(TempDir, PathBuf)> {
    if skip_if_missing(shell) {
        return None;
    }
    let output = Program::client().args(["completions", shell]).output().expect("running landline");
    assert!(output.status.success());
    let folder = TempDir::new().expect("a folder");
    let script = folder.path().join("completions");
    fs::write(&script, output.stdout).expect("a file");
    fs::write(folder.path().join("words of mine"), "").expect("a file");
    Some((folder, script))
}

/// Runs `words` in a shell, with `SCRIPT` replaced by the path of the completions. Returns the output.
fn printed(shell: &str, option: &str, words: &str, (folder, script): &(TempDir, PathBuf)) -> String {
    let words = words.replace("SCRIPT", &script.to_string_lossy());
    let output = Command::new(shell).args([option, &words]).current_dir(folder).output().expect("running the shell");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{shell} {option} {words}: {errors}");
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

/// Starts a terminal in the folder, and types `setup`.
fn at_terminal((folder, _): &(TempDir, PathBuf), setup: &str) -> Terminal {
    let mut terminal = Terminal::new(100, 30);
    let home = folder.path().display();
    terminal.press(&format!("cd '{home}'; export HOME='{home}' ZDOTDIR='{home}'\r{setup}"));
    terminal
}

/// Types each line and Tab, and checks the completed line.
#[track_caller]
fn all_complete(terminal: &mut Terminal, typed: &[(&str, &str)]) {
    for (line, found) in typed {
        let (before, _) = line.rsplit_once(' ').expect("several words");
        let whole = format!("tab> {before} {}", found.replace(' ', "\\ "));
        terminal.until("a prompt", |screen| screen.contents().trim_end().ends_with("tab>"));
        terminal.press(&format!("{line}\t"));
        terminal.until(&whole, |screen| screen.contents().trim_end().ends_with(&whole));
        terminal.press("\x15");
    }
}

#[test]
fn bash_completes_options_tasks_and_paths() {
    let Some(folder) = folder_for("bash") else { return };
    assert_eq!(printed("bash", "-n", "SCRIPT", &folder), "");
    let registered = printed("bash", "-c", "source SCRIPT && complete -p landline", &folder);
    assert!(registered.contains("-F _landline ") && registered.ends_with(" landline"), "{registered}");
    let setup = "HISTFILE= bash --norc --noprofile -i\rPS1='tab> '; source ./completions; clear\r";
    let mut terminal = at_terminal(&folder, setup);
    all_complete(&mut terminal, &TYPED);
    all_complete(
        &mut terminal,
        &[AFTER_A_HOST, ("landline completions fi", "fish"), ("landline discover --js", "--json")],
    );
}

#[test]
fn fish_completes_options_tasks_and_paths() {
    let Some(folder) = folder_for("fish") else { return };
    assert_eq!(printed("fish", "--no-execute", "SCRIPT", &folder), "");
    for (line, found) in TYPED {
        let all = printed("fish", "-c", &format!("source SCRIPT; complete -C '{line}'"), &folder);
        // A tab and a description follow the word.
        let words: Vec<&str> = all.lines().filter_map(|row| row.split('\t').next()).collect();
        assert_eq!(words, [found], "{line}");
    }
}

#[test]
fn zsh_completes_options_tasks_and_paths() {
    let Some(folder) = folder_for("zsh") else { return };
    assert_eq!(printed("zsh", "-n", "SCRIPT", &folder), "");
    let setup = "zsh -f\rPS1='tab> '; autoload -U compinit && compinit -u -D && source ./completions; clear\r";
    let mut terminal = at_terminal(&folder, setup);
    all_complete(&mut terminal, &TYPED);
    all_complete(&mut terminal, &[AFTER_A_HOST]);
}

#[test]
fn other_shells_are_refused() {
    let refused = Program::client().args(["completions", "tcsh"]).output().expect("running landline");
    assert_eq!(refused.status.code(), Some(2));
}
