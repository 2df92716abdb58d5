//! Takes the terminal as `landline` does and panics, for the test that a panic gives the terminal back.
//!
//! With `another` as the first argument, a second thread panics. The second argument is the path of the log file.

use std::path::PathBuf;
use std::thread;

/// Stands for a chat text in the message of a panic, which must not get into the log.
const CHAT_TEXT: &str = "staple";

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let elsewhere = args.next().is_some_and(|thread| thread == "another");
    let log = args.next().map(PathBuf::from);
    landline::with_terminal(log.as_deref(), || {
        if elsewhere {
            // `join` does not return: the panic hook ends the program.
            let _ = thread::Builder::new().name("another".into()).spawn(|| panic!("a fixed message")).map(|t| t.join());
        } else {
            panic!("it was about {CHAT_TEXT:?}");
        }
    })
}
