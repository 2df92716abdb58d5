//! Members that are killed, freeze, or lose their cable.

use super::{all_hear, all_meet, hosts, members};
use landline_tests::{DEADLINE, Lan, MeshProcess, eventually};
use std::time::Duration;
use tempfile::TempDir;

#[test]
fn who_is_killed_has_left_within_ten_seconds_and_comes_back() {
    let (Some(mut lan), folder) = (Lan::new(1), TempDir::new().expect("a folder")) else { return };
    let hosts = hosts(&mut lan, &[0; 3]);
    let mut three = members(&lan, &hosts, folder.path());
    all_meet(&three);
    three.iter_mut().for_each(|member| member.type_line("hello"));
    all_hear(&three, 3);
    three[2].signal("KILL");
    for member in &three[..2] {
        member.wait_for_presence(Duration::from_secs(10), "user2", "disconnected");
    }
    three[2] = MeshProcess::start(&lan, hosts[2].0, "user2", folder.path(), &[]);
    all_meet(&three);
    // Only told by others: lines of user2's earlier start are marked there.
    let unmarked = |(id, user, text): (u64, String, String)| (id, user.replace(" (earlier)", ""), text);
    let history = three[0].history();
    eventually("what was said before", || three[2].history().into_iter().map(unmarked).collect::<Vec<_>>() == history);
    let warned = three.iter().any(|member| {
        let mut found = false;
        member.until("anything", |events| {
            found = events.iter().any(|e| e["text"].as_str().is_some_and(|text| text.contains("WARNING")));
            true
        });
        found
    });
    assert!(!warned, "it is known by its key");
}

#[test]
fn a_pulled_cable_is_noticed_within_thirty_seconds_and_all_is_well_when_it_is_back() {
    let (Some(mut lan), folder) = (Lan::new(1), TempDir::new().expect("a folder")) else { return };
    let hosts = hosts(&mut lan, &[0; 3]);
    let mut three = members(&lan, &hosts, folder.path());
    all_meet(&three);
    lan.unplug(&hosts[2].1);
    for member in &three[..2] {
        member.wait_for_presence(Duration::from_secs(30), "user2", "disconnected");
    }
    three[2].wait_for_presence(Duration::from_secs(30), "user0", "disconnected");
    three.iter_mut().for_each(|member| member.type_line("is anybody there?"));
    lan.replug(&hosts[2].1);
    all_meet(&three);
    all_hear(&three, 3);
}

#[test]
fn a_frozen_member_has_left_and_comes_back_by_itself() {
    let (Some(mut lan), folder) = (Lan::new(1), TempDir::new().expect("a folder")) else { return };
    let hosts = hosts(&mut lan, &[0; 3]);
    let three = members(&lan, &hosts, folder.path());
    all_meet(&three);
    three[1].signal("STOP");
    for member in [&three[0], &three[2]] {
        member.wait_for_presence(Duration::from_secs(30), "user1", "disconnected");
    }
    three[0].type_line("while you slept");
    three[2].wait_for_presence(DEADLINE, "user0", "joined");
    three[1].signal("CONT");
    for member in [&three[0], &three[2]] {
        member.wait_for_presence(DEADLINE, "user1", "joined");
    }
    all_hear(&three, 1);
    three[1].type_line("I am back");
    all_hear(&three, 2);
}
