//! Passwords of the server and of accounts, and the consequences of wrong ones.

use crate::{GREETING, PASSWORD};
use landline_tests::{Client, TestServer, neighbour};
use std::time::{Duration, Instant};

const SESAME: &str = "open sesame";
const BLOCK: Duration = Duration::from_secs(3);
const WRONG: &str = "ERROR: Invalid alias or password";

fn server_with_password() -> TestServer {
    TestServer::new(|config| config.password = Some(SESAME.into()))
}

/// Sends lines from another loopback address. Returns all answers.
fn answers_from_neighbour(test_server: &TestServer, lines: &[&str]) -> String {
    let mut client = Client::connect_from(neighbour(2), test_server.address());
    lines.iter().for_each(|line| client.send(line));
    client.end_sending();
    std::iter::from_fn(|| client.next_line()).map(|line| line + "\n").collect()
}

/// Tries to sign in. Returns the answer, and leaves the greeting after a refusal unread.
fn try_login(client: &mut Client, alias: &str, password: &str) -> String {
    for line in ["LOGIN", alias, password] {
        client.send(line);
    }
    client.until("ALIAS?");
    client.expect("PASSWORD?");
    client.line()
}

#[test]
fn guest_is_asked_for_the_server_password() {
    let test_server = server_with_password();
    let mut alice = test_server.connect();
    alice.send("alice_room");
    alice.expect("PASSWORD?");
    alice.send(&format!(" {SESAME} \r"));
    alice.expect_start("200 ");
    for (name, password) in [("bob", "wrong"), ("bob", ""), ("bob", "open sesam"), ("bob", "open sesamee")] {
        let mut guest = test_server.connect();
        guest.send(&format!("{name}_room"));
        guest.expect("PASSWORD?");
        guest.send(password);
        guest.expect_start("403 ");
        guest.expect_closed();
    }
    alice.expect_nothing();
}

#[test]
fn names_cannot_be_probed_before_the_server_password() {
    let test_server = server_with_password();
    let (mut owner, mut guest) = (test_server.connect(), test_server.connect());
    for line in ["REGISTER", SESAME, "owner", PASSWORD] {
        owner.send(line);
    }
    owner.until("Registration successful.");
    for line in ["guest_room", SESAME] {
        guest.send(line);
    }
    guest.until("200 ");
    let answers = |first: &str| {
        let mut client = test_server.connect();
        client.send(first);
        client.send("wrong");
        std::iter::from_fn(move || client.next_line()).collect::<Vec<_>>()
    };
    let free = answers("nobody_room");
    assert!(free[0] == "PASSWORD?" && free[1].starts_with("403 "), "{free:?}");
    for taken in ["guest_room", "owner_room", "Landline_room"] {
        assert_eq!(answers(taken), free, "{taken}");
    }
}

#[test]
fn account_sign_in_needs_the_server_password_first() {
    let test_server = server_with_password();
    let mut alice = test_server.connect();
    alice.expect(GREETING);
    for mode in ["REGISTER", "LOGIN"] {
        alice.send(mode);
        alice.expect("INFO: first this server's password");
        alice.expect("PASSWORD?");
        alice.send("wrong");
        alice.expect_start("ERROR: 403 ");
        alice.expect(GREETING);
    }
    for (mode, done) in [("REGISTER", "Registration successful. You can login now."), ("LOGIN", "AUTH_SUCCESS")] {
        alice.send(mode);
        alice.expect("INFO: first this server's password");
        for (asked, answer) in [("PASSWORD?", SESAME), ("ALIAS?", "alice"), ("PASSWORD?", PASSWORD)] {
            alice.expect(asked);
            alice.send(answer);
        }
        alice.expect(done);
        if mode == "REGISTER" {
            alice.expect(GREETING);
        }
    }
    alice.expect_start("200 ");
}

#[test]
fn password_is_the_whole_line() {
    let test_server = TestServer::new(|config| config.limits.failures_to_lock = 100);
    let odd = "/quit  now: \u{1b}[31m\tünd \u{202e}so";
    let mut alice = test_server.connect();
    for line in ["REGISTER", "alice", &format!("  {odd} \r")] {
        alice.send(line);
    }
    alice.until("Registration successful.");
    for near in [odd.to_uppercase(), odd.replace('\t', " "), odd.replace("\u{1b}[31m", ""), odd.replace("  ", " ")] {
        assert_eq!(try_login(&mut alice, "alice", &near), WRONG);
    }
    assert_eq!(try_login(&mut alice, "alice", odd), "AUTH_SUCCESS");
}

#[test]
fn new_password_needs_8_to_72_bytes() {
    let test_server = TestServer::default();
    let mut client = test_server.connect();
    client.expect(GREETING);
    let (long, too_long, wide) = ("x".repeat(72), "x".repeat(73), "ü".repeat(37));
    let cases = [
        ("1234567", false),
        ("ü12345", false),
        (&*too_long, false),
        (&*wide, false),
        ("a\0b\0c\0d\0e", false),
        ("12345678", true),
        ("üüüü", true),
        (&*long, true),
    ];
    for (i, (password, registered)) in cases.into_iter().enumerate() {
        for line in ["REGISTER", &format!("name-{i}"), password] {
            client.send(line);
        }
        client.expect("ALIAS?");
        client.expect("PASSWORD?");
        client.expect_start(if registered { "Registration successful. You can login now." } else { "ERROR: 400 " });
        client.expect(GREETING);
    }
    assert_eq!(try_login(&mut client, "name-7", &long[1..]), WRONG);
    assert_eq!(try_login(&mut client, "name-7", &too_long), WRONG);
    assert_eq!(try_login(&mut client, "name-7", &long), "AUTH_SUCCESS");
}

#[test]
fn three_failures_in_a_row_lock_an_account() {
    let test_server = TestServer::new(|config| config.block_duration = BLOCK);
    test_server.register("alice", PASSWORD);
    test_server.register("bob", PASSWORD);
    let mut client = test_server.connect();
    let mut last_failure = Instant::now();
    for alias in ["alice", "ALICE", "аlice"] {
        last_failure = Instant::now();
        assert_eq!(try_login(&mut client, alias, "wrong horse"), WRONG);
    }
    for password in [PASSWORD, "wrong horse"] {
        let answer = try_login(&mut client, "alice", password);
        let seconds = answer.split(' ').filter_map(|word| word.parse::<u64>().ok()).next_back();
        assert!(answer.starts_with("ERROR: 403 ") && (1..=3).contains(&seconds.unwrap_or(0)), "{answer}");
        client.expect(GREETING);
    }
    let elsewhere = answers_from_neighbour(&test_server, &["LOGIN", "alice", PASSWORD]);
    assert!(elsewhere.contains("\nERROR: 403 ") && elsewhere.ends_with(&format!("{GREETING}\n")), "{elsewhere}");
    let _bob = test_server.login("bob", PASSWORD);
    loop {
        match try_login(&mut client, "alice", PASSWORD) {
            answer if answer.starts_with("ERROR: 403 ") => std::thread::sleep(Duration::from_millis(10)),
            answer => break assert_eq!(answer, "AUTH_SUCCESS"),
        }
        assert!(last_failure.elapsed() < landline_tests::DEADLINE, "still locked");
    }
    assert!(last_failure.elapsed() >= BLOCK, "unlocked after {:?}", last_failure.elapsed());
}

#[test]
fn only_failures_in_a_row_lock() {
    let test_server = TestServer::default();
    test_server.register("alice", PASSWORD);
    for _ in 0..2 {
        let mut client = test_server.connect();
        for _ in 0..2 {
            assert_eq!(try_login(&mut client, "alice", "wrong horse"), WRONG);
        }
        assert_eq!(try_login(&mut client, "alice", PASSWORD), "AUTH_SUCCESS");
        client.quit();
    }
}

#[test]
fn unknown_names_lock_like_accounts() {
    let test_server = TestServer::default();
    let mut client = test_server.connect();
    for _ in 0..3 {
        assert_eq!(try_login(&mut client, "nobody", "wrong horse"), WRONG);
    }
    let answer = try_login(&mut client, "nobody", "wrong horse");
    assert!(answer.starts_with("ERROR: 403 "), "{answer}");
}

/// One password in two Unicode forms: `ü` as two characters, and as one.
const DECOMPOSED: &str = "gru\u{308}ne wiese";
const HASH_OF_DECOMPOSED: &str = "$2b$04$abcdefghijklmnopqrstuu5rfw01uIKScSPrL07QkyeUE11z4lEFC";
const COMPOSED: &str = "gr\u{fc}ne wiese";

#[test]
fn d16_password_matches_in_both_unicode_forms() {
    let test_server = TestServer::new(|config| config.limits.failures_to_lock = 100);
    test_server.register("mac", DECOMPOSED);
    test_server.register("other", COMPOSED);
    for name in ["mac", "other"] {
        for password in [DECOMPOSED, COMPOSED, &format!("\u{feff}{COMPOSED}")] {
            test_server.login(name, password).quit();
        }
    }
    let mut program = test_server.connect();
    program.send("\u{feff}format json");
    program.send(&format!("{{\"type\":\"login\",\"user\":\"mac\",\"password\":\"{COMPOSED}\"}}"));
    program.until("{\"type\":\"auth_ok\"");
}

#[test]
fn d16_account_hashed_in_decomposed_form_still_signs_in() {
    let mut test_server = TestServer::new(|config| config.limits.failures_to_lock = 100);
    test_server.register("mac", DECOMPOSED);
    test_server.stop();
    let file = test_server.data().join("accounts.json");
    let accounts = std::fs::read_to_string(&file).expect("accounts.json");
    let start = accounts.find("$2b$").expect("a hash");
    // A hash of the decomposed form, as earlier servers stored it.
    let accounts = accounts.replace(&accounts[start..start + 60], HASH_OF_DECOMPOSED);
    std::fs::write(&file, accounts).expect("accounts.json");
    test_server.restart();
    test_server.login("mac", DECOMPOSED).quit();
}

#[test]
fn d16_server_password_matches_in_both_unicode_forms() {
    let test_server = TestServer::new(|config| config.password = Some(DECOMPOSED.to_owned()));
    for (name, password) in [("one", DECOMPOSED), ("other", COMPOSED), ("third", "\u{feff}gr\u{fc}ne wiese")] {
        let mut guest = test_server.connect();
        guest.send(&format!("\u{feff}{name}_lobby"));
        guest.expect("PASSWORD?");
        guest.send(password);
        guest.until("200 ");
    }
}
