//! Starts a server on this machine for the users on its network. The server keeps running after the client ends.
//!
//! Only the user can read its data folder. Its standard error is a pipe until the server has printed its banner, to learn
//! the reason if it does not start. Then the pipe is closed: the server has a log file of its own, of limited size.

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

/// Time limit for a server on this machine to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);
const PROGRAM: &str = "landline-server";
/// Bytes to read of the server's output at most.
const MAX_OUTPUT_BYTES: u64 = 64 << 10;

/// A server that was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// Its address for this machine, with port.
    pub address: String,
    /// Note for the user: how to join and stop it.
    pub note: String,
    /// The code that makes its first user its owner.
    pub claim_code: Option<String>,
}

/// Why no server was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotStarted {
    /// A server runs on this machine already, at this address.
    Running(String),
    /// The start failed, with the reason.
    Failed(String),
}

/// Starts a server with the data folder `data`, on a thread of its own. The channel receives the result.
///
/// # Errors
/// No thread can be started.
pub fn start(data: Option<PathBuf>) -> io::Result<Receiver<Result<Started, NotStarted>>> {
    let (out, started) = bounded(1);
    let run = move || {
        let done = match data {
            _ if is_landline(MAIN_PORT) => Err(NotStarted::Running(format!("127.0.0.1:{MAIN_PORT}"))),
            Some(data) => try_start(&data).map_err(NotStarted::Failed),
            None => {
                let why =
                    "no folder for the server's data: this system has no home folder; start landline-server by hand";
                Err(NotStarted::Failed(why.into()))
            }
        };
        // The receiver is gone if the user has left.
        let _ = out.send(done);
    };
    std::thread::Builder::new().name("starting".into()).spawn(run)?;
    Ok(started)
}

/// Returns whether a Landline server answers at a port of this machine.
fn is_landline(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(stream) = TcpStream::connect_timeout(&address, ANSWER_TIMEOUT) else { return false };
    Service::probe(DeadlineStream::new(&stream, ANSWER_TIMEOUT)) == Service::Landline
}

fn try_start(data: &Path) -> Result<Started, String> {
    let program = program().ok_or_else(|| {
        format!("{PROGRAM} not found next to landline or in PATH; install it, or start a server on another machine")
    })?;
    start_program(&program, data)
}

fn start_program(program: &Path, data: &Path) -> Result<Started, String> {
    let failed = |why: io::Error| format!("{PROGRAM} cannot be started: {why}");
    private_folder(data).map_err(failed)?;
    let mut command = Command::new(program);
    command.arg("--no-console").arg("--data").arg(data);
    // Passwords of the client in the environment are not for the server.
    command.env_remove("LANDLINE_PASSWORD").env_remove("LANDLINE_SERVER_PASSWORD");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    detach(&mut command);
    let mut child = command.spawn().map_err(failed)?;
    // Standard error is read only if there is no banner. Until then its text fits into the pipe; if not, the server drops
    // log lines instead of blocking.
    let stderr = child.stderr.take();
    let banner = child.stdout.take().map(|out| Banner::read(BufReader::new(out).take(MAX_OUTPUT_BYTES)));
    match banner.flatten() {
        Some(Banner { join, claim_code }) => {
            let port = join.rsplit(' ').next().unwrap_or_default();
            let join = join.replace(' ', ":");
            let stop_command = stop_command(child.id());
            let note = format!(
                "Server started. Others join with: landline {join}. It keeps running after you leave; to stop it: {stop_command}"
            );
            Ok(Started { address: format!("127.0.0.1:{port}"), note, claim_code })
        }
        None => {
            let reason = stderr.map_or_else(|| last_line(io::empty()), last_line);
            let _ = child.wait();
            Err(reason)
        }
    }
}

/// What the client reads in the banner.
#[derive(Debug, PartialEq, Eq)]
struct Banner {
    /// Address and port: the text behind the first `nc`.
    join: String,
    /// The word behind `/claim`.
    claim_code: Option<String>,
}

impl Banner {
    /// Reads up to the line with the code, or else to the end of the banner: standard output stays open behind it.
    fn read(out: impl BufRead) -> Option<Banner> {
        let mut join = None;
        for line in out.lines().map_while(Result::ok) {
            if let Some((_, address)) = line.split_once(" nc ").filter(|_| join.is_none()) {
                join = Some(address.trim().to_owned());
            }
            let claim_code = line.split_once(" /claim ").and_then(|(_, code)| code.split(' ').next());
            if claim_code.is_some() || line.contains("Ctrl-C") {
                return join.map(|join| Banner { join, claim_code: claim_code.map(str::to_owned) });
            }
        }
        join.map(|join| Banner { join, claim_code: None })
    }
}

/// Returns the last line of standard error, which tells why the server did not start.
fn last_line(stderr: impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = stderr.take(MAX_OUTPUT_BYTES).read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("the server printed no reason");
    landline_common::clean::clean(last).into_owned()
}

/// Creates the folder, or removes the permissions of other users: it holds messages and password hashes.
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

/// Finds the server's program: next to this program, or in `PATH`.
fn program() -> Option<PathBuf> {
    let own = std::env::current_exe().ok();
    let beside = own.as_deref().and_then(Path::parent);
    find_program(beside, &std::env::var_os("PATH").unwrap_or_default())
}

fn find_program(beside: Option<&Path>, path: &OsStr) -> Option<PathBuf> {
    let name = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);
    let folders = beside.map(Path::to_owned).into_iter().chain(crate::paths::program_folders(path));
    folders.map(|folder| folder.join(&name)).find(|file| file.is_file())
}

/// Puts the server into a process group of its own, so that Ctrl-C in this terminal does not reach it.
#[cfg(unix)]
fn detach(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

/// Puts the server into a process group of its own, so that Ctrl-C in this terminal does not reach it.
#[cfg(windows)]
fn detach(command: &mut Command) {
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
    std::os::windows::process::CommandExt::creation_flags(command, CREATE_NEW_PROCESS_GROUP);
}

#[cfg(not(any(unix, windows)))]
fn detach(_: &mut Command) {}

fn stop_command(process: u32) -> String {
    if cfg!(windows) { format!("taskkill /F /PID {process}") } else { format!("kill {process}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_and_the_code_are_read_from_the_banner() {
        let banner = |text: &str| Banner::read(text.as_bytes());
        let join = "Landline is open.\n  join with  nc 192.168.1.5 12345\n  or with    nc 10.0.0.1 12345\n";
        let of = |claim_code: Option<&str>| {
            Some(Banner { join: "192.168.1.5 12345".into(), claim_code: claim_code.map(Into::into) })
        };
        assert_eq!(banner(join), of(None));
        let end = "Ctrl-C stops the server.\n  owner: type /claim late\n";
        assert_eq!(banner(&format!("{join}{end}")), of(None), "what follows is not read");
        assert_eq!(
            banner(&format!("{join}  owner:  type /claim ab-cd when you have joined\n{end}")),
            of(Some("ab-cd"))
        );
        assert_eq!(banner("nothing"), None);
    }

    #[test]
    fn the_last_line_of_a_failed_server_is_the_reason() {
        assert_eq!(last_line(io::empty()), "the server printed no reason");
        assert_eq!(last_line("one\nport \u{1b}[31m12345 is taken\n\n".as_bytes()), "port 12345 is taken");
    }

    #[test]
    fn x11_the_server_program_is_searched_in_absolute_folders_only() {
        let folder = tempfile::TempDir::new().unwrap();
        let name = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);
        fs::write(folder.path().join(&name), "").unwrap();
        // The same folder, relative to the working directory of this test.
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

    /// Creates a script that stands in for the server.
    #[cfg(unix)]
    fn program_of(folder: &Path, script: &str) -> PathBuf {
        use std::os::unix::fs::OpenOptionsExt;
        let file = folder.join("server.sh");
        let mut options = fs::OpenOptions::new();
        let mut out = options.write(true).create(true).truncate(true).mode(0o700).open(&file).unwrap();
        io::Write::write_all(&mut out, format!("#!/bin/sh\n{script}\n").as_bytes()).unwrap();
        file
    }

    /// Starts the script. Repeats the attempt while a program that another test starts holds the script open.
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
    fn x4_the_data_folder_is_private_and_standard_error_is_closed() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::TempDir::new().unwrap();
        let data = folder.path().join("new").join("data");
        let mode = |folder: &Path| fs::metadata(folder).unwrap().permissions().mode() & 0o777;
        let script = "trap '' PIPE; echo '  or nc 192.0.2.7 4711'; echo '  owner: type /claim ab-cd (once)'; until ! echo noise >&2; do :; done; \
                      echo over >\"$3/ended\"; exec sleep 60";
        let program = program_of(folder.path(), script);
        let started = start_script(&program, &data).unwrap();
        assert_eq!((&*started.address, started.claim_code.as_deref()), ("127.0.0.1:4711", Some("ab-cd")));
        let note =
            "Server started. Others join with: landline 192.0.2.7:4711. It keeps running after you leave; to stop it: ";
        let stop_command = started
            .note
            .strip_prefix(note)
            .and_then(|stop_command| stop_command.strip_prefix("kill "))
            .expect("how to stop it");
        let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
        // The script ends its loop when standard error is closed.
        while !data.join("ended").exists() {
            assert!(std::time::Instant::now() < until, "standard error is still open");
            std::thread::yield_now();
        }
        assert!(Command::new("/bin/kill").arg(stop_command).status().unwrap().success());
        let files: Vec<_> = fs::read_dir(&data).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(files, ["ended"]);
        assert_eq!(mode(&data), 0o700);
        assert_eq!(mode(data.parent().unwrap()), 0o700);
        fs::set_permissions(&data, PermissionsExt::from_mode(0o755)).unwrap();
        let program = program_of(folder.path(), "echo 'the port is taken' >&2; exit 1");
        assert_eq!(start_script(&program, &data), Err("the port is taken".into()));
        assert_eq!(mode(&data), 0o700, "an existing folder is made private, too");
    }
}
