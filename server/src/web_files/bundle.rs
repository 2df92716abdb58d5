//! Makes one script of the page's modules. A browser opens six connections and asks for one file at a time on each, so a
//! page of thirty modules costs five rounds of requests: three seconds on a slow phone network.
//!
//! The modules stay readable on their own, and are tested as they are. In the script each is a function that runs once, in
//! the order in which a browser would run them, and returns what the module exports:
//!
//! ```text
//! model/text.js:  import { trim } from './words.js';          modules['model/text.js'] = (() => {
//!                 export const clock = (at) => trim(at);  ─▶  const { trim } = modules['model/words.js'];
//!                                                             const clock = (at) => trim(at);
//!                                                             return { clock };
//!                                                             })();
//! ```
//!
//! A line is the unit, so the modules keep to some rules, which a test checks: an import has a line of its own and renames
//! nothing, an export stands in front of the `const`, `function` or `class` that it exports, imports make no circle, and no
//! text of a script has several lines.

/// Returns the script that runs the module `entry`. `modules`: paths and sources.
pub(super) fn bundle(modules: &[(&str, String)], entry: &str) -> String {
    let mut script = "const modules = {};\n".to_owned();
    let mut begun = Vec::new();
    add(entry, true, modules, &mut begun, &mut script);
    script
}

/// Appends the modules that `name` imports, then the module itself. `begun`: the paths of those that need no further call.
fn add(name: &str, is_entry: bool, modules: &[(&str, String)], begun: &mut Vec<String>, script: &mut String) {
    let Some((_, source)) = modules.iter().find(|(path, _)| *path == name) else { return };
    if begun.iter().any(|path| path == name) {
        return;
    }
    begun.push(name.to_owned());
    let (mut body, mut exports) = (String::new(), Vec::new());
    for line in source.lines() {
        if let Some((names, path)) = parse_import(line) {
            let path = resolve(name, path);
            add(&path, false, modules, begun, script);
            body.push_str(&format!("const {names} = modules['{path}'];\n"));
        } else {
            let (name, rest) = parse_export(line).map_or((None, line), |(name, rest)| (Some(name), rest));
            exports.extend(name);
            body.push_str(rest);
            body.push('\n');
        }
    }
    script.push_str(&match is_entry {
        true => body,
        false => format!("modules['{name}'] = (() => {{\n{body}return {{ {} }};\n}})();\n", exports.join(", ")),
    });
}

/// Returns the names and the path of a line such as `import { a, b } from './c.js';`.
fn parse_import(line: &str) -> Option<(&str, &str)> {
    let (names, path) = line.strip_prefix("import ")?.split_once(" from '")?;
    Some((names, path.strip_suffix("';")?))
}

/// Returns the name that a line exports, and the line without the word `export`.
fn parse_export(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("export ")?;
    let kinds = ["const ", "function ", "async function ", "class "];
    let name = kinds.iter().find_map(|kind| rest.strip_prefix(kind))?;
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').unwrap_or(name.len());
    Some((&name[..end], rest))
}

/// Returns the path of a module that the module `from` imports by `path`.
fn resolve(from: &str, path: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Returns a script or a style without whole-line comments and indentation.
pub(super) fn shortened(source: &str) -> String {
    let mut short = String::with_capacity(source.len());
    let mut is_in_comment = false;
    for line in source.lines().map(str::trim) {
        if is_in_comment || line.starts_with("/*") {
            is_in_comment = !line.ends_with("*/");
        } else if !line.is_empty() && !line.starts_with("//") {
            short.push_str(line);
            short.push('\n');
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::super::EMBEDDED;
    use super::*;

    fn of(modules: &[(&str, &str)], entry: &str) -> String {
        let modules: Vec<(&str, String)> = modules.iter().map(|(path, source)| (*path, (*source).to_owned())).collect();
        bundle(&modules, entry)
    }

    #[test]
    fn modules_run_once_and_before_those_that_import_them() {
        let modules = [
            ("main.js", "import { f } from './view/f.js';\nimport { A } from './a.js';\nawait f(A);\n"),
            ("view/f.js", "import { A } from '../a.js';\nimport { b } from './b.js';\nexport const f = () => b(A);\n"),
            ("view/b.js", "export function b(n) {\nreturn n;\n}\nexport async function c() {}\n"),
            ("a.js", "const hidden = 1;\nexport const A = hidden;\nexport class K$ {}\n"),
            ("unused.js", "export const unused = 1;\n"),
        ];
        assert_eq!(
            of(&modules, "main.js"),
            "const modules = {};\n\
             modules['a.js'] = (() => {\nconst hidden = 1;\nconst A = hidden;\nclass K$ {}\nreturn { A, K$ };\n})();\n\
             modules['view/b.js'] = (() => {\nfunction b(n) {\nreturn n;\n}\nasync function c() {}\nreturn { b, c };\n})();\n\
             modules['view/f.js'] = (() => {\nconst { A } = modules['a.js'];\nconst { b } = modules['view/b.js'];\n\
             const f = () => b(A);\nreturn { f };\n})();\n\
             const { f } = modules['view/f.js'];\nconst { A } = modules['a.js'];\nawait f(A);\n"
        );
        // A circle ends, and a module that is missing is left out.
        let circle = [
            ("a.js", "import { b } from './b.js';\n"),
            ("b.js", "import { a } from './a.js';\nimport { c } from './c.js';\n"),
        ];
        assert_eq!(of(&circle, "a.js").matches("=> {").count(), 1);
    }

    #[test]
    fn comments_and_indentation_are_left_out() {
        let script =
            "// What it does.\n/** One line. */\n/**\n * Two\n * lines.\n */\nexport const a = `b` + // kept\n\n  1;\n";
        assert_eq!(shortened(script), "export const a = `b` + // kept\n1;\n");
        assert_eq!(shortened("/* One */\na {\n  color: red;\n}\n"), "a {\ncolor: red;\n}\n");
    }

    /// Returns the modules of the page.
    fn modules() -> Vec<(&'static str, String)> {
        let scripts = EMBEDDED.iter().filter(|(name, _)| name.ends_with(".js"));
        scripts.map(|(name, bytes)| (*name, shortened(std::str::from_utf8(bytes).unwrap()))).collect()
    }

    #[test]
    fn modules_of_the_page_keep_to_the_rules() {
        let modules = modules();
        for (name, source) in &modules {
            for line in source.lines() {
                let is_import = parse_import(line).is_some_and(|(names, path)| {
                    assert!(modules.iter().any(|(other, _)| *other == resolve(name, path)), "{name}: no module {path}");
                    names.starts_with("{ ") && names.ends_with(" }") && !names.contains(" as ")
                });
                assert!(is_import || !line.starts_with("import"), "{name}: an import of another form: {line}");
                let is_export = parse_export(line).is_some_and(|(name, _)| !name.is_empty());
                assert!(is_export || !line.starts_with("export"), "{name}: an export of another form: {line}");
                let lone = line.replace("```", "").matches('`').count() % 2;
                assert!(lone == 0, "{name}: a text of several lines, or a backtick that is not written \\x60: {line}");
            }
        }
        for (_, bytes) in EMBEDDED.iter().filter(|(name, _)| name.ends_with(".js") || name.ends_with(".css")) {
            for line in std::str::from_utf8(bytes).unwrap().lines().map(str::trim) {
                assert!(!line.starts_with("/*") || !line.contains("*/") || line.ends_with("*/"), "code behind {line}");
            }
        }
    }

    #[test]
    fn each_module_of_the_page_comes_behind_its_imports() {
        let script = bundle(&modules(), "main.js");
        for (name, _) in modules() {
            let made = script.find(&format!("modules['{name}'] ="));
            let used = script.find(&format!("= modules['{name}'];"));
            assert!(name == "main.js" || made.is_some() && made < used, "{name} is not imported, or in a circle");
        }
    }
}
