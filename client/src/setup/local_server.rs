//! A server that is started on this machine, for all users on its network. It keeps running after the client leaves.
//!
//! Its data folder is the user's alone. Its standard error is read until its banner is there, for the reason if it does
//! not start; then that pipe is closed, since the server keeps a log of its own, which is bounded.

use crate::deadline_stream::DeadlineStream;
use crossbeam_channel::{Receiver, bounded};
use landline_common::service::{MAIN_PORT, Service};
use std::ffi::OsStr;
use std::fs;
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
    Service::probe(DeadlineStream::new(&stream, ANSWERING)) == Service::Landline
}

fn try_start(data: &Path) -> Result<Started, String> {
    let program = program().ok_or_else(|| format!("{PROGRAM} was not found (looked next to landline and in PATH)."))?;
    start_program(&program, data)
}

fn start_program(program: &Path, data: &Path) -> Result<Started, String> {
    let failed = |why: io::Error| format!("{PROGRAM} cannot be started: {why}");
    private_folder(data).map_err(failed)?;
    let mut command = Command::new(program);
    command.arg("--no-console").arg("--data").arg(data);
    // The account's password in the environment is not the server's.
    command.env_remove("LANDLINE_PASSWORD").env_remove("LANDLINE_SERVER_PASSWORD");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    apart(&mut command);
    let mut child = command.spawn().map_err(failed)?;
    // Read only if there is no banner. What a server says until then fits into a pipe; if not, its log waits for nobody.
    let complaints = child.stderr.take();
    let banner = child.stdout.take().map(|out| joins(BufReader::new(out).take(MOST_BYTES)));
    match banner.flatten() {
        Some(join) => {
            let port = join.rsplit(' ').next().unwrap_or_default();
            let join = join.replace(' ', ":");
            let stop = stop(child.id());
            let note = format!(
                "Server started. Others join with: landline {join}. It keeps running after you leave; to stop it: {stop}"
            );
            Ok(Started { address: format!("127.0.0.1:{port}"), note })
        }
        None => {
            let reason = complaints.map_or_else(|| last_words(io::empty()), last_words);
            let _ = child.wait();
            Err(reason)
        }
    }
}

/// The address and the port in its banner, which stand behind the first `nc`.
fn joins(banner: impl BufRead) -> Option<String> {
    let mut lines = banner.lines().map_while(Result::ok);
    lines.find_map(|line| line.split_once(" nc ").map(|(_, join)| join.trim().to_owned()))
}

/// Why it did not start: the last line that it wrote.
fn last_words(complaints: impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = complaints.take(MOST_BYTES).read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
    landline_common::clean::clean(last).into_owned()
}

/// Creates the folder, or takes it from other users: talk and password hashes are in it.
fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    #[cfg(unix)]
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

/// Next to this program, or in PATH.
fn program() -> Option<PathBuf> {
    let own = std::env::current_exe().ok();
    let beside = own.as_deref().and_then(Path::parent);
    find_program(beside, &std::env::var_os("PATH").unwrap_or_default())
}

fn find_program(beside: Option<&Path>, path: &OsStr) -> Option<PathBuf> {
    let name = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);
    let folders = beside.map(Path::to_owned).into_iter().chain(crate::paths::of_programs(path));
    folders.map(|folder| folder.join(&name)).find(|file| file.is_file())
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
        assert_eq!(last_words(io::empty()), "it says nothing");
        assert_eq!(last_words("one\nport \u{1b}[31m12345 is taken\n\n".as_bytes()), "port 12345 is taken");
    }

    #[test]
    fn x11_a_server_is_looked_for_only_at_fixed_places() {
        let folder = tempfile::TempDir::new().unwrap();
        let name = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);
        fs::write(folder.path().join(&name), "").unwrap();
        // Relative to where this test runs, the same folder.
        let up: PathBuf = std::env::current_dir().unwrap().components().skip(1).map(|_| "..").collect();
        let relative = up.join(folder.path().strip_prefix("/").unwrap());
        assert!(relative.join(&name).is_file());
        for path in [relative.as_os_str(), OsStr::new(""), OsStr::new(".:"), OsStr::new(":")] {
            assert_eq!(find_program(None, path), None, "{path:?}");
        }
        let absolute = std::env::join_paths([relative.as_path(), folder.path()]).unwrap();
        assert_eq!(find_program(None, &absolute), Some(folder.path().join(&name)));
        assert_eq!(find_program(Some(folder.path()), OsStr::new("")), Some(folder.path().join(&name)));
    }

    /// A program that tells of itself as a server does, and goes on writing to standard error.
    #[cfg(unix)]
    fn program_of(folder: &Path, script: &str) -> PathBuf {
        use std::os::unix::fs::OpenOptionsExt;
        let file = folder.join("server.sh");
        let mut options = fs::OpenOptions::new();
        let mut out = options.write(true).create(true).truncate(true).mode(0o700).open(&file).unwrap();
        io::Write::write_all(&mut out, format!("#!/bin/sh\n{script}\n").as_bytes()).unwrap();
        file
    }

    /// Another test that starts a program at this moment may hold the script open.
    #[cfg(unix)]
    fn start_script(program: &Path, data: &Path) -> Result<Started, String> {
        loop {
            match start_program(program, data) {
                Err(why) if why.contains("Text file busy") => std::thread::yield_now(),
                started => return started,
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn x4_what_a_server_keeps_is_the_users_alone_and_there_is_no_second_log() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::TempDir::new().unwrap();
        let data = folder.path().join("new").join("data");
        let mode = |folder: &Path| fs::metadata(folder).unwrap().permissions().mode() & 0o777;
        let script = "trap '' PIPE; echo '  or nc 192.0.2.7 4711'; until ! echo noise >&2; do :; done; \
                      echo over >\"$3/ended\"; exec sleep 60";
        let program = program_of(folder.path(), script);
        let started = start_script(&program, &data).unwrap();
        assert_eq!(started.address, "127.0.0.1:4711");
        let note =
            "Server started. Others join with: landline 192.0.2.7:4711. It keeps running after you leave; to stop it: ";
        let stop = started.note.strip_prefix(note).and_then(|stop| stop.strip_prefix("kill ")).expect("how to stop it");
        let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
        // Nothing takes what it writes any more.
        while !data.join("ended").exists() {
            assert!(std::time::Instant::now() < until, "standard error is still open");
            std::thread::yield_now();
        }
        assert!(Command::new("/bin/kill").arg(stop).status().unwrap().success());
        let files: Vec<_> = fs::read_dir(&data).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(files, ["ended"]);
        assert_eq!(mode(&data), 0o700);
        assert_eq!(mode(data.parent().unwrap()), 0o700);
        fs::set_permissions(&data, PermissionsExt::from_mode(0o755)).unwrap();
        let program = program_of(folder.path(), "echo 'the port is taken' >&2; exit 1");
        assert_eq!(start_script(&program, &data), Err("the port is taken".into()));
        assert_eq!(mode(&data), 0o700, "a folder of before is closed, too");
    }
}
