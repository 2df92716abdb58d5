//! Those who have no part in it: without the passphrase, under another's name, or only to do harm.

use super::{all_hear, all_meet, hosts, members};
use landline_tests::soak::resident_kib;
use landline_tests::{DEADLINE, Lan, MeshProcess, skip_if_missing};
use std::process::{Command, Stdio};
use tempfile::TempDir;

#[test]
fn without_the_passphrase_nobody_gets_in() {
    let (Some(mut lan), folder) = (Lan::new(1), TempDir::new().expect("a folder")) else { return };
    let hosts = hosts(&mut lan, &[0; 4]);
    let file = folder.path().join("passphrase");
    std::fs::write(&file, "correct horse battery\n").expect("a file");
    let file = file.to_string_lossy().into_owned();
    let wrong = folder.path().join("incorrect");
    std::fs::write(&wrong, "incorrect horse\n").expect("a file");
    let start = |n: usize, name, more: &[&str]| MeshProcess::start(&lan, hosts[n].0, name, folder.path(), more);
    let mut insiders = [start(0, "one", &["--passphrase-file", &file]), start(1, "two", &["--passphrase-file", &file])];
    let wrong = wrong.to_string_lossy().into_owned();
    let strangers = [start(2, "none", &[]), start(3, "wrong", &["--passphrase-file", &wrong])];
    all_meet(&insiders);
    for insider in &insiders {
        insider.wait_for_text("none at 10.77.0.3 is here with another passphrase (or none)");
        insider.wait_for_text("wrong at 10.77.0.4 is here with another passphrase (or none)");
    }
    strangers[0].wait_for_text("one at 10.77.0.1 is here with another passphrase (or none)");
    insiders.iter_mut().for_each(|member| member.type_line("among us"));
    all_hear(&insiders, 2);
    assert!(strangers.iter().all(|stranger| stranger.messages().is_empty()));
}

#[test]
fn another_s_name_with_another_key_is_shown_loudly() {
    let (Some(mut lan), folder) = (Lan::new(1), TempDir::new().expect("a folder")) else { return };
    let hosts = hosts(&mut lan, &[0; 2]);
    let alice = MeshProcess::start(&lan, hosts[0].0, "alice", folder.path(), &[]);
    let bob = MeshProcess::start(&lan, hosts[1].0, "bob", folder.path(), &[]);
    alice.wait_for_presence(DEADLINE, "bob", "joined");
    drop(bob);
    alice.wait_for_presence(DEADLINE, "bob", "disconnected");
    let elsewhere = folder.path().join("elsewhere");
    let _bob = MeshProcess::start(&lan, hosts[1].0, "bob", &elsewhere, &[]);
    alice.wait_for_text("WARNING: bob at 10.77.0.2 has another key than the bob whom you met before");
    alice.until("a name of its own", |events| {
        events.iter().any(|e| e["event"] == "joined" && e["user"].as_str().is_some_and(|user| user.starts_with("bob#")))
    });
}

/// Ten thousand hellos to everybody, of which some are true to form, some broken; then as many dials.
const FLOOD: &str = r#"
import json, socket
def sender(address):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.bind((address, 0))
    return s
senders = [sender('10.77.0.66')] + [sender('10.77.1.%d' % n) for n in range(1, 101)]
def hello(n):
    fields = {'landline': 'mesh', 'v': 1, 'id': '%032x' % (n * 7919 << 90), 'name': 'liar%d' % n, 'port': n % 60000 + 1024}
    bare = json.dumps(dict(fields, pad=''), separators=(',', ':'))
    return json.dumps(dict(fields, pad='.' * (320 - len(bare))), separators=(',', ':')).encode()
for n in range(10000):
    text = [hello(n), b'\xff' * 400, hello(n)[:-2], b'{' * 320][0 if n % 4 else n // 4 % 4]
    try:
        senders[n % len(senders)].sendto(text, ('10.77.255.255', 5052))
    except OSError:
        pass
open_sockets = []
for n in range(200):
    for port in PORTS:
        try:
            s = socket.create_connection(('10.77.0.1', port), 0.5)
            s.sendall(b'\x00\x20' + b'\xff' * (n % 40))
            open_sockets.append(s)
        except OSError:
            pass
print('done', flush=True)
"#;

#[test]
fn a_flood_of_lies_leaves_the_talk_as_it_was() {
    if skip_if_missing("python3") {
        return;
    }
    let (Some(mut lan), folder) = (Lan::new(1), TempDir::new().expect("a folder")) else { return };
    let honest = hosts(&mut lan, &[0; 3]);
    for (host, cable) in &honest {
        // Everybody on one large network.
        let address = lan.ip(*host, &format!("-4 -o address show {cable}"));
        let address = address.split_whitespace().nth(3).expect("an address").replace("/24", "");
        lan.ip(*host, &format!("address flush dev {cable}"));
        lan.ip(*host, &format!("address add {address}/16 dev {cable}"));
    }
    let liar = lan.host();
    let cable = lan.plug(liar, 0, "10.77.0.66/16");
    (1..=100).for_each(|n| _ = lan.ip(liar, &format!("address add 10.77.1.{n}/16 dev {cable}")));
    let mut three = members(&lan, &honest, folder.path());
    all_meet(&three);
    let before = resident_kib(three[0].process());
    let ports = listening(&lan, &honest);
    assert!(!ports.is_empty());
    let script = FLOOD.replace("PORTS", &format!("{ports:?}"));
    let mut flood = lan.on(liar, Command::new("python3").args(["-c", &script]));
    let mut flood = flood.stdout(Stdio::null()).spawn().expect("python3");
    for n in 0..4 {
        three.iter_mut().for_each(|member| member.type_line(&format!("number {n} of {}", member.name)));
    }
    all_hear(&three, 12);
    assert!(flood.wait().expect("the flood").success());
    three.iter_mut().for_each(|member| member.type_line("still here"));
    all_hear(&three, 15);
    let after = resident_kib(three[0].process());
    assert!(after < before + 20_000, "{before} KiB before, {after} KiB after");
    for member in &three {
        member.until("a look", |events| {
            assert!(!events.iter().any(|e| e["event"] == "disconnected"), "{events:#?}");
            true
        });
    }
    // And somebody new is still let in.
    let late = lan.host();
    lan.plug(late, 0, "10.77.0.9/16");
    three.push(MeshProcess::start(&lan, late, "late", folder.path(), &[]));
    all_meet(&three);
}

/// The TCP ports that the first of them listens on.
fn listening(lan: &Lan, hosts: &[(landline_tests::Host, String)]) -> Vec<u16> {
    let mut ss = Command::new("ss");
    ss.args(["-Hltn"]);
    let output = lan.on(hosts[0].0, &ss).output().expect("ss");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let port = |line: &str| line.split_whitespace().nth(3)?.rsplit_once(':')?.1.parse().ok();
    text.lines().filter_map(port).collect()
}
