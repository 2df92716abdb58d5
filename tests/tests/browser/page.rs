//! A web server of a stranger.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

/// Serves one page at all paths on a free loopback port, until the process ends. Returns the port.
pub fn serve_page(html: String) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let html = html.clone();
            // A thread for each connection: a browser opens some without a request.
            std::thread::spawn(move || answer(&stream, &html));
        }
    });
    port
}

/// Answers one request, whose head a browser sends in one piece.
fn answer(mut stream: &TcpStream, html: &str) {
    if let Ok(1..) = stream.read(&mut [0; 8 << 10]) {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length:";
        // The browser may be gone.
        let _ = write!(stream, "{head} {}\r\n\r\n{html}", html.len());
    }
}
