//! Endless lines, meaningless lines, and bytes that are not UTF-8.

use crate::ChatProbe;
use landline_tests::bench::usage;
use landline_tests::{Client, LinkBehavior, Program, Proxy, Rng, TestServer};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use tempfile::TempDir;

/// Memory that an attack may cost, in KiB.
const MOST_KIB: u64 = 2 << 10;
const JUNK_LINES: usize = 200_000;

/// A server in its own process, and a signed-in client that must notice nothing.
struct WatchedServer {
    program: Program,
    address: SocketAddr,
    lantalk: SocketAddr,
    watcher: Client,
    _folder: TempDir,
}

impl WatchedServer {
    fn new(rate: &str) -> WatchedServer {
        WatchedServer::with_lantalk(rate, 0)
    }

    /// Starts a server with the LanTalk port at `port`; 0 for none.
    fn with_lantalk(rate: &str, port: u16) -> WatchedServer {
        let folder = TempDir::new().expect("a folder");
        let lantalk = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut command = Program::quiet_server_with_lantalk(folder.path(), rate, port);
        // Without a history: talk that waits for the disk has its own limit.
        let (program, address) = Program::start_server(command.args(["--history", "off"]));
        let watcher = sign_in(address, "watcher");
        let mut watched = WatchedServer { program, address, lantalk, watcher, _folder: folder };
        // Sign in once before measuring: the first sign-in allocates memory that is not an attack's cost.
        let first = watched.sign_in("first");
        watched.disconnect(first, "first");
        watched
    }

    fn sign_in(&mut self, name: &str) -> Client {
        let client = sign_in(self.address, name);
        self.watcher.expect(&format!("{name} has connected to the chatroom"));
        client
    }

    fn sign_in_by_lantalk(&mut self, name: &str) -> Client {
        let mut client = Client::connect(self.lantalk);
        client.expect_start("{\"type\":\"auth_request\"");
        client.send(&format!("{{\"username\":\"{name}\",\"password\":\"\"}}"));
        client.expect_start("{\"type\":\"auth_ok\"");
        self.watcher.expect(&format!("{name} has connected to the chatroom"));
        client
    }

    fn disconnect(&mut self, client: Client, name: &str) {
        drop(client);
        self.watcher.expect(&format!("{name} has left the chatroom"));
    }

    /// Runs `attack`. Returns by how much the server's memory grows at most, in KiB.
    fn cost(&mut self, attack: impl FnOnce(&mut WatchedServer)) -> u64 {
        let process = self.program.child().id();
        let before = usage(process).expect("its memory").resident_kib;
        attack(self);
        self.watcher.expect_nothing();
        let cost = usage(process).expect("its memory").peak_kib.saturating_sub(before);
        println!("{cost} KiB");
        cost
    }
}

/// Returns a free port below the system's ephemeral range.
fn free_port() -> u16 {
    let first = 20_000 + (std::process::id() % 10_000) as u16;
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    (first..32_000).find(is_free).expect("a free port")
}

fn sign_in(address: SocketAddr, name: &str) -> Client {
    let mut client = Client::connect(address);
    client.send(&format!("{name}_salon"));
    client.until("200 ");
    client
}

/// Returns pseudo-random lines with a fixed seed. Each begins like a command, an object or text, and goes on with any
/// bytes.
fn junk(lines: usize) -> impl Iterator<Item = Vec<u8>> {
    let mut rng = Rng::new(1);
    const BEGINNINGS: [&[u8]; 6] = [b"/~", b"//", b"/nope ", b"{\"type\":", b"/pm ", b"\xff\xfe/"];
    (0..lines).map(move |_| {
        let mut line = BEGINNINGS[rng.below(6)].to_vec();
        line.extend((0..rng.below(40)).map(|_| rng.below(256) as u8).filter(|byte| *byte != b'\n'));
        line.push(b'\n');
        line
    })
}

/// Sends all pieces until the server closes the connection. Discards the answers.
fn pour(client: Client, pieces: impl Iterator<Item = Vec<u8>> + Send) {
    let mut reading = client.stream();
    let mut writing = client.stream();
    std::thread::scope(|scope| {
        scope.spawn(move || std::io::copy(&mut reading, &mut std::io::sink()));
        let mut writer = std::io::BufWriter::with_capacity(64 << 10, &mut writing);
        for piece in pieces {
            if writer.write_all(&piece).is_err() {
                break;
            }
        }
        let _ = writer.flush();
        drop(writer);
        let _ = writing.shutdown(std::net::Shutdown::Write);
    });
}

#[test]
fn line_of_one_gibibyte_uses_no_memory() {
    let mut watched = WatchedServer::new("off");
    let cost = watched.cost(|watched| {
        let mut endless = watched.sign_in("endless");
        let piece = vec![b'x'; 1 << 20];
        for _ in 0..1 << 10 {
            endless.send_bytes(&piece);
        }
        endless.expect_start("ERROR: 413 ");
        endless.send("\nstill here");
        watched.watcher.expect("endless: still here");
        watched.disconnect(endless, "endless");
    });
    println!("{cost} KiB");
    assert!(cost < MOST_KIB, "the attack cost {cost} KiB");
}

#[test]
fn junk_lines_use_no_memory_and_reach_no_other_client() {
    let mut watched = WatchedServer::new("off");
    let cost = watched.cost(|watched| {
        let mut elsewhere = watched.sign_in("junk");
        elsewhere.send("/join cellar");
        elsewhere.send("/leave salon");
        watched.watcher.expect("junk left salon");
        pour(elsewhere, junk(JUNK_LINES).chain([b"/pm watcher that was all\n".to_vec()]));
        watched.watcher.expect("[PM] junk: that was all");
        watched.watcher.expect("junk has left the chatroom");
    });
    assert!(cost < MOST_KIB, "the attack cost {cost} KiB");
}

#[test]
fn junk_at_the_lantalk_port_uses_no_memory() {
    let mut watched = WatchedServer::with_lantalk("off", free_port());
    watched.watcher.send("/join lobby");
    watched.watcher.expect("INFO: You are in lobby now");
    let cost = watched.cost(|watched| {
        let mut endless = watched.sign_in_by_lantalk("endless");
        let piece = vec![b'x'; 1 << 20];
        (0..1 << 10).for_each(|_| endless.send_bytes(&piece));
        endless.send("\n{\"type\":\"message\",\"text\":\"still here\"}");
        watched.watcher.expect("endless: still here");
        watched.disconnect(endless, "endless");
        let elsewhere = watched.sign_in_by_lantalk("junk");
        let end = b"{\"type\":\"message\",\"text\":\"that was all\"}\n";
        pour(elsewhere, junk(JUNK_LINES).chain([end.to_vec()]));
        watched.watcher.expect("junk: that was all");
        watched.watcher.expect("junk has left the chatroom");
        // Send junk before the sign-in, too.
        let mut stranger = Client::connect(watched.lantalk);
        stranger.expect_start("{\"type\":\"auth_request\"");
        pour(stranger, junk(JUNK_LINES));
    });
    assert!(cost < MOST_KIB, "the attack cost {cost} KiB");
}

#[test]
fn junk_ends_sessions_and_sign_ins_by_default() {
    let mut watched = WatchedServer::new("10/5");
    let cost = watched.cost(|watched| {
        for _ in 0..5 {
            let mut inside = watched.sign_in("junk");
            inside.send("/join cellar");
            inside.send("/leave salon");
            watched.watcher.expect("junk left salon");
            pour(inside, junk(JUNK_LINES));
            watched.watcher.expect("junk has left the chatroom");
            pour(Client::connect(watched.address), junk(JUNK_LINES));
        }
    });
    assert!(cost < MOST_KIB, "the attack cost {cost} KiB");
}

/// Bytes that are invalid UTF-8 or unsafe to show, and the text that other clients receive.
const BYTES: [(&[u8], &str); 20] = [
    (b"nul \0!", "nul !"),
    (b"one \xff!", "one \u{fffd}!"),
    (b"surrogate \xed\xa0\x80!", "surrogate \u{fffd}\u{fffd}\u{fffd}!"),
    (b"pair \xed\xa0\xbd\xed\xb8\x80!", "pair \u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}!"),
    (b"overlong LF \xc0\x8aforged!", "overlong LF \u{fffd}\u{fffd}forged!"),
    (b"overlong ESC \xe0\x80\x9b[2J!", "overlong ESC \u{fffd}\u{fffd}\u{fffd}[2J!"),
    (b"overlong slash \xf0\x80\x80\xaf!", "overlong slash \u{fffd}\u{fffd}\u{fffd}\u{fffd}!"),
    (b"beyond Unicode \xf4\x90\x80\x80!", "beyond Unicode \u{fffd}\u{fffd}\u{fffd}\u{fffd}!"),
    (b"five bytes \xf8\x88\x80\x80\x80!", "five bytes \u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}!"),
    (b"no end \xe2\x82", "no end \u{fffd}"),
    (b"no beginning \x82\xac!", "no beginning \u{fffd}\u{fffd}!"),
    (b"no character \xef\xbf\xbf!", "no character \u{ffff}!"),
    (b"byte order \xef\xbb\xbf!", "byte order !"),
    (b"raw C1 \x9b2J!", "raw C1 \u{fffd}2J!"),
    (b"C1 \xc2\x9b2J!", "C1 !"),
    (b"next line \xc2\x85INFO: forged", "next line  INFO: forged"),
    (b"line separator \xe2\x80\xa8INFO: forged", "line separator  INFO: forged"),
    (b"CR\rINFO: forged", "CR INFO: forged"),
    (b"CR CR\r\r", "CR CR"),
    (b"form feed\x0cvertical\x0btab\tdel\x7f!", "form feed vertical tab del!"),
];

#[test]
fn invalid_utf8_arrives_as_text() {
    let server = TestServer::default();
    let mut chat = ChatProbe::new(&server);
    let split = Proxy::new(server.address(), LinkBehavior::ByteByByte, LinkBehavior::ByteByByte);
    // Once directly, and once with each byte in its own packet.
    for address in [server.address(), split.address()] {
        let mut alice = sign_in(address, "alice");
        chat.listener.expect("alice has connected to the chatroom");
        for (said, heard) in BYTES {
            alice.send_bytes(&[said, b"\n"].concat());
            chat.listener.expect(&format!("alice: {heard}"));
        }
        alice.expect_nothing();
        drop(alice);
        chat.listener.expect("alice has left the chatroom");
    }
    assert!(chat.say().is_empty());
}

#[test]
fn every_byte_value_is_harmless_alone_and_among_others() {
    let server = TestServer::default();
    let mut chat = ChatProbe::new(&server);
    let mut alice = sign_in(server.address(), "alice");
    chat.listener.expect("alice has connected to the chatroom");
    for byte in 0..=u8::MAX {
        alice.send_bytes(&[byte, b'\n', b'<', byte, b'>', b'\n']);
        alice.send("end");
        let mut heard = String::new();
        while !heard.ends_with("alice: end\n") {
            heard += &(chat.listener.line() + "\n");
        }
        assert!(heard.chars().all(|c| c == '\n' || !c.is_control()), "{byte:#x}: {heard:?}");
        assert!(heard.lines().all(|line| line.starts_with("alice: ")), "{byte:#x}: {heard:?}");
    }
    // Only the slash is a command.
    assert_eq!(alice.drain_lines(), ["ERROR: 400 Unknown command /. Try /help."]);
    // Send each value as the first byte of a connection, too.
    for byte in 0..=u8::MAX {
        for junk in [&[byte][..], &[byte, byte], &[byte, b'\n']] {
            let mut client = server.connect();
            client.send_bytes(junk);
            drop(client);
        }
    }
    assert!(chat.say().is_empty());
}
