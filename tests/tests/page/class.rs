//! A class that opens the page for the first time at once, over a slow network, and what one visitor waits alone.

use crate::visitor::{PHONE, Visitor};
use flate2::read::GzDecoder;
use landline_server::config::Config;
use landline_tests::{Client, DEADLINE, Link, Shaper, TestServer, WebSocketClient};
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Visitors beside that of the real browser.
const VISITORS: usize = 29;
/// A crowded Wi-Fi: 10 Mbit/s, a round trip of 30 ms, 1 % loss.
const WIFI: Link = Link { rate: 1_250_000, delay: Duration::from_millis(15), lost_per_mille: 10 };
/// Time limit for all of them. docs/PERFORMANCE.md has what they take on a quiet machine.
const LIMIT: Duration = DEADLINE;

/// Sends a request over an open connection. Returns the body, decompressed.
fn get(stream: &TcpStream, host: SocketAddr, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: gzip\r\n\r\n");
    (&mut &*stream).write_all(request.as_bytes()).expect("sending");
    let mut response = BufReader::new(stream);
    let (mut length, mut is_compressed, mut line) = (0, false, String::new());
    while response.read_line(&mut line).expect("a head") > 2 {
        let line = std::mem::take(&mut line);
        assert!(!line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.1 200 "), "{path}: {line}");
        length = line.strip_prefix("Content-Length: ").map_or(length, |text| text.trim().parse().expect("a length"));
        is_compressed |= line.trim_end() == "Content-Encoding: gzip";
    }
    let mut body = vec![0; length];
    response.read_exact(&mut body).expect("the body");
    let mut text = String::new();
    match is_compressed {
        true => GzDecoder::new(&*body).read_to_string(&mut text),
        false => (&*body).read_to_string(&mut text),
    }
    .expect("UTF-8");
    text
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("connecting");
    stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
    stream
}

/// Returns the paths that the page names: of its style and its script.
fn parts(page: &str) -> Vec<&str> {
    page.split('"').filter(|part| part.starts_with('/')).collect()
}

/// Loads the page as a browser does that has nothing of it: the page, then its two parts over two connections.
fn load(address: SocketAddr) {
    let connections = [connect(address), connect(address)];
    let page = get(&connections[0], address, "/");
    let parts = parts(&page);
    assert_eq!(parts.len(), 2, "{page}");
    thread::scope(|scope| {
        for (connection, path) in connections.iter().zip(parts) {
            scope.spawn(move || get(connection, address, path));
        }
    });
}

/// Opens the WebSocket of the page, signs in and says a line.
fn join(address: SocketAddr, name: &str) -> WebSocketClient {
    let origin = format!("http://{address}");
    let headers = [("Sec-WebSocket-Protocol", "landline.v1"), ("Origin", &*origin)];
    let (mut socket, _) = WebSocketClient::connect_with(address, &headers);
    socket.sign_in(name, "lobby");
    socket.send(&format!("hello from {name}"));
    socket
}

/// Waits until `nc` has heard the first line of each of them.
fn hear_all(listener: &mut Client, names: &[String]) {
    let mut missing: Vec<String> = names.iter().map(|name| format!("{name}: hello from {name}")).collect();
    while !missing.is_empty() {
        let line = listener.line();
        missing.retain(|expected| *expected != line);
    }
}

#[test]
fn class_of_thirty_opens_the_page_over_a_crowded_wifi() {
    let server = TestServer::new(|config| {
        config.max_clients_per_ip = None;
        config.rate = Config::default().rate;
    });
    let network = Shaper::new(server.web_address(), WIFI, 7);
    let address = network.address();
    let mut listener = server.guest("listener", "lobby");
    // The browser itself starts before: its start is no part of the visit.
    let visitor = Visitor::open(server.web_address(), "/health", PHONE);
    let names: Vec<String> = (0..VISITORS).map(|number| format!("visitor{number}")).collect();
    let begun = Instant::now();
    thread::scope(|scope| {
        let visit = |name: &str| {
            load(address);
            let loaded = begun.elapsed();
            (loaded, join(address, name))
        };
        let visits: Vec<_> = names.iter().map(|name| scope.spawn(move || visit(name))).collect();
        if let Some(visitor) = &visitor {
            visitor.browser.open(&format!("http://{address}/"));
            visitor.wait_for("Your name");
            println!("the browser shows its first screen after {:?}", begun.elapsed());
        }
        let visits: Vec<_> = visits.into_iter().map(|visit| visit.join().expect("a visit")).collect();
        hear_all(&mut listener, &names);
        let slowest = visits.iter().map(|(loaded, _)| *loaded).max().unwrap_or_default();
        println!("the slowest has loaded the page after {slowest:?}; all are heard after {:?}", begun.elapsed());
    });
    assert!(begun.elapsed() < LIMIT, "{:?}", begun.elapsed());
    if let Some(visitor) = &visitor {
        visitor.type_into("Your name", "phone");
        visitor.tap("button", "Join lobby");
        listener.until("phone has connected to the chatroom");
        visitor.expect_no_errors();
    }
}

#[test]
fn phone_alone_shows_its_first_screen_over_slow_links() {
    // Latency in milliseconds, bytes a second down and up. "Fast 3G" is one of the browser's own networks.
    let links = [("10 Mbit/s", 20.0, 1_250_000, 1_250_000), ("Fast 3G", 562.5, 180_000, 84_375)];
    let server = TestServer::default();
    let Some(visitor) = Visitor::open(server.web_address(), "/health", PHONE) else { return };
    let browser = &visitor.browser;
    browser.devtools("Network.enable", &json!({}));
    browser.devtools("Network.setCacheDisabled", &json!({ "cacheDisabled": true }));
    // A phone's processor.
    browser.devtools("Emulation.setCPUThrottlingRate", &json!({ "rate": 4 }));
    for (name, latency, download, upload) in links {
        let link =
            json!({ "offline": false, "latency": latency, "downloadThroughput": download, "uploadThroughput": upload });
        browser.devtools("Network.emulateNetworkConditions", &link);
        let begun = Instant::now();
        browser.open(&format!("http://{}/", server.web_address()));
        visitor.wait_for("Your name");
        println!("{name}: the first screen after {:?}", begun.elapsed());
        assert!(begun.elapsed() < LIMIT, "{:?}", begun.elapsed());
        visitor.expect_no_errors();
    }
}
