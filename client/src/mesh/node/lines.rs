//! The user's commands, as objects, as far as they make sense without a server. Each is answered with its label.

use super::{Node, NodeEffect, ROOM};
use landline_common::command::{Command, Request};
use landline_common::event::{Part, Reply};
use landline_common::{Cause, Event, EventKind};

const NO_ROOMS: &str = "a mesh is one room; everybody here hears what you say";
const NO_PRIVATE: &str = "a mesh has no off-the-record and no encrypted chats; /pm NAME TEXT goes to one member, encrypted on its way; /say TEXT says any text";
const NO_BLOCKS: &str = "nobody can be blocked in a mesh yet; landline mesh --passphrase keeps strangers out";

/// Whether a line only asks for a sign of life, which does not wait for company.
pub(super) fn is_upkeep(line: &str) -> bool {
    Request::parse(line).is_ok_and(|request| request.command().is_ok_and(|command| command.is_upkeep()))
}

impl Node {
    /// Does what a line says.
    pub(super) fn line(&mut self, line: &str) {
        let before = self.effects.len();
        let label = match Request::parse(line) {
            Err((label, why)) => {
                self.tell(why.into());
                label
            }
            Ok(request) => {
                match (&*request.r#type, request.command()) {
                    ("hooray", _) => self.cheer(),
                    (_, Ok(command)) => self.obey(command),
                    (_, Err(why)) => self.tell(why.into()),
                }
                request.answer_label()
            }
        };
        if let Some(label) = label {
            self.answer(before, &label);
        }
    }

    /// What was told since `before` is the answer to the command with that label.
    fn answer(&mut self, before: usize, label: &str) {
        let reply = |done| Some(Reply { label: label.to_owned().into(), done });
        let told = |effect: &NodeEffect| matches!(effect, NodeEffect::Tell(_));
        if !self.effects[before..].iter().any(told) {
            self.tell(EventKind::Done { id: None, repeated: false });
        }
        let mut done = true;
        for effect in self.effects[before..].iter_mut().rev() {
            if let NodeEffect::Tell(event) = effect {
                event.reply = reply(done);
                done = false;
            }
        }
    }

    fn obey(&mut self, command: Command<'_>) {
        let refusal = match command {
            Command::Say(text) => return self.say(text),
            Command::SayIn { room, text } if is_ours(room) => return self.say(text),
            Command::Hooray => return self.cheer(),
            Command::Message { to, text } => return self.whisper(to, text),
            Command::History(ask) => return self.history(ask),
            Command::HistoryIn { room, ask } if is_ours(room) => return self.history(ask),
            Command::Search { words, before } => return self.search(words, before),
            Command::Ping(token) => return self.tell(EventKind::Pong(token.unwrap_or_default().to_owned().into())),
            Command::Help(word) => return self.help(word),
            Command::Quit => return self.leave(),
            Command::Online { .. } => return self.list_people(true),
            Command::Others { .. } => return self.list_people(false),
            Command::OnlineDetails => return self.list_members(),
            Command::Trust(name) => return self.trust(name),
            Command::Rooms { .. } => {
                let rooms = vec![(ROOM.into(), self.members.len() + 1)];
                return self.tell(EventKind::Rooms { rooms, part: Part::default() });
            }
            Command::Members { room, .. } if is_ours(room) => return self.list_room(),
            Command::Join(room) if is_ours(room) => return self.tell(Cause::Entered.with_room(ROOM).into()),
            Command::Ack(_) | Command::Alive => return,
            Command::Members { .. } | Command::Join(_) | Command::SayIn { .. } | Command::HistoryIn { .. } => {
                EventKind::error(404, NO_ROOMS)
            }
            Command::Leave(_) => EventKind::error(403, "this is the only room; /quit leaves the mesh"),
            Command::All(_) => EventKind::error(403, NO_ROOMS),
            Command::Since { .. } => {
                EventKind::error(403, "nobody keeps a record of who was here; /members lists who is")
            }
            Command::Block(_) | Command::Blocked { .. } | Command::Unblock(_) => EventKind::error(403, NO_BLOCKS),
            Command::Forget => EventKind::error(403, "messages to one member are kept nowhere in a mesh"),
            Command::Register { .. } | Command::Password(_) => EventKind::error(403, "a mesh has no accounts"),
            Command::Format(_) => EventKind::error(403, "the form of events is fixed while this program runs"),
            Command::Connect(_) | Command::Accept(_) | Command::Reject(_) | Command::Chats { .. } | Command::End(_) => {
                EventKind::error(403, NO_PRIVATE)
            }
            Command::Private { .. } | Command::Direct(_) | Command::DirectText { .. } | Command::DirectStop(_) => {
                EventKind::error(403, NO_PRIVATE)
            }
            Command::DirectKey(_) | Command::DirectAccept { .. } | Command::Foreign { .. } => {
                EventKind::error(403, "not supported here")
            }
        };
        self.tell(refusal);
    }

    /// A greeting for everybody who is here.
    fn cheer(&mut self) {
        let names: Vec<String> = self.members.values().map(|member| member.shown.to_string()).collect();
        let text = match &names[..] {
            [] => "🎉 Hooray! Nobody is here yet, but somebody will come.".to_owned(),
            [one] => format!("🎉 Hip hip – hooray! A good day to you, {one}. 🎉"),
            [all @ .., last] if all.len() < 8 => {
                format!("🎉 Hip hip – hooray! A good day to {} and {last}. 🎉", all.join(", "))
            }
            all => format!("🎉 Hip hip – hooray! A good day to all {} of you. 🎉", all.len()),
        };
        self.say(&text);
    }

    /// Tells the screen several things that belong together.
    pub(super) fn tell_all(&mut self, events: Vec<Event<'static>>) {
        self.effects.extend(events.into_iter().map(super::NodeEffect::Tell));
    }
}

fn is_ours(room: &str) -> bool {
    room.eq_ignore_ascii_case(ROOM)
}
