//! Owning the server, and what outlasts a restart.

use super::{claim, owned_server, refused};
use landline_server::clock::Clock;
use landline_tests::TestServer;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

#[test]
fn code_of_the_banner_makes_one_owner() {
    let server = TestServer::default();
    let mut eve = server.guest("eve", "lobby");
    assert!(refused(&mut eve, "/doors closed").contains("403 Only owners of this server"));
    assert!(refused(&mut eve, "/claim aaaa-bbbb-cccc").contains("403 That is not the code"));
    let _alice = claim(&server, "alice");
    let code = server.server().claim_code().to_owned();
    assert!(refused(&mut eve, &format!("/claim {code}")).contains("403"), "used once");
    let answer = server.server().moderator().new_claim_code().expect("a code");
    let new = answer.split(' ').nth(1).expect("the code").to_owned();
    eve.send(&format!("/claim {new}"));
    eve.until("INFO: You are an owner of this server now");
}

#[test]
fn user_banned_from_the_server_is_out_within_a_second_and_stays_out() {
    let (server, mut alice) = owned_server();
    let mut bob = server.guest("bob", "lobby");
    alice.send("/ban bob everywhere");
    bob.until("INFO: You have been banned.");
    bob.expect_closed();
    alice.until("INFO: alice banned bob from this server");
    let mut again = server.connect();
    again.until("Authorise MODE?");
    again.send("bob_lobby");
    assert!(again.line().starts_with("403 You are banned from this server"));
    alice.send("/unban bob everywhere");
    alice.until("INFO: alice lifted the ban of bob from this server");
    let _bob = server.guest("bob", "lobby");
}

#[test]
fn closed_doors_admit_no_newcomers_and_accounts_that_were_inside() {
    let server = TestServer::default();
    server.register("carol", "correct horse");
    let mut alice = claim(&server, "alice");
    let carol = server.login("carol", "correct horse");
    alice.send("/doors closed");
    alice.until("INFO: alice closed the doors");
    let mut dave = server.connect();
    dave.until("Authorise MODE?");
    dave.send("dave_lobby");
    assert!(dave.line().starts_with("403 This server takes no newcomers now"));
    carol.quit();
    alice.until("carol has left");
    let _carol = server.login("carol", "correct horse");
    alice.send("/doors open");
    alice.until("INFO: alice opened the doors");
    let _dave = server.guest("dave", "lobby");
}

#[test]
fn guests_write_to_owners_only_if_the_owner_wants() {
    let (server, mut alice) = owned_server();
    let mut bob = server.guest("bob", "lobby");
    let mut carol = server.guest("carol", "lobby");
    alice.send("/whispers owners");
    bob.until("INFO: alice: guests may write to owners only");
    for line in ["/pm carol psst", "/connect carol"] {
        assert!(refused(&mut bob, line).contains("403 Guests may write to owners only"), "{line}");
    }
    bob.send("/pm alice may I ask?");
    alice.until("[PM] bob: may I ask?");
    alice.send("/pm carol yes");
    carol.until("[PM] alice: yes");
    alice.send("/whispers all");
    bob.until("INFO: alice: guests may write to all users again");
    bob.send("/pm carol psst");
    carol.until("[PM] bob: psst");
}

#[test]
fn accounts_keep_what_they_run_over_a_restart_and_guests_do_not() {
    let mut server = TestServer::default();
    server.register("alice", "correct horse");
    let mut alice = server.login("alice", "correct horse");
    alice.send(&format!("/claim {}", server.server().claim_code()));
    alice.until("INFO: You are an owner of this server now");
    alice.send("/join ops");
    alice.until("INFO: You are in ops now");
    alice.send("/topic tea");
    alice.until("INFO: alice set the topic of ops: tea");
    alice.send("/ban bob");
    alice.until("INFO: No user bob is here. The ban from ops holds");
    let mut gus = server.guest("gus", "attic");
    gus.send("/topic mine");
    gus.until("INFO: gus set the topic of attic: mine");
    server.restart();
    let mut bob = server.guest("bob", "lobby");
    assert!(refused(&mut bob, "/join ops").contains("403 You are banned from ops"));
    bob.send("/join attic");
    bob.until("INFO: You are in attic now");
    bob.send("/topic now bob's");
    bob.until("INFO: bob set the topic of attic: now bob's");
    let mut alice = server.login("alice", "correct horse");
    alice.send("/join ops");
    alice.until("INFO: Topic of ops: tea");
    alice.send("/rules");
    alice.until("INFO: ops is run by: alice");
    alice.send("/doors closed");
    alice.until("INFO: alice closed the doors");
}

#[test]
fn rooms_that_are_older_than_the_rules_belong_to_the_server() {
    let mut server = TestServer::default();
    let mut alice = server.guest("alice", "attic");
    alice.send("an old line");
    alice.send("/ping stored");
    alice.until("PONG stored");
    alice.quit();
    server.stop();
    std::fs::remove_file(server.data().join("rules.json")).expect("the file");
    server.restart();
    let mut bob = server.guest("bob", "attic");
    assert!(refused(&mut bob, "/topic mine").contains("403 Only owners of attic"));
}

#[test]
fn room_that_an_account_opens_is_its_own_after_a_restart_without_any_rule() {
    let mut server = TestServer::default();
    server.register("alice", "correct horse");
    let mut alice = server.login("alice", "correct horse");
    alice.send("/join ops");
    alice.until("INFO: You are in ops now");
    server.restart();
    let mut bob = server.guest("bob", "ops");
    assert!(refused(&mut bob, "/topic mine").contains("403 Only owners of ops"));
}

/// A server whose clock is `days` ahead, and where the account alice has opened the room ops.
fn server_with_days() -> (TestServer, Arc<AtomicI64>) {
    let days = Arc::new(AtomicI64::new(0));
    let ahead = days.clone();
    let server = TestServer::with_clock(Clock::wrong_by(move || ahead.load(SeqCst) * 86_400_000), |_| {});
    server.register("alice", "correct horse");
    let mut alice = server.login("alice", "correct horse");
    alice.send("/join ops");
    alice.until("INFO: You are in ops now");
    alice.quit();
    (server, days)
}

#[test]
fn room_is_free_after_90_days_without_use() {
    let (mut server, days) = server_with_days();
    server.restart();
    days.store(89, SeqCst);
    let mut bob = server.guest("bob", "ops");
    assert!(refused(&mut bob, "/topic mine").contains("403 Only owners of ops"));
    bob.quit();
    days.store(89 + 91, SeqCst);
    let mut carol = server.guest("carol", "ops");
    carol.send("/topic mine");
    carol.until("INFO: carol set the topic of ops: mine");
}

#[test]
fn use_of_a_room_counts_although_the_server_crashes() {
    let (mut server, days) = server_with_days();
    days.store(60, SeqCst);
    server.guest("bob", "ops").quit();
    // A crash leaves the file as it is now. A stopped server writes it once more.
    let file = server.data().join("rules.json");
    let crashed = std::fs::read(&file).expect("the file");
    server.stop();
    std::fs::write(&file, crashed).expect("the file");
    days.store(120, SeqCst);
    server.restart();
    let mut carol = server.guest("carol", "ops");
    assert!(refused(&mut carol, "/topic mine").contains("403 Only owners of ops"));
}

#[test]
fn deleted_account_leaves_no_ownership_to_the_next_user_of_its_name() {
    let server = TestServer::default();
    server.register("alice", "correct horse");
    let mut alice = server.login("alice", "correct horse");
    alice.send(&format!("/claim {}", server.server().claim_code()));
    alice.until("INFO: You are an owner of this server now");
    alice.send("/join ops");
    alice.until("INFO: You are in ops now");
    let mut bob = server.guest("bob", "ops");
    server.server().moderator().delete_account("alice").expect("the account");
    alice.until("INFO: Reason: the account was deleted");
    alice.expect_closed();
    bob.until("alice has left");
    server.register("alice", "another horse");
    let mut alice = server.login("alice", "another horse");
    assert!(refused(&mut alice, "/doors closed").contains("403 Only owners of this server"));
    alice.send("/join ops");
    alice.until("INFO: You are in ops now");
    assert!(refused(&mut alice, "/topic mine").contains("403 Only owners of ops"));
}

#[test]
fn guest_takes_the_rules_of_its_room_along() {
    let server = TestServer::default();
    let mut gus = server.guest("gus", "attic");
    let mut bob = server.guest("bob", "attic");
    gus.send("/open off");
    bob.until("INFO: gus closed attic");
    gus.quit();
    bob.until("gus has left");
    // Bob is still there, among those who were let in.
    let mut carol = server.guest("carol", "lobby");
    assert!(refused(&mut carol, "/join attic").contains("403 attic is for invited users only"));
    bob.send("/topic mine now");
    bob.until("ERROR: 403 ");
    bob.send("/leave attic");
    bob.until("INFO: You left attic");
    carol.send("/join attic");
    carol.until("INFO: You are in attic now");
    carol.send("/topic tea");
    carol.until("INFO: carol set the topic of attic");
}

#[test]
fn owner_of_the_server_who_lets_a_guest_run_the_lobby_keeps_its_rules() {
    let server = TestServer::default();
    let mut alice = claim(&server, "alice");
    for line in ["/topic exam", "/quiet on", "/ban pete"] {
        alice.send(line);
    }
    alice.until("INFO: No user pete is here. The ban from lobby holds if one comes");
    let mut gus = server.guest("gus", "lobby");
    alice.send("/op gus");
    gus.until("INFO: alice made gus an owner of lobby");
    gus.quit();
    alice.until("gus has left");
    let mut bob = server.guest("bob", "lobby");
    assert!(refused(&mut bob, "hello").contains("lobby is quiet"));
    let mut pete = server.connect();
    pete.send("pete_lobby");
    pete.expect_start("403 You are banned from lobby");
}

#[test]
fn guest_leaves_no_rules_behind_for_the_whole_server() {
    let server = TestServer::default();
    let mut eve = server.guest("eve", "trap");
    let mut bob = server.guest("bob", "lobby");
    for line in ["/slow 3600", "/mute bob", "/quiet on", "/open off"] {
        eve.send(line);
    }
    eve.until("INFO: eve closed trap");
    eve.send("/deop eve");
    eve.until("INFO: eve took the ownership of trap from eve");
    bob.send("/all hello");
    bob.send("/away lunch");
    bob.until("INFO: You are away");
    eve.until("[all] bob: hello");
    assert!(refused(&mut bob, "/join trap").contains("403 trap is for invited users only"));
    eve.send("/leave trap");
    eve.until("INFO: You left trap");
    bob.send("/join trap");
    bob.until("INFO: You are in trap now");
}
