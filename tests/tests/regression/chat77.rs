//! Defects of Chat77.

use crate::{TURNS, expect_working, send_first};
use landline_common::Limits;
use landline_server::server::Server;
use landline_server::store::{Accounts, LockFile};
use landline_tests::{Client, TestServer, on_loopback};
use std::fs;
use std::path::Path;
use std::sync::Barrier;
use std::time::{Duration, Instant};

// Chat77 runs the sign-in in its accept loop, so that one slow typist blocks all other clients.
#[test]
fn c1_unfinished_sign_ins_delay_no_other_client() {
    let server = TestServer::default();
    server.register("alice", "password");
    let mut typists = Vec::new();
    for lines in [&["REGISTER"][..], &["LOGIN"], &["REGISTER", "bob"], &["LOGIN", "alice"], &["format json"]] {
        let mut typist = server.connect();
        for line in lines {
            typist.send(line);
            typist.line();
        }
        typists.push(typist);
    }
    let mut halfway = server.connect();
    halfway.send_bytes(b"c");
    let since = Instant::now();
    expect_working(&server);
    server.register("dave", "password");
    server.login("alice", "password").quit();
    assert!(since.elapsed() < Duration::from_secs(5), "other clients waited {:?}", since.elapsed());
    halfway.send_bytes(b"arol_room\n");
    halfway.expect_start("200 ");
    for (typist, rest) in typists[2..4].iter_mut().zip(["secret password", "password"]) {
        typist.send(rest);
        typist.expect_start(if rest == "password" { "AUTH_SUCCESS" } else { "Registration successful." });
    }
}

// Chat77 has two lists, of connections and of names, with a common index. Threads change them at the same time, so
// that messages reach the wrong user.
#[test]
fn c2_direct_messages_reach_the_right_user() {
    const REGULARS: usize = 4;
    let server = TestServer::default();
    let done = Barrier::new(REGULARS * 2);
    std::thread::scope(|scope| {
        for n in 0..REGULARS {
            let server = &server;
            let done = &done;
            scope.spawn(move || regular(server, n, REGULARS, done));
            scope.spawn(move || {
                for _ in 0..30 {
                    let mut passer_by = server.guest(&format!("passer-by{n}"), "street");
                    passer_by.send(&format!("/pm regular{n} hello"));
                    passer_by.quit();
                }
                done.wait();
            });
        }
    });
    let mut last = server.guest("last", "room");
    last.send("/users");
    last.expect("Online clients: last");
}

/// Sends messages to the next regular and receives those of the previous one, while other guests come and go.
fn regular(server: &TestServer, n: usize, count: usize, done: &Barrier) {
    let mut me = server.guest(&format!("regular{n}"), "room");
    let next = format!("regular{}", (n + 1) % count);
    let before = format!("[PM] regular{}: ", (n + count - 1) % count);
    for k in 0..50 {
        // The next regular may not be signed in yet.
        loop {
            me.send(&format!("/pm {next} for {next} {k}"));
            let heard = me.drain_lines();
            let (errors, messages): (Vec<String>, Vec<String>) =
                heard.into_iter().filter(|line| !line.contains("chatroom")).partition(|line| line.starts_with("ERROR"));
            for message in messages {
                let mine = message.starts_with(&before) && message.contains(&format!("for regular{n} "));
                assert!(mine || message.starts_with(&format!("[PM] passer-by{n}: hello")), "{message}");
            }
            if errors.is_empty() {
                break;
            }
        }
    }
    done.wait();
    me.quit();
}

// Chat77 stores passwords as plain text.
#[test]
fn c3_no_password_is_on_the_disk() {
    let server = TestServer::new(|config| config.password = Some("the-servers-password".into()));
    let mut client = server.connect();
    for line in ["REGISTER", "the-servers-password", "alice", "alices-password"] {
        client.send(line);
    }
    client.until("Registration successful.");
    for (password, answer) in
        [("wrong-password", "ERROR: Invalid alias or password"), ("alices-password", "AUTH_SUCCESS")]
    {
        let mut client = server.connect();
        for line in ["LOGIN", "the-servers-password", "alice", password] {
            client.send(line);
        }
        client.until(answer);
    }
    let mut files = 0;
    for entry in fs::read_dir(server.data()).unwrap() {
        let content = fs::read(entry.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&content);
        assert!(!text.contains("-password"), "{text}");
        files += 1;
    }
    assert!(files >= 3);
    let accounts: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(server.data().join("accounts.json")).unwrap()).unwrap();
    assert!(
        accounts["accounts"][0]["password"].as_str().unwrap().starts_with("$2b$04$"),
        "not bcrypt with the tests' cost"
    );
}

// Chat77 replaces a corrupt JSON file by an empty one.
#[test]
fn c4_torn_file_is_refused_by_name_and_not_changed() {
    let _turn = TURNS.lock();
    let mut server = TestServer::default();
    server.register("alice", "password");
    server.register("bob", "password");
    server.stop();
    let file = server.data().join("accounts.json");
    let whole = fs::read(&file).unwrap();
    let end = whole.trim_ascii_end().len();
    for cut in 0..end {
        fs::write(&file, &whole[..cut]).unwrap();
        expect_refusal(
            Accounts::open(server.data(), &Limits::default()).unwrap_err().to_string(),
            &file,
            &whole[..cut],
        );
    }
    let config = on_loopback(server.data());
    for torn in [&whole[..0], &whole[..1], &whole[..end / 2], &whole[..end - 1], b"{}", b"[]", b"\0\0\0\0", b"null"] {
        fs::write(&file, torn).unwrap();
        let lock = LockFile::take(server.data()).unwrap();
        expect_refusal(format!("{:#}", Server::start(&config, lock).unwrap_err()), &file, torn);
    }
    fs::write(&file, &whole).unwrap();
    server.restart();
    server.login("bob", "password").quit();
}

/// Checks that an error names the file, and that the file has not changed.
fn expect_refusal(error: String, file: &Path, content: &[u8]) {
    assert!(error.contains("accounts.json"), "{error}");
    assert_eq!(fs::read(file).unwrap(), content, "the file has changed");
}

// In Chat77, two clients that sign in under one name at the same time both get it.
#[test]
fn c5_of_two_simultaneous_sign_ins_exactly_one_gets_the_name() {
    let server = TestServer::default();
    server.register("account", "password");
    let as_guest = |client: &mut Client| {
        client.send("alice_room");
        client.line().starts_with("200 ")
    };
    let by_account = |client: &mut Client| {
        client.send_bytes(b"LOGIN\naccount\npassword\n");
        client.until("PASSWORD?");
        client.line() == "AUTH_SUCCESS"
    };
    for _ in 0..30 {
        one_of_two(&server, as_guest);
        one_of_two(&server, by_account);
    }
    for n in 0..20 {
        one_of_two(&server, |client| {
            client.send_bytes(format!("REGISTER\nnewcomer{n}x\npassword\n").as_bytes());
            client.until("PASSWORD?");
            client.line().starts_with("Registration successful.")
        });
    }
    assert_eq!(send_first(&server, "newcomer0x_room").1[..4], *"403 ");
}

/// Lets two clients try at the same time. Exactly one must succeed. Then both disconnect.
fn one_of_two(server: &TestServer, try_it: impl Fn(&mut Client) -> bool + Sync) {
    let start = Barrier::new(2);
    let mut clients = [server.connect(), server.connect()];
    let succeeded = std::thread::scope(|scope| {
        let attempts = clients.each_mut().map(|client| {
            let start = &start;
            let try_it = &try_it;
            scope.spawn(move || {
                start.wait();
                try_it(client)
            })
        });
        attempts.map(|attempt| attempt.join().unwrap())
    });
    assert_eq!(succeeded.iter().filter(|success| **success).count(), 1, "{succeeded:?}");
    for mut client in clients {
        client.end_sending();
        while client.next_line().is_some() {}
    }
}
