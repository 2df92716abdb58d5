//! Tests of the record of sessions: contents after kills, failed writes and rotation.

use super::*;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

static NAME: LazyLock<UserName> = LazyLock::new(|| UserName::parse("alice").unwrap());
const AT: i64 = 1_795_248_000_123;
const LOGIN: &str = "{\"at\":\"2026-11-21T08:00:00.123Z\",\"event\":\"login\",\"name\":\"alice\",\"account\":true,\
                     \"address\":\"192.168.1.5\",\"port\":50412}\n";

fn alice(unix_ms: i64) -> Record<'static> {
    let at = OffsetDateTime { unix_ms, offset_s: 3_600 };
    Record { at, name: &NAME, account: true, address: "192.168.1.5", port: 50_412 }
}

fn logout() -> String {
    LOGIN.replace("login", "logout").replace("}\n", ",\"reason\":\"quit\"}\n")
}

fn open(folder: &Path) -> Result<Sessions, FileError> {
    Sessions::open(folder, &Limits::default())
}

fn names(sessions: &Sessions, since: i64) -> Vec<String> {
    let seen = sessions.seen_since(OffsetDateTime { unix_ms: since, offset_s: 0 });
    seen.iter()
        .map(|sighting| format!("{}{}", sighting.name, if sighting.online { " is online" } else { "" }))
        .collect()
}

/// Sets the modification time, as a server does that is killed later.
fn set_changed(path: &Path, unix_ms: u64) {
    let file = OpenOptions::new().append(true).open(path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_millis(unix_ms)).unwrap();
}

fn content(folder: &Path) -> String {
    fs::read_to_string(folder.join("sessions.jsonl")).unwrap()
}

#[test]
fn lines_are_appended_and_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let sessions = open(folder.path()).unwrap();
    sessions.login(&alice(AT));
    sessions.logout(&alice(AT + 60_000), "quit\n");
    drop(sessions);
    open(folder.path()).unwrap().login(&alice(AT));
    let logout = logout().replace("08:00:00", "08:01:00").replace("quit", "quit\\n");
    assert_eq!(content(folder.path()), format!("{LOGIN}{logout}{LOGIN}"));
}

#[test]
fn an_incomplete_last_line_is_removed() {
    let whole = format!("{LOGIN}{}", logout());
    for (before, after) in [
        (format!("{whole}{}", &LOGIN[..40]), &*whole),
        (LOGIN[..LOGIN.len() - 1].to_owned(), ""),
        (format!("{whole}\0\0\0"), &whole),
        (whole.clone(), &whole),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("sessions.jsonl"), before).unwrap();
        open(folder.path()).unwrap().login(&alice(AT));
        assert_eq!(content(folder.path()), format!("{after}{LOGIN}"));
    }
}

#[test]
fn only_the_end_of_a_long_file_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let whole = logout().repeat(2_000);
    fs::write(folder.path().join("sessions.jsonl"), format!("{whole}half")).unwrap();
    open(folder.path()).unwrap();
    assert_eq!(content(folder.path()), whole);

    let foreign = "x".repeat(100_000);
    fs::write(folder.path().join("sessions.jsonl"), &foreign).unwrap();
    let text = open(folder.path()).unwrap_err().to_string();
    assert!(text.contains("sessions.jsonl is not a file of this server"), "{text}");
    assert_eq!(content(folder.path()), foreign);
}

#[test]
fn bytes_of_a_failed_write_are_removed_before_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let sessions = open(folder.path()).unwrap();
    sessions.login(&alice(AT));
    {
        let mut journal = sessions.journal.lock();
        journal.file.write_all(b"{\"at\":\"2026").unwrap();
        journal.torn_at = Some(LOGIN.len() as u64);
    }
    sessions.login(&alice(AT));
    assert_eq!(content(folder.path()), LOGIN.repeat(2));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_survived_and_writing_resumes() {
    let folder = tempfile::tempdir().unwrap();
    let sessions = open(folder.path()).unwrap();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let file = std::mem::replace(&mut sessions.journal.lock().file, full);
    sessions.login(&alice(AT));
    sessions.logout(&alice(AT), "quit");
    assert!(sessions.journal.lock().failing);
    sessions.journal.lock().file = file;
    sessions.login(&alice(AT));
    assert!(!sessions.journal.lock().failing);
    assert_eq!(content(folder.path()), LOGIN);
}

#[test]
fn a_removed_file_is_created_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let sessions = open(&data).unwrap();
    fs::remove_file(data.join("sessions.jsonl")).unwrap();
    sessions.login(&alice(AT));
    assert_eq!(content(&data), LOGIN);
    fs::remove_dir_all(&data).unwrap();
    sessions.login(&alice(AT));
    assert!(sessions.journal.lock().failing);
    fs::create_dir(&data).unwrap();
    sessions.login(&alice(AT));
    assert!(!sessions.journal.lock().failing);
    assert_eq!(content(&data), LOGIN);
}

#[test]
fn sightings_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let sessions = open(folder.path()).unwrap();
    let bob = UserName::parse("bob").unwrap();
    sessions.login(&alice(AT));
    sessions.login(&Record { name: &bob, account: false, ..alice(AT + 1) });
    assert_eq!(names(&sessions, AT + 100), ["alice is online", "bob is online"]);
    sessions.logout(&alice(AT + 2), "quit");
    assert_eq!(names(&sessions, AT + 2), ["alice", "bob is online"]);
    assert_eq!(names(&sessions, AT + 3), ["bob is online"]);
    sessions.logout(&Record { name: &bob, account: false, ..alice(AT + 3) }, "idle");
    drop(sessions);
    let next = open(folder.path()).unwrap();
    assert_eq!(names(&next, AT), ["alice", "bob"]);
    let seen = next.seen_since(OffsetDateTime { unix_ms: AT + 3, offset_s: 0 });
    let at = OffsetDateTime { unix_ms: AT + 3, offset_s: 0 };
    assert_eq!(seen, [Sighting { name: bob, account: false, at, online: false }]);
}

#[test]
fn after_a_kill_sign_outs_are_added_with_the_last_alive_time() {
    let folder = tempfile::tempdir().unwrap();
    let killed = open(folder.path()).unwrap();
    killed.login(&alice(AT));
    killed.mark_alive(OffsetDateTime { unix_ms: AT + 9_000, offset_s: 0 });
    drop(killed);
    let sessions = open(folder.path()).unwrap();
    assert_eq!(names(&sessions, AT + 9_000), ["alice"]);
    assert!(names(&sessions, AT + 9_001).is_empty());
    let missing = LOGIN.replace("login", "logout").replace("08:00:00", "08:00:09");
    let missing = missing.replace("}\n", ",\"reason\":\"server was killed\"}\n");
    assert_eq!(content(folder.path()), format!("{LOGIN}{missing}"));
    drop(sessions);
    // A later restart does not change the records that were added.
    set_changed(&folder.path().join("sessions.jsonl"), AT as u64 + 90_000);
    assert_eq!(names(&open(folder.path()).unwrap(), AT + 9_000), ["alice"]);
    assert_eq!(content(folder.path()), format!("{LOGIN}{missing}"));
}

#[test]
fn a_large_file_is_rotated_and_both_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let older = folder.path().join("sessions.1.jsonl");
    let limits = Limits { sessions_bytes: (LOGIN.len() * 3) as u64, ..Limits::default() };
    let sessions = Sessions::open(folder.path(), &limits).unwrap();
    let users: Vec<UserName> = (10..18).map(|i| UserName::parse(&format!("bob{i}")).unwrap()).collect();
    for (name, at) in users.iter().zip(AT..) {
        sessions.login(&Record { name, ..alice(at) });
    }
    // Three lines fit into a file, so the first three of eight are lost.
    assert_eq!((fs::read_to_string(&older).unwrap().lines().count(), content(folder.path()).lines().count()), (3, 2));
    drop(sessions);
    set_changed(&folder.path().join("sessions.jsonl"), AT as u64 + 500);
    let next = open(folder.path()).unwrap();
    assert_eq!(names(&next, AT + 500), ["bob13", "bob14", "bob15", "bob16", "bob17"]);

    // A kill in the middle of a rotation: the old file is renamed, the new one not created.
    drop(next);
    fs::rename(folder.path().join("sessions.jsonl"), &older).unwrap();
    fs::write(&older, LOGIN).unwrap();
    set_changed(&older, AT as u64 + 700);
    assert_eq!(names(&open(folder.path()).unwrap(), AT + 700), ["alice"]);
}

#[test]
fn a_file_that_cannot_be_rotated_grows_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let in_the_way = folder.path().join("sessions.1.jsonl");
    fs::create_dir_all(in_the_way.join("x")).unwrap();
    fs::rename(&in_the_way, folder.path().join("later")).unwrap();
    let limits = Limits { sessions_bytes: LOGIN.len() as u64, ..Limits::default() };
    let sessions = Sessions::open(folder.path(), &limits).unwrap();
    fs::rename(folder.path().join("later"), &in_the_way).unwrap();
    (0..3).for_each(|_| sessions.login(&alice(AT)));
    assert_eq!(content(folder.path()), LOGIN.repeat(3));
    fs::remove_dir_all(&in_the_way).unwrap();
    sessions.login(&alice(AT));
    assert_eq!(content(folder.path()), LOGIN);
    assert_eq!(fs::read_to_string(&in_the_way).unwrap(), LOGIN.repeat(3));
}

#[test]
fn sessions_that_are_not_recorded_are_known_until_the_server_stops() {
    let folder = tempfile::tempdir().unwrap();
    let sessions = open(folder.path()).unwrap();
    let bob = UserName::parse("bob").unwrap();
    let bob = |at| Record { name: &bob, ..alice(at) };
    sessions.login(&alice(AT));
    for announced in [true, false] {
        sessions.login_unrecorded(&bob(AT + 1), announced);
        assert_eq!(names(&sessions, AT), ["alice is online", "bob is online"]);
        sessions.logout_unrecorded(&bob(AT + 2));
        assert_eq!(names(&sessions, AT), ["bob", "alice is online"]);
    }
    sessions.logout(&alice(AT), "quit");
    let omitted = LOGIN.replace("login", "omitted").replace("alice", "bob").replace("00.123", "00.124");
    let omitted = omitted.replace("}\n", &format!(",\"reason\":\"{OMITTED}\"}}\n"));
    assert_eq!(content(folder.path()), format!("{LOGIN}{omitted}{}", logout()));
    drop(sessions);
    assert_eq!(names(&open(folder.path()).unwrap(), 0), ["alice"]);
}

#[test]
fn unreadable_lines_are_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let changed = [("alice", "a b"), ("login", "dance"), ("2026", "soon")].map(|(is, not)| LOGIN.replace(is, not));
    let all = format!("\nx\n{{}}\n[1]\n{}{}", changed.concat().replace("alice", "carol"), logout());
    fs::write(folder.path().join("sessions.jsonl"), all).unwrap();
    assert_eq!(names(&open(folder.path()).unwrap(), 0), ["alice"]);
}

#[test]
fn a_file_truncated_anywhere_keeps_all_whole_lines() {
    let whole = format!("{LOGIN}{}{}", logout(), LOGIN.replace("alice", "bob"));
    for at in 0..=whole.len() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("sessions.jsonl"), &whole[..at]).unwrap();
        let sessions = open(folder.path()).unwrap();
        let lines = whole[..at].rfind('\n').map_or(0, |end| end + 1);
        let content = content(folder.path());
        let added = content.strip_prefix(&whole[..lines]).unwrap_or_else(|| panic!("cut at {at}: {content}"));
        // A sign-out is added for each sign-in without one.
        let left = whole[..lines].matches("login").count() - whole[..lines].matches("logout").count();
        assert_eq!(
            (added.matches("server was killed\"}\n").count(), added.lines().count()),
            (left, left),
            "cut at {at}"
        );
        assert!(names(&sessions, 0).iter().all(|name| !name.ends_with("is online")), "cut at {at}");
    }
}
