use super::*;
use std::fs;
use tempfile::TempDir;

fn key(byte: u8) -> ServerKey {
    format!("{byte:02x}").repeat(32).parse().unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn a_server_is_recognized_by_its_address_and_its_key() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("deep").join("known_servers.toml");
    let known = KnownServers::new(Some(file.clone()));
    assert_eq!(known.recognize("a:1", &key(1)).unwrap(), Recognition::New);
    known.record("a:1", &key(1), at(10)).unwrap();
    known.record("[::1]:5", &key(2), at(20)).unwrap();
    assert_eq!(known.recognize("A:1", &key(1)).unwrap(), Recognition::Known);
    assert_eq!(known.recognize("b:1", &key(1)).unwrap(), Recognition::Known, "the server has moved");
    assert_eq!(known.recognize("[0:0::1]:5", &key(2)).unwrap(), Recognition::Known);
    assert_eq!(known.recognize("b:1", &key(3)).unwrap(), Recognition::New);
    let changed = known.recognize("a:1", &key(3)).unwrap();
    let Recognition::Changed { expected, elsewhere: None } = changed else { panic!("{changed:?}") };
    assert_eq!((expected.key, expected.first_met), (key(1), at(10)));
    let other = known.recognize("a:1", &key(2)).unwrap();
    assert!(matches!(other, Recognition::Changed { elsewhere: Some(address), .. } if address == "[::1]:5"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn another_spelling_of_an_address_is_the_same_address() {
    let known = KnownServers::new(None);
    known.record("127.0.0.1:5", &key(1), at(10)).unwrap();
    known.record_peer("box:5", Some("[::ffff:10.0.0.1]:5".parse().unwrap()), &key(2), at(10)).unwrap();
    for (address, row) in [("[::ffff:127.0.0.1]:5", Some(1)), ("BOX.:5", Some(2)), ("box:6", None), (".:5", None)] {
        assert_eq!(known.find(address).unwrap().map(|row| row.key), row.map(key), "{address}");
    }
    let peers = [("127.0.0.1:5", Some(1)), ("[::ffff:127.0.0.1]:5", Some(1)), ("10.0.0.1:5", Some(2))];
    for (peer, row) in peers.into_iter().chain([("10.0.0.1:6", None), ("[::1]:5", None)]) {
        assert_eq!(known.find_peer(peer.parse().unwrap()).unwrap().map(|row| row.key), row.map(key), "{peer}");
    }
}

#[test]
fn a_new_socket_address_is_stored_at_once_and_read_again() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("known_servers.toml");
    let known = KnownServers::new(Some(file.clone()));
    let peers: [SocketAddr; 2] = ["10.0.0.1:5", "[fe80::1%3]:5"].map(|peer| peer.parse().unwrap());
    known.record("box.:5", &key(1), at(10)).unwrap();
    for peer in peers {
        known.record_peer("box:5", Some(peer), &key(1), at(11)).unwrap();
        let rows = KnownServers::new(Some(file.clone())).list().unwrap();
        assert_eq!((rows.len(), &*rows[0].address, rows[0].peer), (1, "box:5", Some(peer)));
    }
    known.record("box:5", &key(1), at(9_000)).unwrap();
    assert_eq!(known.find_peer(peers[1]).unwrap().map(|row| row.last_met), Some(at(9_000)));
    // A row that an earlier version has stored.
    let row = "[[servers]]\naddress = \"[::ffff:10.0.0.7]:5\"\nkey = \"KEY\"\nfirst_met = \"2026-11-01T00:00:00Z\"\n\
               last_met = \"2026-11-01T00:00:00Z\"\n";
    fs::write(&file, row.replace("KEY", &key(3).to_string())).unwrap();
    assert!(known.find("10.0.0.7:5").unwrap().is_some());
}

#[test]
fn times_of_meetings_are_kept_and_seldom_written() {
    let folder = TempDir::new().unwrap();
    let known = KnownServers::new(Some(folder.path().join("known_servers.toml")));
    for second in [10, 20, 5_000, 5_001] {
        known.record("a:1", &key(1), at(second)).unwrap();
    }
    let row = known.find("a:1").unwrap().unwrap();
    assert_eq!((row.first_met, row.last_met), (at(10), at(5_000)));
    known.record("a:1", &key(2), at(5_002)).unwrap();
    assert_eq!(
        known.list().unwrap().iter().map(|row| (row.key, row.first_met)).collect::<Vec<_>>(),
        [(key(2), at(5_002))]
    );
}

#[test]
fn keys_that_cannot_be_stored_hold_for_the_process() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("no-folder"), "").unwrap();
    for file in [None, Some(folder.path().join("no-folder").join("known_servers.toml"))] {
        let known = KnownServers::new(file.clone());
        assert_eq!(known.record("a:1", &key(1), at(10)).is_err(), file.is_some());
        assert!(matches!(known.clone().recognize("a:1", &key(2)).unwrap(), Recognition::Changed { .. }));
        assert!(known.find("a:1").unwrap().is_some() && known.list().unwrap().is_empty());
    }
}

#[test]
fn the_process_remembers_first_meetings_and_servers_without_tls() {
    let known = KnownServers::new(None);
    known.note_first_meeting("Host:1", "hello");
    assert_eq!((known.first_meeting("host:1").as_deref(), known.first_meeting("host:2")), (Some("hello"), None));
    known.forget_first_meeting("host:2");
    assert!(known.first_meeting("host:1").is_some());
    known.forget_first_meeting("host:1");
    assert!(known.first_meeting("host:1").is_none());
    for (address, note) in [("host:1", "old"), ("host:2", "two"), ("host:1", "new")] {
        known.note_first_meeting(address, note);
    }
    assert_eq!(known.first_meeting("host:2").as_deref(), Some("two"), "another meeting does not replace it");
    assert_eq!(known.clone().take_first_meetings(), ["two".into(), "new".into()]);
    assert!(known.take_first_meetings().is_empty());
    known.note_clear("Host:1");
    assert!(known.is_clear("host:1") && !known.is_clear("host:2"));
    known.forget_clear("HOST:1");
    assert!(!known.is_clear("host:1"));
    known.note_clear("host:1");
    known.record("host:1", &key(1), at(10)).unwrap();
    assert!(!known.is_clear("host:1"));
}

#[test]
fn rows_are_bounded_forgotten_and_never_read_from_a_damaged_file() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("known_servers.toml");
    let known = KnownServers::new(Some(file.clone()));
    let mut rows = Rows::default();
    for n in 0..MAX_SERVERS + 9 {
        let peer = Some("[ffff:1111:2222:3333:4444:5555:6666:7777]:65535".parse().unwrap());
        rows.put(&format!("{}:{n}", "x".repeat(253)), peer, &key(1), at(10));
    }
    assert_eq!(rows.servers.len(), MAX_SERVERS);
    let text = toml::to_string(&rows).unwrap();
    assert!((text.len() as u64) < MAX_BYTES);
    fs::write(&file, text).unwrap();
    assert_eq!(known.list().unwrap().len(), MAX_SERVERS);
    known.record("a:1", &key(2), at(20)).unwrap();
    assert!(known.forget(|row| is_at(row, "nowhere:1")).unwrap().is_empty());
    assert_eq!(known.forget(|row| is_at(row, "A:1")).unwrap()[0].key, key(2));
    assert_eq!(known.forget(|row| row.key == key(1)).unwrap().len(), MAX_SERVERS - 1);
    assert!(known.list().unwrap().is_empty());
    for text in ["servers = 5", "[[servers]]\naddress = \"a:1\"\nkey = \"ab\"", "x"] {
        fs::write(&file, text).unwrap();
        let why = known.recognize("a:1", &key(1)).unwrap_err().to_string();
        assert!(why.contains("known_servers.toml") && why.contains("damaged"), "{why}");
        assert!(known.record("a:1", &key(1), at(30)).is_err());
    }
}

#[test]
fn programs_that_meet_servers_at_once_lose_none() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("known_servers.toml");
    std::thread::scope(|scope| {
        for program in 0..3 {
            let known = KnownServers::new(Some(file.clone()));
            scope.spawn(move || {
                (0..10).for_each(|n| known.record(&format!("{program}:{n}"), &key(n), at(10)).unwrap());
            });
        }
    });
    assert_eq!(KnownServers::new(Some(file)).list().unwrap().len(), 30);
}
