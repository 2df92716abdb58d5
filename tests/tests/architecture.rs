//! The architecture, checked in the sources: imports that each layer must not have, imports that point down, circles of
//! imports, the length of files, and the ban on unsafe code. The layers are those of docs/ARCHITECTURE.md.

#[path = "architecture/circles.rs"]
mod circles;
#[path = "architecture/paths.rs"]
mod paths;

use paths::{Paths, module_of};
use std::fs;
use std::path::{Path, PathBuf};

/// A layer, which is a folder or a file, and lists of paths that its sources must not name.
struct Layer {
    folder: &'static str,
    never: &'static [&'static [&'static str]],
}

/// The client's presenters, and what starts them.
const PRESENTERS: &[&str] =
    &["crate::tui", "crate::plain", "crate::connect", "crate::signals", "crate::clock::now", "crate::setup::answers"];

/// Paths by which pure code would reach the system or a library of the presenters.
const WORLD: &[&str] = &[
    "std::net",
    "std::fs",
    "std::thread",
    "std::io",
    "std::env",
    "std::time::Instant",
    "std::time::SystemTime",
    "jiff",
    "ratatui",
    "crossbeam_channel",
    "serde_json",
];

/// The parts that start, wire up and steer a server. Only each other, and the program, may use them.
const START_UP: &[&str] = &[
    "crate::acceptor",
    "crate::banner",
    "crate::config",
    "crate::console",
    "crate::discovery",
    "crate::housekeeping",
    "crate::import",
    "crate::logging",
    "crate::moderation",
    "crate::reload",
    "crate::server",
    "crate::signals",
    "crate::store_backend",
];

/// The parts of a server from the bottom to the top. Each part names only parts in front of it.
const SERVER_PARTS: [&str; 27] = [
    "faults",
    "ordered_mutex",
    "log_throttle",
    "ban_row",
    "clock",
    "logging",
    "reload",
    "config",
    "net",
    "fanout",
    "guard",
    "door",
    "store",
    "hub",
    "connections",
    "connection",
    "store_backend",
    "import",
    "acceptor",
    "moderation",
    "console",
    "discovery",
    "housekeeping",
    "signals",
    "server",
    "banner",
    "main",
];

const LAYERS: [Layer; 19] = [
    Layer {
        folder: "common/src",
        never: &[&[
            "std::net",
            "std::thread",
            "std::fs",
            "std::time::Instant",
            "std::time::SystemTime",
            "std::process",
            "std::env",
            "jiff",
        ]],
    },
    Layer {
        folder: "server/src/net",
        never: &[
            START_UP,
            &[
                "crate::door",
                "crate::hub",
                "crate::connection",
                "crate::connections",
                "crate::fanout",
                "crate::guard",
                "crate::store",
                "landline_common",
            ],
        ],
    },
    Layer {
        folder: "server/src/door",
        never: &[
            START_UP,
            &[
                "std::net",
                "std::thread",
                "std::sync",
                "parking_lot",
                "crate::hub",
                "crate::store",
                "crate::net",
                "crate::fanout",
                "crate::guard",
                "crate::connection",
                "crate::connections",
                "crate::clock",
            ],
        ],
    },
    Layer {
        folder: "server/src/hub",
        never: &[
            START_UP,
            &[
                "crate::net",
                "crate::door",
                "crate::store",
                "crate::connection",
                "crate::connections",
                "crate::guard",
                "crate::clock",
                "std::net",
                "std::fs",
                "std::thread",
                "std::time::Instant",
                "std::time::SystemTime",
                "jiff",
                "serde_json",
                "landline_common::json",
            ],
        ],
    },
    Layer {
        folder: "server/src/fanout",
        never: &[
            START_UP,
            &[
                "crate::hub",
                "crate::door",
                "crate::guard",
                "crate::connection",
                "crate::connections",
                "crate::store",
                "crate::clock",
                "landline_common::command",
                "landline_common::Command",
                "landline_common::event",
                "landline_common::Event",
                "landline_common::What",
            ],
        ],
    },
    Layer {
        folder: "server/src/store",
        never: &[
            START_UP,
            &[
                "crate::net",
                "crate::door",
                "crate::hub",
                "crate::fanout",
                "crate::connection",
                "crate::connections",
                "crate::guard",
                "crate::clock",
                "std::net",
            ],
        ],
    },
    Layer {
        folder: "server/src/guard",
        never: &[
            START_UP,
            &[
                "crate::door",
                "crate::hub",
                "crate::fanout",
                "crate::store",
                "crate::connection",
                "crate::connections",
                "crate::clock",
                "std::time::SystemTime",
            ],
        ],
    },
    Layer { folder: "server/src/connection", never: &[START_UP] },
    Layer {
        folder: "server/src/config",
        never: &[&[
            "crate::net",
            "crate::door",
            "crate::hub",
            "crate::fanout",
            "crate::guard",
            "crate::store",
            "crate::connection",
            "crate::connections",
            "crate::server",
        ]],
    },
    Layer {
        folder: "server/src/import",
        never: &[&[
            "crate::net",
            "crate::door",
            "crate::hub",
            "crate::fanout",
            "crate::connection",
            "crate::connections",
            "crate::moderation",
            "crate::config",
            "crate::server",
        ]],
    },
    Layer {
        folder: "server/src/console.rs",
        never: &[&[
            "crate::net",
            "crate::door",
            "crate::hub",
            "crate::fanout",
            "crate::guard",
            "crate::store",
            "crate::connection",
            "crate::connections",
            "crate::server",
        ]],
    },
    Layer {
        folder: "server/src/moderation.rs",
        never: &[&["crate::net", "crate::door", "crate::console", "crate::config", "crate::import", "crate::server"]],
    },
    Layer {
        folder: "client/src/connection",
        never: &[
            PRESENTERS,
            &["crate::engine", "crate::chat", "crate::direct", "crate::mesh", "crate::cli", "ratatui"],
        ],
    },
    Layer {
        folder: "client/src/engine",
        never: &[
            PRESENTERS,
            WORLD,
            &["crate::chat", "crate::connection", "crate::direct", "crate::mesh", "crate::cli"],
        ],
    },
    Layer {
        folder: "client/src/direct",
        never: &[PRESENTERS, &["crate::engine", "crate::chat", "crate::cli", "ratatui"]],
    },
    Layer {
        folder: "client/src/chat",
        never: &[PRESENTERS, WORLD, &["crate::setup", "crate::connection", "crate::direct", "crate::mesh"]],
    },
    Layer {
        folder: "client/src/setup/questions",
        never: &[PRESENTERS, WORLD, &["crate::connection", "crate::engine", "crate::direct", "crate::mesh"]],
    },
    Layer {
        folder: "client/src/mesh/node",
        never: &[
            PRESENTERS,
            &[
                "crate::connection",
                "crate::chat",
                "std::fs",
                "std::thread",
                "std::io",
                "std::env",
                "std::process",
                "std::time::Instant",
                "std::time::SystemTime",
                "std::net::UdpSocket",
                "std::net::TcpStream",
                "std::net::TcpListener",
                "jiff",
                "socket2",
                "crossbeam_channel",
                "serde_json",
            ],
        ],
    },
    Layer {
        folder: "client/src/tui/view",
        never: &[&[
            "crate::connection",
            "std::net",
            "std::fs",
            "std::thread",
            "std::io",
            "std::env",
            "std::time::Instant",
            "std::time::SystemTime",
            "jiff",
            "ratatui::crossterm",
            "ratatui::backend",
            "ratatui::Terminal",
        ]],
    },
];

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
