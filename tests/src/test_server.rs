//! A server in this process, with a temporary data folder.

use crate::{Client, Unframed, eventually};
use landline_server::clock::Clock;
use landline_server::config::{Config, WebPort};
use landline_server::server::Server;
use landline_server::store::LockFile;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Returns a configuration for a server on loopback and a free port. LanTalk's port and the beacon are off, since their
/// fixed ports would collide between tests.
pub fn on_loopback(data: impl Into<PathBuf>) -> Config {
    Config {
        ports: vec![0],
        bind: Ipv4Addr::LOCALHOST.into(),
        data: data.into(),
        lantalk_port: None,
        beacon_port: None,
        web_port: WebPort::AnyFree,
        ..Config::default()
    }
}

/// A running server, stopped on drop.
pub struct TestServer {
    server: Option<Server>,
    config: Config,
    clock: Clock,
    folder: TempDir,
}

impl Default for TestServer {
    fn default() -> TestServer {
        TestServer::new(|_| {})
    }
}

impl TestServer {
    /// Starts a server on loopback and a free port, without rate limits and with cheap password hashes. `change`
    /// adjusts the configuration.
    pub fn new(change: impl FnOnce(&mut Config)) -> TestServer {
        TestServer::with_clock(Clock::system(), change)
    }

    /// Starts a server like [`TestServer::new`], with the given clock.
    pub fn with_clock(clock: Clock, change: impl FnOnce(&mut Config)) -> TestServer {
        let folder = TempDir::new().expect("a temporary folder");
        let data = folder.path().join("data");
        let mut config = Config { rate: None, max_clients_per_ip: Some(0), ..on_loopback(data) };
        config.limits.bcrypt_cost = 4;
        // A long gap, so that messages to an unframed client do not merge while a test on a busy machine is slow to
        // read.
        config.limits.unframed_gap_ms = 200;
        // Users come and go faster than anywhere else, and tests wait for the line about each.
        config.limits.presence_lines = u64::MAX;
        change(&mut config);
        let mut test_server = TestServer { server: None, config, clock, folder };
        test_server.start();
        test_server
    }

    fn start(&mut self) {
        // Retry: a program that another test starts at this moment inherits our files, and with them the old lock,
        // until its exec.
        let mut lock = None;
        eventually("the data folder is free", || {
            lock = LockFile::take(&self.config.data).ok();
            lock.is_some()
        });
        let lock = lock.expect("the data folder");
        self.server = Some(Server::start_with_clock(self.clock.clone(), &self.config, lock).expect("a server"));
    }

    /// Stops the server as Ctrl-C does, and starts it again on the same data folder, with another port.
    pub fn restart(&mut self) {
        self.stop();
        self.start();
    }

    /// Stops the server as Ctrl-C does.
    pub fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }

    /// Returns the running server.
    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("a running server")
    }

    /// Returns the address of the main port.
    pub fn address(&self) -> SocketAddr {
        self.server().addresses()[0]
    }

    /// Returns the address of the LanTalk port, if the configuration has one.
    pub fn lantalk_address(&self) -> SocketAddr {
        *self.server().addresses().last().expect("a port")
    }

    /// Returns the address of the web port.
    pub fn web_address(&self) -> SocketAddr {
        self.server().web_address().expect("a web port")
    }

    /// Returns a client that has signed in as a guest at the LanTalk port.
    pub fn lantalk(&self, name: &str) -> Client {
        let mut client = Client::connect(self.lantalk_address());
        client.expect_start("{\"type\":\"auth_request\"");
        client.send(&format!("{{\"username\":\"{name}\",\"password\":\"\"}}"));
        client.expect_start("{\"type\":\"auth_ok\"");
        client
    }

    /// Returns the data folder.
    pub fn data(&self) -> &Path {
        &self.config.data
    }

    /// Returns a temporary folder for other files of a test.
    pub fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// Connects a client, which sends nothing yet.
    pub fn connect(&self) -> Client {
        Client::connect(self.address())
    }

    /// Connects a client that sends and receives messages without newlines.
    pub fn unframed(&self) -> Unframed {
        Unframed::connect(self.address())
    }

    /// Returns a client that has signed in as a guest and is in `room`.
    pub fn guest(&self, name: &str, room: &str) -> Client {
        let mut client = self.connect();
        client.send(&format!("{name}_{room}"));
        let welcome = client.line();
        assert!(welcome.starts_with("200 "), "{name}: {welcome}");
        client
    }

    /// Creates an account.
    pub fn register(&self, name: &str, password: &str) {
        self.register_from(self.connect(), name, password);
    }

    /// Creates an account over the given connection.
    pub fn register_from(&self, mut client: Client, name: &str, password: &str) {
        for line in ["REGISTER", name, password] {
            client.send(line);
        }
        client.expect("ALIAS?");
        client.expect("PASSWORD?");
        client.expect("Registration successful. You can login now.");
    }

    /// Returns a client that has signed in to an account.
    pub fn login(&self, name: &str, password: &str) -> Client {
        let mut client = self.connect();
        for line in ["LOGIN", name, password] {
            client.send(line);
        }
        for line in ["ALIAS?", "PASSWORD?", "AUTH_SUCCESS"] {
            client.expect(line);
        }
        let welcome = client.line();
        assert!(welcome.starts_with("200 "), "{name}: {welcome}");
        client
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop();
    }
}
