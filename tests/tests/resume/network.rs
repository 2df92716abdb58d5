//! A server, a client and a third machine on a network of the test (see `Lan`).

use landline_server::config::Config;
use landline_tests::{Client, Host, Lan, TestServer, eventually};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 78, 0, 1);

/// Three machines: the server, the client's, and another one.
pub struct TestNetwork {
    pub server: TestServer,
    server_host: Host,
    client: Host,
    other: Host,
    cable: String,
    lan: Lan,
}

impl TestNetwork {
    /// Creates the network. Returns `None` where the process may not create network namespaces.
    pub fn new(change: impl FnOnce(&mut Config) + Send) -> Option<TestNetwork> {
        let mut lan = Lan::new(1)?;
        let server_host = lan.host();
        let client = lan.host();
        let other = lan.host();
        lan.plug(server_host, 0, &format!("{SERVER}/24"));
        let cable = lan.plug(client, 0, "10.78.0.2/24");
        lan.plug(other, 0, "10.78.0.9/24");
        let set_up = |config: &mut Config| {
            config.bind = SERVER.into();
            change(config);
        };
        let server = lan.run_on(server_host, || TestServer::new(set_up));
        Some(TestNetwork { server, server_host, client, other, cable, lan })
    }

    fn connect_on(&self, host: Host) -> Client {
        let address = SocketAddr::from((SERVER, self.server.address().port()));
        let mut connection = None;
        // After the cable was unplugged, the kernel must resolve the server's address again.
        eventually("the server is reached", || {
            connection = self.lan.run_on(host, || TcpStream::connect(address).ok());
            connection.is_some()
        });
        Client::of(connection.expect("a connection"))
    }

    /// Connects from the client's machine.
    pub fn connect(&self) -> Client {
        self.connect_on(self.client)
    }

    /// Connects from the third machine.
    pub fn connect_elsewhere(&self) -> Client {
        self.connect_on(self.other)
    }

    /// Replaces the address of the client's machine.
    pub fn change_address(&self) {
        self.lan.ip(self.client, &format!("address del 10.78.0.2/24 dev {}", self.cable));
        self.lan.ip(self.client, &format!("address add 10.78.0.3/24 dev {}", self.cable));
    }

    /// Unplugs the cable of the client's machine.
    pub fn unplug(&self) {
        self.lan.unplug(&self.cable);
    }

    /// Plugs it in again.
    pub fn replug(&self) {
        self.lan.replug(&self.cable);
    }
}

impl Drop for TestNetwork {
    fn drop(&mut self) {
        // A stopping server connects to itself, to wake its accepting threads, so it must run in its namespace.
        let lan = &self.lan;
        let server_host = self.server_host;
        let server = &mut self.server;
        lan.run_on(server_host, || server.stop());
    }
}
