//! What comes in from others: their licences, where they are from, what is there twice, and what must not come in. The
//! table is the lock file's, with every platform, feature and test, as `cargo metadata` tells it.

mod licence;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Licences under which everything may be given on with a program under MIT.
const LICENCES: [&str; 10] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "NCSA",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages that may have another licence, and why.
const LICENCES_OF: [(&str, &str, &str); 1] =
    [("option-ext", "MPL-2.0", "by way of directories; unchanged, and its source is public, which is all it asks for")];

/// Packages that are there in several versions, and why that cannot be helped yet.
const DOUBLES: [(&str, &str); 14] = [
    ("bitflags", "portable-pty is a version behind; tests only"),
    ("cfg_aliases", "by way of nix"),
    ("chacha20", "snow is a version behind what proptest's random numbers use"),
    ("cipher", "snow is a version behind bcrypt"),
    ("cpufeatures", "by way of chacha20"),
    ("crypto-common", "by way of cipher"),
    ("getrandom", "snow is a version behind bcrypt and tempfile"),
    ("inout", "by way of cipher"),
    ("itertools", "criterion is a version behind ratatui; benchmarks only"),
    ("nix", "portable-pty is three versions behind; tests only"),
    ("r-efi", "by way of getrandom, on no platform of ours"),
    ("syn", "the ecosystem is between two versions; while building only"),
    ("thiserror", "filedescriptor, by way of crossterm, is a version behind"),
    ("thiserror-impl", "by way of thiserror"),
];

/// What would run the program's tasks. mio, with which the terminal library waits for keys, is none: it is an interface
/// to epoll and kqueue.
const ASYNC_RUNTIMES: [&str; 14] = [
    "actix-rt",
    "async-executor",
    "async-global-executor",
    "async-io",
    "async-std",
    "compio",
    "embassy-executor",
    "futures-executor",
    "glommio",
    "monoio",
    "nuclei",
    "pollster",
    "smol",
    "tokio",
];

fn metadata() -> Value {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let mut ask = Command::new(env!("CARGO"));
    ask.args(["metadata", "--locked", "--all-features", "--format-version", "1", "--manifest-path", manifest]);
    let told = ask.output().expect("cargo");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    serde_json::from_slice(&told.stdout).expect("JSON")
}

fn packages(metadata: &Value) -> &[Value] {
    metadata["packages"].as_array().expect("packages")
}

fn text<'v>(package: &'v Value, field: &str) -> &'v str {
    package[field].as_str().unwrap_or_default()
}

#[test]
fn every_licence_is_one_that_may_be_given_on() {
    let metadata = metadata();
    let refused: Vec<String> = packages(&metadata)
        .iter()
        .filter(|package| {
            let own = LICENCES_OF.iter().filter(|(name, ..)| *name == text(package, "name")).map(|(_, own, _)| *own);
            let allowed: Vec<&str> = LICENCES.into_iter().chain(own).collect();
            !licence::allows(text(package, "license"), &allowed)
        })
        .map(|package| format!("{}: {:?}", text(package, "name"), text(package, "license")))
        .collect();
    assert!(refused.is_empty(), "licences that are not on the list: {refused:#?}");
    for (name, ..) in LICENCES_OF {
        assert!(packages(&metadata).iter().any(|p| text(p, "name") == name), "{name} needs no exception any more");
    }
}

#[test]
fn everything_is_from_crates_io_or_from_here() {
    let metadata = metadata();
    let members: BTreeSet<&str> =
        metadata["workspace_members"].as_array().expect("members").iter().filter_map(Value::as_str).collect();
    for package in packages(&metadata) {
        let here = package["source"].is_null() && members.contains(text(package, "id"));
        assert!(here || text(package, "source") == CRATES_IO, "{} is from elsewhere", text(package, "id"));
    }
}

#[test]
fn nothing_is_there_twice_but_what_cannot_be_helped() {
    let metadata = metadata();
    let mut versions = BTreeMap::<&str, Vec<&str>>::new();
    for package in packages(&metadata) {
        versions.entry(text(package, "name")).or_default().push(text(package, "version"));
    }
    versions.retain(|_, versions| versions.len() > 1);
    let known: BTreeSet<&str> = DOUBLES.into_iter().map(|(name, _)| name).collect();
    let new: Vec<_> = versions.iter().filter(|(name, _)| !known.contains(*name)).collect();
    assert!(new.is_empty(), "there twice, without a reason: {new:?}");
    let gone: Vec<_> = known.iter().filter(|name| !versions.contains_key(*name)).collect();
    assert!(gone.is_empty(), "no longer there twice, so off the list: {gone:?}");
}

#[test]
fn no_async_runtime_has_come_in() {
    let metadata = metadata();
    for package in packages(&metadata) {
        assert!(!ASYNC_RUNTIMES.contains(&text(package, "name")), "{} has come in", text(package, "id"));
    }
}

#[test]
fn what_only_tests_need_is_in_no_program() {
    for package in packages(&metadata()) {
        let usual = package["features"]["default"].as_array().map_or(0, Vec::len);
        let here = package["source"].is_null();
        assert!(!here || usual == 0, "{} has features that are on by themselves", text(package, "name"));
    }
}
