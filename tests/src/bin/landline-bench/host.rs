//! A server in a process of its own, so that its CPU time and memory are its own, too.

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

/// Nobody is to be signed out for being silent.
const A_DAY: Duration = Duration::from_secs(86_400);

/// The other process; it ends on drop.
#[derive(Debug)]
pub struct Host {
    child: Child,
    /// Where the server listens.
    pub address: SocketAddr,
    /// How many people it has place for.
    pub clients: usize,
    /// What sets that bound.
    pub why: String,
}

impl Host {
    /// Starts this program once more, as a server for so many people, which stores what is said or does not.
    ///
    /// # Errors
    /// It does not start. It has said why on standard error.
    pub fn start(clients: usize, history: History) -> anyhow::Result<Host> {
        let mut command = Command::new(std::env::current_exe()?);
        let command = command.args(["serve", &clients.to_string(), &history.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let mut words = line.trim().splitn(3, ' ');
        let mut word = || words.next().ok_or_else(|| anyhow!("its process ended at once"));
        let (address, clients, why) = (word()?.parse()?, word()?.parse()?, word()?.to_owned());
        Ok(Host { child, address, clients, why })
    }

    /// The number of its process.
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

/// Is that server, until standard input ends: so it ends with the process that started it, however that ends.
///
/// # Errors
/// The server does not start.
pub fn serve(clients: usize, history: History) -> anyhow::Result<()> {
    // Ctrl-C reaches both processes, and this one has a folder to remove.
    ctrlc::set_handler(|| {}).context("handling Ctrl-C")?;
    let folder = TempDir::new().context("a temporary folder")?;
    let config = Config {
        rate: None,
        timeout: A_DAY,
        max_clients: clients,
        max_clients_per_ip: 0,
        history,
        ..on_loopback(folder.path().join("data"))
    };
    let server = Server::start(&config, LockFile::take(&config.data)?)?;
    let (capacity, addresses) = (server.capacity(), server.addresses());
    writeln!(std::io::stdout(), "{} {} {}", addresses[0], capacity.clients, capacity.why)?;
    let _ = std::io::stdin().read(&mut [0]);
    // Goodbyes to thousands would take longer than the measurement.
    drop(folder);
    std::process::exit(0);
}
