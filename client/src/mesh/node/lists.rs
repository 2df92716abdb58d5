//! The commands that list members and commands.

use super::{Node, ROOM};
use crate::mesh_commands::MESH;
use landline_common::EventKind;
use landline_common::command::commands;
use landline_common::event::{Part, Text};

impl Node {
    /// Returns the display names of all members, optionally with the local user, sorted.
    fn display_names(&self, with_me: bool) -> Vec<Text<'static>> {
        let me = with_me.then(|| self.me.name.to_string());
        let mut names: Vec<String> =
            self.members.values().map(|member| member.display_name.to_string()).chain(me).collect();
        names.sort_by_key(|name| name.to_lowercase());
        names.into_iter().map(Text::from).collect()
    }

    pub(super) fn emit_online(&mut self, with_me: bool) {
        let users = self.display_names(with_me);
        self.emit(EventKind::Online { users, unencrypted: Box::default(), part: Part::default() });
    }

    pub(super) fn emit_members(&mut self) {
        let users = self.display_names(true);
        self.emit(EventKind::Members { room: ROOM.into(), users, unencrypted: Box::default(), part: Part::default() });
    }

    /// Emits a line for each member, with address and fingerprint of the key.
    pub(super) fn emit_member_details(&mut self) {
        let mut members: Vec<(String, String)> = Vec::new();
        for member in self.members.values() {
            let lost = if member.is_linked() { "" } else { ", lost a moment ago" };
            let about =
                format!("{} at {}{lost}, key {}", member.display_name, member.address.ip(), member.key.fingerprint());
            members.push((member.display_name.to_lowercase(), about));
        }
        let me = &self.me;
        members.push((me.name.as_str().to_lowercase(), format!("{} (you), key {}", me.name, me.key.fingerprint())));
        members.sort();
        for (_, about) in members {
            self.emit(EventKind::info(about));
        }
    }

    /// Emits the help for all commands of a mesh, or for the one that `word` names.
    pub(super) fn emit_help(&mut self, word: Option<&str>) {
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
            return self.emit(EventKind::error(404, "unknown command; /help lists the commands of a mesh"));
        }
        for line in lines {
            self.emit(EventKind::info(line));
        }
    }
}
