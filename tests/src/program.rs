//! The real programs as processes, and checks for tools that some tests need.

use crate::DEADLINE;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Returns whether `tool` is not installed, and prints that the test is skipped.
///
/// # Panics
/// The tool is missing in CI, where no test may be skipped.
#[must_use]
pub fn skip_if_missing(tool: &str) -> bool {
    let found =
        Command::new("sh").args(["-c", &format!("command -v {tool}")]).output().is_ok_and(|o| o.status.success());
    if !found {
        assert!(std::env::var_os("CI").is_none(), "{tool} is missing, and in CI no test may be skipped");
        eprintln!("skipped: this test needs {tool}");
    }
    !found
}

/// Builds a program, and returns its path.
fn built(package: &str, bin: &str) -> PathBuf {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let build = escargot::CargoBuild::new().manifest_path(manifest).package(package).bin(bin);
    build.run().expect("building the program").path().to_owned()
}

/// Environment variables with the folders of a program's own files.
pub(crate) const FOLDERS: [&str; 3] = ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"];
/// A path at which no file can exist.
pub(crate) const NOWHERE: &str = "/dev/null/nowhere";

/// Arguments of `landline-server` that turn off the ports that would collide between tests.
pub const NO_FIXED_PORTS: [&str; 6] = ["--lantalk-port", "0", "--beacon-port", "0", "--web-port", "0"];

/// A running program of the project, killed on drop.
pub struct Program {
    child: Child,
    out: BufReader<Box<dyn Read + Send + Sync>>,
}

impl Program {
    /// Returns the command `landline-server` without arguments.
    pub fn server() -> Command {
        static PATH: OnceLock<PathBuf> = OnceLock::new();
        Command::new(PATH.get_or_init(|| built("landline-server", "landline-server")))
    }

    /// Returns the command for a server on loopback with cheap password hashes. LanTalk's port, the web port and the beacon are off,
    /// since their fixed ports would collide between tests. `rate` is the value of `--rate`.
    pub fn quiet_server(data: &Path, rate: &str) -> Command {
        Program::quiet_server_with_lantalk(data, rate, 0)
    }

    /// Returns the command like [`Program::quiet_server`], with a LanTalk port.
    pub fn quiet_server_with_lantalk(data: &Path, rate: &str, port: u16) -> Command {
        let mut command = Program::server();
        command.args(["--lantalk-port", &port.to_string()]);
        command.args(["--bind", "127.0.0.1", "--beacon-port", "0", "--web-port", "0", "--rate", rate]);
        command.args(["--max-clients-per-ip", "0", "--limit", "bcrypt-cost=4"]).arg("--data").arg(data);
        // A long gap, so that messages do not merge while a test on a busy machine is slow to read.
        command.args(["--limit", "unframed-gap-ms=200"]);
        command.env_remove("LANDLINE_LOG").env_remove("LANDLINE_PASSWORD");
        command
    }

    /// Starts a server on a free port, and reads the port from its banner.
    pub fn start_server(command: &mut Command) -> (Program, SocketAddr) {
        let mut program = Program::start(command.args(["--port", "0"]), Stdio::piped());
        let line = program.until("nc ");
        let port = line.trim_end().rsplit(' ').next().and_then(|port| port.parse().ok()).expect("a port");
        assert_eq!(line, format!("  or          nc 127.0.0.1 {port}\n"));
        (program, SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    /// Returns the command `landline` without arguments, configuration or state.
    pub fn client() -> Command {
        static PATH: OnceLock<PathBuf> = OnceLock::new();
        let mut command = Command::new(PATH.get_or_init(|| built("landline-client", "landline")));
        for folder in FOLDERS {
            command.env(folder, NOWHERE);
        }
        for variable in ["LANDLINE_PASSWORD", "LANDLINE_SERVER_PASSWORD", "LANDLINE_PASSPHRASE", "NO_COLOR", "RUST_LOG"]
        {
            command.env_remove(variable);
        }
        command
    }

    /// Starts a command with the given standard input. Its output goes to pipes.
    pub fn start(command: &mut Command, stdin: Stdio) -> Program {
        let mut child =
            command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starting the program");
        let out: Box<dyn Read + Send + Sync> = Box::new(child.stdout.take().expect("a pipe"));
        let out = BufReader::new(out);
        Program { child, out }
    }

    /// Returns the next line of the output that contains `text`, with its line end.
    ///
    /// # Panics
    /// The output ends before.
    pub fn until(&mut self, text: &str) -> String {
        let mut line = String::new();
        while self.out.read_line(&mut line).expect("reading the output") > 0 {
            if line.contains(text) {
                return line;
            }
            line.clear();
        }
        panic!("the program ended before it printed {text:?}; standard error: {}", self.stderr());
    }

    /// Returns the next line of the output, or `None` at its end.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.out.read_line(&mut line).expect("reading the output");
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// Returns an iterator over the following lines of the output, for another thread.
    pub fn take_output(&mut self) -> impl Iterator<Item = String> + Send + use<> {
        let (end, _) = std::io::pipe().expect("a pipe");
        let out = std::mem::replace(&mut self.out, BufReader::new(Box::new(end)));
        out.lines().map_while(Result::ok)
    }

    /// Closes the pipe of the output.
    pub fn close_output(&mut self) {
        let (end, _) = std::io::pipe().expect("a pipe");
        drop(std::mem::replace(&mut self.out, BufReader::new(Box::new(end))));
    }

    /// Writes a line to standard input, which must be a pipe.
    pub fn type_line(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().expect("a pipe");
        writeln!(stdin, "{line}").and_then(|()| stdin.flush()).expect("writing to the program");
    }

    /// Returns the process.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Sends a signal by name: TERM, INT, KILL, STOP.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(status.expect("kill").success());
    }

    /// Waits until the program has ended.
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().expect("waiting for the program") {
                return status;
            }
            assert!(Instant::now() < deadline, "the program does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Returns everything written to standard error. The program must have ended.
    pub fn stderr(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            let _ = stderr.read_to_string(&mut text);
        }
        text
    }
}

/// Returns what `landline` complained about, without the line about a server that it meets for the first time. A client
/// of a test stores no keys, so each server is new to it.
#[must_use]
pub fn without_first_meeting(complaint: &str) -> String {
    complaint.split_inclusive('\n').filter(|line| !line.starts_with("landline: first meeting with ")).collect()
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
