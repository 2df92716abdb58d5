//! SPDX license expressions, as in the `license` fields of manifests.

/// Returns whether `expression` is satisfied by the licenses in `allowed`. Returns false for a malformed expression.
pub fn allows(expression: &str, allowed: &[&str]) -> bool {
    // `/` is the deprecated form of OR.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = &words[..];
    any(&mut rest, allowed) == Some(true) && rest.is_empty()
}

/// Parses `a OR b OR …`; `None` for a malformed expression.
fn any(rest: &mut &[&str], allowed: &[&str]) -> Option<bool> {
    let mut found = all(rest, allowed)?;
    while next_is(rest, "OR") {
        found |= all(rest, allowed)?;
    }
    Some(found)
}

/// Parses `a AND b AND …`, which binds tighter than OR.
fn all(rest: &mut &[&str], allowed: &[&str]) -> Option<bool> {
    let mut found = one(rest, allowed)?;
    while next_is(rest, "AND") {
        found &= one(rest, allowed)?;
    }
    Some(found)
}

/// Parses a license, a license WITH an exception, or an expression in parentheses.
fn one(rest: &mut &[&str], allowed: &[&str]) -> Option<bool> {
    if next_is(rest, "(") {
        let inside = any(rest, allowed)?;
        return next_is(rest, ")").then_some(inside);
    }
    let (license, tail) = rest.split_first()?;
    *rest = tail;
    if matches!(*license, "OR" | "AND" | "WITH" | ")") {
        return None;
    }
    if !next_is(rest, "WITH") {
        return Some(allowed.contains(license));
    }
    let (exception, tail) = rest.split_first()?;
    *rest = tail;
    Some(allowed.contains(&&*format!("{license} WITH {exception}")))
}

fn next_is(rest: &mut &[&str], word: &str) -> bool {
    match rest.split_first() {
        Some((first, tail)) if *first == word => {
            *rest = tail;
            true
        }
        _ => false,
    }
}

#[test]
fn license_expressions_are_parsed() {
    let allowed = ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"];
    for (expression, is_allowed) in [
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
        assert_eq!(allows(expression, &allowed), is_allowed, "{expression}");
    }
}
