//! A server in process, with a data folder of its own.

use crate::{Client, Unframed, eventually};
use landline_server::clock::Clock;
use landline_server::config::Config;
use landline_server::server::Server;
use landline_server::store::LockFile;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A server on `data`, on loopback and a free port, without the doors that several at once would quarrel about.
pub fn on_loopback(data: impl Into<PathBuf>) -> Config {
    Config {
        ports: vec![0],
        bind: Ipv4Addr::LOCALHOST.into(),
        data: data.into(),
        lantalk_port: None,
        beacon_port: None,
        ..Config::default()
    }
}

/// A running server, stopped on drop.
pub struct House {
    server: Option<Server>,
    config: Config,
    clock: Clock,
    folder: TempDir,
}

impl Default for House {
    fn default() -> House {
        House::new(|_| {})
    }
}

impl House {
    /// Starts a server on loopback and a free port, with cheap password hashes, set up further by `change`.
    pub fn new(change: impl FnOnce(&mut Config)) -> House {
        House::by(Clock::system(), change)
    }

    /// The same, by that clock.
    pub fn by(clock: Clock, change: impl FnOnce(&mut Config)) -> House {
        let folder = TempDir::new().expect("a temporary folder");
        let data = folder.path().join("data");
        let mut config = Config { rate: None, max_clients_per_ip: 0, ..on_loopback(data) };
        config.limits.bcrypt_cost = 4;
        // Apart from what tests on a busy machine may take to read, an unframed client's messages must not merge.
        config.limits.unframed_gap_ms = 200;
        change(&mut config);
        let mut house = House { server: None, config, clock, folder };
        house.start();
        house
    }

    fn start(&mut self) {
        // A program that another test is just starting holds all our files for a moment, the old lock as well.
        let mut lock = None;
        eventually("the data folder is free", || {
            lock = LockFile::take(&self.config.data).ok();
            lock.is_some()
        });
        let lock = lock.expect("the data folder");
        self.server = Some(Server::start_by(self.clock.clone(), &self.config, lock).expect("a server"));
    }

    /// Stops the server, as Ctrl-C does, and starts it again on the same folder (and another port).
    pub fn restart(&mut self) {
        self.stop();
        self.start();
    }

    /// Stops the server, as Ctrl-C does.
    pub fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }

    /// The server.
    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("a running server")
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server().addresses()[0]
    }

    /// Where its LanTalk door is, if `change` asked for one.
    pub fn lantalk_address(&self) -> SocketAddr {
        *self.server().addresses().last().expect("a port")
    }

    /// A client at its LanTalk door that has signed in as a guest.
    pub fn lantalk(&self, name: &str) -> Client {
        let mut client = Client::connect(self.lantalk_address());
        client.expect_start("{\"type\":\"auth_request\"");
        client.send(&format!("{{\"username\":\"{name}\",\"password\":\"\"}}"));
        client.expect_start("{\"type\":\"auth_ok\"");
        client
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.config.data
    }

    /// A folder for what else a test needs.
    pub fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// Connects, and says nothing yet.
    pub fn connect(&self) -> Client {
        Client::connect(self.address())
    }

    /// Connects a client that sends and gets messages without newlines.
    pub fn unframed(&self) -> Unframed {
        Unframed::connect(self.address())
    }

    /// Somebody in a room, after the greeting.
    pub fn guest(&self, name: &str, room: &str) -> Client {
        let mut client = self.connect();
        client.send(&format!("{name}_{room}"));
        let welcome = client.line();
        assert!(welcome.starts_with("200 "), "{name}: {welcome}");
        client
    }

    /// Makes an account.
    pub fn register(&self, name: &str, password: &str) {
        self.register_from(self.connect(), name, password);
    }

    /// Makes an account by a connection that stands already.
    pub fn register_from(&self, mut client: Client, name: &str, password: &str) {
        for line in ["REGISTER", name, password] {
            client.send(line);
        }
        client.expect("ALIAS?");
        client.expect("PASSWORD?");
        client.expect("Registration successful. You can login now.");
    }

    /// Somebody signed in to their account, after the greeting.
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

impl Drop for House {
    fn drop(&mut self) {
        self.stop();
    }
}
