//! Running one of the platform's own tools: no shell, not for ever, and never more output than is read.

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

/// NetworkManager scans for up to 15 s; a tool that needs longer hangs.
const DEADLINE: Duration = Duration::from_secs(20);
/// Some hundred networks, as the most talkative tool describes them.
const LONGEST_OUTPUT: u64 = 1 << 20;
/// So long is waited for one that was killed. One that hangs in the kernel, in a driver, goes only when that lets it.
const GONE: Duration = Duration::from_secs(1);
/// How often it is asked whether it has ended, once it has said everything: nothing announces that.
const ASK: Duration = Duration::from_millis(5);
/// Characters of a complaint that are passed on.
const LONGEST_COMPLAINT: usize = 300;

/// A program, and how long it may take.
#[derive(Clone, Debug)]
pub struct Tool {
    name: &'static str,
    path: PathBuf,
    deadline: Duration,
}

/// What it said.
#[derive(Debug)]
pub struct ToolOutput {
    /// On standard output, what is not UTF-8 replaced.
    pub stdout: String,
    /// On standard error.
    pub stderr: String,
    /// It ended well.
    pub success: bool,
    /// There was more, which nobody read.
    truncated: bool,
}

impl ToolOutput {
    /// What it printed, without the entry in which it was cut off: half a description would be a wrong one. `start` is
    /// how entries begin.
    #[must_use]
    pub fn complete_entries(&self, start: &str) -> &str {
        let end = if self.truncated { self.stdout.rfind(start).unwrap_or(0) } else { self.stdout.len() };
        &self.stdout[..end]
    }
}

impl Tool {
    /// In the folders where this person's programs are, and where the administrator's are beside them.
    ///
    /// # Errors
    /// It is in none.
    pub fn find(name: &'static str) -> Result<Tool, Failure> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let file = folders(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
        file.map(|file| Tool::at(name, file)).ok_or(Failure::NoTool)
    }

    /// At a place that is always the same.
    #[must_use]
    pub fn at(name: &'static str, path: impl Into<PathBuf>) -> Tool {
        Tool { name, path: path.into(), deadline: DEADLINE }
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// It is not there, does not start, or does not end in time.
    pub fn run(&self, args: &[&str]) -> Result<ToolOutput, Failure> {
        let until = Instant::now() + self.deadline;
        let mut child = self.start(args)?;
        let said = self.listen(&mut child, until);
        if said.is_err() {
            stop(&mut child);
        }
        said
    }

    /// Its complaint as a trouble.
    #[must_use]
    pub fn failure_of(&self, said: &ToolOutput) -> Failure {
        let text = if said.stderr.trim().is_empty() { &said.stdout } else { &said.stderr };
        let lines: Vec<String> = text.lines().map(|line| clean(line).trim().to_owned()).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).filter(|line| !line.is_empty()).collect();
        let why = if lines.is_empty() { "nothing".into() } else { lines.join(" ") };
        Failure::ToolFailed { tool: self.name, why: why.chars().take(LONGEST_COMPLAINT).collect() }
    }

    fn start(&self, args: &[&str]) -> Result<Child, Failure> {
        let mut command = Command::new(&self.path);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // English, but UTF-8: with plain C, nmcli prints "?" for every letter of a name that is not ASCII.
        command.env("LC_ALL", "C.UTF-8").env_remove("LANGUAGE");
        // In a group of its own, so that what it starts can be stopped with it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => Failure::NoTool,
            _ => Failure::ToolFailed { tool: self.name, why: error.to_string() },
        })
    }

    fn listen(&self, child: &mut Child, until: Instant) -> Result<ToolOutput, Failure> {
        let slow = || Failure::TimedOut { tool: self.name, seconds: self.deadline.as_secs() };
        let stdout = reader(child.stdout.take());
        let stderr = reader(child.stderr.take());
        let (stdout, truncated) = stdout.recv_deadline(until).map_err(|_| slow())?;
        if truncated {
            // It would wait for somebody who reads the rest.
            stop(child);
        }
        let (stderr, _) = stderr.recv_deadline(until).map_err(|_| slow())?;
        let status = ended(child, until).ok_or_else(slow)?;
        Ok(ToolOutput { stdout, stderr, success: truncated || status.success(), truncated })
    }
}

/// Everything from a pipe, up to the bound, and whether there was more. A thread reads, since a pipe has no deadline.
fn reader(pipe: Option<impl Read + Send + 'static>) -> Receiver<(String, bool)> {
    let (sender, receiver) = bounded(1);
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What was read before an error still counts.
            let _ = pipe.take(LONGEST_OUTPUT + 1).read_to_end(&mut bytes);
        }
        let cut = bytes.len() as u64 > LONGEST_OUTPUT;
        // Nobody waits any more after the deadline.
        let _ = sender.send((String::from_utf8_lossy(&bytes).into_owned(), cut));
    });
    receiver
}

fn ended(child: &mut Child, until: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < until => thread::sleep(ASK),
            Ok(None) | Err(_) => return None,
        }
    }
}

/// Ends it, and what it has started.
fn stop(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // It has not been waited for, so its number is still its own.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = ended(child, Instant::now() + GONE);
}

/// The folders of `PATH`, and the `sbin` beside each `bin`: that is where iw is, and only root has it in the `PATH`.
fn folders(path: &OsStr) -> impl Iterator<Item = PathBuf> {
    let bins: Vec<PathBuf> = paths::program_folders(path).collect();
    let beside = |bin: &PathBuf| (bin.file_name() == Some(OsStr::new("bin"))).then(|| bin.with_file_name("sbin"));
    let sbins: Vec<PathBuf> = bins.iter().filter_map(beside).collect();
    bins.into_iter().chain(sbins)
}

/// `relative` in the folder that the variable `root` names.
#[must_use]
pub fn below(root: &str, otherwise: &str, relative: &str) -> PathBuf {
    let root = std::env::var_os(root).map_or_else(|| PathBuf::from(otherwise), PathBuf::from);
    root.join(relative)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sh(deadline: Duration, script: &str) -> Result<ToolOutput, Failure> {
        Tool { deadline, ..Tool::at("sh", "/bin/sh") }.run(&["-c", script])
    }

    #[test]
    fn what_it_says_is_heard() {
        let said = sh(DEADLINE, "echo $LC_ALL; echo oops >&2; exit 3").unwrap();
        assert_eq!((&*said.stdout, &*said.stderr, said.success), ("C.UTF-8\n", "oops\n", false));
        let tool = Tool::at("sh", "/bin/sh");
        assert_eq!(tool.failure_of(&said), Failure::ToolFailed { tool: "sh", why: "oops".into() });
        let said = sh(DEADLINE, "printf '\\n\\033[31mbad\\nworse\\377\\n'; exit 1").unwrap();
        assert_eq!(tool.failure_of(&said), Failure::ToolFailed { tool: "sh", why: "bad worse\u{fffd}".into() });
        assert_eq!(Tool::at("nothing", "/nowhere").run(&[]).unwrap_err(), Failure::NoTool);
    }

    #[test]
    fn a_tool_that_hangs_is_stopped_with_all_it_has_started() {
        for script in [
            "sleep 600",
            "sleep 600 & sleep 600",
            "exec >&- 2>&-; sleep 600",
            "exec 2>&-; sleep 600",
            "sleep 600 & exit 0",
            "trap '' TERM INT HUP PIPE; while :; do echo; sleep 0.01; done",
            "setsid sleep 3 & sleep 600",
        ] {
            let begun = Instant::now();
            let trouble = sh(Duration::from_millis(200), script).unwrap_err();
            assert_eq!(trouble, Failure::TimedOut { tool: "sh", seconds: 0 }, "{script}");
            assert!(begun.elapsed() < DEADLINE / 2, "{script}: {:?}", begun.elapsed());
        }
    }

    #[test]
    fn output_without_end_is_cut_where_an_entry_begins() {
        let said = sh(DEADLINE, "yes 'entry 1'").unwrap();
        assert!(said.success && said.stdout.len() as u64 == LONGEST_OUTPUT + 1);
        let whole = said.complete_entries("entry");
        assert!(whole.len() < said.stdout.len() && whole.ends_with("entry 1\n"));
        assert_eq!(said.complete_entries("nothing begins so"), "");
        let said = sh(DEADLINE, "echo entry").unwrap();
        assert_eq!(said.complete_entries("entry"), "entry\n");
    }

    #[test]
    fn tools_are_looked_for_in_fixed_places() {
        let list: Vec<PathBuf> = folders(OsStr::new("/usr/bin:.::bin:/opt/tools")).collect();
        assert_eq!(list, ["/usr/bin", "/opt/tools", "/usr/sbin"].map(PathBuf::from));
    }
}
