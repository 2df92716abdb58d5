//! The architecture, checked in the sources: imports that each layer must not have, imports that point down, circles of
//! imports, the length of files, and the ban on unsafe code. The documents are checked against the source tree.

#[path = "architecture/circles.rs"]
mod circles;
#[path = "architecture/documents.rs"]
mod documents;
#[path = "architecture/layers.rs"]
mod layers;
#[path = "architecture/paths.rs"]
mod paths;

use layers::{LAYERS, Layer, SERVER_PARTS};
use paths::{Paths, module_of};
use std::fs;
use std::path::{Path, PathBuf};

/// Maximum number of lines of a file.
const LONGEST_FILE: usize = 450;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the Rust files in a folder, or the file itself.
fn sources(folder: &Path) -> Vec<PathBuf> {
    if folder.is_file() {
        return vec![folder.to_owned()];
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()) {
        if entry.is_dir() {
            found.extend(sources(&entry));
        } else if entry.extension().is_some_and(|e| e == "rs") {
            found.push(entry);
        }
    }
    found
}

/// Returns whether a file is `tests.rs` or in a folder `tests`, the modules behind `#[cfg(test)] mod tests;`.
fn is_of_tests(file: &Path) -> bool {
    let inside = file.to_string_lossy().into_owned();
    let inside = inside.rsplit_once("/src/").expect("a source").1.trim_end_matches(".rs").to_owned();
    inside.split('/').any(|part| part == "tests")
}

fn names(path: &str, forbidden: &str) -> bool {
    path.strip_prefix(forbidden).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[test]
fn no_layer_names_a_forbidden_path() {
    let mut broken = Vec::new();
    for Layer { folder, never } in LAYERS {
        let files = sources(&root().join(folder));
        assert!(!files.is_empty(), "{folder} has no sources");
        for file in files.into_iter().filter(|file| !is_of_tests(file)) {
            for path in Paths::of(&file).found {
                if never.iter().copied().flatten().any(|forbidden| names(&path, forbidden)) {
                    broken.push(format!("{}: {path}", file.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Returns the position of the part of a server that a path or a module belongs to.
fn part_of(module: &[String]) -> Option<usize> {
    let name = module.get(1)?;
    SERVER_PARTS.iter().position(|part| part == name)
}

#[test]
fn server_imports_point_down() {
    let mut broken = Vec::new();
    for file in sources(&root().join("server/src")).into_iter().filter(|file| !is_of_tests(file)) {
        let module = module_of(&file);
        if module.len() == 1 {
            continue;
        }
        let part = part_of(&module).unwrap_or_else(|| panic!("{} is in no part", file.display()));
        for path in Paths::of(&file).found {
            let parts: Vec<String> = path.split("::").map(str::to_owned).collect();
            if parts[0] == "crate" && part_of(&parts).is_some_and(|used| used > part) {
                broken.push(format!("{}: {path}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "imports that point up:\n{}", broken.join("\n"));
}

#[test]
fn files_stay_short() {
    for folder in ["common/src", "server/src", "client/src", "tests/src", "tests/tests", "fuzz/src"] {
        for file in sources(&root().join(folder)) {
            let lines = fs::read_to_string(&file).expect("a file").lines().count();
            assert!(lines <= LONGEST_FILE, "{} has {lines} lines; split it", file.display());
        }
    }
}

/// Returns the folders of the workspace's crates.
fn crates() -> Vec<String> {
    let manifest = manifest(&root());
    let members = manifest["workspace"]["members"].as_array().expect("members");
    members.iter().map(|member| member.as_str().expect("a folder").to_owned()).collect()
}

fn manifest(folder: &Path) -> toml::Table {
    fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest").parse().expect("TOML")
}

/// Lints of a manifest apply to all targets of its crate: libraries, programs, tests, benchmarks, fuzz targets.
#[test]
fn no_crate_may_be_unsafe() {
    let forbids =
        |lints: &toml::Value| lints.get("rust").and_then(|rust| rust.get("unsafe_code")?.as_str()) == Some("forbid");
    assert!(forbids(&manifest(&root())["workspace"]["lints"]), "the workspace");
    for folder in crates() {
        let lints = &manifest(&root().join(&folder))["lints"];
        let inherits = lints.get("workspace").and_then(toml::Value::as_bool) == Some(true);
        assert!(inherits || forbids(lints), "{folder}");
    }
    let all: Vec<PathBuf> =
        fs::read_dir(root()).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    let with_manifest = all.iter().filter(|folder| folder.join("Cargo.toml").exists()).count();
    assert_eq!(with_manifest, crates().len(), "a crate is not a member of the workspace");
}
