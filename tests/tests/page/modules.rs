//! Runs the tests of the page's modules (`tests/web/*.test.js`) in the browser.
//!
//! A test file is an ES module. It imports modules of the page (`/model/state.js`) and exports `cases`: an array of
//! `[name, function]`. A case fails if its function throws or its promise is rejected.

use crate::files::files_below;
use crate::folder_server::{TESTS, serve_folders, tests_folder};
use landline_tests::Browser;
use serde_json::{Value, json};

/// The page that runs the test files `FILES`, one case after the other.
const RUNNER: &str = "<!doctype html><meta charset=utf-8><title>tests</title><script type=module>
    const results = [];
    const describe = error => String(error?.stack ?? error);
    const run = async (file, name, test) => {
        try { await test(); results.push([file, name, null]); }
        catch (error) { results.push([file, name, describe(error)]); }
    };
    for (const file of FILES) {
        try {
            const { cases } = await import(file);
            for (const [name, test] of cases) await run(file, name, test);
        } catch (error) { results.push([file, 'the file can be loaded', describe(error)]); }
    }
    window.results = results;
</script>";

/// Returns a list of the results: file, name of the case, and the error or null.
fn run(browser: &Browser, files: &[String]) -> Vec<Value> {
    let address = serve_folders(RUNNER.replace("FILES", &json!(files).to_string()));
    browser.open(&format!("http://{address}/"));
    browser.wait_until("window.results");
    browser.eval("return window.results").as_array().expect("results").clone()
}

#[test]
fn modules_of_the_page_pass_their_tests() {
    let Some(browser) = Browser::start(&[]) else { return };
    let names = if tests_folder().is_dir() { files_below(&tests_folder()) } else { Vec::new() };
    let files: Vec<String> =
        names.iter().filter(|name| name.ends_with(".test.js")).map(|name| format!("{TESTS}{name}")).collect();
    let results = run(&browser, &files);
    for file in &files {
        assert!(results.iter().any(|result| result[0] == **file), "{file} has no case");
    }
    let failures: Vec<String> = results
        .iter()
        .filter(|result| !result[2].is_null())
        .map(|result| format!("{} · {}\n{}", text(&result[0]), text(&result[1]), text(&result[2])))
        .collect();
    assert!(failures.is_empty(), "{} of {} cases failed:\n{}", failures.len(), results.len(), failures.join("\n\n"));
    assert!(!results.is_empty(), "no case ran");
    println!("{} cases of {} files passed", results.len(), files.len());
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

#[test]
fn failing_case_and_broken_file_are_reported() {
    let Some(browser) = Browser::start(&[]) else { return };
    let module = |source: &str| format!("data:text/javascript,{}", source.replace(' ', "%20"));
    let files = [
        module("export const cases = [['good', () => {}], ['bad', async () => { throw new Error('broken'); }]]"),
        module("export const nothing = 1"),
        "/tests/missing.test.js".to_owned(),
    ];
    let results = run(&browser, &files);
    let outcomes: Vec<(&str, bool)> = results.iter().map(|result| (text(&result[1]), result[2].is_null())).collect();
    let unloadable = ("the file can be loaded", false);
    assert_eq!(outcomes, [("good", true), ("bad", false), unloadable, unloadable]);
    assert!(text(&results[1][2]).contains("broken"), "{results:?}");
}
