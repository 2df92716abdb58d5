//! Runs a tool of the platform: without a shell, with a deadline, and with bounded output.

use super::failure::Failure;
use crate::paths;
use crossbeam_channel::{Receiver, bounded};
use landline_common::clean::clean;
use std::ffi::OsStr;
use std::io::{ErrorKind, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Time limit for a tool. NetworkManager scans for up to 15 s; a tool that takes longer hangs.
const DEADLINE: Duration = Duration::from_secs(20);
/// Bytes of output to read at most: enough for some hundred networks from the most verbose tool.
const MAX_OUTPUT_BYTES: u64 = 1 << 20;
/// Time limit for a killed tool to end. A tool that hangs in a driver ends only when the driver returns.
const KILL_TIMEOUT: Duration = Duration::from_secs(1);
/// Interval of the check whether a tool has ended, after its output is complete: no event announces the end.
const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// Characters of an error message to show at most.
const MAX_MESSAGE_CHARS: usize = 300;

/// A tool with its time limit.
#[derive(Clone, Debug)]
pub struct Tool {
    name: &'static str,
    path: PathBuf,
    deadline: Duration,
}

/// The output of a tool.
#[derive(Debug)]
pub struct ToolOutput {
    /// Standard output, with invalid UTF-8 replaced.
    pub stdout: String,
    /// Standard error, with invalid UTF-8 replaced.
    pub stderr: String,
    /// True if the tool succeeded, or its output was cut.
    pub success: bool,
    /// True if the output was longer than the limit.
    truncated: bool,
}

impl ToolOutput {
    /// Returns standard output without an entry that was cut: half a description would be wrong. Each entry begins with
    /// `start`.
    #[must_use]
    pub fn complete_entries(&self, start: &str) -> &str {
        let end = if self.truncated { self.stdout.rfind(start).unwrap_or(0) } else { self.stdout.len() };
        &self.stdout[..end]
    }
}

impl Tool {
    /// Finds a tool in the folders of `PATH`, and in the folders for the administrator's programs beside them.
    ///
    /// # Errors
    /// [`Failure::NoTool`] if it is in none.
    pub fn find(name: &'static str) -> Result<Tool, Failure> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let file = folders(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
        file.map(|file| Tool::at(name, file)).ok_or(Failure::NoTool)
    }

    /// Returns the tool at a fixed path.
    #[must_use]
    pub fn at(name: &'static str, path: impl Into<PathBuf>) -> Tool {
        Tool { name, path: path.into(), deadline: DEADLINE }
    }

    /// Runs the tool to its end.
    ///
    /// # Errors
    /// The tool is missing, does not start, or does not end in time.
    pub fn run(&self, args: &[&str]) -> Result<ToolOutput, Failure> {
        let until = Instant::now() + self.deadline;
        let mut child = self.start(args)?;
        let output = self.collect_output(&mut child, until);
        if output.is_err() {
            kill(&mut child);
        }
        output
    }

    /// Returns the failure for the output of a tool that failed.
    #[must_use]
    pub fn failure_of(&self, output: &ToolOutput) -> Failure {
        let text = if output.stderr.trim().is_empty() { &output.stdout } else { &output.stderr };
        let lines: Vec<String> = text.lines().map(|line| clean(line).trim().to_owned()).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).filter(|line| !line.is_empty()).collect();
        let why = if lines.is_empty() { "no message".into() } else { lines.join(" ") };
        Failure::ToolFailed { tool: self.name, why: why.chars().take(MAX_MESSAGE_CHARS).collect() }
    }

    fn start(&self, args: &[&str]) -> Result<Child, Failure> {
        let mut command = Command::new(&self.path);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Set English with UTF-8. With plain `C`, nmcli prints "?" for each letter of a name that is not ASCII.
        command.env("LC_ALL", "C.UTF-8").env_remove("LANGUAGE");
        // Put the tool into a process group of its own, so that its child processes can be killed with it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => Failure::NoTool,
            _ => Failure::ToolFailed { tool: self.name, why: error.to_string() },
        })
    }

    fn collect_output(&self, child: &mut Child, until: Instant) -> Result<ToolOutput, Failure> {
        let timed_out = || Failure::TimedOut { tool: self.name, seconds: self.deadline.as_secs() };
        let stdout = reader(child.stdout.take());
        let stderr = reader(child.stderr.take());
        let (stdout, truncated) = stdout.recv_deadline(until).map_err(|_| timed_out())?;
        if truncated {
            // Kill the tool: it would block, since the rest of its output is not read.
            kill(child);
        }
        let (stderr, _) = stderr.recv_deadline(until).map_err(|_| timed_out())?;
        let status = wait_for_exit(child, until).ok_or_else(timed_out)?;
        Ok(ToolOutput { stdout, stderr, success: truncated || status.success(), truncated })
    }
}

/// Reads a pipe up to the limit. The channel receives the text, and whether it was longer. A thread reads, since
/// reading from a pipe has no time limit.
fn reader(pipe: Option<impl Read + Send + 'static>) -> Receiver<(String, bool)> {
    let (sender, receiver) = bounded(1);
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // Keep the bytes that were read before an error.
            let _ = pipe.take(MAX_OUTPUT_BYTES + 1).read_to_end(&mut bytes);
        }
        let cut = bytes.len() as u64 > MAX_OUTPUT_BYTES;
        // The receiver is gone after the deadline.
        let _ = sender.send((String::from_utf8_lossy(&bytes).into_owned(), cut));
    });
    receiver
}

fn wait_for_exit(child: &mut Child, until: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < until => thread::sleep(POLL_INTERVAL),
            Ok(None) | Err(_) => return None,
        }
    }
}

/// Kills the tool and its child processes.
fn kill(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // The process was not reaped yet, so its id cannot belong to another process.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = wait_for_exit(child, Instant::now() + KILL_TIMEOUT);
}

/// Returns the folders of `PATH`, and the `sbin` beside each `bin`: `iw` is there, and only root has it in `PATH`.
fn folders(path: &OsStr) -> impl Iterator<Item = PathBuf> {
    let bins: Vec<PathBuf> = paths::program_folders(path).collect();
    let beside = |bin: &PathBuf| (bin.file_name() == Some(OsStr::new("bin"))).then(|| bin.with_file_name("sbin"));
    let sbins: Vec<PathBuf> = bins.iter().filter_map(beside).collect();
    bins.into_iter().chain(sbins)
}

/// Returns the path `relative` in the folder that the environment variable `root` names, or else in `default`.
#[must_use]
pub fn below(root: &str, default: &str, relative: &str) -> PathBuf {
    let root = std::env::var_os(root).map_or_else(|| PathBuf::from(default), PathBuf::from);
    root.join(relative)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sh(deadline: Duration, script: &str) -> Result<ToolOutput, Failure> {
        Tool { deadline, ..Tool::at("sh", "/bin/sh") }.run(&["-c", script])
    }

    #[test]
    fn output_and_errors_are_read() {
        let output = sh(DEADLINE, "echo $LC_ALL; echo oops >&2; exit 3").unwrap();
        assert_eq!((&*output.stdout, &*output.stderr, output.success), ("C.UTF-8\n", "oops\n", false));
        let tool = Tool::at("sh", "/bin/sh");
        assert_eq!(tool.failure_of(&output), Failure::ToolFailed { tool: "sh", why: "oops".into() });
        let output = sh(DEADLINE, "printf '\\n\\033[31mbad\\nworse\\377\\n'; exit 1").unwrap();
        assert_eq!(tool.failure_of(&output), Failure::ToolFailed { tool: "sh", why: "bad worse\u{fffd}".into() });
        assert_eq!(Tool::at("nothing", "/nowhere").run(&[]).unwrap_err(), Failure::NoTool);
    }

    #[test]
    fn a_hanging_tool_is_killed_with_its_children() {
        for script in [
            "sleep 600",
            "sleep 600 & sleep 600",
            "exec >&- 2>&-; sleep 600",
            "exec 2>&-; sleep 600",
            "sleep 600 & exit 0",
            "trap '' TERM INT HUP PIPE; while :; do echo; sleep 0.01; done",
            "setsid sleep 3 & sleep 600",
        ] {
            let start = Instant::now();
            let failure = sh(Duration::from_millis(200), script).unwrap_err();
            assert_eq!(failure, Failure::TimedOut { tool: "sh", seconds: 0 }, "{script}");
            assert!(start.elapsed() < DEADLINE / 2, "{script}: {:?}", start.elapsed());
        }
    }

    #[test]
    fn endless_output_is_cut_before_the_last_entry() {
        let output = sh(DEADLINE, "yes 'entry 1'").unwrap();
        assert!(output.success && output.stdout.len() as u64 == MAX_OUTPUT_BYTES + 1);
        let whole = output.complete_entries("entry");
        assert!(whole.len() < output.stdout.len() && whole.ends_with("entry 1\n"));
        assert_eq!(output.complete_entries("nothing begins so"), "");
        let output = sh(DEADLINE, "echo entry").unwrap();
        assert_eq!(output.complete_entries("entry"), "entry\n");
    }

    #[test]
    fn tools_are_searched_in_absolute_folders_only() {
        let list: Vec<PathBuf> = folders(OsStr::new("/usr/bin:.::bin:/opt/tools")).collect();
        assert_eq!(list, ["/usr/bin", "/opt/tools", "/usr/sbin"].map(PathBuf::from));
    }
}
