//! `/link` at every door, at the console and in `landline`, and the QR code of the banner.

use crate::qr::{decode, try_decode};
use landline_tests::{ObjectClient, Program, Terminal, TestServer};
use serde_json::json;
use std::time::Duration;
use tempfile::TempDir;

const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";
const RESET: &str = "\x1b[0m";

/// Time for the start of a program, which may have to be built.
const START: Duration = Duration::from_secs(300);

/// Returns the halves of a half block that are dark: the upper and the lower one.
fn dark_halves(block: &str) -> [bool; 2] {
    match block {
        "▀" => [true, false],
        "▄" => [false, true],
        "█" => [true, true],
        _ => [false, false],
    }
}

/// Reads the code in lines of half blocks with their escapes.
fn decode_lines(lines: &[String]) -> String {
    let rows: Vec<Vec<[bool; 2]>> = lines
        .iter()
        .map(|line| {
            let blocks = line.strip_prefix(BLACK_ON_WHITE).and_then(|line| line.strip_suffix(RESET)).expect(line);
            blocks.chars().map(|block| dark_halves(block.encode_utf8(&mut [0; 4]))).collect()
        })
        .collect();
    decode(rows[0].len(), 2 * rows.len(), |x, y| rows[y / 2][x][y % 2])
}

/// Reads the code on the screen of a terminal whose background is dark.
fn decode_screen(screen: &vt100::Screen) -> Option<String> {
    let (height, width) = screen.size();
    let [height, width] = [height, width].map(|length| usize::from(length.get()));
    let white = vt100::Color::Idx(231);
    let is_dark = |x: usize, y: usize| {
        let cell = screen.cell(u16::try_from(y / 2).ok()?, u16::try_from(x).ok()?)?;
        // Beyond the code, the terminal is dark.
        (cell.bgcolor() == white).then(|| {
            assert_eq!(cell.fgcolor(), vt100::Color::Idx(16));
            dark_halves(cell.contents())[y % 2]
        })
    };
    let has_code = (0..width).any(|x| (0..height).any(|y| is_dark(x, 2 * y).is_some()));
    if has_code { try_decode(width, 2 * height, |x, y| is_dark(x, y).unwrap_or(true)) } else { None }
}

#[test]
fn user_at_nc_gets_the_address_and_a_code_that_can_be_scanned() {
    let server = TestServer::default();
    let web = server.web_address();
    let mut alice = server.guest("alice", "ops");
    for (line, room, url) in [
        ("/link", "ops", format!("http://{web}/#ops")),
        ("/link #dev/Café", "dev/Café", format!("http://{web}/#dev/Caf%C3%A9")),
        ("/QR lobby", "lobby", format!("http://{web}/#lobby")),
    ] {
        alice.send(line);
        alice.expect(&format!("INFO: {room} in a browser: {url}"));
        assert_eq!(decode_lines(&alice.drain_lines()), url, "{line}");
    }
    for line in ["/link no room", "/link private"] {
        alice.send(line);
        alice.expect_start("ERROR: 400 ");
        alice.expect_nothing();
    }
    alice.send("/leave");
    alice.expect_start("INFO: ");
    alice.expect_start("INFO: ");
    alice.send("/link");
    alice.expect("ERROR: 404 You are not in any room. /rooms lists the rooms.");
}

#[test]
fn clients_without_lines_get_the_address_alone() {
    let server = TestServer::new(|config| config.lantalk_port = Some(0));
    let url = format!("http://{}/#lobby", server.web_address());
    let mut bob = server.lantalk("bob");
    bob.send(r#"{"type":"message","text":"/link"}"#);
    let answer = bob.until("{\"type\":\"system\"");
    assert!(answer.contains(&format!("\"text\":\"lobby in a browser: {url}\"")), "{answer}");
    bob.send(r#"{"type":"message","text":"/ping x"}"#);
    assert!(bob.line().contains("PONG x"), "another line behind the address");
    let mut carl = server.unframed();
    carl.exchange("carl_lobby", "200");
    carl.exchange("/link", &format!("INFO: lobby in a browser: {url}"));
    carl.exchange("/ping x", "PONG x");
}

#[test]
fn program_gets_an_object() {
    let server = TestServer::default();
    let mut bot = ObjectClient::connect(&server);
    bot.sign_in(json!({ "type": "guest", "user": "bot", "room": "lobby" }));
    let answer = bot.request(json!({ "type": "link", "room": "ops/deploy" }));
    assert_eq!(answer.len(), 1, "{answer:?}");
    let url = format!("http://{}/#ops/deploy", server.web_address());
    assert_eq!(
        (&answer[0]["type"], &answer[0]["event"], &answer[0]["room"], &answer[0]["url"]),
        (&json!("system"), &json!("link"), &json!("ops/deploy"), &json!(url))
    );
    assert_eq!(answer[0]["text"], format!("INFO: ops/deploy in a browser: {url}"));
    assert_eq!(bot.request(json!({ "type": "link" }))[0]["cause"], "bad_object");
}

#[test]
fn address_needs_encryption_where_the_server_does() {
    let server = TestServer::new(|config| config.require_tls = true);
    let mut alice = server.guest("alice", "ops");
    alice.send("/link");
    alice.expect(&format!("INFO: ops in a browser: https://{}/#ops", server.web_address()));
}

#[test]
fn console_on_a_pipe_gets_the_address_alone() {
    let server = TestServer::default();
    let moderator = server.server().moderator();
    let web = server.web_address();
    assert_eq!(moderator.link(""), Ok(format!("http://{web}/")));
    assert_eq!(moderator.link("#ops"), Ok(format!("http://{web}/#ops")));
    assert_eq!(moderator.link("a b"), Err("A room name has only letters, digits, / and -.".to_owned()));
}

#[test]
fn banner_and_console_have_a_code_in_a_terminal_that_is_wide_enough() {
    let data = TempDir::new().expect("a folder");
    let command = |options: &[&str]| {
        let mut command = Program::server();
        command.args(["0", "--lantalk-port", "0", "--beacon-port", "0", "--bind", "127.0.0.1", "--data"]);
        command.arg(data.path()).args(options);
        command
    };
    let mut terminal = Terminal::new(80, 60);
    terminal.run(&command(&[]), "");
    terminal.until_within(START, "the banner", |screen| screen.contents().contains("Ctrl-C stops the server."));
    let contents = terminal.contents();
    let url = contents.split_once("browser:").expect("an address").1.split_whitespace().next().expect("an address");
    assert!(contents.contains("Phones on the same Wi-Fi scan this code."), "{contents}");
    terminal.until("the code of the banner", |screen| decode_screen(screen).as_deref() == Some(url));
    terminal.press("\x0c/link ops\r");
    let in_ops = format!("{url}#ops");
    terminal.until("the code of the room", |screen| {
        screen.contents().contains(&in_ops) && decode_screen(screen).as_deref() == Some(&in_ops)
    });
    terminal.press("/quit\r");
    terminal.expect_restored();
    let mut without = Terminal::new(80, 60);
    without.run(&command(&["--no-qr"]), "");
    without.wait_for("Ctrl-C stops the server.");
    assert!(!without.contents().contains("Wi-Fi"), "{}", without.contents());
    without.press("/quit\r");
    without.expect_restored();
    let mut narrow = Terminal::new(30, 60);
    narrow.run(&command(&[]), "");
    narrow.wait_for("stops the server.");
    assert!(!narrow.contents().contains("Wi-Fi"), "{}", narrow.contents());
}

#[test]
fn landline_shows_a_code_on_its_full_screen() {
    let server = TestServer::default();
    let url = format!("http://{}/#lobby", server.web_address());
    let (mut terminal, _) = Terminal::landline(80, 30, server.address(), "alice");
    terminal.press("/link\r");
    terminal.until("the code", |screen| decode_screen(screen).as_deref() == Some(&url));
    terminal.wait_for("lobby in a browser");
    // A key that acts closes the window and acts.
    terminal.press("hello");
    terminal.until("the window is closed", |screen| !screen.contents().contains('█'));
    terminal.wait_for("hello");
    terminal.wait_for(&url);
    terminal.resize(30, 12);
    terminal.press("\x15/link\r");
    terminal.wait_for("needs a window");
}

#[test]
fn landline_prints_a_code_in_line_mode_if_its_output_is_a_terminal() {
    let server = TestServer::default();
    let url = format!("http://{}/#lobby", server.web_address());
    let mut command = Program::client();
    command.args([&server.address().to_string(), "--name", "alice", "--plain"]);
    let mut terminal = Terminal::new(80, 40);
    terminal.run(&command, "");
    terminal.wait_for("lobby");
    terminal.press("/link\r");
    terminal.until("the code", |screen| decode_screen(screen).as_deref() == Some(&url));
    let mut piped = Program::client();
    piped.args([&server.address().to_string(), "--name", "bob", "--plain"]);
    let mut program = Program::start(&mut piped, std::process::Stdio::piped());
    program.type_line("/link");
    program.type_line("/ping behind");
    let lines: Vec<String> = std::iter::from_fn(|| program.line()).take_while(|line| line != "PONG behind").collect();
    assert!(lines.contains(&format!("INFO: lobby in a browser: {url}")), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains('\x1b') || line.contains('█')), "{lines:?}");
}
