//! The command line.

use clap::{Parser, Subcommand};
use landline_server::config::History;
use landline_tests::bench::{CELLS, Cell, GROWTH, Kind, Options, SERVER_FLAGS, TEXT_BYTES};
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

/// A busy machine may well be silent for seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures how much a Landline server carries. Every line that anybody says must reach everybody else once and in
/// order: whatever is lost, doubled or reordered is counted, and makes the exit code 1.
#[derive(Debug, Parser)]
#[command(name = "landline-bench", version, max_term_width = 100, after_help = after_help())]
pub struct Args {
    /// Which loads, separated by commas
    #[arg(long, value_name = "NAMES", default_value = "all", value_parser = parse_cells)]
    cells: Chosen,
    /// Measure the server at this address instead of one of its own
    #[arg(long, value_name = "HOST:PORT", value_parser = parse_address)]
    pub address: Option<SocketAddr>,
    /// The process of that server, if it is on this machine: then its CPU time is known
    #[arg(long, value_name = "PID", requires = "address")]
    pub server_pid: Option<u32>,
    /// Whether the server stores what is said: on, off, or for so many days
    #[arg(long, default_value = "on", value_name = "on|off|N-days", conflicts_with = "address")]
    pub history: History,
    /// How long people talk in each cell
    #[arg(long, default_value = "3", value_parser = parse_seconds)]
    seconds: Duration,
    /// The length of what they say
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = parse_text_bytes)]
    pub text_bytes: usize,
    /// How many people come in join-5000
    #[arg(long, value_name = "N", value_parser = parse_people)]
    join: Option<usize>,
    /// How many people are idle in idle-10000
    #[arg(long, value_name = "N", value_parser = parse_people)]
    idle: Option<usize>,
    /// Print one JSON object a cell
    #[arg(long)]
    pub json: bool,
    /// Tell whether the server has become slower: compare it to bare sends, and exit with 1 if it costs too much
    #[arg(long, conflicts_with_all = ["cells", "address", "history", "seconds", "text_bytes", "json"])]
    pub guard: bool,
    /// What this process is there for, if not to measure
    #[command(subcommand)]
    pub task: Option<Task>,
}

/// What this process is there for, if not to measure.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Be the server that another process measures, until standard input ends
    #[command(hide = true)]
    Serve {
        /// For so many people
        clients: usize,
        /// How long it stores what is said
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
         (for more than 10,000 people also --max-clients), and without a password.",
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
            format!("there is no cell called {name}; there are: {}, all, growth", known.join(", "))
        }),
    };
    Ok(names.split(',').map(named).collect::<Result<Vec<_>, _>>()?.concat())
}

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let found = text.to_socket_addrs().map_err(|error| format!("write it as HOST:PORT ({error})"))?;
    // A name may have several; most servers listen on version 4 only.
    let found: Vec<SocketAddr> = found.collect();
    found.iter().find(|a| a.is_ipv4()).or(found.first()).copied().ok_or_else(|| "no such host".to_owned())
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let sensible = |time: &Duration| (Duration::from_millis(1)..=Duration::from_secs(3_600)).contains(time);
    seconds.filter(sensible).ok_or_else(|| "seconds lie between 0.001 and 3600".to_owned())
}

fn parse_text_bytes(text: &str) -> Result<usize, String> {
    let (least, most) = TEXT_BYTES.into_inner();
    let bytes = text.parse().ok().filter(|bytes| TEXT_BYTES.contains(bytes));
    bytes.ok_or_else(|| format!("a text has {least} to {most} bytes"))
}

fn parse_people(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|people| *people >= 2).ok_or_else(|| "it takes 2 people at least".to_owned())
}

impl Args {
    /// The cells to run, with as many people as was asked for.
    pub fn cells(&self) -> Vec<Cell> {
        let sized = |cell: &Cell| match cell.kind {
            Kind::Join => cell.of(self.join.unwrap_or(cell.members)),
            Kind::Idle => cell.of(self.idle.unwrap_or(cell.members)),
            Kind::Talk { .. } => cell.clone(),
        };
        self.cells.iter().map(sized).collect()
    }

    /// How to run them.
    pub fn options(&self) -> Options {
        Options { time: self.seconds, text_bytes: self.text_bytes, patience: PATIENCE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(args: &[&str]) -> Result<Args, String> {
        let words = std::iter::once(&"landline-bench").chain(args);
        Args::try_parse_from(words).map_err(|error| error.to_string())
    }

    #[test]
    fn the_help_names_every_cell() {
        let help = args(&["--help"]).unwrap_err();
        assert!(CELLS.iter().chain(GROWTH).all(|cell| help.contains(cell.name)), "{help}");
        assert!(help.contains(SERVER_FLAGS) && !help.contains("serve "), "{help}");
    }

    #[test]
    fn cells_are_chosen_by_name_and_sized() {
        assert_eq!(args(&[]).unwrap().cells(), CELLS);
        assert_eq!(args(&["--cells", "growth,10x8"]).unwrap().cells(), [GROWTH, &CELLS[..1]].concat());
        let chosen = args(&["--cells", "join-5000,10x8", "--join", "50", "--seconds", "0.5"]).unwrap();
        let labels: Vec<String> = chosen.cells().iter().map(Cell::label).collect();
        assert_eq!(labels, ["join-50", "10x8"]);
        assert_eq!(chosen.options().time, Duration::from_millis(500));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (words, says) in [
            (vec!["--cells", "10x9"], "there are: 10x8, "),
            (vec!["--text-bytes", "15"], "16 to 2000 bytes"),
            (vec!["--seconds=-1"], "between 0.001 and"),
            (vec!["--seconds", "inf"], "between 0.001 and"),
            (vec!["--join", "1"], "2 people"),
            (vec!["--address", "nowhere"], "HOST:PORT"),
            (vec!["--server-pid", "1"], "--address"),
        ] {
            let error = args(&words).unwrap_err();
            assert!(error.contains(says), "{words:?}: {error}");
        }
    }
}
