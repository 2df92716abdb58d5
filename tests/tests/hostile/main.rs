//! Attacks from the network, and what holds under each of them: docs/RELIABILITY.md has the table.
//!
//! Nothing is judged by the clock of a busy machine: what is asserted is who is in, who hears what and who is gone.
//! The figures come from `measure.rs`, whose tests run by hand.

mod bloat;
mod cut;
mod half_open;
mod junk;
mod logins;
mod measure;
mod never_reads;
mod probing;
mod reconnect;
mod silent;
mod stopping;
mod unclean;

use landline_tests::{Client, TestServer};

/// Two people in a room who talk.
struct ChatProbe {
    one: Client,
    other: Client,
    said: usize,
}

impl ChatProbe {
    fn new(server: &TestServer) -> ChatProbe {
        let (mut one, other) = (server.guest("talker", "salon"), server.guest("hearer", "salon"));
        one.expect("hearer has connected to the chatroom");
        ChatProbe { one, other, said: 0 }
    }

    /// Says one line, and it is heard. Returns what else the hearer heard before it.
    fn say(&mut self) -> Vec<String> {
        self.said += 1;
        let text = format!("line {}", self.said);
        self.one.send(&text);
        let mut others = Vec::new();
        loop {
            let line = self.other.line();
            if line == format!("talker: {text}") {
                return others;
            }
            others.push(line);
        }
    }
}
