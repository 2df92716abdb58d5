//! Command objects from the UI. Commands that need a server are refused. Each command is answered with its label, as by
//! a server.

use super::{Node, NodeEffect, ROOM};
use landline_common::command::{Command, Request};
use landline_common::event::{Part, Reply};
use landline_common::{Cause, Event, EventKind};

const NO_ROOMS: &str = "a mesh has only one room; all members get your messages";
const NO_PRIVATE: &str = "a mesh has no off-the-record and no encrypted chats; /pm NAME TEXT goes to one member, encrypted on its way; /say TEXT says any text";
const NO_BLOCKS: &str = "a mesh has no blocks; landline mesh --passphrase admits only users with the passphrase";

/// Returns whether a line only maintains the connection, such as a ping. Such lines do not wait for other members.
pub(super) fn is_upkeep(line: &str) -> bool {
    Request::parse(line).is_ok_and(|request| request.command().is_ok_and(|command| command.is_upkeep()))
}

impl Node {
    /// Carries out a line, and answers its label.
    pub(super) fn handle_line(&mut self, line: &str) {
        let before = self.effects.len();
        let label = match Request::parse(line) {
            Err((label, why)) => {
                self.emit(why.into());
                label
            }
            Ok(request) => {
                match (&*request.r#type, request.command()) {
                    ("hooray", _) => self.say_hooray(),
                    (_, Ok(command)) => self.execute(command),
                    (_, Err(why)) => self.emit(why.into()),
                }
                request.answer_label()
            }
        };
        if let Some(label) = label {
            self.label_answer(before, &label);
        }
    }

    /// Labels all events since effect `before` as the answer to a command. Without any, emits `Done`.
    fn label_answer(&mut self, before: usize, label: &str) {
        let reply = |done| Some(Reply { label: label.to_owned().into(), done });
        let told = |effect: &NodeEffect| matches!(effect, NodeEffect::Emit(_));
        if !self.effects[before..].iter().any(told) {
            self.emit(EventKind::Done { id: None, repeated: false });
        }
        let mut done = true;
        for effect in self.effects[before..].iter_mut().rev() {
            if let NodeEffect::Emit(event) = effect {
                event.reply = reply(done);
                done = false;
            }
        }
    }

    fn execute(&mut self, command: Command<'_>) {
        let refusal = match command {
            Command::Say(text) => return self.say(text),
            Command::SayIn { room, text } if is_mesh_room(room) => return self.say(text),
            Command::Hooray => return self.say_hooray(),
            Command::Message { to, text } => return self.send_private(to, text),
            Command::History(query) => return self.show_history(query),
            Command::HistoryIn { room, ask: query } if is_mesh_room(room) => return self.show_history(query),
            Command::Search { words, before } => return self.show_search(words, before),
            Command::Ping(token) => return self.emit(EventKind::Pong(token.unwrap_or_default().to_owned().into())),
            Command::Help(word) => return self.emit_help(word),
            Command::Quit => return self.leave(),
            Command::Online { .. } => return self.emit_online(true),
            Command::Others { .. } => return self.emit_online(false),
            Command::OnlineDetails => return self.emit_member_details(),
            Command::Trust(name) => return self.trust(name),
            Command::Rooms { .. } => {
                let rooms = vec![(ROOM.into(), self.members.len() + 1)];
                return self.emit(EventKind::Rooms { rooms, part: Part::default() });
            }
            Command::Members { room, .. } if is_mesh_room(room) => return self.emit_members(),
            Command::Join(room) if is_mesh_room(room) => return self.emit(Cause::Entered.with_room(ROOM).into()),
            Command::Ack(_) | Command::Alive => return,
            Command::Members { .. } | Command::Join(_) | Command::SayIn { .. } | Command::HistoryIn { .. } => {
                EventKind::error(404, NO_ROOMS)
            }
            Command::Leave(_) => EventKind::error(403, "this is the only room; /quit leaves the mesh"),
            Command::All(_) => EventKind::error(403, NO_ROOMS),
            Command::Link(_) => EventKind::error(403, "a mesh has no server, and so no web page"),
            Command::Since { .. } => {
                EventKind::error(403, "a mesh does not record past members; /members lists the present ones")
            }
            Command::Block(_) | Command::Blocked { .. } | Command::Unblock(_) => EventKind::error(403, NO_BLOCKS),
            Command::Forget => EventKind::error(403, "a mesh stores no messages to one member"),
            Command::Register { .. } | Command::Password(_) => EventKind::error(403, "a mesh has no accounts"),
            Command::Format(_) => EventKind::error(
                403,
                "landline mesh does not change the form of events; start it with --json for objects",
            ),
            Command::Connect(_) | Command::Accept(_) | Command::Reject(_) | Command::Chats { .. } | Command::End(_) => {
                EventKind::error(403, NO_PRIVATE)
            }
            Command::Private { .. } | Command::Direct(_) | Command::DirectText { .. } | Command::DirectStop(_) => {
                EventKind::error(403, NO_PRIVATE)
            }
            _ => EventKind::error(403, "not supported here"),
        };
        self.emit(refusal);
    }

    /// Says a greeting that names the present members.
    fn say_hooray(&mut self) {
        let names: Vec<String> = self.members.values().map(|member| member.display_name.to_string()).collect();
        let text = match &names[..] {
            [] => "🎉 Hooray! You are the first one here. 🎉".to_owned(),
            [one] => format!("🎉 Hip hip – hooray! A good day to you, {one}. 🎉"),
            [all @ .., last] if all.len() < 8 => {
                format!("🎉 Hip hip – hooray! A good day to {} and {last}. 🎉", all.join(", "))
            }
            all => format!("🎉 Hip hip – hooray! A good day to all {} of you. 🎉", all.len()),
        };
        self.say(&text);
    }

    /// Emits several events.
    pub(super) fn emit_all(&mut self, events: Vec<Event<'static>>) {
        self.effects.extend(events.into_iter().map(NodeEffect::Emit));
    }
}

fn is_mesh_room(room: &str) -> bool {
    room.eq_ignore_ascii_case(ROOM)
}
