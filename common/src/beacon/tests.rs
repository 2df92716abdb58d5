use super::*;
use proptest::prelude::*;

fn answer() -> Answer {
    Answer {
        name: "Room 12".into(),
        addr: Ipv4Addr::new(10, 0, 0, 1).into(),
        port: 12_345,
        lantalk: 5_050,
        users: 3,
        password: true,
        version: "0.1.0".into(),
        id: "00ff".into(),
        also: vec![Ipv4Addr::new(10, 1, 0, 1).into()],
        tls: true,
        key: Some(key()),
    }
}

fn key() -> ServerKey {
    "0f".repeat(32).parse().unwrap()
}

fn with(field: &str, value: &str) -> Option<Answer> {
    let mut json = serde_json::to_value(answer()).unwrap();
    json[field] = serde_json::from_str(value).unwrap();
    Answer::parse(format!("LANDLINE! 1 {json}").as_bytes())
}

#[test]
fn a_beacon_has_lantalks_form_to_the_letter() {
    let beacon = Beacon { addr: Ipv4Addr::new(192, 168, 1, 20), port: 5_050 };
    assert_eq!(beacon.to_string(), "LANTALK_SERVER:192.168.1.20:5050");
    assert_eq!(Beacon::parse(b"LANTALK_SERVER:192.168.1.20:5050"), Some(beacon));
}

#[test]
fn malformed_beacons_are_ignored() {
    for text in [
        "",
        "LANTALK_SERVER:",
        "LANTALK_SERVER:1.2.3.4",
        "LANTALK_SERVER:1.2.3.4:",
        "LANTALK_SERVER:1.2.3.4:0",
        "LANTALK_SERVER:1.2.3.4:99999",
        "LANTALK_SERVER:1.2.3.4:-1",
        "LANTALK_SERVER:1.2.3.4:+5050",
        "LANTALK_SERVER:1.2.3.4: 5050",
        "LANTALK_SERVER:1.2.3.4:5050:1",
        "LANTALK_SERVER:1.2.3:5050",
        "LANTALK_SERVER:\u{1b}[2J1.2.3.4:5050",
        "LANTALK_SERVER:host:5050",
        "lantalk_server:1.2.3.4:5050",
        " LANTALK_SERVER:1.2.3.4:5050",
    ] {
        assert_eq!(Beacon::parse(text.as_bytes()), None, "{text:?}");
    }
    assert_eq!(Beacon::parse(b"LANTALK_SERVER:1.2.3.4:50\xff"), None);
}

#[test]
fn only_questions_of_this_version_are_questions() {
    assert!(is_question(&question()));
    assert_eq!(question().len(), QUESTION_BYTES);
    for ours in ["LANDLINE? 1", "LANDLINE? 1 ", "LANDLINE? 1\n", "LANDLINE? 1 \0anything"] {
        assert!(is_question(ours.as_bytes()), "{ours:?}");
    }
    for other in ["", "LANDLINE?", "LANDLINE? 2", "LANDLINE? 10", "LANDLINE? 1x", "landline? 1", "LANDLINE! 1 {}"] {
        assert!(!is_question(other.as_bytes()), "{other:?}");
    }
}

#[test]
fn an_answer_is_read_as_it_was_written() {
    let text = answer().to_string();
    let json = r#"{"name":"Room 12","addr":"10.0.0.1","port":12345,"lantalk":5050,"users":3,"password":true,"version":"0.1.0","id":"00ff","also":["10.1.0.1"],"tls":true,"key":"KEY"}"#
        .replace("KEY", &key().to_string());
    assert_eq!(text, format!("LANDLINE! 1 {json}"));
    assert_eq!(Answer::parse(text.as_bytes()), Some(answer()));
    let key = "0123456789abcdef".repeat(4);
    let encrypting = Answer { tls: true, key: key.parse().ok(), ..answer() };
    let text = encrypting.to_string();
    assert!(text.ends_with(&format!(r#","also":["10.1.0.1"],"tls":true,"key":"{key}"}}"#)), "{text}");
    assert_eq!(Answer::parse(text.as_bytes()), Some(encrypting));
}

#[test]
fn the_longest_answer_keeps_the_ratio() {
    let longest = Answer {
        name: "\"".repeat(SERVER_NAME_CHARS),
        addr: Ipv4Addr::BROADCAST.into(),
        port: u16::MAX,
        lantalk: u16::MAX,
        users: u32::MAX,
        password: false,
        version: "\"".repeat(VERSION_CHARS),
        id: "f".repeat(16),
        also: vec![Ipv4Addr::BROADCAST.into(); MOST_ALSO],
        tls: true,
        key: "f".repeat(64).parse().ok(),
    };
    let widest = Answer { name: "👍".repeat(SERVER_NAME_CHARS), ..longest.clone() };
    for answer in [longest, widest] {
        assert!(answer.to_string().len() <= question().len() * ANSWER_RATIO);
        assert_eq!(Answer::parse(answer.to_string().as_bytes()), Some(answer));
    }
}

#[test]
fn unknown_fields_and_malformed_answers_are_ignored() {
    assert_eq!(with("motto", r#"["later", {"a": 1}]"#), Some(answer()));
    assert_eq!(with("lantalk", "0").unwrap().lantalk, 0);
    for (field, value) in [
        ("port", "0"),
        ("port", "99999"),
        ("port", "-1"),
        ("port", "1.5"),
        ("port", "\"80\""),
        ("lantalk", "65536"),
        ("lantalk", "null"),
        ("users", "-1"),
        ("users", "1e30"),
        ("name", "7"),
        ("addr", "\"somewhere\""),
        ("password", "1"),
        ("version", "null"),
        ("tls", "1"),
    ] {
        assert_eq!(with(field, value), None, "{field}: {value}");
    }
    let text = answer().to_string();
    for broken in [
        text.replace("! 1 ", "! 2 "),
        text.replace(",\"users\":3", ""),
        text.replace("\"port\"", "\"port\":1,\"port\""),
        format!("{text}x"),
        text[..text.len() - 1].to_owned(),
        format!("LANDLINE! 1 {}", "[".repeat(60_000)),
        "LANDLINE! 1 ".into(),
    ] {
        assert_eq!(Answer::parse(broken.as_bytes()), None, "{broken:.60}");
    }
}

#[test]
fn hints_about_tls_are_optional_and_a_malformed_key_hides_no_server() {
    let plain = Answer { tls: false, key: None, ..answer() };
    assert!(!plain.to_string().contains("tls") && !plain.to_string().contains("key"));
    assert_eq!(Answer::parse(plain.to_string().as_bytes()), Some(plain));
    for value in ["null", "\"\"", "\"0f\"", "\"\\u001b[2J\""] {
        assert_eq!(with("key", value), Some(Answer { key: None, ..answer() }), "{value}");
    }
    assert_eq!(with("key", &format!("{:?}", "0f".repeat(33))).unwrap().key, None);
    for (field, value) in [("key", "7"), ("tls", "\"yes\""), ("tls", "null")] {
        assert_eq!(with(field, value), None, "{field}: {value}");
    }
}

#[test]
fn names_are_cleaned_and_cut() {
    let name = |text: &str| with("name", &serde_json::to_string(text).unwrap()).unwrap().name;
    assert_eq!(name("\u{1b}[31mred\u{1b}[0m\u{7}\u{202e}"), "red");
    assert_eq!(name("  Real \t 10.0.0.9\n  12345 "), "Real 10.0.0.9 12345");
    assert_eq!(name("\u{3164}\u{200d}"), "");
    assert_eq!(name(&"é".repeat(500)), "é".repeat(64));
    assert_eq!(name(&format!("{} tail", "x".repeat(63))), "x".repeat(63));
    assert_eq!(with("version", "\"\\u001b[2J0.1\"").unwrap().version, "0.1");
}

#[test]
fn a_link_has_the_broadcast_address_of_its_interface() {
    let ip = |text: &str| text.parse::<Ipv4Addr>().unwrap();
    let broadcast = |own, mask, told: Option<&str>| Link::new(ip(own), ip(mask), told.map(ip)).map(|l| l.global);
    assert_eq!(broadcast("192.168.1.5", "255.255.255.0", Some("192.168.1.255")), Some(ip("192.168.1.255")));
    assert_eq!(
        broadcast("10.0.0.1", "255.255.0.0", None),
        Some(ip("10.0.255.255")),
        "set by hand, without a broadcast address"
    );
    assert_eq!(broadcast("10.0.0.1", "255.255.0.0", Some("0.0.0.0")), Some(ip("10.0.255.255")));
    assert_eq!(
        broadcast("10.0.0.1", "255.255.0.0", Some("10.0.0.1")),
        Some(ip("10.0.255.255")),
        "what Linux reports then"
    );
    assert_eq!(broadcast("127.0.0.1", "255.0.0.0", None), Some(ip("127.255.255.255")));
    for (own, mask, told) in [
        ("10.0.0.1", "255.255.255.255", Some("10.0.0.1")),
        ("10.0.0.1", "255.255.255.254", None),
        ("10.0.0.1", "0.0.0.0", None),
        ("0.0.0.0", "255.0.0.0", None),
    ] {
        assert_eq!(broadcast(own, mask, told), None, "{own} {mask}");
    }
}

#[test]
fn addresses_that_no_host_has_are_not_credible() {
    for (source, credible) in [
        ("10.0.0.1", true),
        ("127.0.0.1", true),
        ("0.0.0.0", false),
        ("0.1.2.3", false),
        ("255.255.255.255", false),
        ("224.0.0.251", false),
        ("ff02::1", false),
        ("::", false),
        ("fe80::1", true),
    ] {
        assert_eq!(is_credible(source.parse().unwrap()), credible, "{source}");
    }
}

prop_compose! {
    fn any_answer()(
        name in any::<String>(),
        addr in any::<u32>(),
        port in 1..=u16::MAX,
        lantalk in any::<u16>(),
        users in any::<u32>(),
        password in any::<bool>(),
        version in any::<String>(),
        tls in any::<bool>(),
        key in proptest::option::of("[0-9a-f]{64}"),
    ) -> Answer {
        let addr = Ipv4Addr::from_bits(addr).into();
        let name = cleaned(&name, SERVER_NAME_CHARS);
        let version = cleaned(&version, VERSION_CHARS);
        let id = "0123456789abcdef".into();
        let also = vec![addr];
        let key = key.map(|digits| digits.parse().unwrap());
        Answer { name, addr, port, lantalk, users, password, version, id, also, tls, key }
    }
}

proptest! {
    #[test]
    fn parsing_never_panics(mut datagram in proptest::collection::vec(any::<u8>(), 0..600), head in 0..4usize) {
        datagram.splice(0..0, [b"".as_slice(), BEACON.as_bytes(), QUESTION, ANSWER][head].iter().copied());
        let _ = (Beacon::parse(&datagram), is_question(&datagram), Answer::parse(&datagram));
    }

    #[test]
    fn parsed_answers_are_cleaned_and_have_a_valid_port(name in any::<String>(), port in any::<i64>()) {
        let name = serde_json::to_string(&name).unwrap();
        let read = with("name", &name).unwrap();
        prop_assert!(read.name.chars().count() <= SERVER_NAME_CHARS);
        prop_assert_eq!(clean(&read.name), read.name.as_str());
        prop_assert_eq!(with("port", &port.to_string()).is_some(), (1..=65_535).contains(&port));
    }

    #[test]
    fn an_answer_is_parsed_as_it_was_sent(answer in any_answer()) {
        prop_assert_eq!(Answer::parse(answer.to_string().as_bytes()), Some(answer));
    }

    #[test]
    fn a_beacon_is_parsed_as_it_was_sent(addr in any::<u32>(), port in 1..=u16::MAX) {
        let beacon = Beacon { addr: Ipv4Addr::from_bits(addr), port };
        prop_assert_eq!(Beacon::parse(beacon.to_string().as_bytes()), Some(beacon));
    }
}
