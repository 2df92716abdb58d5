//! Checks on dependencies: licenses, origin, duplicate versions, and forbidden crates. The list comes from `cargo
//! metadata`, so it is that of the lock file, for all platforms, features and tests.

mod licence;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Licenses that allow distribution with a program under MIT.
const LICENSES: [&str; 11] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "ISC",
    "NCSA",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages that may have another license, with the reason.
const LICENSE_EXCEPTIONS: [(&str, &str, &str); 1] = [(
    "option-ext",
    "MPL-2.0",
    "through directories; MPL-2.0 only requires that the source is public, and it is unchanged",
)];

/// Packages with several versions, with the reason.
const DUPLICATES: [(&str, &str); 17] = [
    ("bitflags", "portable-pty uses an older version; tests only"),
    ("block-buffer", "through digest"),
    ("cfg_aliases", "through nix"),
    ("chacha20", "snow uses an older version than proptest's random number generator"),
    ("cipher", "snow uses an older version than bcrypt"),
    ("cpufeatures", "through chacha20"),
    ("crypto-common", "through cipher"),
    ("digest", "tungstenite uses a newer version than snow; tests only"),
    ("getrandom", "snow uses an older version than bcrypt and tempfile"),
    ("inout", "through cipher"),
    ("itertools", "criterion uses an older version than ratatui; benchmarks only"),
    ("nix", "portable-pty uses a version three releases older; tests only"),
    ("r-efi", "through getrandom, on no supported platform"),
    ("syn", "the ecosystem is between two versions; build time only"),
    ("thiserror", "filedescriptor, through crossterm, uses an older version"),
    ("thiserror-impl", "through thiserror"),
    ("windows-sys", "ring uses an older version; on Windows only"),
];

/// Crates that run async tasks. mio, by which the server and the terminal library wait, is not one: it only wraps epoll
/// and kqueue.
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
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--locked", "--all-features", "--format-version", "1", "--manifest-path", manifest]);
    let output = command.output().expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn packages(metadata: &Value) -> &[Value] {
    metadata["packages"].as_array().expect("packages")
}

fn text<'v>(package: &'v Value, field: &str) -> &'v str {
    package[field].as_str().unwrap_or_default()
}

#[test]
fn every_license_is_allowed() {
    let metadata = metadata();
    let refused: Vec<String> = packages(&metadata)
        .iter()
        .filter(|package| {
            let own =
                LICENSE_EXCEPTIONS.iter().filter(|(name, ..)| *name == text(package, "name")).map(|(_, own, _)| *own);
            let allowed: Vec<&str> = LICENSES.into_iter().chain(own).collect();
            !licence::allows(text(package, "license"), &allowed)
        })
        .map(|package| format!("{}: {:?}", text(package, "name"), text(package, "license")))
        .collect();
    assert!(refused.is_empty(), "licenses that are not allowed: {refused:#?}");
    for (name, ..) in LICENSE_EXCEPTIONS {
        assert!(packages(&metadata).iter().any(|p| text(p, "name") == name), "{name} is gone; remove its exception");
    }
}

#[test]
fn every_package_is_from_crates_io_or_the_workspace() {
    let metadata = metadata();
    let members: BTreeSet<&str> =
        metadata["workspace_members"].as_array().expect("members").iter().filter_map(Value::as_str).collect();
    for package in packages(&metadata) {
        let here = package["source"].is_null() && members.contains(text(package, "id"));
        assert!(
            here || text(package, "source") == CRATES_IO,
            "{} is neither from crates.io nor a workspace member",
            text(package, "id")
        );
    }
}

#[test]
fn every_duplicate_version_has_a_reason() {
    let metadata = metadata();
    let mut versions = BTreeMap::<&str, Vec<&str>>::new();
    for package in packages(&metadata) {
        versions.entry(text(package, "name")).or_default().push(text(package, "version"));
    }
    versions.retain(|_, versions| versions.len() > 1);
    let known: BTreeSet<&str> = DUPLICATES.into_iter().map(|(name, _)| name).collect();
    let new: Vec<_> = versions.iter().filter(|(name, _)| !known.contains(*name)).collect();
    assert!(new.is_empty(), "duplicate versions without a reason: {new:?}");
    let gone: Vec<_> = known.iter().filter(|name| !versions.contains_key(*name)).collect();
    assert!(gone.is_empty(), "no longer duplicate; remove from the list: {gone:?}");
}

#[test]
fn no_dependency_is_an_async_runtime() {
    let metadata = metadata();
    for package in packages(&metadata) {
        assert!(!ASYNC_RUNTIMES.contains(&text(package, "name")), "{} is an async runtime", text(package, "id"));
    }
}

#[test]
fn no_crate_has_default_features() {
    for package in packages(&metadata()) {
        let usual = package["features"]["default"].as_array().map_or(0, Vec::len);
        let here = package["source"].is_null();
        assert!(!here || usual == 0, "{} has default features", text(package, "name"));
    }
}
