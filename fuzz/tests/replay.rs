//! Runs each target on its seeds, which include all inputs that once broke it.

use landline_fuzz::TARGETS;
use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

fn listed(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    fs::read_dir(&folder)
        .expect("the folder exists")
        .map(|entry| entry.expect("the entry can be read").path())
        .collect()
}

/// The names of the entries of a folder, without their extensions.
fn names_in(folder: &str) -> BTreeSet<String> {
    listed(folder)
        .iter()
        .map(|path| path.file_stem().expect("the entry has a name").to_string_lossy().into_owned())
        .collect()
}

#[test]
fn every_seed_passes() {
    let mut broken = Vec::new();
    for (name, target) in TARGETS {
        for seed in listed(&format!("seeds/{name}")) {
            let data = fs::read(&seed).expect("the seed can be read");
            if catch_unwind(|| target(&data)).is_err() {
                broken.push(seed);
            }
        }
    }
    assert!(broken.is_empty(), "failing seeds: {broken:#?}");
}

#[test]
fn every_target_has_its_file_and_its_seeds() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names_in("fuzz_targets"), targets);
    assert_eq!(names_in("seeds"), targets);
    for name in &targets {
        assert!(listed(&format!("seeds/{name}")).len() > 1, "{name} has too few seeds");
        let file = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz_targets/{name}.rs")));
        assert!(file.expect("the target has a file").contains(&format!("landline_fuzz::{name}(data)")), "{name}");
    }
}
