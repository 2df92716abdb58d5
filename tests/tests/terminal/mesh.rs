//! The mesh on the full screen, and asking for its passphrase.

use landline_tests::{MeshProcess, Terminal};
use tempfile::TempDir;

#[test]
fn people_talk_without_a_server() {
    let (folder, port) = (TempDir::new().expect("a folder"), MeshProcess::free_port());
    let mut alice = Terminal::new(120, 40);
    alice.run(&MeshProcess::on_loopback(port, "alice", folder.path(), &[]), "; echo ended-$?");
    alice.wait_for("alice on mesh");
    let bob = MeshProcess::of(&mut MeshProcess::on_loopback(port, "bob", folder.path(), &["--json"]), "bob");
    alice.wait_for("bob joined");
    alice.until("two people at the right", |screen| {
        let people = screen.contents_between(1, 95, 6, 120);
        people.contains("2 here") && people.contains("alice") && people.contains("bob")
    });
    alice.press("hello from the terminal\r");
    bob.wait_for_text("hello from the terminal");
    bob.type_line("hello, alice");
    alice.wait_for("hello, alice");
    alice.press("/pm bo\tpsst\r");
    bob.until("a message for bob", |events| events.iter().any(|e| e["type"] == "pm" && e["text"] == "psst"));
    alice.press("\x1b1/members\r");
    alice.wait_for("alice (you), key ");
    alice.wait_for("bob at 127.0.0.1, key ");
    drop(bob);
    alice.wait_for("bob left");
    alice.until("nobody else", |screen| screen.contents().contains("only you are here"));
    alice.press("/exit\r");
    alice.wait_for("ended-0");
    alice.expect_restored();
}

#[test]
fn the_passphrase_is_not_shown() {
    let (folder, port) = (TempDir::new().expect("a folder"), MeshProcess::free_port());
    let mut command = MeshProcess::on_loopback(port, "bob", folder.path(), &["--json"]);
    let bob = MeshProcess::of(command.env("LANDLINE_PASSPHRASE", "correct horse"), "bob");
    let mut alice = Terminal::new(80, 24);
    alice.run(&MeshProcess::on_loopback(port, "alice", folder.path(), &["--passphrase"]), "; echo ended-$?");
    alice.wait_for("The passphrase of the mesh:");
    alice.press("correct horse\r");
    alice.wait_for("bob joined");
    bob.wait_for_presence(landline_tests::DEADLINE, "alice", "joined");
    alice.press("/quit\r");
    alice.wait_for("ended-0");
    alice.until("no passphrase", |screen| !screen.contents().contains("correct"));
}

#[test]
fn p1_plain_lines_are_the_predecessor_s() {
    let (folder, port) = (TempDir::new().expect("a folder"), MeshProcess::free_port());
    let mut alice = Terminal::new(80, 24);
    alice.run(&MeshProcess::on_loopback(port, "alice", folder.path(), &["--plain"]), "; echo ended-$?");
    let bob = MeshProcess::of(&mut MeshProcess::on_loopback(port, "bob", folder.path(), &["--json"]), "bob");
    alice.wait_for("bob joined chat");
    bob.type_line("hello");
    let said = |screen: &vt100::Screen| {
        let line = |line: &str| {
            let (time, rest) = line.split_at_checked(8)?;
            let digits = time.bytes().filter(u8::is_ascii_digit).count() == 6 && time.matches(':').count() == 2;
            (digits && rest.trim_end() == " bob: hello").then(|| time.to_owned())
        };
        screen.contents().lines().filter_map(line).collect::<Vec<_>>()
    };
    alice.until("hh:mm:ss bob: hello", |screen| said(screen).len() == 1);
    // P1: what is looked up looks the same.
    alice.press("/history\r");
    alice.wait_for("INFO: 1 message");
    alice.until("the same line again", |screen| {
        let times = said(screen);
        times.len() == 2 && times[0] == times[1]
    });
    bob.type_line("/exit");
    alice.wait_for("bob left chat");
    alice.press("/exit\r");
    alice.wait_for("ended-0");
    let mut wrong = MeshProcess::on_loopback(port, "x y", folder.path(), &["--plain"]);
    assert_eq!(wrong.output().expect("landline").status.code(), Some(2));
}
