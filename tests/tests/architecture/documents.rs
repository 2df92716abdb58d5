//! The documents name what exists: files, folders, tests and layers of the source tree.

use super::{LAYERS, Layer, root, sources};
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::Path;

/// Folders whose entries docs/ARCHITECTURE.md lists one by one.
const LISTED: [&str; 6] = ["common/src", "server/src", "client/src", "tests/src", "tests/tests", "fuzz"];

/// Entries of those folders that need no row: roots of crates, and what no developer edits.
const UNLISTED: [&str; 9] = [
    "common/src/lib.rs",
    "server/src/lib.rs",
    "client/src/lib.rs",
    "client/src/main.rs",
    "tests/src/lib.rs",
    "fuzz/Cargo.toml",
    "fuzz/corpus",
    "fuzz/artifacts",
    "fuzz/target",
];

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect(path)
}

/// Returns the documents for developers and users, as paths from the root.
fn documents() -> Vec<String> {
    let mut found = vec!["README.md".to_owned(), "CONTRIBUTING.md".to_owned()];
    for entry in fs::read_dir(root().join("docs")).expect("docs") {
        let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
        if name.ends_with(".md") {
            found.push(format!("docs/{name}"));
        }
    }
    found
}

/// Returns the texts between single backticks outside of code blocks.
fn quoted(document: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_block = false;
    for line in document.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

/// Adds all files and folders below `folder`, as paths from the root, except hidden and built ones.
fn add_tree(folder: &Path, found: &mut HashSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let path = entry.strip_prefix(root()).expect("a path below the root").to_string_lossy().into_owned();
        let is_hidden = entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path == "target" || (is_hidden && path != ".ci") {
            continue;
        }
        if entry.is_dir() {
            add_tree(&entry, found);
        }
        found.insert(path);
    }
}

fn tree() -> HashSet<String> {
    let mut found = HashSet::new();
    add_tree(&root(), &mut found);
    found
}

/// Returns true for a text that can only be a path of the repository.
fn is_path(text: &str, tops: &[&str]) -> bool {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
    plain && (text.ends_with(".rs") || tops.iter().any(|top| text.starts_with(top)))
}

#[test]
fn files_that_the_documents_cite_exist() {
    let tree = tree();
    let mut broken = Vec::new();
    for document in documents() {
        let text = read(&document);
        let is_known = |path: &str| {
            let end = format!("/{path}");
            tree.contains(path) || tree.iter().any(|known| known.ends_with(&end))
        };
        let tops = ["client/", "common/", "server/", "tests/", "fuzz/", "docs/", ".ci/"];
        for cited in quoted(&text).iter().filter(|cited| is_path(cited, &tops)) {
            if !is_known(cited.trim_end_matches('/')) {
                broken.push(format!("{document}: `{cited}`"));
            }
        }
        let folder = root().join(&document).parent().expect("a folder").to_owned();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#', ' ']).next()) {
            if !link.is_empty() && !link.contains("://") && !folder.join(link).exists() {
                broken.push(format!("{document}: link to {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "cited, but not there:\n{}", broken.join("\n"));
}

#[test]
fn functions_and_types_that_the_documents_cite_exist() {
    let mut words = HashSet::new();
    for folder in ["common", "server", "client", "tests", "fuzz"] {
        for file in sources(&root().join(folder)) {
            let text = fs::read_to_string(&file).expect("a file");
            words.extend(text.split(|c: char| !(c.is_alphanumeric() || c == '_')).map(str::to_owned));
            words.insert(file.file_stem().expect("a name").to_string_lossy().into_owned());
        }
    }
    let mut broken = Vec::new();
    for document in documents() {
        for cited in quoted(&read(&document)).iter().filter(|cited| cited.contains("::")) {
            let parts = cited.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|part| !part.is_empty());
            broken.extend(parts.filter(|part| !words.contains(*part)).map(|part| format!("{document}: {part}")));
        }
    }
    assert!(broken.is_empty(), "cited, but not in the sources:\n{}", broken.join("\n"));
}

#[test]
fn architecture_lists_every_part() {
    let listed: HashSet<String> =
        quoted(&read("docs/ARCHITECTURE.md")).iter().map(|cited| cited.trim_end_matches('/').to_owned()).collect();
    let mut missing = BTreeSet::new();
    for folder in LISTED {
        for entry in fs::read_dir(root().join(folder)).expect(folder).map(|entry| entry.expect("an entry").path()) {
            let path = format!("{folder}/{}", entry.file_name().expect("a name").to_string_lossy());
            // A folder and the file of the same name are one module.
            let module = path.trim_end_matches(".rs");
            let is_listed =
                listed.contains(&path) || listed.contains(module) || listed.contains(&format!("{module}.rs"));
            if !is_listed && !UNLISTED.contains(&path.as_str()) {
                missing.insert(path);
            }
        }
    }
    assert!(missing.is_empty(), "docs/ARCHITECTURE.md lacks {missing:#?}");
}

#[test]
fn architecture_lists_every_layer() {
    let text = read("docs/ARCHITECTURE.md");
    let table = text.split("| layer | never names |\n").nth(1).expect("the table of layers");
    let rows = table.lines().take_while(|line| line.starts_with('|')).skip(1);
    let listed: BTreeSet<String> = rows.flat_map(|row| quoted(row.split('|').nth(1).expect("a cell"))).collect();
    let checked: BTreeSet<String> = LAYERS.iter().map(|Layer { folder, .. }| (*folder).to_owned()).collect();
    assert_eq!(listed, checked, "the table of layers, and tests/tests/architecture/layers.rs");
}
