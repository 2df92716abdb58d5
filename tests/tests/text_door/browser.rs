//! A real browser at the text door.

use landline_tests::{TestServer, eventually};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

/// A page that preconnects, waits for the greeting, and posts: twice after waiting, and once at once.
const PAGE: &str = r#"<!doctype html><link rel="preconnect" href="http://SERVER"><script>
const wait = ms => new Promise(done => setTimeout(done, ms));
const body = "\nmallory_lobby\nhello from the web\n/all hello\nLOGIN\nalice\nx\nLOGIN\nalice\nx\n";
const post = text => fetch("http://SERVER/", { method: "POST", mode: "no-cors", credentials: "include", body: text }).catch(() => 0);
(async () => {
  await wait(1000);
  await Promise.race([post(body), wait(3000)]);
  await Promise.race([post("x".repeat(8 << 20) + body), wait(3000)]);
  await Promise.race([post(body), wait(3000)]);
  await fetch("/done");
})();
</script>"#;

/// Serves [`PAGE`] at its own address. Returns the address and a counter of requests for `/done`.
fn serve_page(server: SocketAddr) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (address, done) = (listener.local_addr().expect("an address"), Arc::new(AtomicUsize::new(0)));
    let (page, counted) = (PAGE.replace("SERVER", &server.to_string()), done.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (page, counted) = (page.clone(), counted.clone());
            std::thread::spawn(move || {
                let Ok(mut stream) = stream else { return };
                let mut request = [0; 4096];
                let Ok(length) = stream.read(&mut request) else { return };
                if request[..length].starts_with(b"GET /done") {
                    counted.fetch_add(1, SeqCst);
                }
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length:";
                let _ = write!(stream, "{head} {}\r\n\r\n{page}", page.len());
            });
        }
    });
    (address, done)
}

struct Browser(Child);

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Passes bytes on to `server`, and records those from the browser, to prove that the attack took place.
fn tap(server: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (address, seen) = (listener.local_addr().expect("an address"), Arc::new(Mutex::new(Vec::new())));
    let kept = seen.clone();
    std::thread::spawn(move || {
        for browser in listener.incoming().flatten() {
            let server = std::net::TcpStream::connect(server).expect("the server");
            let (mut from, mut to) = (browser.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
            let kept = kept.clone();
            std::thread::spawn(move || {
                let mut piece = [0; 4096];
                while let Ok(length @ 1..) = from.read(&mut piece) {
                    kept.lock().expect("a lock").extend(piece[..length].iter().take(512));
                    if to.write_all(&piece[..length]).is_err() {
                        break;
                    }
                }
                let _ = to.shutdown(std::net::Shutdown::Write);
            });
            std::thread::spawn(move || {
                let (mut from, mut to) = (server, browser);
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    (address, seen)
}

#[test]
#[ignore = "needs Debian's chromium"]
fn x1_web_page_in_chromium_cannot_give_commands() {
    let test_server = TestServer::default();
    test_server.register("alice", crate::PASSWORD);
    let mut watcher = test_server.guest("watcher", "lobby");
    let (server, seen) = tap(test_server.address());
    let (page, done) = serve_page(server);
    let profile = format!("--user-data-dir={}", test_server.scratch().join("profile").display());
    // Linux' own user agent has an `_`, so that header line would look like a guest with an invalid name.
    let agent = "--user-agent=Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
    let arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", agent, &profile];
    let mut command = Command::new("chromium");
    command.args(arguments).arg(format!("http://{page}/"));
    let browser = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let _browser = Browser(browser.expect("chromium"));
    eventually("the page has done its worst", || done.load(SeqCst) > 0);
    let seen = String::from_utf8_lossy(&seen.lock().expect("a lock")).into_owned();
    assert!(seen.contains("POST / HTTP/1.1"), "{seen:?}");
    println!("{} bytes; {} requests", seen.len(), seen.matches("POST / HTTP/1.1").count());
    watcher.expect_nothing();
    test_server.login("alice", crate::PASSWORD).quit();
}
