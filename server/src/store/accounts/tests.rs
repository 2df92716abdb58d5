//! Tests of the accounts file: registration, blocks, failed writes and damaged files.

use super::*;
use std::fs;
use std::sync::Barrier;

const HASH: &str = "$2b$04$.....................................................";
const NOW: OffsetDateTime = OffsetDateTime { unix_ms: 1_795_248_000_123, offset_s: 19_800 };

fn name(text: &str) -> UserName {
    UserName::parse(text).unwrap()
}

fn open(folder: &Path, most: u64) -> Result<Accounts, FileError> {
    Accounts::open(folder, &Limits { accounts: most, blocks_per_person: 2, ..Limits::default() })
}

fn add(accounts: &Accounts, text: &str) -> Result<(), RegisterError> {
    accounts.register(&name(text), HASH.to_owned(), NOW)
}

#[test]
fn accounts_are_stored_in_the_order_of_registering() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = open(folder.path(), 10).unwrap();
    for text in ["zoe", "Alice", "Müller"] {
        add(&accounts, text).unwrap();
    }
    let text = fs::read_to_string(folder.path().join("accounts.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["version"], 2);
    assert_eq!(json["accounts"][0]["name"], "zoe");
    assert_eq!(json["accounts"][1]["registered"], "2026-11-21T08:00:00Z");
    assert_eq!(json["accounts"][2]["password"], HASH);

    let again = open(folder.path(), 10).unwrap();
    assert_eq!(again.find(&NameKey::of("ALICE")), Some(Account { name: name("Alice"), hash: HASH.to_owned() }));
    assert!(again.exists(name("zoe").key()) && !again.exists(name("bob").key()));
    assert!(matches!(add(&again, "аlice"), Err(RegisterError::Taken(_))), "Cyrillic а");
}

#[test]
fn the_number_of_accounts_is_limited() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = open(folder.path(), 1).unwrap();
    add(&accounts, "a").unwrap();
    assert!(matches!(add(&accounts, "b"), Err(RegisterError::Full)));
    assert!(matches!(add(&accounts, "a"), Err(RegisterError::Taken(_))));
}

#[test]
fn a_name_that_is_not_stored_is_not_registered() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    fs::create_dir(&folder).unwrap();
    let accounts = open(&folder, 10).unwrap();
    add(&accounts, "a").unwrap();
    fs::rename(&folder, parent.path().join("away")).unwrap();
    assert!(matches!(add(&accounts, "b"), Err(RegisterError::NotStored(_))));
    assert!(!accounts.exists(name("b").key()));
    fs::rename(parent.path().join("away"), &folder).unwrap();
    add(&accounts, "b").unwrap();
    assert_eq!(open(&folder, 10).unwrap().writer.lock().contents.accounts.len(), 2);
}

#[test]
fn one_of_many_simultaneous_calls_registers_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = open(folder.path(), 100).unwrap();
    let start = Barrier::new(16);
    let won = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|i| {
                let accounts = &accounts;
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    add(accounts, &format!("own{i}x")).unwrap();
                    add(accounts, if i % 2 == 0 { "Same" } else { "same" }).is_ok()
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).filter(|won| *won).count()
    });
    assert_eq!(won, 1);
    assert_eq!(open(folder.path(), 100).unwrap().known.read().len(), 17);
}

#[test]
fn invalid_files_are_refused_by_name_and_left_unchanged() {
    let row = |name: &str, hash: &str| format!(r#"{{"name":"{name}","password":"{hash}","registered":"x"}}"#);
    let blocking = |names: &str| row("bob", HASH).replace('}', &format!(",\"blocks\":{names}}}"));
    let dear = HASH.replace("$04$", "$31$");
    for (rows, says) in [
        (vec![row("bob", HASH), row("BOB", HASH)], "account 2 (\"BOB\") has the same name as \"bob\" before it"),
        (vec![row("a b", HASH)], "account 1 (\"a b\") has no valid name"),
        (vec![row("info", HASH)], "that name is reserved"),
        (vec![row("bob", "secret")], "the password of account 1 (\"bob\") is not a bcrypt hash"),
        (vec![row("bob", &dear)], "not a bcrypt hash"),
        (vec![r#"{"name":"bob"}"#.to_owned()], "damaged (line 1: missing field `password`)"),
        (vec![row("bob", HASH).replace("registered", "since")], "unknown field `since`"),
        (vec![blocking("[\"a b\"]")], "account 1 (\"bob\") blocks \"a b\": a name has letters"),
        (vec![blocking("[\"x\",\"y\",\"z\"]")], "account 1 (\"bob\") blocks more than 2 users"),
        (vec![blocking("\"x\"")], "invalid type: string"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts.json");
        let content = format!(r#"{{"version":2,"accounts":[{}]}}"#, rows.join(","));
        fs::write(&path, &content).unwrap();
        let text = open(folder.path(), 10).unwrap_err().to_string();
        assert!(text.contains(says) && text.contains("accounts.json") && !text.contains("secret"), "{text}");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
}

#[test]
fn blocks_are_stored_and_empty_lists_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = open(folder.path(), 10).unwrap();
    add(&accounts, "alice").unwrap();
    add(&accounts, "bob").unwrap();
    let alice = NameKey::of("ALICE");
    assert!(accounts.blocks(&alice).is_empty() && accounts.blocks(&NameKey::of("nobody")).is_empty());
    accounts.set_blocks(&alice, &[name("Bob"), name("Müller")]).unwrap();
    assert!(matches!(accounts.set_blocks(&alice, &["x", "y", "z"].map(name)), Err(BlocksError::TooMany(2))));
    assert!(matches!(accounts.set_blocks(&NameKey::of("nobody"), &[]), Err(BlocksError::NoAccount)));
    for accounts in [&accounts, &open(folder.path(), 10).unwrap()] {
        assert_eq!(accounts.blocks(&alice), ["Bob", "Müller"].map(name));
        assert!(accounts.blocks(name("bob").key()).is_empty());
    }
    let content = || fs::read_to_string(folder.path().join("accounts.json")).unwrap();
    assert_eq!(content().matches("blocks").count(), 1);
    accounts.set_blocks(&alice, &[]).unwrap();
    assert!(accounts.blocks(&alice).is_empty() && !content().contains("blocks"));
}

#[test]
fn blocks_that_are_not_stored_have_no_effect() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    fs::create_dir(&folder).unwrap();
    let accounts = open(&folder, 10).unwrap();
    add(&accounts, "alice").unwrap();
    let alice = NameKey::of("alice");
    accounts.set_blocks(&alice, &[name("bob")]).unwrap();
    fs::rename(&folder, parent.path().join("away")).unwrap();
    assert!(matches!(accounts.set_blocks(&alice, &[name("carol")]), Err(BlocksError::NotStored(_))));
    assert_eq!(accounts.blocks(&alice), [name("bob")]);
    fs::rename(parent.path().join("away"), &folder).unwrap();
    add(&accounts, "dave").unwrap();
    assert_eq!(open(&folder, 10).unwrap().blocks(&alice), [name("bob")]);
}

#[test]
fn version_1_is_read_and_kept_as_the_backup() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.json");
    let backup = folder.path().join("accounts.json.bak");
    let old = format!(r#"{{"version":1,"accounts":[{{"name":"alice","password":"{HASH}","registered":"x"}}]}}"#);
    fs::write(&path, &old).unwrap();
    let accounts = open(folder.path(), 10).unwrap();
    assert!(accounts.exists(name("alice").key()));
    assert_eq!(fs::read_to_string(&path).unwrap(), old, "reading changes nothing");
    accounts.set_blocks(name("alice").key(), &[name("bob")]).unwrap();
    assert_eq!(fs::read_to_string(&backup).unwrap(), old);
    assert!(fs::read_to_string(&path).unwrap().contains("\"version\": 2"));
}

#[test]
fn register_all_writes_once_and_registers_all_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = open(folder.path(), 3).unwrap();
    add(&accounts, "alice").unwrap();
    let new = |names: &[&str]| -> Vec<NewAccount> {
        names.iter().map(|text| NewAccount { name: name(text), hash: HASH.to_owned(), registered: NOW }).collect()
    };
    for (names, refused) in [(&["b", "ALICE"][..], "already"), (&["b", "B"], "already"), (&["b", "c", "d"], "no more")]
    {
        let why = accounts.register_all(new(names)).unwrap_err().to_string();
        assert!(why.contains(refused) && !accounts.exists(name("b").key()), "{names:?}: {why}");
    }
    accounts.register_all(new(&["b", "c"])).unwrap();
    let before = fs::read_to_string(folder.path().join("accounts.json.bak")).unwrap();
    assert_eq!(before.matches("name").count(), 1, "one write");
    accounts.set_blocks(name("c").key(), &[name("b")]).unwrap();
    let again = open(folder.path(), 3).unwrap();
    assert_eq!((again.vacancies(), again.blocks(name("c").key())), (0, vec![name("b")]));
}

#[test]
fn a_file_cut_anywhere_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = open(folder.path(), 10).unwrap();
    for text in ["alice", "Müller"] {
        add(&accounts, text).unwrap();
    }
    accounts.set_blocks(name("alice").key(), &[name("bob")]).unwrap();
    let path = folder.path().join("accounts.json");
    let whole = fs::read(&path).unwrap();
    for at in 0..=whole.len() {
        fs::write(&path, &whole[..at]).unwrap();
        match open(folder.path(), 10) {
            // Only the last line end may be missing.
            Ok(read) => assert!(at + 1 >= whole.len() && read.vacancies() == 8, "cut at {at}"),
            Err(why) => assert!(why.to_string().contains("accounts.json is damaged"), "cut at {at}: {why}"),
        }
        assert_eq!(fs::read(&path).unwrap(), &whole[..at], "cut at {at}: changed");
    }
}

#[test]
fn x9_toggling_blocks_does_not_write_the_whole_file_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = open(folder.path(), 10).unwrap();
    add(&accounts, "alice").unwrap();
    let alice = NameKey::of("alice");
    let path = folder.path().join("accounts.json");
    let mut writes = 0;
    let mut last = fs::metadata(&path).unwrap().modified().unwrap();
    for round in 0..200 {
        let list: &[UserName] = if round % 2 == 0 { &[name("bob")] } else { &[] };
        accounts.set_blocks(&alice, list).unwrap();
        assert_eq!(accounts.blocks(&alice), list);
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        writes += usize::from(written != last);
        last = written;
    }
    assert!(writes < 20, "{writes} writes");
    accounts.set_blocks(&alice, &[name("carol")]).unwrap();
    accounts.retry_write().unwrap();
    assert_eq!(open(folder.path(), 10).unwrap().blocks(&alice), [name("carol")]);
}

#[test]
fn a_file_that_was_removed_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = open(folder.path(), 10).unwrap();
    let path = folder.path().join("accounts.json");
    accounts.retry_write().unwrap();
    assert!(!path.exists(), "there is no account yet");
    add(&accounts, "alice").unwrap();
    fs::remove_file(&path).unwrap();
    accounts.retry_write().unwrap();
    assert!(open(folder.path(), 10).unwrap().exists(&NameKey::of("alice")));
    fs::remove_dir_all(folder.path()).unwrap();
    assert!(accounts.retry_write().is_err());
}

#[test]
fn x9_an_account_is_removed_and_the_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = open(folder.path(), 10).unwrap();
    for text in ["alice", "bob", "carol"] {
        add(&accounts, text).unwrap();
    }
    assert!(accounts.remove(&NameKey::of("BOB")).unwrap() && !accounts.remove(&NameKey::of("bob")).unwrap());
    accounts.set_blocks(name("carol").key(), &[name("alice")]).unwrap();
    for accounts in [&accounts, &open(folder.path(), 10).unwrap()] {
        assert!(accounts.exists(name("alice").key()) && !accounts.exists(name("bob").key()));
        assert_eq!(accounts.blocks(name("carol").key()), [name("alice")]);
        assert!(accounts.blocks(name("alice").key()).is_empty());
    }
    add(&accounts, "bob").unwrap();
    assert_eq!(open(folder.path(), 10).unwrap().vacancies(), 7);
}

#[test]
fn a_password_is_replaced_only_if_it_is_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = open(folder.path(), 10).unwrap();
    add(&accounts, "alice").unwrap();
    add(&accounts, "bob").unwrap();
    let before = accounts.find(name("alice").key()).unwrap().hash;
    let hash = |salt: char| format!("{}{salt}{}", &before[..7], &before[8..]);
    let set = |user: &str, before: &str, salt| accounts.set_password(name(user).key(), before, hash(salt));
    set("Alice", &before, 'b').unwrap();
    assert!(matches!(set("alice", &before, 'c'), Err(PasswordError::Changed)), "it has changed meanwhile");
    assert!(matches!(set("carol", &before, 'c'), Err(PasswordError::Changed)), "there is none");
    for accounts in [&accounts, &open(folder.path(), 10).unwrap()] {
        assert_eq!(accounts.find(name("alice").key()).unwrap().hash, hash('b'));
        assert_eq!(accounts.find(name("bob").key()).unwrap().hash, before, "another account");
    }
    folder.close().unwrap();
    assert!(matches!(set("alice", &hash('b'), 'd'), Err(PasswordError::NotStored(_))));
    assert_eq!(accounts.find(name("alice").key()).unwrap().hash, hash('b'), "nothing has changed");
}
