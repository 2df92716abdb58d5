//! Direct chats, past the server: lines go out at once, and are dealt with when they come back.

use super::own::{Kind, Own, shown};
use super::{Act, Plain};
use crate::model::limits::IN_FLIGHT;
use crate::model::line::too_long;
use landline_common::clean::clean;
use landline_common::command::Command;
use std::collections::VecDeque;

/// A direct chat that is open.
#[derive(Debug)]
pub(super) struct Chat {
    /// The other one's name, in small letters.
    with: String,
    /// One's own lines on their way, by number, with their texts.
    under_way: VecDeque<(u64, Box<str>)>,
}

impl Plain {
    /// One more line may go into a direct chat.
    pub(super) fn takes_direct(&self) -> bool {
        self.direct.iter().map(|chat| chat.under_way.len()).sum::<usize>() < IN_FLIGHT
    }

    /// Somebody typed a line for one.
    pub(super) fn say_directly(&mut self, typed: &str, to: &str, text: &str) {
        let text = shown(text);
        if let Some(why) = too_long(&text) {
            return self.refuse(typed, &why);
        }
        let number = self.keys + 1;
        let Some(chat) = self.chat(to) else {
            return self.refuse(typed, &format!("there is no direct chat with {to}; /direct {to} asks for one"));
        };
        if text.is_empty() {
            return;
        }
        chat.under_way.push_back((number, text.clone()));
        self.keys = number;
        let line = Command::DirectText { to, text: &text }.to_string();
        let (typed, kind) = (clean(typed).into_owned(), Kind::Past);
        self.own.insert(number, Own { typed, line: line.clone(), kind, doubtful: false, sent: true });
        self.acts.push(Act::Send(line));
    }

    /// Somebody ends one, or one that is about to begin.
    pub(super) fn stop_directly(&mut self, user: &str) {
        self.acts.push(Act::Send(Command::DirectStop(user).to_string()));
    }

    /// One is open.
    pub(super) fn direct_connected(&mut self, with: &str) {
        self.direct_ended(with, "a new one takes its place");
        self.direct.push(Chat { with: with.to_lowercase(), under_way: VecDeque::new() });
    }

    /// One is over; what has not gone out will not.
    pub(super) fn direct_ended(&mut self, with: &str, reason: &str) {
        let with = with.to_lowercase();
        let Some(at) = self.direct.iter().position(|chat| chat.with == with) else { return };
        for (number, _) in self.direct.remove(at).under_way {
            if let Some(own) = self.own.remove(&number) {
                self.refuse(&own.typed, &format!("the direct chat is over before this was sent: {reason}"));
            }
        }
        self.leave_if_down();
    }

    /// Something was said in one. People have their own lines before their eyes.
    pub(super) fn direct_talk(&mut self, with: &str, own: bool, text: &str) -> bool {
        if own && let Some(chat) = self.chat(with) {
            let at = chat.under_way.iter().position(|(_, other)| **other == *text);
            if let Some((number, _)) = at.and_then(|at| chat.under_way.remove(at)) {
                self.own.remove(&number);
                self.leave_if_down();
            }
        }
        !own || self.ways.json
    }

    fn chat(&mut self, user: &str) -> Option<&mut Chat> {
        let user = user.to_lowercase();
        self.direct.iter_mut().find(|chat| chat.with == user)
    }
}
