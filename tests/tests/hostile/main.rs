//! Attacks from the network. docs/RELIABILITY.md lists what the server promises under each of them.
//!
//! Tests assert which clients are signed in, which lines they receive, and which connections are closed, but hardly
//! ever a time, since CI machines are busy. The figures in the document come from `measure.rs`, whose tests run by
//! hand.

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

/// Two guests in a room that show that the server still delivers lines.
struct ChatProbe {
    speaker: Client,
    listener: Client,
    said: usize,
}

impl ChatProbe {
    fn new(server: &TestServer) -> ChatProbe {
        let mut speaker = server.guest("talker", "salon");
        let listener = server.guest("hearer", "salon");
        speaker.expect("hearer has connected to the chatroom");
        ChatProbe { speaker, listener, said: 0 }
    }

    /// Sends a line and waits until the listener has received it. Returns the other lines that arrived before it.
    fn say(&mut self) -> Vec<String> {
        self.said += 1;
        let text = format!("line {}", self.said);
        self.speaker.send(&text);
        let mut others = Vec::new();
        loop {
            let line = self.listener.line();
            if line == format!("talker: {text}") {
                return others;
            }
            others.push(line);
        }
    }
}
