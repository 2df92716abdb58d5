//! A conversation is saved, and Tab finds the way.

use crate::alice_and_bob;
use std::fs;
use tempfile::TempDir;

#[test]
fn a_conversation_is_saved_under_a_path_that_tab_completes() {
    let (_house, mut alice, _, mut bob) = alice_and_bob(100, 24);
    bob.send("größe \u{1b}[31m日本");
    alice.wait_for("größe");
    let folder = TempDir::new().expect("a folder");
    let (rooms, talks) = (folder.path().join("rooms"), folder.path().join("talks of today"));
    fs::create_dir(&rooms).expect("a folder");
    fs::create_dir(&talks).expect("a folder");
    alice.press(&format!("/save {}/ta\t", folder.path().display()));
    alice.wait_for("talks of today/");
    alice.press("lobby.txt\r");
    alice.wait_for("saved in ");
    let file = talks.join("lobby.txt");
    let text = fs::read_to_string(&file).expect("a file");
    assert!(text.starts_with("lobby on Landline, saved 20"), "{text}");
    assert!(text.lines().any(|line| line.ends_with(" bob: größe 日本")), "{text}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    // Nothing is written over; what is there is found.
    bob.send("later");
    alice.wait_for("later");
    alice.press(&format!("/save {}/t\tl\t\r", folder.path().display()));
    alice.wait_for("not saved: something of that name");
    assert_eq!(fs::read_to_string(&file).expect("a file"), text);
}
