//! A real browser: Debian's Chromium without a window, driven by chromedriver over WebDriver
//! (<https://www.w3.org/TR/webdriver2/>).

use crate::{Program, eventually, skip_if_missing};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Time limit for an answer of chromedriver. The start of a browser on a busy machine takes the longest.
const DRIVER_DEADLINE: Duration = Duration::from_secs(60);
/// Time limit of the browser for a page and for a script, in milliseconds. Shorter than [`DRIVER_DEADLINE`], so that
/// chromedriver reports what did not end.
const PAGE_DEADLINE_MS: u64 = 40_000;

/// A browser with one tab and a fresh profile, ended on drop.
pub struct Browser {
    driver: Driver,
    /// Path of the session in URLs of chromedriver.
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser with further command-line `arguments`. Returns `None` if it is not installed, so that the
    /// caller skips the test.
    ///
    /// # Panics
    /// The browser does not start, or it is missing in CI, where no test may be skipped.
    #[must_use]
    pub fn start(arguments: &[&str]) -> Option<Browser> {
        if skip_if_missing("chromium") || skip_if_missing("chromedriver") {
            return None;
        }
        let profile = TempDir::new().expect("a temporary folder");
        let folder = format!("--user-data-dir={}", profile.path().display());
        // The sandbox refuses to run as root. Without QUIC and background traffic, a test sees only its own connections.
        let fixed = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
        let quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", &folder];
        let arguments = [&fixed[..], &quiet, arguments].concat();
        let options = json!({ "args": arguments });
        let timeouts = json!({ "pageLoad": PAGE_DEADLINE_MS, "script": PAGE_DEADLINE_MS });
        let wanted = json!({ "browserName": "chrome", "goog:chromeOptions": options, "timeouts": timeouts });
        let driver = Driver::start();
        let started = driver.call("POST", "/session", Some(&json!({ "capabilities": { "alwaysMatch": wanted } })));
        let session = format!("/session/{}", started["sessionId"].as_str().expect("a session"));
        Some(Browser { driver, session, _profile: profile })
    }

    /// Opens a page and waits until it has loaded.
    ///
    /// # Panics
    /// The page cannot be loaded.
    #[track_caller]
    pub fn open(&self, url: &str) {
        self.call("POST", "/url", Some(&json!({ "url": url })));
    }

    /// Opens a second tab beside the first one, with the same storage, and goes on in it. Returns the first tab for
    /// [`Browser::switch_to`].
    #[track_caller]
    pub fn open_tab(&self) -> Value {
        let here = self.call("GET", "/window", None);
        let tab = self.call("POST", "/window/new", Some(&json!({ "type": "tab" })));
        self.switch_to(&tab["handle"]);
        here
    }

    /// Goes on in another tab, which comes to the front.
    #[track_caller]
    pub fn switch_to(&self, tab: &Value) {
        self.call("POST", "/window", Some(&json!({ "handle": tab })));
    }

    /// Goes back in the history, as by the Back button.
    #[track_caller]
    pub fn back(&self) {
        self.call("POST", "/back", Some(&json!({})));
    }

    /// Loads the page anew.
    #[track_caller]
    pub fn reload(&self) {
        self.call("POST", "/refresh", Some(&json!({})));
    }

    /// Returns the visible text of the page.
    #[track_caller]
    pub fn text(&self) -> String {
        self.eval("return document.body.innerText").as_str().expect("a text").to_owned()
    }

    /// Runs a script in the page: the body of an async function. Returns the value that the script returns.
    ///
    /// # Panics
    /// The script throws, or does not end in time.
    #[track_caller]
    pub fn eval(&self, script: &str) -> Value {
        let script = format!("return (async () => {{ {script}\n}})()");
        self.call("POST", "/execute/sync", Some(&json!({ "script": script, "args": [] })))
    }

    /// Waits until a JavaScript expression is true in the page.
    ///
    /// # Panics
    /// The expression is not true within [`crate::DEADLINE`].
    #[track_caller]
    pub fn wait_until(&self, condition: &str) {
        eventually(condition, || self.eval(&format!("return Boolean({condition})")) == true);
    }

    /// Runs a command of Chromium's DevTools protocol in the page. Returns its result.
    ///
    /// # Panics
    /// The command fails.
    #[track_caller]
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.call("POST", "/goog/cdp/execute", Some(&json!({ "cmd": command, "params": parameters })))
    }

    /// Returns the errors and warnings in the console since the last call: of scripts, of requests that failed, and of
    /// the page's policy.
    #[track_caller]
    pub fn console_errors(&self) -> Vec<String> {
        let entries = self.call("POST", "/se/log", Some(&json!({ "type": "browser" })));
        let entries = entries.as_array().expect("a log").iter();
        let bad = entries.filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING");
        bad.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Writes a picture of the page to a PNG file.
    #[track_caller]
    pub fn screenshot(&self, path: &Path) {
        let picture = self.call("GET", "/screenshot", None);
        let picture = STANDARD.decode(picture.as_str().expect("a picture")).expect("base64");
        std::fs::write(path, picture).expect("writing the picture");
    }

    #[track_caller]
    fn call(&self, method: &str, command: &str, body: Option<&Value>) -> Value {
        self.driver.call(method, &format!("{}{command}", self.session), body)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // chromedriver ends the browser. A killed chromedriver would leave it running.
        let _ = self.driver.exchange("DELETE", &self.session, None);
    }
}

/// A running chromedriver, killed on drop.
struct Driver {
    port: u16,
    _program: Program,
}

impl Driver {
    fn start() -> Driver {
        let mut driver = None;
        // Retry: chromedriver takes a free port of IPv4, and the same port of IPv6 may be in use.
        eventually("chromedriver starts", || {
            driver = Driver::try_start();
            driver.is_some()
        });
        driver.expect("a driver")
    }

    fn try_start() -> Option<Driver> {
        let mut program = Program::start(Command::new("chromedriver").arg("--port=0"), Stdio::null());
        loop {
            let line = program.line()?;
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                let port = port.trim_end_matches('.').parse().expect("a port");
                return Some(Driver { port, _program: program });
            }
        }
    }

    /// Runs a command of WebDriver. Returns its value.
    ///
    /// # Panics
    /// The command fails.
    #[track_caller]
    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let mut answer = self.exchange(method, path, body).unwrap_or_else(|error| panic!("chromedriver: {error}"));
        let value = answer["value"].take();
        assert!(value.get("error").is_none(), "{path}: {}", value["message"]);
        value
    }

    /// Sends a request and reads the body of the response.
    fn exchange(&self, method: &str, path: &str, body: Option<&Value>) -> std::io::Result<Value> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(DRIVER_DEADLINE))?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
        (&stream).write_all(format!("{head}{body}").as_bytes())?;
        let mut response = BufReader::new(stream);
        let (mut line, mut length) = (String::new(), 0);
        while response.read_line(&mut line)? > 2 {
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().map_err(std::io::Error::other)?;
            }
            line.clear();
        }
        let mut body = vec![0; length];
        response.read_exact(&mut body)?;
        Ok(serde_json::from_slice(&body)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_a_page_and_returns_its_text_values_and_picture() {
        let Some(browser) = Browser::start(&[]) else { return };
        browser.open("data:text/html,<title>a title</title><p>hello <b>world</b>");
        assert_eq!(browser.text(), "hello world");
        assert_eq!(
            browser.eval("return [document.title, await Promise.resolve(2), null]"),
            json!(["a title", 2, null])
        );
        assert_eq!(browser.console_errors(), [""; 0]);
        browser.eval("console.log('fine'); console.error('not fine')");
        let errors = browser.console_errors();
        assert!(errors.len() == 1 && errors[0].contains("not fine"), "{errors:?}");
        let version = browser.devtools("Browser.getVersion", &json!({}));
        assert!(version["product"].as_str().unwrap().contains("Chrome"), "{version}");
        browser.eval("setTimeout(() => { document.body.textContent = 'later'; }, 50)");
        browser.wait_until("document.body.textContent == 'later'");
        let folder = TempDir::new().unwrap();
        let picture = folder.path().join("picture.png");
        browser.screenshot(&picture);
        assert!(std::fs::read(picture).unwrap().starts_with(b"\x89PNG"));
    }

    #[test]
    #[should_panic(expected = "nothing like this")]
    fn reports_what_a_script_throws() {
        let Some(browser) = Browser::start(&[]) else { panic!("skipped, nothing like this browser is here") };
        browser.eval("throw new Error('nothing like this')");
    }
}
