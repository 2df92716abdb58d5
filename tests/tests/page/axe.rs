//! axe-core, a checker of accessibility (<https://github.com/dequelabs/axe-core>), finds nothing in any state.

use crate::tour::{tour_chat, tour_hindrances};
use crate::visitor::{LAPTOP, PHONE, Visitor};
use serde_json::Value;

/// Environment variable with the path of `axe.min.js`.
const AXE: &str = "LANDLINE_AXE";

/// Returns whether axe-core is missing, and prints that the test is skipped.
///
/// # Panics
/// It is missing in CI, where no test may be skipped.
fn skip_without_axe() -> bool {
    let is_missing = std::env::var_os(AXE).is_none();
    if is_missing {
        assert!(std::env::var_os("CI").is_none(), "{AXE} is not set, and in CI no test may be skipped");
        eprintln!("skipped: this test needs {AXE}=…/axe.min.js (npm install --prefix DIR axe-core@4)");
    }
    is_missing
}

/// Asserts that axe finds no violation, in both themes.
fn expect_no_violations(visitor: &Visitor, state: &str) {
    if visitor.browser.eval("return typeof axe") == "undefined" {
        let path = std::env::var_os(AXE).expect("a path");
        visitor.browser.eval(&std::fs::read_to_string(path).expect("axe.min.js"));
    }
    for theme in ["light", "dark"] {
        visitor.set_theme(theme);
        let violations = visitor.browser.eval(
            "const { violations, passes } = await axe.run();
            if (passes.length < 10) return `only ${passes.length} rules found something to check`;
            const describe = ({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`;
            return violations.map(({ id, nodes }) => [id, ...nodes.slice(0, 3).map(describe)]);",
        );
        assert_eq!(violations, Value::Array(Vec::new()), "{state}, {theme}");
    }
}

#[test]
fn chat_has_no_violations_on_a_phone() {
    if !skip_without_axe() {
        tour_chat(PHONE, expect_no_violations);
    }
}

#[test]
fn chat_has_no_violations_on_a_laptop() {
    if !skip_without_axe() {
        tour_chat(LAPTOP, expect_no_violations);
    }
}

#[test]
fn hindrances_have_no_violations() {
    if !skip_without_axe() {
        tour_hindrances(PHONE, expect_no_violations);
    }
}
