//! The architecture, checked in the sources: imports that each layer must not have, the length of files, and the ban on
//! unsafe code. The layers are those of docs/ARCHITECTURE.md.

use std::fs;
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};

/// A layer, which is a folder or one file, and lists of paths that its sources must not name.
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

/// The parts of the client that only the command line and the presenters may use.
const UPPER: &[&str] =
    &["crate::cli", "crate::tui", "crate::plain", "crate::connect", "crate::setup", "crate::signals"];

/// The parts of the client that run a session.
const SESSION: &[&str] =
    &["crate::chat", "crate::connection", "crate::direct", "crate::engine", "crate::mesh", "crate::signed_in"];

const LAYERS: &[Layer] = &[
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
        never: &[&[
            "crate::door",
            "crate::hub",
            "crate::connection",
            "crate::fanout",
            "crate::store",
            "landline_common",
        ]],
    },
    Layer {
        folder: "server/src/door",
        never: &[&[
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
            "crate::clock",
        ]],
    },
    Layer {
        folder: "server/src/hub",
        never: &[&[
            "crate::net",
            "crate::door",
            "crate::store",
            "crate::connection",
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
        ]],
    },
    Layer {
        folder: "server/src/fanout",
        never: &[&[
            "crate::hub",
            "crate::door",
            "crate::connection",
            "crate::store",
            "landline_common::command",
            "landline_common::Command",
            "landline_common::event",
            "landline_common::Event",
            "landline_common::What",
        ]],
    },
    Layer {
        folder: "server/src/store",
        never: &[&[
            "crate::net",
            "crate::door",
            "crate::hub",
            "crate::fanout",
            "crate::connection",
            "crate::guard",
            "crate::server",
            "crate::config",
            "crate::clock",
            "std::net",
        ]],
    },
    Layer {
        folder: "client/src/connection",
        never: &[
            UPPER,
            &["crate::engine", "crate::chat", "crate::direct", "crate::mesh", "crate::discovery", "ratatui"],
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
        never: &[UPPER, &["crate::engine", "crate::chat", "crate::mesh", "crate::discovery", "ratatui"]],
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
        folder: "client/src/mesh",
        never: &[UPPER, &["crate::chat", "crate::direct", "crate::discovery", "ratatui"]],
    },
    Layer { folder: "client/src/discovery", never: &[UPPER, SESSION, &["ratatui"]] },
    Layer { folder: "client/src/wifi", never: &[UPPER, SESSION, &["crate::discovery", "ratatui"]] },
    Layer {
        folder: "client/src/setup",
        never: &[&[
            "crate::cli",
            "crate::tui",
            "crate::plain",
            "crate::connect",
            "crate::signals",
            "crate::engine",
            "crate::direct",
            "crate::mesh",
            "ratatui",
        ]],
    },
    Layer {
        folder: "client/src/cli/args.rs",
        never: &[&[
            "crate::tui",
            "crate::plain",
            "crate::connect",
            "crate::connection",
            "crate::setup",
            "crate::engine",
            "crate::direct",
            "crate::mesh",
            "ratatui",
        ]],
    },
    Layer {
        folder: "client/src/cli/config.rs",
        never: &[&[
            "crate::tui",
            "crate::plain",
            "crate::connect",
            "crate::connection",
            "crate::setup",
            "crate::engine",
            "crate::direct",
            "crate::mesh",
            "ratatui",
        ]],
    },
    Layer { folder: "client/src/cli", never: &[&["crate::engine", "crate::direct", "crate::wifi", "ratatui"]] },
    Layer {
        folder: "client/src/plain",
        never: &[&["crate::cli", "crate::tui", "crate::mesh", "crate::direct", "crate::wifi", "ratatui"]],
    },
    Layer {
        folder: "client/src/tui",
        never: &[&["crate::cli", "crate::plain", "crate::mesh", "crate::direct", "crate::wifi", "crate::discovery"]],
    },
    Layer {
        folder: "client/src/connect.rs",
        never: &[&[
            "crate::cli",
            "crate::tui",
            "crate::plain",
            "crate::setup",
            "crate::chat",
            "crate::mesh",
            "ratatui",
        ]],
    },
    Layer {
        folder: "client/src/signed_in.rs",
        never: &[UPPER, &["crate::chat", "crate::direct", "crate::mesh", "ratatui"]],
    },
    Layer { folder: "client/src/sign_in.rs", never: &[UPPER, SESSION, WORLD] },
    Layer { folder: "client/src/message.rs", never: &[UPPER, SESSION, WORLD] },
    Layer { folder: "client/src/new_password.rs", never: &[UPPER, SESSION, WORLD] },
    Layer { folder: "client/src/rate_counter.rs", never: &[UPPER, SESSION, WORLD] },
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

/// Returns the module path of a file in its crate: `src/hub/session/mod.rs` is `crate::hub::session`.
fn module_of(file: &Path) -> Vec<String> {
    let text = file.to_string_lossy().into_owned();
    let inside = text.rsplit_once("/src/").expect("a source").1.trim_end_matches(".rs").to_owned();
    let parts = inside.split('/').filter(|part| !matches!(*part, "mod" | "lib" | "main")).map(str::to_owned);
    std::iter::once("crate".to_owned()).chain(parts).collect()
}

/// A syntax visitor that collects all paths in a file as absolute paths.
struct Paths {
    module: Vec<String>,
    found: Vec<String>,
}

impl Paths {
    fn of(file: &Path) -> Vec<String> {
        let syntax = syn::parse_file(&fs::read_to_string(file).expect("a file")).expect("Rust");
        let mut paths = Paths { module: module_of(file), found: Vec::new() };
        paths.visit_file(&syntax);
        paths.found
    }

    fn add(&mut self, parts: &[String]) {
        let supers = parts.iter().take_while(|part| *part == "super").count();
        let absolute = match parts.first().map(String::as_str) {
            Some("super") => [&self.module[..self.module.len() - supers], &parts[supers..]].concat(),
            Some("self") => [&self.module[..], &parts[1..]].concat(),
            _ => parts.to_vec(),
        };
        self.found.push(absolute.join("::"));
    }

    fn add_tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.add(&with(&name.ident)),
            syn::UseTree::Rename(rename) => self.add(&with(&rename.ident)),
            syn::UseTree::Glob(_) => self.add(before),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(before, tree)),
        }
    }
}

/// Returns whether a file is `tests.rs` or in a folder `tests`, the modules behind `#[cfg(test)] mod tests;`.
fn is_of_tests(file: &Path) -> bool {
    let inside = file.to_string_lossy().into_owned();
    let inside = inside.rsplit_once("/src/").expect("a source").1.trim_end_matches(".rs").to_owned();
    inside.split('/').any(|part| part == "tests")
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|a| match &a.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string().contains("test"),
        _ => false,
    })
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if is_for_tests(&module.attrs) {
            return;
        }
        self.module.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(&parts);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        // A macro call has only tokens, so any text that looks like a path counts as one.
        let text = call.tokens.to_string().replace(" :: ", "::");
        for word in text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).filter(|w| w.contains("::")) {
            let parts: Vec<String> = word.split("::").map(str::to_owned).collect();
            self.add(&parts);
        }
    }
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
            for path in Paths::of(&file) {
                if never.iter().copied().flatten().any(|forbidden| names(&path, forbidden)) {
                    broken.push(format!("{}: {path}", file.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn path_collector_finds_every_kind_of_path() {
    let code = "use std::{fs, net::{TcpStream as T}}; fn f() { super::super::x::y(); vec![std::thread::spawn(g)]; }
                #[cfg(test)] mod tests { use std::process; }";
    let mut paths = Paths { module: ["crate", "a", "b"].map(str::to_owned).to_vec(), found: Vec::new() };
    paths.visit_file(&syn::parse_file(code).unwrap());
    for expected in ["std::fs", "std::net::TcpStream", "crate::x::y", "std::thread::spawn"] {
        assert!(paths.found.iter().any(|path| path == expected), "{expected} in {:?}", paths.found);
    }
    assert!(!paths.found.iter().any(|path| path == "std::process"));
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
