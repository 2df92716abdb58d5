//! No two files of the server import each other in a circle, except a module and one that it contains.

use super::paths::{Paths, module_of};
use super::{is_of_tests, root, sources};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use syn::visit::Visit;

/// The files of a crate as modules, and what each imports.
struct Modules(BTreeMap<Vec<String>, Paths>);

impl Modules {
    fn of(folder: &Path) -> Modules {
        let files = sources(folder).into_iter().filter(|file| !is_of_tests(file) && !file.ends_with("main.rs"));
        Modules(files.map(|file| (module_of(&file), Paths::of(&file))).collect())
    }

    /// Returns the module of the file that a path leads to, through re-exports and imports of other modules.
    fn resolve(&self, path: &[String]) -> Option<Vec<String>> {
        let mut path = path.to_vec();
        // Bounded, since an import may name itself by way of another module.
        for _ in 0..8 {
            let end = (1..=path.len()).rev().find(|end| self.0.contains_key(&path[..*end]))?;
            let module = path[..end].to_vec();
            let Some(imported) = path.get(end).and_then(|name| self.0[&module].imported.get(name)) else {
                return Some(module);
            };
            let child = [&module[..], &imported[..1]].concat();
            let absolute =
                if self.0.contains_key(&child) { [&module[..], imported].concat() } else { imported.clone() };
            path = [&absolute[..], &path[end + 1..]].concat();
        }
        None
    }

    /// Returns the modules that a module imports, without those that contain it or that it contains.
    fn imports(&self, module: &[String]) -> BTreeSet<Vec<String>> {
        let paths = self.0[module].found.iter().filter(|path| path.starts_with("crate::"));
        let paths = paths.map(|path| path.split("::").map(str::to_owned).collect::<Vec<_>>());
        let is_apart = |other: &Vec<String>| !other.starts_with(module) && !module.starts_with(other);
        paths.filter_map(|path| self.resolve(&path)).filter(is_apart).collect()
    }

    /// Returns the imports that are part of a circle.
    fn circles(&self) -> Vec<[String; 2]> {
        let imports: BTreeMap<_, _> = self.0.keys().map(|module| (module, self.imports(module))).collect();
        let leads_to = |from: &Vec<String>, to: &Vec<String>| {
            let mut reached = BTreeSet::from([from]);
            let mut open = vec![from];
            while let Some(module) = open.pop() {
                open.extend(imports[module].iter().filter(|next| reached.insert(*next)));
            }
            reached.contains(to)
        };
        let pairs = imports.iter().flat_map(|(from, all)| all.iter().map(move |to| (*from, to)));
        pairs.filter(|(from, to)| leads_to(to, from)).map(|(from, to)| [from.join("::"), to.join("::")]).collect()
    }
}

#[test]
fn server_files_do_not_import_each_other_in_circles() {
    let circles = Modules::of(&root().join("server/src")).circles();
    assert!(circles.is_empty(), "imports in a circle: {circles:#?}");
}

#[test]
fn circles_are_found_through_other_files_and_re_exports() {
    let module = |name: &str, code: &str| {
        let path: Vec<String> = name.split("::").map(str::to_owned).collect();
        let mut paths = Paths::in_module(path.clone());
        paths.visit_file(&syn::parse_file(code).unwrap());
        (path, paths)
    };
    let circles = Modules(BTreeMap::from([
        module("crate::a", "pub use b::B; pub use c::C;"),
        module("crate::a::b", "use super::C; pub struct B;"),
        module("crate::a::c", "use crate::a::d; pub struct C;"),
        module("crate::a::d", "fn f() { super::B; } use crate::e;"),
        module("crate::e", "fn f() { e::g() }"),
    ]))
    .circles();
    let expected = [["crate::a::b", "crate::a::c"], ["crate::a::c", "crate::a::d"], ["crate::a::d", "crate::a::b"]];
    assert_eq!(circles, expected.map(|pair| pair.map(str::to_owned)));
}
