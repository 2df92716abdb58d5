//! TLS of the real program `landline`, with trust on first use: in front of the server stands a proxy that is the TLS
//! server, or an attacker.

mod attacks;
mod commands;
mod meetings;
mod reconnecting;
mod screen;

use landline_server::config::TlsMode;
use landline_tests::certificate::TestCertificate;
use landline_tests::{Face, Program, TestServer, TlsProxy};
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The first bytes of a sign-in.
const SIGN_IN: &[u8] = b"format json";

/// A server with TLS, and the folder in which `landline` stores the keys of servers.
struct World {
    server: TestServer,
    proxy: TlsProxy,
    identity: TestCertificate,
    folder: TempDir,
}

/// The end of a program.
#[derive(Debug)]
struct Outcome {
    code: i32,
    out: String,
    complaint: String,
}

impl World {
    fn new() -> World {
        // The proxy in front of it has the TLS.
        let server = TestServer::new(|config| config.tls = TlsMode::Off);
        let identity = TestCertificate::default();
        let proxy = TlsProxy::new(server.address(), Face::Tls(identity.clone()));
        World { server, proxy, identity, folder: TempDir::new().expect("a temporary folder") }
    }

    /// Returns a world whose server `landline` has met.
    fn met() -> World {
        let world = World::new();
        let outcome = world.say(&[]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        world
    }

    fn address(&self) -> String {
        self.proxy.address().to_string()
    }

    /// Returns the command `landline` with these arguments.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Program::client();
        command.env("XDG_STATE_HOME", self.folder.path()).args(args);
        command
    }

    /// Returns the command `landline` for a sign-in with a password at the server.
    fn landline(&self, args: &[&str]) -> Command {
        self.landline_at(self.proxy.address(), args)
    }

    fn landline_at(&self, address: SocketAddr, args: &[&str]) -> Command {
        let mut command = self.command(&[&address.to_string(), "--name", "ci"]);
        command.args(args);
        command
    }

    /// Says one line at the server.
    fn say(&self, args: &[&str]) -> Outcome {
        outcome(&mut self.landline(args), "hello\n")
    }

    fn file(&self) -> String {
        let file = self.folder.path().join("landline").join("known_servers.toml");
        std::fs::read_to_string(file).unwrap_or_default()
    }
}

/// Runs a command with this standard input until it ends.
fn outcome(command: &mut Command, input: &str) -> Outcome {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("running landline");
    // The program may end before it has read everything.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("running landline");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    Outcome { code: output.status.code().expect("a code"), out: text(&output.stdout), complaint: text(&output.stderr) }
}

/// Returns whether `bytes` contain `part`.
fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
