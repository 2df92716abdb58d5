//! Guests who take another name: what follows them, what stays with the name, and that no rule can be escaped so.

use super::{claim, is_heard, owned_server, refused};
use landline_tests::{Client, ObjectClient, TestServer};
use serde_json::json;
use std::thread;

/// Renames a user, and waits until it has read so.
#[track_caller]
fn rename(user: &mut Client, from: &str, to: &str) {
    user.send(&format!("/nick {to}"));
    user.until(&format!("{from} is now {to}"));
}

/// Signs a program in as a guest of the lobby.
fn sign_in(server: &TestServer, name: &str) -> ObjectClient {
    let mut program = ObjectClient::connect(server);
    program.sign_in(json!({"type": "guest", "user": name, "room": "lobby"}));
    program
}

#[test]
fn each_user_reads_of_a_rename_once_in_the_form_of_its_door() {
    let server = TestServer::new(|config| config.lantalk_port = Some(0));
    let mut elsewhere = server.guest("carol", "ops");
    let mut lan = server.lantalk("lan");
    let mut unframed = server.unframed();
    unframed.exchange("tcp_lobby", "200");
    let mut program = sign_in(&server, "prog");
    let mut alice = server.guest("alice", "lobby");
    unframed.expect("prog has connected to the chatroom");
    unframed.expect("alice has connected to the chatroom");
    alice.send("/nick bob");
    alice.expect("alice is now bob");
    alice.expect_nothing();
    elsewhere.until("alice is now bob");
    unframed.expect("alice is now bob");
    let event = program.until("event", "renamed");
    assert_eq!([&event["type"], &event["user"], &event["to"]], ["system", "alice", "bob"], "{event}");
    assert_eq!(event["text"], "alice is now bob");
    while !lan.line().contains(r#""type":"system""#) {}
    while !lan.line().contains(r#""text":"alice is now bob""#) {}
    let mut dora = server.guest("dora", "lobby");
    is_heard(&mut alice, &mut dora, "bob", "hello");
    dora.quit();
    assert_eq!(program.until("type", "message")["user"], "bob");
    assert!(elsewhere.drain_lines().iter().all(|line| !line.contains("is now")), "told once");

    let answer = program.request(json!({"type": "nick", "to": "robot"}));
    assert_eq!((answer.len(), &answer[0]["type"]), (1, &json!("ok")), "{answer:?}");
    assert_eq!(program.until("event", "renamed")["to"], "robot");
    lan.send(r#"{"type":"message","text":"/nick lantern"}"#);
    while !lan.line().contains(r#""text":"lan is now lantern""#) {}
    unframed.expect("dora has connected to the chatroom");
    unframed.expect("bob - hello");
    unframed.expect("dora has left the chatroom");
    unframed.expect("prog is now robot");
    unframed.expect("lan is now lantern");
    unframed.send("/nick tcp2");
    unframed.expect("tcp is now tcp2");
    alice.send("/users");
    assert_eq!(alice.until("Online clients: "), "Online clients: carol, lantern, tcp2, robot, bob");
    alice.send("/who lobby");
    assert_eq!(alice.until("In lobby: "), "In lobby: lantern, tcp2, robot, bob");
    assert!(server.server().moderator().users().contains("bob"));
}

#[test]
fn new_name_must_be_one_that_a_guest_could_sign_in_with() {
    let server = TestServer::default();
    server.register("dave", "correct horse");
    server.register("zoe", "correct horse");
    let mut dave = server.login("dave", "correct horse");
    let mut carol = server.guest("carol", "lobby");
    let mut alice = server.guest("alice", "lobby");
    for (name, refusal) in [
        ("carol", "403 That name (or one that looks like it) is taken"),
        ("CAROL", "403 That name (or one that looks like it) is taken"),
        ("car0l", "403 That name (or one that looks like it) is taken"),
        ("dave", "403 That name (or one that looks like it) is taken"),
        ("zoe", "403 zoe is a registered name"),
        ("register", "403 \"register\" cannot be a name"),
        ("*", "400 A name has only letters"),
        ("--", "400 A name needs at least one letter"),
        ("Alice", "400 alice is your name already"),
        ("a b", "400 Usage: /nick NAME"),
        ("", "400 Usage: /nick NAME"),
    ] {
        let line = refused(&mut alice, format!("/nick {name}").trim_end());
        assert!(line.contains(refusal), "{name}: {line}");
    }
    assert!(refused(&mut dave, "/nick bob").contains("403 dave is an account, and its name stays"));
    is_heard(&mut alice, &mut carol, "alice", "still me");
    assert!(carol.drain_lines().iter().all(|line| !line.contains("is now")));
}

#[test]
fn number_of_renames_of_a_session_is_bounded() {
    let server = TestServer::new(|config| config.limits.renames_per_session = 2);
    let mut alice = server.guest("alice", "lobby");
    rename(&mut alice, "alice", "bob");
    rename(&mut alice, "bob", "alice");
    assert!(refused(&mut alice, "/nick bob").contains("403 You have changed your name 2 times, the maximum"));
}

#[test]
fn next_user_of_the_old_name_gets_nothing_of_the_former_one() {
    let server = TestServer::default();
    let mut carol = server.guest("carol", "lobby");
    let mut dora = server.guest("dora", "lobby");
    let mut alice = server.guest("alice", "lobby");
    for (user, name) in [(&mut carol, "carol"), (&mut dora, "dora")] {
        user.send("/connect alice");
        alice.until(&format!("PRIVATE_REQUEST_FROM:{name}"));
    }
    alice.send("/accept carol");
    carol.until("PRIVATE_CONNECTED:alice");
    carol.send("/connect dora");
    dora.until("PRIVATE_REQUEST_FROM:carol");
    dora.send("/accept carol");
    carol.until("PRIVATE_CONNECTED:dora");
    dora.send("/pm alice before");
    alice.until("[PM] dora: before");
    dora.drain_lines();
    alice.send("/nick bob");
    carol.until("PRIVATE_ENDED:alice:ended by command");
    alice.until("PRIVATE_ENDED:carol:ended by command");
    dora.expect("INFO: alice is no longer available for private chat");
    alice.until("alice is now bob");
    // The name is free; a text for the former partner goes neither to another partner nor to the next user of it.
    assert!(refused(&mut carol, "/private alice secret").contains("404 alice is not online"));
    let mut other = server.guest("alice", "lobby");
    assert!(refused(&mut carol, "/private alice secret").contains("403 You have no off-the-record chat with alice"));
    other.send("/history");
    other.send("/accept dora");
    let lines = other.drain_lines();
    assert!(lines.iter().all(|line| !line.contains("before") && !line.contains("secret")), "{lines:?}");
    dora.drain_lines();
    dora.send("/pm alice for the new one");
    other.until("[PM] dora: for the new one");
    alice.send("/history");
    alice.until("[PM ");
    assert!(dora.drain_lines().iter().all(|line| !line.contains("PRIVATE_CONNECTED")));
    let lines = alice.drain_lines();
    assert!(lines.iter().all(|line| !line.contains("for the new one")), "{lines:?}");
}

#[test]
fn blocks_follow_both_users() {
    let server = TestServer::default();
    let mut carol = server.guest("carol", "lobby");
    let mut eve = server.guest("eve", "lobby");
    carol.send("/block eve");
    carol.until("INFO: eve is blocked");
    rename(&mut eve, "eve", "mallory");
    carol.until("eve is now mallory");
    eve.send("spam");
    assert!(refused(&mut eve, "/pm carol spam").contains("403 Not delivered: carol blocks you"));
    assert!(refused(&mut eve, "/connect carol").contains("403 Not delivered: carol blocks you"));
    eve.send("/users");
    assert_eq!(eve.until("Online clients: "), "Online clients: mallory", "a blocker stays hidden");
    carol.send("/history");
    let lines = carol.drain_lines();
    assert!(lines.iter().all(|line| !line.contains("spam")), "{lines:?}");
    // The blocker's own rename is hidden from the blocked user, too.
    rename(&mut carol, "carol", "cora");
    assert!(refused(&mut eve, "/pm cora spam").contains("403 Not delivered: cora blocks you"));
    assert!(eve.drain_lines().iter().all(|line| !line.contains("cora")));
    // The next user of the blocked name is blocked by it; the former one as well, until one of its names is unblocked.
    let mut next = server.guest("eve", "lobby");
    assert!(refused(&mut next, "/pm cora spam").contains("403 Not delivered"));
    carol.send("/unblock mallory");
    carol.until("INFO: eve is unblocked");
    is_heard(&mut eve, &mut carol, "mallory", "sorry");
    is_heard(&mut next, &mut carol, "eve", "hello");
    // A name that is blocked is so for a user who takes it.
    carol.send("/block eve");
    carol.until("INFO: eve is blocked");
    rename(&mut next, "eve", "frank");
    rename(&mut eve, "mallory", "eve");
    for user in [&mut eve, &mut next] {
        assert!(refused(user, "/pm cora spam").contains("403 Not delivered"));
    }
}

#[test]
fn account_that_comes_back_still_blocks_a_user_who_took_another_name() {
    let server = TestServer::default();
    server.register("dave", "correct horse");
    let mut dave = server.login("dave", "correct horse");
    let mut eve = server.guest("eve", "lobby");
    dave.send("/block eve");
    dave.until("INFO: eve is blocked");
    dave.quit();
    rename(&mut eve, "eve", "mallory");
    assert!(refused(&mut eve, "/pm dave spam").contains("403 Not delivered: dave blocks you"), "offline");
    let mut dave = server.login("dave", "correct horse");
    eve.send("spam");
    assert!(refused(&mut eve, "/pm dave spam").contains("403 Not delivered: dave blocks you"), "online");
    let lines = dave.drain_lines();
    assert!(lines.iter().all(|line| !line.contains("spam")), "{lines:?}");
}

#[test]
fn no_rename_while_the_user_may_not_speak_to_all() {
    let (server, mut alice) = owned_server();
    let mut bob = server.guest("bob", "lobby");
    for (rule, refusal, end) in [
        ("/mute bob", "403 You are muted in lobby", "/unmute bob"),
        ("/quiet on", "403 lobby is quiet", "/quiet off"),
        ("/slow 60", "429 lobby is slow", "/slow 0"),
    ] {
        alice.send(rule);
        bob.until("INFO: alice ");
        assert!(refused(&mut bob, "/nick shouting").contains(refusal), "{rule}");
        bob.send("/join ops");
        bob.send("/leave lobby");
        bob.until("INFO: You left lobby");
        assert!(refused(&mut bob, "/nick shouting").contains(refusal), "{rule}, from another room");
        bob.send("/join lobby");
        bob.until("INFO: You are in lobby now");
        alice.send(end);
        bob.until("INFO: alice ");
    }
    assert!(alice.drain_lines().iter().all(|line| !line.contains("shouting")));
    rename(&mut bob, "bob", "robert");
}

#[test]
fn sanctions_hold_for_the_old_name_and_the_renamed_user() {
    let (server, mut alice) = owned_server();
    let mut bob = server.guest("bob", "ops");
    let mut eve = server.guest("eve", "ops");
    // Guests run ops, so a mute there does not forbid the rename.
    bob.send("/mute eve");
    eve.until("INFO: bob muted eve");
    eve.send("/join lobby");
    eve.send("/leave ops");
    eve.until("INFO: You left ops");
    rename(&mut eve, "eve", "mallory");
    eve.send("/join ops");
    eve.until("INFO: You are in ops now");
    assert!(refused(&mut eve, "spam").contains("403 You are muted in ops"), "by the session");
    let mut next = server.guest("eve", "ops");
    assert!(refused(&mut next, "spam").contains("403 You are muted in ops"), "by the name");
    bob.send("/unmute mallory");
    bob.until("INFO: bob lets mallory speak");
    is_heard(&mut eve, &mut bob, "mallory", "thanks");

    bob.send("/ban mallory");
    bob.until("INFO: bob banned mallory from ops");
    rename(&mut eve, "mallory", "trudy");
    assert!(refused(&mut eve, "/join ops").contains("403 You are banned from ops"));
    // The name of a banned user is refused to a user who is in the room.
    let mut carol = server.guest("carol", "ops");
    assert!(refused(&mut carol, "/nick mallory").contains("403 You are banned from ops"));
    alice.send("/ban trudy everywhere");
    eve.until("INFO: You have been banned.");
    alice.until("trudy has left the chatroom");
    let refusal = refused(&mut carol, "/nick trudy");
    assert!(refusal.contains("403 You are banned from this server"), "{refusal}");
}

#[test]
fn slow_mode_and_floors_follow_the_session() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let mut bob = server.guest("bob", "ops");
    alice.send("/slow 3600");
    bob.until("INFO: alice slowed ops");
    is_heard(&mut bob, &mut alice, "bob", "once");
    bob.send("/join lobby");
    bob.send("/leave ops");
    bob.until("INFO: You left ops");
    rename(&mut bob, "bob", "robert");
    bob.send("/join ops");
    bob.until("INFO: You are in ops now");
    assert!(refused(&mut bob, "twice").contains("429 ops is slow"));
    // The owner is one under each name, and is listed under the present one.
    rename(&mut alice, "alice", "queen");
    alice.send("/slow 0");
    bob.until("INFO: queen ended slow mode in ops");
    bob.send("/rules");
    assert!(bob.until("INFO: ops is run by: ") == "INFO: ops is run by: queen");
}

#[test]
fn guest_who_was_renamed_registers_the_new_name() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    rename(&mut alice, "alice", "queen");
    alice.send("/register");
    for _ in 0..2 {
        alice.send("correct horse");
    }
    alice.until("INFO: queen is your account now");
    alice.quit();
    let mut queen = server.login("queen", "correct horse");
    queen.send("/join ops");
    queen.send("/topic mine");
    queen.until("INFO: queen set the topic of ops");
    server.guest("alice", "lobby");
}

#[test]
fn of_two_users_who_ask_for_one_name_at_once_one_gets_it() {
    let server = TestServer::default();
    let mut watcher = sign_in(&server, "watcher");
    for round in 0..20 {
        let wanted = format!("wanted{round}");
        let got = thread::scope(|scope| {
            let server = &server;
            let wanted = &wanted;
            let renamed = ["ann", "bea"].map(|name| {
                scope.spawn(move || {
                    let mut user = server.guest(&format!("{name}{round}"), "lobby");
                    user.send(&format!("/nick {wanted}"));
                    let line = loop {
                        let line = user.line();
                        if line.starts_with("ERROR: ") || line == format!("{name}{round} is now {wanted}") {
                            break line;
                        }
                    };
                    (user, line.ends_with(wanted))
                })
            });
            let newcomer = scope.spawn(move || {
                let mut client = server.connect();
                client.send(&format!("{wanted}_lobby"));
                let line = loop {
                    let line = client.line();
                    if line.starts_with("200 ") || line.starts_with("403 ") {
                        break line;
                    }
                };
                (client, line.starts_with("200 "))
            });
            let mut got: Vec<_> = renamed.into_iter().map(|user| user.join().unwrap()).collect();
            got.push(newcomer.join().unwrap());
            got
        });
        assert_eq!(got.iter().filter(|(_, got)| *got).count(), 1, "round {round}");
        let users = watcher.request(json!({"type": "users"}))[0]["users"].clone();
        let count = users.as_array().unwrap().iter().filter(|user| **user == wanted).count();
        assert_eq!(count, 1, "{users}");
        for (user, _) in got {
            drop(user);
        }
    }
}

#[test]
fn messages_under_way_carry_the_name_of_their_time() {
    let server = TestServer::new(|config| {
        config.limits.renames_per_session = 60;
        config.rate = None;
    });
    let mut reader = server.guest("reader", "lobby");
    let mut other = sign_in(&server, "other");
    let mut user = server.guest("name0", "lobby");
    reader.until("name0 has connected");
    thread::scope(|scope| {
        scope.spawn(move || {
            for round in 0..50 {
                user.send_bytes(format!("a{round}\nb{round}\n/nick name{}\nc{round}\n", round + 1).as_bytes());
            }
            user.send("done");
            user.until("name49 is now name50");
        });
        scope.spawn(move || {
            // Direct messages to a name that changes meanwhile reach its user or nobody.
            for round in 0..50 {
                let answer = other.request(json!({"type": "pm", "to": format!("name{round}"), "text": "hello"}));
                let last = answer.last().unwrap();
                assert!(last["type"] == "ok" || last["cause"] == "no_such_user", "{answer:?}");
            }
        });
        let mut name = String::from("name0");
        let mut texts = Vec::new();
        loop {
            let line = reader.line();
            if let Some((from, to)) = line.split_once(" is now ") {
                assert_eq!(from, name, "{line}");
                name = to.to_owned();
            } else if let Some((author, text)) = line.split_once(": ").filter(|(author, _)| author.starts_with("name"))
            {
                assert_eq!(author, name, "{line}");
                texts.push(text.to_owned());
                if text == "done" {
                    break;
                }
            }
        }
        let expected = (0..50).flat_map(|round| ["a", "b", "c"].map(|line| format!("{line}{round}")));
        assert_eq!(texts, expected.chain(["done".into()]).collect::<Vec<_>>());
        assert_eq!(name, "name50");
    });
}

#[test]
fn resumed_session_has_the_new_name_and_what_followed_it() {
    let server = TestServer::default();
    let mut carol = server.guest("carol", "lobby");
    let mut alice = ObjectClient::connect(&server);
    let welcome = alice.sign_in(json!({"type": "guest", "user": "alice", "room": "lobby"}));
    let token = welcome[0]["token"].clone();
    carol.send("/block alice");
    carol.until("INFO: alice is blocked");
    let say = json!({"type": "say", "room": "lobby", "text": "once", "nonce": "0123456789abcdef0123"});
    let id = alice.request(say.clone())[0]["id"].clone();
    alice.request(json!({"type": "nick", "to": "bob"}));
    let again = alice.request(say.clone());
    assert_eq!((&again[0]["id"], &again[0]["repeated"]), (&id, &json!(true)), "{again:?}");
    // Taken over from a connection that is still open.
    let mut taken_over = ObjectClient::connect(&server);
    let welcome = taken_over.sign_in(json!({"type": "resume", "token": token}));
    assert_eq!([&welcome[0]["username"], &welcome[0]["resumed"]], [&json!("bob"), &json!(true)], "{welcome:?}");
    let token = welcome[0]["token"].clone();
    taken_over.request(json!({"type": "nick", "to": "bert"}));
    // Resumed after the connection was lost.
    drop(taken_over);
    carol.until("bert has left the chatroom");
    let mut next = server.guest("alice", "lobby");
    let mut resumed = ObjectClient::connect(&server);
    let welcome = resumed.sign_in(json!({"type": "resume", "token": token}));
    assert_eq!(welcome[0]["username"], "bert", "{welcome:?}");
    let again = resumed.request(say);
    assert_eq!((&again[0]["id"], &again[0]["repeated"]), (&id, &json!(true)), "{again:?}");
    let answer = resumed.request(json!({"type": "pm", "to": "carol", "text": "spam"}));
    assert_eq!(answer[0]["cause"], "blocked_by_user", "{answer:?}");
    assert!(refused(&mut next, "/pm carol spam").contains("403 Not delivered"));
}

#[test]
fn operator_and_owners_find_a_user_by_the_new_name() {
    let server = TestServer::default();
    let mut owner = claim(&server, "owner");
    let mut alice = server.guest("alice", "lobby");
    rename(&mut alice, "alice", "bob");
    owner.send("/whois bob");
    owner.until("INFO: bob is a guest");
    owner.send("/since 60");
    let seen = owner.until("Online in the last");
    assert!(seen.contains("bob") && seen.contains("alice"), "{seen}");
    assert!(refused(&mut owner, "/kick alice").contains("404"));
    owner.send("/kick bob");
    alice.until("INFO: owner took you out of lobby");
}
