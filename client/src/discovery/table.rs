//! Prints servers: as a table for people, as JSON lines for scripts.

use crate::table::aligned;
use landline_common::beacon::{DatagramKind, FoundServer};
use serde_json::json;

const HEAD: [&str; 7] = ["NAME", "ADDRESS", "PORT", "PEOPLE", "PASSWORD", "TLS", "AGE"];

/// Formats a table with a heading and one row per server. LanTalk's beacon has no name, user count or password flag.
#[must_use]
pub fn table(list: &[FoundServer], now_ms: u64) -> String {
    aligned(HEAD, list.iter().map(|found| row(found, now_ms)))
}

fn row(found: &FoundServer, now_ms: u64) -> [String; 7] {
    let yes = |is_so: bool| if is_so { "yes" } else { "no" };
    let (name, people, password, tls) = match &found.kind {
        DatagramKind::Landline(answer) => {
            let name = if answer.name.is_empty() { "-" } else { &answer.name };
            (name, answer.users.to_string(), yes(answer.password), yes(answer.tls))
        }
        DatagramKind::LanTalk(_) => ("LanTalk", "?".into(), "?", "?"),
    };
    let age = found.age_ms(now_ms);
    let age = format!("{}.{} s", age / 1_000, age % 1_000 / 100);
    [name.into(), found.address.to_string(), found.port().to_string(), people, password.into(), tls.into(), age]
}

/// Formats one JSON object per line. Unknown values are null.
#[must_use]
pub fn json_lines(list: &[FoundServer], now_ms: u64) -> String {
    let object = |found: &FoundServer| {
        let answer = match &found.kind {
            DatagramKind::Landline(answer) => Some(answer),
            DatagramKind::LanTalk(_) => None,
        };
        json!({
            "kind": if answer.is_some() { "landline" } else { "lantalk" },
            "name": answer.map(|answer| &answer.name),
            "address": found.address,
            "port": found.port(),
            "lantalk": answer.map_or(found.port(), |answer| answer.lantalk),
            "users": answer.map(|answer| answer.users),
            "password": answer.map(|answer| answer.password),
            "tls": answer.map(|answer| answer.tls),
            "key": answer.and_then(|answer| answer.key).map(|key| key.to_string()),
            "version": answer.map(|answer| &answer.version),
            "age_ms": found.age_ms(now_ms),
        })
    };
    list.iter().map(|found| format!("{}\n", object(found))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::beacon::{Answer, Beacon, Servers};
    use std::net::Ipv4Addr;

    fn list() -> Vec<FoundServer> {
        let addr = Ipv4Addr::LOCALHOST;
        let answer = Answer {
            name: "Room 12".into(),
            addr: addr.into(),
            port: 12_345,
            lantalk: 5_050,
            users: 3,
            password: true,
            version: "0.1.0".into(),
            id: String::new(),
            also: Vec::new(),
            tls: true,
            key: "0f".repeat(32).parse().ok(),
        };
        let mut servers = Servers::default();
        servers.announced(Ipv4Addr::new(192, 168, 1, 7).into(), Beacon { addr, port: 5_050 }, 1_000);
        servers.answered(Ipv4Addr::new(10, 0, 0, 1).into(), answer.clone(), 2_250);
        let nameless = Answer { name: String::new(), users: 0, password: false, tls: false, key: None, ..answer };
        servers.answered(Ipv4Addr::new(10, 0, 0, 2).into(), nameless, 2_300);
        servers.list()
    }

    #[test]
    fn formats_a_table() {
        let expected = "\
NAME     ADDRESS      PORT   PEOPLE  PASSWORD  TLS  AGE
-        10.0.0.2     12345  0       no        no   0.0 s
Room 12  10.0.0.1     12345  3       yes       yes  0.0 s
LanTalk  192.168.1.7  5050   ?       ?         ?    1.3 s
";
        assert_eq!(table(&list(), 2_300), expected);
    }

    #[test]
    fn formats_an_object_per_line() {
        let text = json_lines(&list(), 2_300);
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 3);
        let expected = json!({"kind": "landline", "name": "Room 12", "address": "10.0.0.1", "port": 12_345,
            "lantalk": 5_050, "users": 3, "password": true, "tls": true, "key": "0f".repeat(32), "version": "0.1.0",
            "age_ms": 50});
        assert_eq!(lines[1], expected);
        let expected = json!({"kind": "lantalk", "name": null, "address": "192.168.1.7", "port": 5_050,
            "lantalk": 5_050, "users": null, "password": null, "tls": null, "key": null, "version": null,
            "age_ms": 1_300});
        assert_eq!(lines[2], expected);
    }
}
