//! Who is here, and what can be typed.

use super::{Node, ROOM};
use landline_common::What;
use landline_common::command::TOPICS;
use landline_common::event::Text;

/// The commands that work here, by the first word of their usage, and what they do where that is not the same.
const WORK: [(&str, Option<&str>); 13] = [
    ("/say", Some("say something to everybody, whatever it begins with")),
    ("/pm", Some("send one message to one person; it is kept nowhere")),
    ("/members", Some("list who is here, with addresses and the fingerprints of their keys")),
    ("/users", Some("list who is here")),
    ("/who", Some("list who is here")),
    ("/others", Some("list who is here besides you")),
    ("/rooms", Some("name the one room there is")),
    ("/history", Some("show what was said before, also before you came: N messages, or those around an id")),
    ("/search", Some("search what was said, newest first")),
    ("/hooray", Some("greet everybody")),
    ("/ping", Some("see that this program lives")),
    ("/help", None),
    ("/quit", Some("leave; also /exit, /q and /logout")),
];

impl Node {
    /// Everybody's name, oneself among them or not.
    fn names(&self, with_me: bool) -> Vec<Text<'static>> {
        let me = with_me.then(|| self.me.name.to_string());
        let mut names: Vec<String> = self.members.values().map(|member| member.shown.to_string()).chain(me).collect();
        names.sort_by_key(|name| name.to_lowercase());
        names.into_iter().map(Text::from).collect()
    }

    pub(super) fn list_people(&mut self, with_me: bool) {
        let users = self.names(with_me);
        self.tell(What::Online { users });
    }

    pub(super) fn list_room(&mut self) {
        let users = self.names(true);
        self.tell(What::Members { room: ROOM.into(), users });
    }

    /// Everybody with address and fingerprint, a line for each.
    pub(super) fn list_members(&mut self) {
        let mut members: Vec<(String, String)> = Vec::new();
        for member in self.members.values() {
            let lost = if member.is_linked() { "" } else { ", lost a moment ago" };
            let about = format!("{} at {}{lost}, key {}", member.shown, member.address.ip(), member.key.fingerprint());
            members.push((member.shown.to_lowercase(), about));
        }
        let me = &self.me;
        members.push((me.name.as_str().to_lowercase(), format!("{} (you), key {}", me.name, me.key.fingerprint())));
        members.sort();
        for (_, about) in members {
            self.tell(What::info(about));
        }
    }

    /// The commands that work here, or one of them.
    pub(super) fn help(&mut self, word: Option<&str>) {
        let word = word.map(|word| word.trim_start_matches('/').to_lowercase());
        let mut lines = Vec::new();
        for (command, about) in WORK {
            let topic = TOPICS.iter().find(|topic| topic.usage.split(' ').next() == Some(command));
            let Some(topic) = topic.filter(|topic| word.as_ref().is_none_or(|word| topic.is_about(word))) else {
                continue;
            };
            let usage = if command == "/history" { "/history [N | before ID | after ID]" } else { topic.usage };
            lines.push(format!("{usage}  {}", about.unwrap_or(topic.help)));
        }
        if lines.is_empty() {
            return self.tell(What::error(404, "there is no such command here; /help lists them"));
        }
        lines.into_iter().for_each(|line| self.tell(What::info(line)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_works_is_in_the_table_of_commands() {
        for (command, _) in WORK {
            assert!(TOPICS.iter().any(|topic| topic.usage.split(' ').next() == Some(command)), "{command}");
        }
    }
}
