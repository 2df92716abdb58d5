//! Collects the paths that a source file names.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use syn::visit::{self, Visit};

/// Returns the module path of a file in its crate: `src/hub/session/mod.rs` is `crate::hub::session`.
pub fn module_of(file: &Path) -> Vec<String> {
    let text = file.to_string_lossy().into_owned();
    let inside = text.rsplit_once("/src/").expect("a source").1.trim_end_matches(".rs").to_owned();
    let parts = inside.split('/').filter(|part| !matches!(*part, "mod" | "lib" | "main")).map(str::to_owned);
    std::iter::once("crate".to_owned()).chain(parts).collect()
}

/// A syntax visitor that collects all paths in a file as absolute paths.
pub struct Paths {
    module: Vec<String>,
    pub found: Vec<String>,
    /// The names that `use` declares, each with its path.
    pub imported: BTreeMap<String, Vec<String>>,
}

impl Paths {
    pub fn in_module(module: Vec<String>) -> Paths {
        Paths { module, found: Vec::new(), imported: BTreeMap::new() }
    }

    pub fn of(file: &Path) -> Paths {
        let syntax = syn::parse_file(&fs::read_to_string(file).expect("a file")).expect("Rust");
        let mut paths = Paths::in_module(module_of(file));
        paths.visit_file(&syntax);
        paths
    }

    fn absolute(&self, parts: &[String]) -> Vec<String> {
        let supers = parts.iter().take_while(|part| *part == "super").count();
        match parts.first().map(String::as_str) {
            Some("super") => [&self.module[..self.module.len() - supers], &parts[supers..]].concat(),
            Some("self") => [&self.module[..], &parts[1..]].concat(),
            _ => parts.to_vec(),
        }
    }

    fn add(&mut self, parts: &[String]) {
        self.found.push(self.absolute(parts).join("::"));
    }

    fn add_import(&mut self, name: &syn::Ident, parts: &[String]) {
        self.imported.insert(name.to_string(), self.absolute(parts));
        self.add(parts);
    }

    fn add_tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.add_import(&name.ident, &with(&name.ident)),
            syn::UseTree::Rename(rename) => self.add_import(&rename.rename, &with(&rename.ident)),
            syn::UseTree::Glob(_) => self.add(before),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(before, tree)),
        }
    }
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

#[test]
fn path_collector_finds_every_kind_of_path() {
    let code = "use std::{fs, net::{TcpStream as T}}; fn f() { super::super::x::y(); vec![std::thread::spawn(g)]; }
                #[cfg(test)] mod tests { use std::process; }";
    let mut paths = Paths::in_module(["crate", "a", "b"].map(str::to_owned).to_vec());
    paths.visit_file(&syn::parse_file(code).unwrap());
    for expected in ["std::fs", "std::net::TcpStream", "crate::x::y", "std::thread::spawn"] {
        assert!(paths.found.iter().any(|path| path == expected), "{expected} in {:?}", paths.found);
    }
    assert!(!paths.found.iter().any(|path| path == "std::process"));
}
