//! The first run of the client, on virtual networks (see `Lan`) and without a network.

use landline_tests::{Host, Lan, Program, Terminal, TestServer};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Returns the command `landline` with its own files in `folder`.
fn landline(folder: &Path) -> Command {
    let mut command = Program::client();
    for name in ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"] {
        command.env(name, folder.join(name));
    }
    command.env("USER", "alice");
    command
}

fn server(lan: &Lan, host: Host, folder: &Path) -> Program {
    let mut command = Program::server();
    command.args(["--no-console", "--name", "Room 12", "--data"]).arg(folder.join("data"));
    let mut program = Program::start(&mut lan.on(host, &command), Stdio::null());
    program.until("Ctrl-C");
    program
}

#[test]
fn first_run_without_arguments_leads_to_the_lobby() {
    let (Some(mut lan), folder) = (Lan::new(1), TempDir::new().expect("a folder")) else { return };
    let (a, b) = (lan.host(), lan.host());
    lan.plug(a, 0, "10.77.0.1/24");
    lan.plug(b, 0, "10.77.0.2/24");
    let _server = server(&lan, a, folder.path());
    let mut alice = Terminal::new(80, 24);
    let command = lan.on(b, &landline(folder.path()));
    alice.run(&command, "; echo ended-$?");
    alice.wait_for("Where do you want to talk?");
    alice.wait_for("Room 12");
    alice.wait_for("10.77.0.1:12345");
    alice.press("\r");
    alice.wait_for("Your name");
    alice.press("\x15zoe\r");
    alice.wait_for("How do you want to sign in, zoe?");
    alice.press("\r");
    alice.wait_for("Welcome to Room 12, zoe");
    alice.press("/quit\r");
    alice.wait_for("ended-0");
    alice.expect_restored();
    // At the second start, one Enter is enough, also before a server was found.
    alice.press("clear\r");
    alice.run(&command, "; echo ended-$?");
    alice.wait_for("❯ lobby on Room 12 as zoe (last time)");
    alice.press("\r");
    alice.wait_for("Welcome to Room 12, zoe");
    alice.press("\x03");
    alice.wait_for("ended-0");
    // A script uses the remembered server, too, but not the remembered name.
    let mut script = lan.on(b, &landline(folder.path()));
    let status = script.args(["--room", "ops"]).stdin(Stdio::null()).status().expect("running landline");
    assert!(status.success());
}

#[test]
fn server_started_by_the_client_keeps_running() {
    let (Some(mut lan), folder) = (Lan::new(1), TempDir::new().expect("a folder")) else { return };
    let host = lan.host();
    lan.plug(host, 0, "10.77.0.1/24");
    // Build the server first: the client looks for it in its own folder.
    assert!(!Program::server().get_program().is_empty());
    let mut alice = Terminal::new(100, 24);
    alice.run(&lan.on(host, &landline(folder.path())), "; echo ended-$?");
    alice.wait_for("No server found yet");
    alice.press("\x1b[A\r");
    alice.wait_for("to stop it: kill");
    alice.press("\r");
    alice.wait_for("How do you want to sign in, alice?");
    alice.press("\r");
    alice.wait_for("Welcome to Landline, alice");
    // The client types the code of the banner.
    alice.wait_for("You are an owner of this server now");
    alice.wait_for("F2 user · F3 room");
    alice.press("/quit\r");
    alice.wait_for("ended-0");
    let mut stop = None;
    alice.until("how to stop it", |screen| {
        let contents = screen.contents().replace('\n', "");
        let number = contents.rsplit_once("to stop it: kill ").map(|(_, rest)| rest.to_owned());
        stop = number.map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
        stop.as_ref().is_some_and(|number| !number.is_empty())
    });
    // A second user is told of the running server.
    alice.press("clear\r");
    let other = folder.path().join("other");
    alice.run(&lan.on(host, &landline(&other)), "; echo ended-$?");
    alice.wait_for("a Landline server already runs here on port 12345: join it");
    alice.press("\x1b[A\r");
    alice.wait_for("Your name");
    alice.press("\x03");
    let (stop, bob) = (stop.expect("a number"), landline(folder.path()));
    let mut bob = lan.on(host, &bob);
    let status = bob.args(["10.77.0.1", "--name", "bob"]).stdin(Stdio::null()).status();
    let stopped = Command::new("kill").arg(&stop).status();
    assert!(status.expect("running landline").success(), "it goes on");
    assert!(stopped.expect("kill").success());
    landline_tests::eventually("the server has ended", || !Path::new("/proc").join(&stop).join("exe").exists());
}

#[test]
fn typed_address_is_used_and_refused_answers_are_asked_again() {
    let (test_server, folder) = (TestServer::default(), TempDir::new().expect("a folder"));
    let mut bob = test_server.guest("alice", "lobby");
    let mut zoe = Terminal::new(80, 24);
    zoe.run(&landline(folder.path()), "; echo ended-$?");
    zoe.wait_for("Where do you want to talk?");
    zoe.press(&format!("{}\r", test_server.address()));
    zoe.wait_for("Your name");
    zoe.press("\r");
    zoe.wait_for("How do you want to sign in, alice?");
    zoe.press("\r");
    zoe.wait_for("is taken. Choose another");
    zoe.press("\x15zoe\r");
    zoe.wait_for("How do you want to sign in, zoe?");
    // Down twice selects a new account.
    zoe.press("\x1b[B\x1b[B\r");
    zoe.wait_for("Choose a password for zoe");
    zoe.press("correct horse\r");
    zoe.wait_for("The same password again");
    zoe.press("correct horse\r");
    bob.expect("zoe has connected to the chatroom");
    zoe.wait_for("connected");
    zoe.press("hello\r");
    bob.expect("zoe: hello");
    let remembered = std::fs::read_to_string(folder.path().join("XDG_STATE_HOME/landline/last.toml")).expect("a file");
    assert!(remembered.contains("zoe") && !remembered.contains("horse"), "{remembered}");
    zoe.press("/quit\r");
    zoe.wait_for("ended-0");
    zoe.expect_restored();
}

#[test]
fn a16_invalid_name_is_asked_for_with_a_similar_proposal() {
    let (test_server, folder) = (TestServer::default(), TempDir::new().expect("a folder"));
    let mut john = Terminal::new(80, 24);
    john.run(landline(folder.path()).env("USER", "john.doe").arg(test_server.address().to_string()), "; echo ended-$?");
    // The input field has the proposed name.
    john.wait_for("❯ john-doe");
    john.press("\x15a b\r");
    john.wait_for("! ");
    john.press("\x15john-doe\r");
    john.wait_for("How do you want to sign in, john-doe?");
    john.press("\r");
    john.wait_for("Welcome to Landline, john-doe");
    john.press("/quit\r");
    john.wait_for("ended-0");
}

#[test]
fn plain_mode_asks_the_questions_in_lines() {
    let (test_server, folder) = (TestServer::default(), TempDir::new().expect("a folder"));
    test_server.register("zoe", "correct horse");
    let mut bob = test_server.guest("bob", "lobby");
    let mut zoe = Terminal::new(100, 30);
    zoe.run(landline(folder.path()).arg("--plain"), "; echo ended-$?");
    zoe.wait_for("Number or address [1]:");
    zoe.press(&format!("{}\r", test_server.address()));
    zoe.wait_for("Your name [alice]:");
    zoe.press("zoe\r");
    zoe.wait_for("How do you want to sign in, zoe?");
    zoe.press("2\r");
    zoe.wait_for("Password for zoe:");
    zoe.press("wrong horse\r");
    zoe.wait_for("! Invalid alias or password");
    zoe.press("correct horse\r");
    zoe.wait_for("200 Welcome to Landline, zoe.");
    zoe.press("hello\r");
    bob.expect("zoe has connected to the chatroom");
    bob.expect("zoe: hello");
    bob.send("hello zoe");
    zoe.wait_for("bob: hello zoe");
    zoe.until("no secret", |screen| !screen.contents().contains("horse"));
    zoe.press("\x04");
    zoe.wait_for("ended-0");
    zoe.expect_restored();
}

#[test]
fn ctrl_c_and_quit_leave_the_questions_in_lines() {
    let (test_server, folder) = (TestServer::default(), TempDir::new().expect("a folder"));
    let mut zoe = Terminal::new(100, 30);
    for (address, question) in [(None, "Number or address [1]:"), (Some(test_server.address()), "Your name [alice]:")] {
        for keys in ["\x03", "/quit\r"] {
            zoe.press("clear\r");
            zoe.run(landline(folder.path()).arg("--plain"), "; echo ended-$?");
            zoe.wait_for("Number or address [1]:");
            if let Some(address) = address {
                zoe.press(&format!("{address}\r"));
                zoe.wait_for(question);
            }
            zoe.press(keys);
            zoe.wait_for("ended-0");
            zoe.expect_restored();
        }
    }
}

#[test]
fn leaving_before_the_first_answer_writes_no_files() {
    let folder = TempDir::new().expect("a folder");
    let mut zoe = Terminal::new(80, 24);
    for keys in ["\x03", "\x1b"] {
        zoe.press("clear\r");
        zoe.run(&landline(folder.path()), "; echo ended-$?");
        zoe.wait_for("Where do you want to talk?");
        zoe.press(keys);
        zoe.wait_for("ended-0");
        zoe.expect_restored();
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}
