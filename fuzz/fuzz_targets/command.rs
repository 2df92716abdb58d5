//! The command parser: no line makes it panic, and what it understood it prints so that it understands it again.
#![no_main]

use landline_common::clean::clean;
use landline_common::command::{Command, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &str| {
    if let Some(Ok(command)) = parse(line, "alice") {
        let printed = command.to_string();
        let again = parse(&printed, "");
        // A private message to nobody in particular needs a text of one word to be told from one with a name.
        if !matches!(command, Command::Foreign | Command::Say(_) | Command::Private { .. }) {
            assert_eq!(again, Some(Ok(command)), "{printed:?}");
        }
    }
    let cleaned = clean(line).into_owned();
    assert_eq!(clean(&cleaned), cleaned);
});
