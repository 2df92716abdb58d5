//! The command `landline discover`.

use super::{announcement, asker, free_port, receive, send, shared, start};
use landline_common::beacon::question;
use landline_server::discovery::Announcement;
use landline_tests::{Program, TestServer};
use serde_json::Value;
use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

fn discover(port: u16, more: &[&str]) -> Output {
    let mut command = Program::client();
    command.args(["discover", "--bind", "127.0.0.1", "--port", &port.to_string()]).args(more);
    command.output().expect("running landline")
}

fn found(port: u16, more: &[&str]) -> Vec<Value> {
    let output = discover(port, &[&["--json"], more].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn landline_discover_finds_servers_that_share_the_port() {
    let port = free_port();
    let _one = start(announcement(port));
    let _two =
        start(Announcement { name: "Aula".into(), port: 8_888, lantalk: None, password: false, ..announcement(port) });
    let list = found(port, &["--timeout", "1"]);
    let of = |row: &Value| format!("{} {} {} {}", row["name"], row["address"], row["port"], row["password"]);
    let rows: Vec<String> = list.iter().map(of).collect();
    assert_eq!(rows, [r#""Aula" "127.0.0.1" 8888 false"#, r#""Room 12" "127.0.0.1" 12345 true"#]);

    let table = String::from_utf8(discover(port, &["--timeout", "1"]).stdout).unwrap();
    let words: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[0], ["NAME", "ADDRESS", "PORT", "PEOPLE", "PASSWORD", "TLS", "AGE"]);
    assert_eq!(words[1][..5], ["Aula", "127.0.0.1", "8888", "3", "no"]);
    assert_eq!(words[2][..6], ["Room", "12", "127.0.0.1", "12345", "3", "yes"]);
}

#[test]
fn landline_discover_lists_a_server_with_only_a_lantalk_beacon() {
    let port = free_port();
    let listener = shared(port);
    let child = Program::client()
        .args(["discover", "--bind", "127.0.0.1", "--json", "--timeout", "1", "--port", &port.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("running landline");
    // The program listens before it sends its question.
    assert_eq!(receive(&listener), question());
    send(&asker(7), b"LANTALK_SERVER:6.6.6.6:5050", port);
    let output = child.wait_with_output().unwrap();
    let row: Value = serde_json::from_slice(&output.stdout).expect("one row");
    assert_eq!((&row["kind"], &row["name"]), (&"lantalk".into(), &Value::Null));
    assert_eq!(
        (&row["address"], &row["port"]),
        (&"127.0.0.7".into(), &5_050.into()),
        "the source address counts, not the one in the beacon"
    );
}

#[test]
fn landline_discover_reports_that_no_server_answered() {
    let output = discover(free_port(), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"");
    let expected = "no server answered; start one with landline-server, or type an address: landline HOST\n";
    assert_eq!(String::from_utf8_lossy(&output.stderr), expected);
}

#[test]
fn false_answers_and_ten_thousand_fake_beacons_change_nothing() {
    let port = free_port();
    let _honest = start(announcement(port));
    let listener = shared(port);
    let liar = std::thread::spawn(move || {
        // The source address of the question is where the program waits for answers.
        let asker = loop {
            let (length, from) = listener.recv_from(&mut [0; 2_048]).expect("a question");
            if length == question().len() {
                break from;
            }
        };
        let socket = super::asker(66);
        for n in 1..=100 {
            let json = format!(r#"{{"name":"\u001b[2J\u202ebad{n}","addr":"6.6.6.6","port":{n},"lantalk":{n},"#);
            let json = format!(r#"{json}"users":1,"password":false,"version":"\u001b]0;x\u0007"}}"#);
            socket.send_to(format!("LANDLINE! 1 {json}").as_bytes(), asker).unwrap();
            socket.send_to(b"LANDLINE! 1 {\"port\":99999}", asker).unwrap();
        }
        for n in 0..10_000u32 {
            let [.., c, d] = (n % 200).to_be_bytes();
            let socket = UdpSocket::bind((Ipv4Addr::new(127, 0, c + 1, d + 1), 0)).unwrap();
            socket.set_broadcast(true).unwrap();
            send(&socket, format!("LANTALK_SERVER:10.0.0.1:{}", n % 70_000).as_bytes(), port);
        }
    });
    let begun = Instant::now();
    let output = discover(port, &[]);
    let took = begun.elapsed();
    liar.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()) && !text.contains('\u{202e}'), "{text}");
    assert!(text.lines().any(|line| line.starts_with("Room 12 ")), "{text}");
    assert!(text.lines().filter(|line| line.contains("127.0.0.66")).count() <= 4, "{text}");
    assert!(text.lines().count() <= 1 + 64, "{text}");
}

#[test]
fn running_server_is_found_with_its_number_of_users() {
    let port = free_port();
    let mut server = TestServer::new(|config| {
        config.beacon_port = Some(port);
        config.name = "Grüße".into();
    });
    let _users = (server.guest("alice", "room"), server.guest("bob", "room"));
    let list = found(port, &["--timeout", "1"]);
    assert_eq!(list.len(), 1, "{list:?}");
    assert_eq!((&list[0]["name"], &list[0]["users"]), (&"Grüße".into(), &2.into()));
    assert_eq!((&list[0]["port"], &list[0]["password"]), (&server.address().port().into(), &false.into()));
    server.stop();
    assert_eq!(found(port, &[]), [] as [Value; 0]);
}
