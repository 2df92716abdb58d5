//! Takes the terminal as `landline` does and panics, for the test that the terminal is given back all the same: on the
//! main thread, or on another one if the first argument says so; the second one is a file for the log.

use std::path::PathBuf;
use std::thread;

/// What somebody said, as it stands in the messages of some panics.
const SAID: &str = "staple";

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let elsewhere = args.next().is_some_and(|thread| thread == "another");
    let log = args.next().map(PathBuf::from);
    landline::on_the_terminal(log.as_deref(), || {
        if elsewhere {
            // Nobody comes back from there: the program ends with that thread.
            let _ = thread::Builder::new().name("another".into()).spawn(|| panic!("a fixed message")).map(|t| t.join());
        } else {
            panic!("it was about {SAID:?}");
        }
    })
}
