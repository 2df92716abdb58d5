//! A page of a stranger makes the browser of its visitor talk to the text door.
//!
//! Chromium uses a preconnected socket for a request even if the server has sent a greeting on it. The page controls
//! the body of that request, and each line of the body must be discarded.

use crate::PASSWORD;
use crate::page::serve_page;
use landline_tests::{Browser, Client, Direction, Recorder, Recording, TestServer, eventually};

/// A user agent without `_`. The one of Linux has an `_`, so that its header line is an invalid guest name, and the
/// server ends the connection for that reason alone.
const AGENT: &str = "--user-agent=Mozilla/5.0 (Windows NT 10.0; Win64; x64)";

/// Hosts of the page. The server is at 127.0.0.1, so the first page is of another site, and the second of the same one.
const PAGE_HOSTS: [&str; 2] = ["localhost", "127.0.0.1"];

/// JavaScript expressions of bodies that sign in, talk, lock an account or make one if a server obeys their lines.
const BODIES: [&str; 5] = [
    r#""mallory_lobby\nhello from the web\n/all hello\n""#,
    r#""\n\nmallory_lobby\r\nhello from the web\r\n""#,
    r#""LOGIN\nalice\nwrong\n".repeat(5)"#,
    r#""REGISTER\nmallory\ncorrect horse\nLOGIN\nmallory\ncorrect horse\nhello from the web\n""#,
    r#"'format json\n{"type":"guest","user":"mallory"}\n{"type":"say","room":"lobby","text":"hello"}\n'"#,
];

/// Returns a body with such lines behind a line of `mebibytes`.
fn behind_a_long_line(mebibytes: usize) -> String {
    format!(r#""x".repeat({mebibytes} << 20) + {}"#, BODIES[1])
}

/// The server under attack, a witness, and the browser of a visitor.
struct Attack {
    test_server: TestServer,
    witness: Client,
    browser: Browser,
}

impl Attack {
    /// Returns `None` if the browser is not installed.
    fn start() -> Option<Attack> {
        let browser = Browser::start(&[AGENT])?;
        let test_server = TestServer::default();
        test_server.register("alice", PASSWORD);
        let witness = test_server.guest("witness", "lobby");
        Some(Attack { test_server, witness, browser })
    }

    /// Opens a page at `host` that preconnects to the server, and waits until the server has greeted the browser. With
    /// the attribute `crossorigin=anonymous` the socket is for requests without credentials, else for those with.
    /// Returns the recorder between the browser and the server.
    fn open_preconnecting_page(&self, host: &str, attribute: &str) -> Recorder {
        let recorder = Recorder::new(self.test_server.address());
        let server = recorder.address();
        let port = serve_page(format!("<!doctype html><link rel=preconnect href='http://{server}/' {attribute}>"));
        self.browser.open(&format!("http://{host}:{port}/"));
        eventually("the preconnected socket is greeted", || recorder.recordings().iter().any(is_greeted));
        recorder
    }

    /// Attacks over a connection that the server has greeted: opens the preconnecting page and runs the script that
    /// `script` makes for the recorder, until Chromium has used the preconnected socket. It may open another one instead.
    #[track_caller]
    fn post_after_the_greeting(&self, host: &str, attribute: &str, script: impl Fn(&Recorder) -> String) {
        eventually("the browser posts over a greeted connection", || {
            let recorder = self.open_preconnecting_page(host, attribute);
            self.browser.eval(&script(&recorder));
            eventually("the browser posts", || recorder.recordings().iter().any(has_post));
            expect_no_sign_in(&recorder);
            recorder.recordings().iter().any(is_attacked)
        });
    }

    /// Asserts that the server has obeyed no line: it told its users nothing, and locked and made no account.
    #[track_caller]
    fn expect_no_effect(mut self) {
        self.witness.expect_nothing();
        self.test_server.login("alice", PASSWORD).quit();
        self.test_server.register("mallory", PASSWORD);
    }
}

/// Asserts that the server has accepted no sign-in over these connections, not even its first line.
#[track_caller]
fn expect_no_sign_in(recorder: &Recorder) {
    for recording in recorder.recordings() {
        let answers = text(&recording, Direction::ToClient);
        assert!(!answers.lines().any(|line| line.starts_with("200 ") || line == "ALIAS?"), "{answers}");
    }
}

fn text(recording: &Recording, direction: Direction) -> String {
    let pieces = recording.iter().filter(|(sender, _)| *sender == direction);
    pieces.map(|(_, bytes)| String::from_utf8_lossy(bytes)).collect()
}

/// Returns whether the server spoke first.
fn is_greeted(recording: &Recording) -> bool {
    recording.first().is_some_and(|(direction, _)| *direction == Direction::ToClient)
}

fn has_post(recording: &Recording) -> bool {
    text(recording, Direction::ToServer).starts_with("POST / HTTP/1.1\r\n")
}

fn is_attacked(recording: &Recording) -> bool {
    is_greeted(recording) && has_post(recording)
}

/// Returns a script that posts a body, and ends when the browser knows what became of the request.
fn fetch(recorder: &Recorder, body: &str) -> String {
    let options = format!("{{ method: 'POST', mode: 'no-cors', credentials: 'omit', body: {body} }}");
    format!("await fetch('http://{}/', {options}).catch(() => 0)", recorder.address())
}

#[test]
fn page_that_fetches_after_the_greeting_is_not_obeyed() {
    let Some(attack) = Attack::start() else { return };
    for host in PAGE_HOSTS {
        for body in BODIES.into_iter().chain([&*behind_a_long_line(80)]) {
            attack.post_after_the_greeting(host, "crossorigin=anonymous", |recorder| fetch(recorder, body));
        }
    }
    attack.expect_no_effect();
}

#[test]
fn page_that_fetches_at_once_is_not_obeyed() {
    let Some(attack) = Attack::start() else { return };
    for host in PAGE_HOSTS {
        attack.browser.open(&format!("http://{host}:{}/", serve_page("<!doctype html>".to_owned())));
        for body in BODIES.into_iter().chain([&*behind_a_long_line(80)]) {
            let recorder = Recorder::new(attack.test_server.address());
            attack.browser.eval(&fetch(&recorder, body));
            assert!(recorder.recordings().iter().any(has_post), "the browser did not attack with {body}");
            expect_no_sign_in(&recorder);
        }
    }
    attack.expect_no_effect();
}

#[test]
fn form_that_is_sent_after_the_greeting_is_not_obeyed() {
    let Some(attack) = Attack::start() else { return };
    for body in BODIES.into_iter().chain([&*behind_a_long_line(8)]) {
        // A form is a navigation. It uses the preconnected sockets of pages of the server's own site.
        attack.post_after_the_greeting(PAGE_HOSTS[1], "", |recorder| {
            // `text/plain` sends the name of the field, `=`, and its value.
            format!(
                "const form = document.createElement('form'), field = document.createElement('textarea');
                 form.method = 'post'; form.enctype = 'text/plain'; form.action = 'http://{}/';
                 field.name = {body}; field.value = 'x\\nmallory_lobby\\nhello from the web';
                 form.append(field); document.body.append(form); setTimeout(() => form.submit())",
                recorder.address()
            )
        });
    }
    attack.expect_no_effect();
}
