//! Thirty pages behind one address, as in a class behind one router, beside a user who types a sign-in.

use crate::PASSWORD;
use landline_server::config::Config;
use landline_tests::{Browser, Client, DEADLINE, TestServer, WebSocketClient, eventually};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// Pages beside that of the real browser.
const PAGES: usize = 29;
/// Most connections of a browser to one port, besides WebSockets.
const CONNECTIONS: usize = 6;
/// Time limit for all pages together.
const LIMIT: Duration = Duration::from_secs(10);

/// One page as a browser loads it: over two connections, then over up to six, which all stay open.
struct Page {
    address: SocketAddr,
    connections: Vec<TcpStream>,
}

impl Page {
    /// Loads the page, and parts of it over all connections.
    fn load(address: SocketAddr) -> Page {
        let mut page = Page { address, connections: vec![connect(address), connect(address)] };
        page.request(0, "/");
        page.connections.resize_with(CONNECTIONS, || connect(address));
        for index in 0..CONNECTIONS {
            page.request(index, "/health");
        }
        page
    }

    /// Sends a request. As a browser does, sends it again over a new connection if the server had closed the idle one.
    fn request(&mut self, index: usize, path: &str) {
        let mut status = get(&self.connections[index], self.address, path);
        if status.is_none() {
            self.connections[index] = connect(self.address);
            status = get(&self.connections[index], self.address, path);
        }
        assert_eq!(status.as_deref(), Some("200"), "{path} over connection {index}");
    }

    /// Opens the WebSocket of the page and signs in.
    fn sign_in(&self, name: &str) -> WebSocketClient {
        let origin = format!("http://{}", self.address);
        let headers = [("Sec-WebSocket-Protocol", "landline.v1"), ("Origin", &*origin)];
        let (mut socket, _) = WebSocketClient::connect_with(self.address, &headers);
        socket.sign_in(name, "lobby");
        socket
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("connecting");
    stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
    stream
}

/// Sends a request over an open connection. Returns the status, or `None` if the server has closed the connection.
fn get(mut stream: &TcpStream, host: SocketAddr, path: &str) -> Option<String> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: keep-alive\r\n\r\n");
    let mut response = Vec::new();
    stream.write_all(request.as_bytes()).ok()?;
    let mut piece = [0; 4 << 10];
    loop {
        match stream.read(&mut piece) {
            Ok(0) if response.is_empty() => return None,
            Ok(0) => panic!("half a response: {:?}", String::from_utf8_lossy(&response)),
            Ok(read) => response.extend_from_slice(&piece[..read]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset && response.is_empty() => return None,
            Err(error) => panic!("{path}: {error}"),
        }
        let text = String::from_utf8_lossy(&response);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("a length");
            if body.len() >= length.parse().expect("a number") {
                return head.split(' ').nth(1).map(str::to_owned);
            }
        }
    }
}

/// Types the sign-in of an account. Types each line when the pages are further on: `steps` counts three for each page.
fn type_sign_in(server: &TestServer, steps: &AtomicUsize) -> Client {
    let mut client = server.connect();
    let lines = [("Authorise MODE? (REGISTER/LOGIN)", "LOGIN"), ("ALIAS?", "alice"), ("PASSWORD?", PASSWORD)];
    for (turn, (question, line)) in lines.into_iter().enumerate() {
        client.expect(question);
        eventually("the pages get on", || steps.load(SeqCst) >= turn * PAGES + PAGES / 2);
        client.send(line);
    }
    client.expect("AUTH_SUCCESS");
    client
}

#[test]
fn thirty_pages_behind_one_address_load_beside_a_user_who_types_a_sign_in() {
    let browser = Browser::start(&[]);
    let server = TestServer::new(|config| {
        config.max_clients_per_ip = None;
        config.rate = Config::default().rate;
    });
    server.register("alice", PASSWORD);
    let (address, steps, begun) = (server.web_address(), AtomicUsize::new(0), Instant::now());
    let load = &|number: usize| {
        steps.fetch_add(1, SeqCst);
        let page = Page::load(address);
        steps.fetch_add(1, SeqCst);
        let socket = page.sign_in(&format!("page{number}"));
        steps.fetch_add(1, SeqCst);
        // The connections of the page stay open beside its WebSocket.
        (page, socket)
    };
    std::thread::scope(|scope| {
        let pages: Vec<_> = (0..PAGES).map(|number| scope.spawn(move || load(number))).collect();
        if let Some(browser) = &browser {
            browser.open(&format!("http://{address}/"));
            crate::pages::sign_in(browser, "chromium");
        }
        let mut alice = type_sign_in(&server, &steps);
        let pages: Vec<_> = pages.into_iter().map(|page| page.join().expect("a page that loads")).collect();
        alice.send("hello class");
        for (_page, mut socket) in pages {
            socket.receive_until(|event| event["text"] == "hello class");
        }
        if let Some(browser) = &browser {
            browser.wait_until("events.some(event => event.text == 'hello class')");
        }
    });
    assert!(begun.elapsed() < LIMIT, "{:?}", begun.elapsed());
}

#[test]
fn idle_browsers_do_not_keep_a_user_at_a_terminal_out() {
    let server = TestServer::new(|config| config.max_clients_per_ip = Some(CONNECTIONS));
    let mut page = Page::load(server.web_address());
    let mut alice = server.guest("alice", "lobby");
    // The connection that gave way was the oldest. The others go on, and a new one takes its place from the next.
    for index in [1, 5, 0] {
        page.request(index, "/health");
    }
    alice.expect_nothing();
}
