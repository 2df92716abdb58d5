//! Bans of users, addresses and ranges. A ban is stored before it is confirmed; if storing fails, it applies with a
//! warning.

use landline_server::server::Server;
use landline_server::store::LockFile;
use landline_tests::{Disk, TestServer, eventually, on_loopback};
use std::fs;

#[test]
fn ban_ends_all_sessions_of_an_address() {
    let test_server = TestServer::new(|config| config.limits.greeting_ms = 60_000);
    test_server.register("alice", "correct horse");
    let moderator = test_server.server().moderator();
    // Connects first, so that it is accepted before the others.
    let mut silent = test_server.connect();
    let mut people = [test_server.login("alice", "correct horse"), test_server.guest("bob", "lobby")];
    let answer = moderator.ban("bob", Some(5), "noise").expect("a ban");
    assert_eq!(answer, "Banned 127.0.0.1 for 5 min: alice (account), bob.");
    for person in &mut people {
        person.until("INFO: You have been banned.");
        person.expect("INFO: Reason: noise");
        person.expect_closed();
    }
    silent.expect_closed();
    let mut again = test_server.connect();
    let refusal = again.expect_start("403 Your address is banned from this server until 2");
    assert!(refusal.ends_with(". Reason: noise"), "{refusal}");
    again.expect_closed();
    assert!(moderator.bans().contains("127.0.0.1 (until 2"), "{}", moderator.bans());
    eventually("no user is online", || moderator.stats().starts_with("Connected: 0 | Banned IPs: 1\n"));
}

#[test]
fn banned_ranges_survive_a_restart_until_lifted() {
    let mut test_server = TestServer::default();
    assert!(
        test_server
            .server()
            .moderator()
            .ban("127.0.0.0/8", None, "")
            .expect("a ban")
            .starts_with("Banned 127.0.0.0/8: ")
    );
    test_server.restart();
    test_server.connect().expect("403 Your address is banned from this server.");
    let moderator = test_server.server().moderator();
    assert!(moderator.unban("127.0.0.1").is_err());
    assert_eq!(moderator.unban("127.0.0.0/8"), Ok("Unbanned 127.0.0.0/8.".to_owned()));
    test_server.guest("alice", "lobby");
}

#[test]
fn ban_refuses_unknown_names_and_invalid_addresses() {
    let test_server = TestServer::default();
    let moderator = test_server.server().moderator();
    assert_eq!(
        moderator.ban("nobody", None, ""),
        Err("User 'nobody' not found; /users lists the users online.".to_owned())
    );
    for target in ["10.0.0.0/33", "10.0.0.0/40", "10.0.0", "300.1.2.3", "::1/200"] {
        let refused = moderator.ban(target, None, "").expect_err("no address");
        assert!(refused.contains("is not an address or a range"), "{refused}");
    }
    assert!(moderator.bans().starts_with("No banned addresses."));
}

#[test]
fn a14_departed_user_is_banned_by_name() {
    let test_server = TestServer::default();
    let moderator = test_server.server().moderator();
    test_server.guest("bob", "lobby").quit();
    eventually("bob has left", || moderator.kick("bob", "").is_err_and(|why| why.contains("bob has left just now")));
    let why = moderator.kick("BOB", "").expect_err("bob is gone");
    assert!(why.contains("127.0.0.1") && why.contains("/ban bob"), "{why}");
    let answer = moderator.ban("Bob", Some(5), "insults").expect("a ban");
    assert_eq!(answer, "Banned 127.0.0.1 for 5 min: no users were online from there.");
    assert!(moderator.bans().contains("bob, insults"), "{}", moderator.bans());
    test_server.connect().expect_start("403 Your address is banned from this server until 2");
}

#[test]
fn damaged_ban_file_stops_the_start() {
    let mut test_server = TestServer::default();
    test_server.server().moderator().ban("10.0.0.1", None, "").expect("a ban");
    test_server.stop();
    let file = test_server.data().join("bans.json");
    let whole = fs::read(&file).expect("the file");
    let config = on_loopback(test_server.data());
    for torn in [&whole[..0], &whole[..whole.len() / 2], b"[\"10.0.0.1\"]", b"\"10.0.0.1\""] {
        fs::write(&file, torn).expect("writing");
        let lock = LockFile::take(test_server.data()).expect("the folder");
        let error = Server::start(&config, lock).expect_err("it must not start").to_string();
        assert!(error.contains("bans.json"), "{error}");
        assert_eq!(fs::read(&file).expect("the file"), torn, "left as it is");
    }
}

#[test]
fn bans_work_on_a_full_disk() {
    let Some(disk) = Disk::new() else { return };
    let mut test_server = TestServer::new(|config| config.data = disk.data());
    let moderator = test_server.server().moderator();
    assert_eq!(moderator.ban("10.0.0.1", None, ""), Ok("Banned 10.0.0.1: no users were online from there.".to_owned()));
    let mut bob = test_server.guest("bob", "lobby");
    disk.fill_up_to(0);
    let answer = moderator.ban("bob", None, "noise").expect("a ban");
    assert!(
        answer.starts_with("Banned 127.0.0.1: bob.\nThis counts from now on, but it could not be stored ("),
        "{answer}"
    );
    assert!(
        answer.contains("No space left on device") && answer.contains("after a restart the ban is gone"),
        "{answer}"
    );
    bob.until("INFO: You have been banned.");
    bob.expect("INFO: Reason: noise");
    bob.expect_closed();
    test_server.connect().expect("403 Your address is banned from this server. Reason: noise");
    let answer = moderator.unban("10.0.0.1").expect("an end of it");
    assert!(answer.contains("after a restart the ban counts again"), "{answer}");
    assert!(moderator.bans().contains("127.0.0.1") && !moderator.bans().contains("10.0.0.1"), "{}", moderator.bans());

    disk.free_space();
    let stored = || fs::read_to_string(test_server.data().join("bans.json")).expect("the bans");
    eventually("both are stored without a further action", || {
        stored().contains("127.0.0.1") && !stored().contains("10.0.0.1")
    });
    test_server.restart();
    test_server.connect().expect("403 Your address is banned from this server. Reason: noise");
}
