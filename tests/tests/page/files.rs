//! The page and its files, as HTTP sends them.

use crate::fetch::{Fetched, get, request};
use flate2::read::GzDecoder;
use landline_tests::TestServer;
use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};

const GZIP: &str = "Accept-Encoding: gzip, deflate, br\r\n";

/// Returns the folder with the sources of the page.
pub fn web_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/web")
}

/// Returns the paths of all files below a folder, relative to it.
pub fn files_below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        let name = entry.file_name().into_string().expect("UTF-8");
        match entry.path().is_dir() {
            true => found.extend(files_below(&entry.path()).into_iter().map(|below| format!("{name}/{below}"))),
            false => found.push(name),
        }
    }
    found.sort();
    found
}

fn unzip(response: &Fetched) -> Vec<u8> {
    assert_eq!(response.header("Content-Encoding"), Some("gzip"), "{}", response.head);
    let mut content = Vec::new();
    GzDecoder::new(&*response.body).read_to_end(&mut content).expect("gzip");
    content
}

/// Returns the facts in a page.
fn facts(page: &str) -> Value {
    let block = page.split_once("<script type=\"application/json\" id=\"server\">").expect("the facts").1;
    serde_json::from_str(block.split_once("</script>").expect("their end").0).expect("JSON")
}

#[test]
fn every_file_is_served_plain_and_compressed() {
    let server = TestServer::default();
    let address = server.web_address();
    for name in ["main.js", "style.css"] {
        let path = format!("/{name}");
        let [plain, gzip] = ["", GZIP].map(|headers| request(address, "GET", &path, headers));
        assert_eq!((plain.status, gzip.status), (200, 200), "{name}");
        assert!(plain.text().lines().count() > 100 && plain.header("Content-Encoding").is_none(), "{name}");
        assert!(unzip(&gzip) == plain.body, "{name}");
        assert!(gzip.body.len() < plain.body.len(), "{name} grows by compression");
        assert_ne!(plain.header("ETag"), gzip.header("ETag"), "{name}");
        for (form, headers) in [(&plain, ""), (&gzip, GZIP)] {
            assert_eq!(form.header("Cache-Control"), Some("no-cache"), "{name}");
            assert_eq!(form.header("Vary"), Some("Accept-Encoding"), "{name}");
            assert_eq!(form.header("X-Content-Type-Options"), Some("nosniff"), "{name}");
            assert!(form.header("Content-Security-Policy").is_some_and(|policy| policy.contains("default-src 'none'")));
            let tag = form.header("ETag").expect("a tag");
            let again = request(address, "GET", &path, &format!("{headers}If-None-Match: {tag}\r\n"));
            assert_eq!((again.status, again.body.len(), again.header("ETag")), (304, 0, Some(tag)), "{name}");
            let head = request(address, "HEAD", &path, headers);
            assert_eq!((head.status, head.body.len()), (200, 0), "{name}");
            assert_eq!(head.header("Content-Length"), form.header("Content-Length"), "{name}");
        }
        let script_or_style = [(".js", "text/javascript; charset=utf-8"), (".css", "text/css; charset=utf-8")];
        for (_, content_type) in script_or_style.iter().filter(|(ending, _)| name.ends_with(ending)) {
            assert_eq!(plain.header("Content-Type"), Some(*content_type), "{name}");
        }
    }
    for path in ["/index.html", "/strings.js", "/model", "/model/", "/../Cargo.toml", "/%6Dain.js"] {
        assert_eq!(get(address, path).status, 404, "{path}");
    }
}

#[test]
fn page_is_the_same_plain_and_compressed_and_is_sent_again_when_it_changes() {
    let server = TestServer::default();
    let address = server.web_address();
    let [plain, gzip] = ["", GZIP].map(|headers| request(address, "GET", "/", headers));
    assert_eq!(unzip(&gzip), plain.body);
    let policy = plain.header("Content-Security-Policy").expect("a policy");
    for part in ["default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    let head = request(address, "HEAD", "/", GZIP);
    assert_eq!((head.status, head.body.len(), head.header("ETag")), (200, 0, gzip.header("ETag")));
    assert_eq!(head.header("Content-Length"), None, "the page was compressed to tell its length");
    let known = format!("If-None-Match: {}\r\n", plain.header("ETag").expect("a tag"));
    assert_eq!(request(address, "GET", "/", &known).status, 304);
    // The facts in the page have changed.
    let _alice = server.guest("alice", "lobby");
    let changed = request(address, "GET", "/", &known);
    assert_eq!((changed.status, &facts(changed.text())["users"]), (200, &1.into()));
    assert_eq!(unzip(&request(address, "GET", "/", GZIP)), changed.body, "a compressed page is out of date");
}

#[test]
fn pages_of_other_servers_get_nothing_of_this_one() {
    let server = TestServer::default();
    let address = server.web_address();
    for path in ["/", "/main.js", "/style.css", "/health", "/qr.svg", "/qr.svg?room=%", "/nothing"] {
        let answer = get(address, path);
        assert_eq!(answer.header("Cross-Origin-Resource-Policy"), Some("same-origin"), "{path}");
        let opener = answer.header("Cross-Origin-Opener-Policy");
        assert_eq!(opener, (path == "/").then_some("same-origin"), "{path}");
    }
}

#[test]
fn page_and_health_tell_the_same_version_of_the_page() {
    let server = TestServer::default();
    let page = facts(get(server.web_address(), "/").text());
    let health: Value = serde_json::from_str(get(server.web_address(), "/health").text()).expect("an object");
    assert!(page["page"].as_str().is_some_and(|digest| digest.len() == 32), "{page}");
    assert_eq!(page["page"], health["page"]);
    assert_eq!(page["port"], server.address().port());
    assert_eq!((&page["encrypted"], &page["password"], &page["history"]), (&false.into(), &false.into(), &true.into()));
}

#[test]
fn hostile_server_name_is_text() {
    let name = "</script><b>x</b><!--&\"'";
    let server = TestServer::new(|config| config.name = name.into());
    let page = get(server.web_address(), "/");
    assert_eq!(facts(page.text())["name"], name);
    assert!(!page.text().contains("<b>"), "{}", page.text());
    assert!(page.text().contains("<title>&#60;/script&#62;&#60;b&#62;"), "{}", page.text());
    let template = std::fs::read_to_string(web_folder().join("index.html")).expect("the template");
    let scripts = |text: &str| (text.matches("<script").count(), text.matches("</script").count());
    assert_eq!(scripts(page.text()), scripts(&template));
}

#[test]
fn page_needs_two_rounds_of_requests() {
    let server = TestServer::default();
    let page = get(server.web_address(), "/");
    let parts = page.text().split(['"', '\'']).filter(|part| part.starts_with('/')).collect::<Vec<_>>();
    assert_eq!(parts, ["/style.css", "/main.js"], "the files that the page names");
    for path in parts {
        let part = get(server.web_address(), path);
        assert!(!part.text().contains("import ") && !part.text().contains("@import") && !part.text().contains("url("));
    }
}
