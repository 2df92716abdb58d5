//! A web server for the sources of the page and their tests, without the facts and the policy of the real one.

use crate::files::web_folder;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};

/// Path under which the tests are served. All other paths are sources of the page.
pub const TESTS: &str = "/tests/";

/// Returns the folder with the tests of the modules.
pub fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("web")
}

/// Serves the two folders, and `page` at `/`, on a free loopback port until the process ends. Returns the address.
pub fn serve_folders(page: String) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let page = page.clone();
            // A thread for each connection: a browser opens some without a request.
            std::thread::spawn(move || answer(&stream, &page));
        }
    });
    address
}

/// Answers one request, whose head a browser sends in one piece.
fn answer(mut stream: &TcpStream, page: &str) {
    let mut head = [0; 8 << 10];
    let Ok(count @ 1..) = stream.read(&mut head) else { return };
    let head = String::from_utf8_lossy(&head[..count]);
    let path = head.split(' ').nth(1).unwrap_or("/");
    let (status, content) = match content_at(path, page) {
        Some(content) => ("200 OK", content),
        None => ("404 Not Found", Vec::new()),
    };
    let content_type = match path.rsplit('.').next() {
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        _ => "text/html",
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}; charset=utf-8\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        content.len()
    );
    // The browser may be gone.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&content));
}

fn content_at(path: &str, page: &str) -> Option<Vec<u8>> {
    if path == "/" {
        return Some(page.as_bytes().to_vec());
    }
    let file = match path.strip_prefix(TESTS) {
        Some(name) => tests_folder().join(name),
        None => web_folder().join(path.trim_start_matches('/')),
    };
    std::fs::read(file).ok()
}
