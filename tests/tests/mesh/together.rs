//! Many who start together, several on one host, and halves that talked apart.

use super::{all_hear, all_meet, connections, hosts, members};
use landline_tests::{DEADLINE, Lan, MeshProcess, eventually};
use tempfile::TempDir;

#[test]
fn six_have_fifteen_links_and_hear_everything_once_in_one_order() {
    let (Some(mut lan), folder) = (Lan::new(1), TempDir::new().expect("a folder")) else { return };
    let hosts = hosts(&mut lan, &[0; 6]);
    let mut six = members(&lan, &hosts, folder.path());
    all_meet(&six);
    let ends = || hosts.iter().map(|(host, _)| connections(&lan, *host)).sum::<usize>();
    eventually("fifteen links with two ends each", || ends() == 30);
    for n in 0..8 {
        six.iter_mut().for_each(|member| member.type_line(&format!("number {n} of {}", member.name)));
    }
    all_hear(&six, 48);
    assert_eq!(ends(), 30);
    let said = six[0].messages();
    // A newcomer has heard nothing, and finds it all.
    let newcomer = lan.host();
    lan.plug(newcomer, 0, "10.77.0.99/24");
    let newcomer = MeshProcess::start(&lan, newcomer, "newcomer", folder.path(), &[]);
    six.push(newcomer);
    all_meet(&six);
    let newcomer = six.last_mut().expect("the newcomer");
    eventually("the newcomer's history", || newcomer.history().len() == 48);
    assert!(newcomer.messages().is_empty());
    for member in &mut six {
        assert_eq!(member.history(), said);
    }
}

#[test]
fn two_halves_that_talked_apart_agree_after_they_meet_again() {
    let (Some(mut lan), folder) = (Lan::new(2), TempDir::new().expect("a folder")) else { return };
    let trunk = lan.join(0, 1);
    let hosts = hosts(&mut lan, &[0, 0, 1, 1]);
    let mut four = members(&lan, &hosts, folder.path());
    all_meet(&four);
    four.iter_mut().for_each(|member| member.type_line("together"));
    all_hear(&four, 4);
    lan.unplug(&trunk);
    for (one, other) in [(0, 2), (0, 3), (1, 2), (1, 3)] {
        four[one].wait_for_presence(DEADLINE, &format!("user{other}"), "disconnected");
        four[other].wait_for_presence(DEADLINE, &format!("user{one}"), "disconnected");
    }
    for n in 0..4 {
        four.iter_mut().for_each(|member| member.type_line(&format!("apart {n}")));
    }
    let (left, right) = four.split_at(2);
    all_hear(left, 4 + 8);
    all_hear(right, 4 + 8);
    assert_ne!(left[0].messages(), right[0].messages());
    lan.replug(&trunk);
    all_meet(&four);
    all_hear(&four, 4 + 16);
    let history = four[0].history();
    assert_eq!(history.len(), 20);
    four.iter_mut().for_each(|member| assert_eq!(member.history(), history));
}

#[test]
fn several_on_one_host_meet_each_other_and_others_and_share_a_key() {
    let (Some(mut lan), folder) = (Lan::new(1), TempDir::new().expect("a folder")) else { return };
    let hosts = hosts(&mut lan, &[0, 0]);
    let start = |host: usize, name: &str| {
        let mut member = landline_tests::Program::client();
        member.args(["mesh", "--json", name]);
        for variable in ["XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
            member.env(variable, folder.path().join("shared"));
        }
        MeshProcess::of(&mut lan.on(hosts[host].0, &member), name)
    };
    let mut four = [start(0, "one"), start(0, "two"), start(0, "three"), start(1, "elsewhere")];
    all_meet(&four);
    four.iter_mut().for_each(|member| member.type_line("hello"));
    all_hear(&four, 4);
    let files = std::fs::read_dir(folder.path().join("shared/landline")).expect("their folder");
    assert_eq!(files.count(), 3, "the key, the keys of others, and what keeps two from writing these at once");
}

#[test]
fn loopback_alone_is_enough() {
    let (Some(mut lan), folder) = (Lan::new(0), TempDir::new().expect("a folder")) else { return };
    let host = lan.host();
    for more in [&["127.0.0.1"][..], &[]] {
        let start = |name| MeshProcess::start(&lan, host, name, folder.path(), more);
        let mut three = [start("one"), start("two"), start("three")];
        all_meet(&three);
        three.iter_mut().for_each(|member| member.type_line("hello"));
        all_hear(&three, 3);
    }
}

#[test]
fn at_one_address_nobody_elsewhere_is_met() {
    let (Some(mut lan), folder) = (Lan::new(2), TempDir::new().expect("a folder")) else { return };
    let (middle, left, right) = (lan.host(), lan.host(), lan.host());
    for (host, switch, address) in [
        (middle, 0, "10.77.0.1/24"),
        (middle, 1, "10.78.0.1/24"),
        (left, 0, "10.77.0.2/24"),
        (right, 1, "10.78.0.2/24"),
    ] {
        lan.plug(host, switch, address);
    }
    let bound = MeshProcess::start(&lan, middle, "bound", folder.path(), &["10.77.0.1"]);
    let left = MeshProcess::start(&lan, left, "left", folder.path(), &[]);
    let right = MeshProcess::start(&lan, right, "right", folder.path(), &[]);
    all_meet(&[left, bound]);
    assert!(right.count() <= 1, "it was told of nobody");
}

#[test]
fn a_script_says_its_line_when_somebody_is_there_and_leaves() {
    let (Some(mut lan), folder) = (Lan::new(1), TempDir::new().expect("a folder")) else { return };
    let hosts = hosts(&mut lan, &[0, 0]);
    let listener = MeshProcess::start(&lan, hosts[0].0, "listener", folder.path(), &[]);
    let mut script = MeshProcess::start(&lan, hosts[1].0, "script", folder.path(), &[]);
    script.type_line("the build is green");
    script.close_stdin();
    listener.until("what the script says", |events| events.iter().any(|e| e["text"] == "the build is green"));
    listener.wait_for_presence(DEADLINE, "script", "disconnected");
    assert_eq!(listener.messages().len(), 1);
}
