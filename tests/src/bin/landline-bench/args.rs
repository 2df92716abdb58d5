//! The command line.

use clap::{Parser, Subcommand};
use landline_server::config::History;
use landline_tests::bench::{
    CELLS, Cell, CellKind, ClientProtocol, GROWTH, MessageForm, Options, SERVER_FLAGS, TEXT_BYTES,
};
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

/// Time without any line after which a phase ends. A busy machine may be silent for seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Options that would make the guard's figures differ from its limits.
const GUARD_EXCLUDES: [&str; 9] =
    ["cells", "address", "history", "seconds", "text_bytes", "tls", "ws", "json_lines", "json"];

/// Measures how much load a Landline server carries. Each line must reach all other members of its room once and in
/// order. Lost, doubled and reordered lines are counted, and make the exit code 1.
#[derive(Debug, Parser)]
#[command(name = "landline-bench", version, max_term_width = 100, after_help = after_help())]
pub struct BenchArgs {
    /// Cells to run, separated by commas
    #[arg(long, value_name = "NAMES", default_value = "all", value_parser = parse_cells)]
    cells: Chosen,
    /// Measure the server at this address instead of starting one
    #[arg(long, value_name = "HOST:PORT", value_parser = parse_address)]
    pub address: Option<SocketAddr>,
    /// Process of that server, if it is on this machine, to measure its CPU time
    #[arg(long, value_name = "PID", requires = "address")]
    pub server_pid: Option<u32>,
    /// Message history of the server: on, off, or kept for N days
    #[arg(long, default_value = "on", value_name = "on|off|N-days", conflicts_with = "address")]
    pub history: History,
    /// Seconds of talk in each cell
    #[arg(long, default_value = "3", value_parser = parse_seconds)]
    seconds: Duration,
    /// Bytes of each text
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = parse_text_bytes)]
    pub text_bytes: usize,
    /// Number of clients in join-5000
    #[arg(long, value_name = "N", value_parser = parse_people)]
    join: Option<usize>,
    /// Number of clients in idle-10000
    #[arg(long, value_name = "N", value_parser = parse_people)]
    idle: Option<usize>,
    /// Let all clients use TLS
    #[arg(long)]
    tls: bool,
    /// Let all clients use WebSockets, with objects
    #[arg(long)]
    ws: bool,
    /// Let all clients send and receive objects, one per line
    #[arg(long, conflicts_with = "ws")]
    json_lines: bool,
    /// Print one JSON object per cell
    #[arg(long)]
    pub json: bool,
    /// Check whether the server has become slower: compare it to bare sends, and exit with 1 above the limit
    #[arg(long, conflicts_with_all = GUARD_EXCLUDES)]
    pub guard: bool,
    /// Task of this process other than measuring
    #[command(subcommand)]
    pub task: Option<BenchTask>,
}

/// Task of this process other than measuring.
#[derive(Debug, Subcommand)]
pub enum BenchTask {
    /// Run the server that another process measures, until standard input ends
    #[command(hide = true)]
    Serve {
        /// Maximum number of clients
        clients: usize,
        /// Message history
        history: History,
    },
}

/// The cells that were chosen.
type Chosen = Vec<Cell>;

fn after_help() -> String {
    let lines = |cells: &[Cell]| -> String {
        cells.iter().map(|cell| format!("  {:<16} {}\n", cell.name, cell.about)).collect()
    };
    format!(
        "Cells (all):\n{}\nHow cost grows (growth):\n{}\nA server at an address must be started with {SERVER_FLAGS}\n\
         (for more than 10,000 clients also --max-clients), and without a password.",
        lines(CELLS),
        lines(GROWTH)
    )
}

fn parse_cells(names: &str) -> Result<Chosen, String> {
    let every = || CELLS.iter().chain(GROWTH);
    let named = |name: &str| match name.trim() {
        "all" => Ok(CELLS.to_vec()),
        "growth" => Ok(GROWTH.to_vec()),
        name => every().find(|cell| cell.name == name).map(|cell| vec![cell.clone()]).ok_or_else(|| {
            let known: Vec<&str> = every().map(|cell| cell.name).collect();
            format!("unknown cell {name}; known are: {}, all, growth", known.join(", "))
        }),
    };
    Ok(names.split(',').map(named).collect::<Result<Vec<_>, _>>()?.concat())
}

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let found = text.to_socket_addrs().map_err(|error| format!("write it as HOST:PORT ({error})"))?;
    // Prefer IPv4 if a name has several addresses: most servers listen on IPv4 only.
    let found: Vec<SocketAddr> = found.collect();
    found.iter().find(|a| a.is_ipv4()).or(found.first()).copied().ok_or_else(|| "no such host".to_owned())
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let is_valid = |time: &Duration| (Duration::from_millis(1)..=Duration::from_secs(3_600)).contains(time);
    seconds.filter(is_valid).ok_or_else(|| "seconds must be between 0.001 and 3600".to_owned())
}

fn parse_text_bytes(text: &str) -> Result<usize, String> {
    let (min, max) = TEXT_BYTES.into_inner();
    let bytes = text.parse().ok().filter(|bytes| TEXT_BYTES.contains(bytes));
    bytes.ok_or_else(|| format!("a text must have {min} to {max} bytes"))
}

fn parse_people(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|people| *people >= 2).ok_or_else(|| "at least 2 clients are needed".to_owned())
}

impl BenchArgs {
    /// Returns the cells to run, with the requested numbers of clients.
    pub fn cells(&self) -> Vec<Cell> {
        let sized = |cell: &Cell| match cell.kind {
            CellKind::Join => cell.of(self.join.unwrap_or(cell.members)),
            CellKind::Idle => cell.of(self.idle.unwrap_or(cell.members)),
            CellKind::Talk { .. } => cell.clone(),
        };
        self.cells.iter().map(sized).collect()
    }

    /// Returns the settings for the run.
    pub fn options(&self) -> Options {
        let form = match (self.ws, self.json_lines) {
            (true, _) => MessageForm::WebSocket,
            (false, true) => MessageForm::JsonLines,
            (false, false) => MessageForm::Text,
        };
        let protocol = ClientProtocol { tls: self.tls, form };
        Options { time: self.seconds, text_bytes: self.text_bytes, patience: PATIENCE, protocol }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(args: &[&str]) -> Result<BenchArgs, String> {
        let words = std::iter::once(&"landline-bench").chain(args);
        BenchArgs::try_parse_from(words).map_err(|error| error.to_string())
    }

    #[test]
    fn the_help_names_every_cell() {
        let help = args(&["--help"]).unwrap_err();
        assert!(CELLS.iter().chain(GROWTH).all(|cell| help.contains(cell.name)), "{help}");
        assert!(help.contains(SERVER_FLAGS) && !help.contains("serve "), "{help}");
    }

    #[test]
    fn selects_and_resizes_cells() {
        assert_eq!(args(&[]).unwrap().cells(), CELLS);
        assert_eq!(args(&["--cells", "growth,10x8"]).unwrap().cells(), [GROWTH, &CELLS[..1]].concat());
        let chosen = args(&["--cells", "join-5000,10x8", "--join", "50", "--seconds", "0.5"]).unwrap();
        let labels: Vec<String> = chosen.cells().iter().map(Cell::label).collect();
        assert_eq!(labels, ["join-50", "10x8"]);
        assert_eq!(chosen.options().time, Duration::from_millis(500));
    }

    #[test]
    fn chooses_the_protocol_of_the_clients() {
        for (words, tls, form) in [
            (&[][..], false, MessageForm::Text),
            (&["--tls"], true, MessageForm::Text),
            (&["--json-lines"], false, MessageForm::JsonLines),
            (&["--tls", "--ws"], true, MessageForm::WebSocket),
        ] {
            assert_eq!(args(words).unwrap().options().protocol, ClientProtocol { tls, form }, "{words:?}");
        }
        assert!(args(&["--ws", "--json-lines"]).is_err() && args(&["--guard", "--tls"]).is_err());
    }

    #[test]
    fn errors_have_advice() {
        for (words, says) in [
            (vec!["--cells", "10x9"], "known are: 10x8, "),
            (vec!["--text-bytes", "15"], "16 to 2000 bytes"),
            (vec!["--seconds=-1"], "between 0.001 and"),
            (vec!["--seconds", "inf"], "between 0.001 and"),
            (vec!["--join", "1"], "2 clients"),
            (vec!["--address", "nowhere"], "HOST:PORT"),
            (vec!["--server-pid", "1"], "--address"),
        ] {
            let error = args(&words).unwrap_err();
            assert!(error.contains(says), "{words:?}: {error}");
        }
    }
}
