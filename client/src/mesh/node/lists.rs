//! Who is here, and what can be typed.

use super::{Node, ROOM};
use crate::mesh_commands::MESH;
use landline_common::EventKind;
use landline_common::command::commands;
use landline_common::event::{Part, Text};

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
        self.tell(EventKind::Online { users, part: Part::default() });
    }

    pub(super) fn list_room(&mut self) {
        let users = self.names(true);
        self.tell(EventKind::Members { room: ROOM.into(), users, part: Part::default() });
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
            self.tell(EventKind::info(about));
        }
    }

    /// The commands that work here, or one of them.
    pub(super) fn help(&mut self, word: Option<&str>) {
        let word = word.map(|word| word.trim_start_matches('/').to_lowercase());
        let mut lines = Vec::new();
        for (command, usage, about) in MESH {
            let is_it =
                |word: &String| commands().any(|t| Some(t.word()) == command.strip_prefix('/') && t.is_about(word));
            if word.as_ref().is_none_or(is_it) {
                lines.push(format!("{usage}  {about}"));
            }
        }
        if lines.is_empty() {
            return self.tell(EventKind::error(404, "there is no such command here; /help lists them"));
        }
        lines.into_iter().for_each(|line| self.tell(EventKind::info(line)));
    }
}
