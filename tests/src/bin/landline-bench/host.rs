//! Starts the server in a separate process, so that its CPU time and memory can be measured.

use anyhow::{Context, anyhow};
use landline_server::config::{Config, History};
use landline_server::server::Server;
use landline_server::store::LockFile;
use landline_tests::on_loopback;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Idle timeout of the server, long enough that no silent client is signed out.
const IDLE_TIMEOUT: Duration = Duration::from_secs(86_400);

/// The server process, which ends on drop.
#[derive(Debug)]
pub struct Host {
    child: Child,
    /// Address of the server.
    pub address: SocketAddr,
    /// Maximum number of clients.
    pub clients: usize,
    /// The limit that determines that maximum.
    pub why: String,
}

impl Host {
    /// Starts this program again as a server.
    ///
    /// # Errors
    /// The server does not start; it prints the reason to standard error.
    pub fn start(clients: usize, history: History) -> anyhow::Result<Host> {
        let mut command = Command::new(std::env::current_exe()?);
        let command = command.args(["serve", &clients.to_string(), &history.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let mut words = line.trim().splitn(3, ' ');
        let mut word = || words.next().ok_or_else(|| anyhow!("the server process ended at once"));
        let address = word()?.parse()?;
        let clients = word()?.parse()?;
        let why = word()?.to_owned();
        Ok(Host { child, address, clients, why })
    }

    /// Returns the process id of the server.
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Runs the server until standard input ends, so that it ends with its parent process in any case.
///
/// # Errors
/// The server does not start.
pub fn serve(clients: usize, history: History) -> anyhow::Result<()> {
    // Ignore Ctrl-C, which reaches both processes: this one must still remove its folder.
    ctrlc::set_handler(|| {}).context("cannot handle Ctrl-C")?;
    let folder = TempDir::new().context("a temporary folder")?;
    let config = Config {
        rate: None,
        timeout: IDLE_TIMEOUT,
        max_clients: clients,
        max_clients_per_ip: Some(0),
        history,
        ..on_loopback(folder.path().join("data"))
    };
    let server = Server::start(&config, LockFile::take(&config.data)?)?;
    let capacity = server.capacity();
    let addresses = server.addresses();
    writeln!(std::io::stdout(), "{} {} {}", addresses[0], capacity.clients, capacity.why)?;
    let _ = std::io::stdin().read(&mut [0]);
    // Exit without stopping the server: goodbyes to thousands of clients would take longer than the measurement.
    drop(folder);
    std::process::exit(0);
}
