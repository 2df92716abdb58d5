//! A server that is started on this machine, for everybody on its network. It goes on when the client leaves.

use crossbeam_channel::{Receiver, bounded};
use landline_common::service::{MAIN_PORT, Service};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A server on this machine answers in less.
const ANSWERING: Duration = Duration::from_secs(1);
const PROGRAM: &str = "landline-server";
/// So much is read of what a server says when it starts.
const MOST_BYTES: u64 = 64 << 10;

/// A server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// Where it is for this machine, with its port.
    pub address: String,
    /// What to know about it.
    pub note: String,
}

/// Why there is no new server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotStarted {
    /// One runs on this machine already, at that address.
    Running(String),
    /// It failed: why.
    Failed(String),
}

/// Starts one, with its data in that folder, on a thread of its own.
///
/// # Errors
/// No thread can be had.
pub fn start(data: Option<PathBuf>) -> io::Result<Receiver<Result<Started, NotStarted>>> {
    let (out, started) = bounded(1);
    let run = move || {
        let done = match data {
            _ if is_landline(MAIN_PORT) => Err(NotStarted::Running(format!("127.0.0.1:{MAIN_PORT}"))),
            Some(data) => try_start(&data).map_err(NotStarted::Failed),
            None => {
                let why = "this system has no folder for the server's data; start landline-server by hand";
                Err(NotStarted::Failed(why.into()))
            }
        };
        // Nobody waits for it any more when the program has ended.
        let _ = out.send(done);
    };
    std::thread::Builder::new().name("starting".into()).spawn(run)?;
    Ok(started)
}

/// Whether a Landline server has that port of this machine.
fn is_landline(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(stream) = TcpStream::connect_timeout(&address, ANSWERING) else { return false };
    stream.set_read_timeout(Some(ANSWERING)).is_ok() && Service::ask(&stream) == Service::Landline
}

fn try_start(data: &Path) -> Result<Started, String> {
    let program = program().ok_or_else(|| {
        format!("{PROGRAM} is neither beside this program nor in PATH; put it there, or start it on another machine")
    })?;
    let failed = |why: io::Error| format!("{PROGRAM} cannot be started: {why}");
    fs::create_dir_all(data).map_err(failed)?;
    let complaints = data.join("start.log");
    let mut command = Command::new(program);
    command.arg("--no-console").arg("--data").arg(data);
    // The account's password in the environment is not the server's.
    command.env_remove("LANDLINE_PASSWORD").env_remove("LANDLINE_SERVER_PASSWORD");
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(File::create(&complaints).map_err(failed)?);
    apart(&mut command);
    let mut child = command.spawn().map_err(failed)?;
    let banner = child.stdout.take().map(|out| joins(BufReader::new(out).take(MOST_BYTES)));
    match banner.flatten() {
        Some(join) => {
            let port = join.rsplit(' ').next().unwrap_or_default();
            let join = join.replace(' ', ":");
            let stop = stop(child.id());
            let note = format!(
                "A server runs on this machine now; others join it with: landline {join} – it goes on when you leave; \
                 stop it with: {stop}"
            );
            Ok(Started { address: format!("127.0.0.1:{port}"), note })
        }
        None => {
            let _ = child.wait();
            Err(last_words(&complaints))
        }
    }
}

/// The address and the port in its banner, which stand behind the first `nc`.
fn joins(banner: impl BufRead) -> Option<String> {
    let mut lines = banner.lines().map_while(Result::ok);
    lines.find_map(|line| line.split_once(" nc ").map(|(_, join)| join.trim().to_owned()))
}

/// Why it did not start: the last line that it wrote.
fn last_words(complaints: &Path) -> String {
    let mut text = String::new();
    let _ = File::open(complaints).and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text));
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
    landline_common::clean::clean(last).into_owned()
}

/// Beside this program, or in PATH.
fn program() -> Option<PathBuf> {
    let name = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe().ok().and_then(|own| Some(own.parent()?.to_owned()));
    let path = std::env::var_os("PATH").unwrap_or_default();
    beside.into_iter().chain(std::env::split_paths(&path)).map(|folder| folder.join(&name)).find(|file| file.is_file())
}

/// Ctrl-C in this terminal is not meant for it.
#[cfg(unix)]
fn apart(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

/// The same.
#[cfg(windows)]
fn apart(command: &mut Command) {
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
    std::os::windows::process::CommandExt::creation_flags(command, CREATE_NEW_PROCESS_GROUP);
}

#[cfg(not(any(unix, windows)))]
fn apart(_: &mut Command) {}

fn stop(process: u32) -> String {
    if cfg!(windows) { format!("taskkill /F /PID {process}") } else { format!("kill {process}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_banner_says_how_to_join() {
        let banner = "Landline is open.\n  join with  nc 192.168.1.5 12345\n  or with    nc 10.0.0.1 12345\n";
        assert_eq!(joins(banner.as_bytes()).as_deref(), Some("192.168.1.5 12345"));
        assert_eq!(joins("nothing".as_bytes()), None);
    }

    #[test]
    fn a_server_that_does_not_start_says_why() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("start.log");
        assert_eq!(last_words(&file), "it says nothing");
        fs::write(&file, "one\nport \u{1b}[31m12345 is taken\n\n").unwrap();
        assert_eq!(last_words(&file), "port 12345 is taken");
    }
}
