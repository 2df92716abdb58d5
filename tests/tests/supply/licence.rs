//! SPDX expressions, as `license` fields have them.

/// Whether somebody who may use what is under one of `allowed` may use what is under `expression`.
pub fn allows(expression: &str, allowed: &[&str]) -> bool {
    // An old way to write OR.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = &words[..];
    any(&mut rest, allowed) == Some(true) && rest.is_empty()
}

/// `a OR b OR …`; `None` for what is no expression.
fn any(rest: &mut &[&str], allowed: &[&str]) -> Option<bool> {
    let mut found = all(rest, allowed)?;
    while next_is(rest, "OR") {
        found |= all(rest, allowed)?;
    }
    Some(found)
}

/// `a AND b AND …`, which binds closer.
fn all(rest: &mut &[&str], allowed: &[&str]) -> Option<bool> {
    let mut found = one(rest, allowed)?;
    while next_is(rest, "AND") {
        found &= one(rest, allowed)?;
    }
    Some(found)
}

/// A licence, one with an exception, or an expression in brackets.
fn one(rest: &mut &[&str], allowed: &[&str]) -> Option<bool> {
    if next_is(rest, "(") {
        let inside = any(rest, allowed)?;
        return next_is(rest, ")").then_some(inside);
    }
    let (licence, behind) = rest.split_first()?;
    *rest = behind;
    if matches!(*licence, "OR" | "AND" | "WITH" | ")") {
        return None;
    }
    if !next_is(rest, "WITH") {
        return Some(allowed.contains(licence));
    }
    let (exception, behind) = rest.split_first()?;
    *rest = behind;
    Some(allowed.contains(&&*format!("{licence} WITH {exception}")))
}

fn next_is(rest: &mut &[&str], word: &str) -> bool {
    match rest.split_first() {
        Some((first, behind)) if *first == word => {
            *rest = behind;
            true
        }
        _ => false,
    }
}

#[test]
fn expressions_are_understood() {
    let allowed = ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"];
    for (expression, may) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("MIT/GPL-3.0", true),
        ("GPL-3.0 OR MIT", true),
        ("MIT AND GPL-3.0", false),
        ("(MIT OR GPL-3.0) AND Zlib", true),
        ("(MIT OR Zlib) AND GPL-3.0", false),
        ("GPL-3.0 AND MIT OR Zlib", true),
        ("Zlib OR GPL-3.0 AND MIT", true),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("Apache-2.0", false),
        ("MIT WITH LLVM-exception", false),
        ("", false),
        ("MIT OR", false),
        ("(MIT", false),
        ("MIT Zlib", false),
    ] {
        assert_eq!(allows(expression, &allowed), may, "{expression}");
    }
}
