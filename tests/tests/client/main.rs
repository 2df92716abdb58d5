//! The real program `landline` on pipes: its input, output and exit codes.

mod breaks;
mod exits;
mod json;
mod log;
mod names;
mod pipes;
#[cfg(target_os = "linux")]
mod wifi;

use landline_tests::{Program, TestServer, without_first_meeting};
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Returns the command `landline` for this server and name.
fn landline(test_server: &TestServer, name: &str) -> Command {
    let mut command = Program::client();
    command.args([&test_server.address().to_string(), "--name", name]);
    command
}

/// Runs a command with this standard input until it ends.
fn piped(command: &mut Command, input: &str) -> Output {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("running landline");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    // The program may end before it has read everything.
    let writer = std::thread::spawn(move || _ = stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("running landline");
    writer.join().expect("writing");
    output
}

/// Returns exit code, standard output and standard error.
fn outcome(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let complaint = without_first_meeting(&text(&output.stderr));
    (output.status.code().expect("a code"), text(&output.stdout), complaint)
}
