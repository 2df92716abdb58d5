//! What was typed: the commands of the client, as far as they make sense without a server.

use super::{Node, ROOM};
use landline_common::command::{Command, CommandError, parse};
use landline_common::event::Part;
use landline_common::{Cause, Event, What};

const NO_ROOMS: &str = "a mesh is one room; everybody here hears what you say";
const NO_PRIVATE: &str = "there are no private chats in a mesh; /pm NAME TEXT goes to one person, encrypted on its way";
const NO_BLOCKS: &str = "nobody can be blocked in a mesh yet; landline mesh --passphrase keeps strangers out";

impl Node {
    /// Somebody typed a line.
    pub(super) fn line(&mut self, line: &str) {
        let me = self.me.name.to_string();
        match parse(line, &me) {
            None => {}
            Some(Ok(command)) => self.obey(command),
            Some(Err(CommandError::Unknown(word))) => {
                self.tell(Cause::UnknownCommand.of_word(word.to_owned()).into());
            }
            Some(Err(why @ CommandError::Usage(_))) => self.tell(What::error(400, why.to_string())),
        }
    }

    fn obey(&mut self, command: Command<'_>) {
        let refusal = match command {
            Command::Say(text) => return self.say(text),
            Command::Hooray => return self.cheer(),
            Command::Message { to, text } => return self.whisper(to, text),
            Command::History(ask) => return self.history(ask),
            Command::Search { words, before } => return self.search(words, before),
            Command::Ping(token) => return self.tell(What::Pong(token.unwrap_or_default().to_owned().into())),
            Command::Help(word) => return self.help(word),
            Command::Quit => return self.leave(),
            Command::Online { .. } => return self.list_people(true),
            Command::Others { .. } => return self.list_people(false),
            Command::OnlineDetails => return self.list_members(),
            Command::Rooms { .. } => {
                let rooms = vec![(ROOM.into(), self.members.len() + 1)];
                return self.tell(What::Rooms { rooms, part: Part::default() });
            }
            Command::Members { room, .. } if is_ours(room) => return self.list_room(),
            Command::Join(room) if is_ours(room) => return self.tell(Cause::Entered.of_room(ROOM).into()),
            Command::SayIn { room, text } if is_ours(room) => return self.say(text),
            Command::HistoryIn { room, ask } if is_ours(room) => return self.history(ask),
            Command::Ack(_) | Command::Alive => return,
            Command::Members { .. } | Command::Join(_) | Command::SayIn { .. } | Command::HistoryIn { .. } => {
                What::error(404, NO_ROOMS)
            }
            Command::Leave(_) => What::error(403, "this is the only room; /quit leaves the mesh"),
            Command::All(_) => What::error(403, NO_ROOMS),
            Command::Since { .. } => What::error(403, "nobody keeps a record of who was here; /members lists who is"),
            Command::Block(_) | Command::Blocked { .. } | Command::Unblock(_) => What::error(403, NO_BLOCKS),
            Command::Forget => What::error(403, "direct messages are kept nowhere in a mesh"),
            Command::Format(_) => What::error(403, "the form of events is fixed while this program runs"),
            Command::Connect(_) | Command::Accept(_) | Command::Reject(_) | Command::Chats { .. } | Command::End(_) => {
                What::error(403, NO_PRIVATE)
            }
            Command::Private { .. } | Command::Direct(_) | Command::DirectText { .. } | Command::DirectStop(_) => {
                What::error(403, NO_PRIVATE)
            }
            Command::DirectKey(_) | Command::DirectAccept { .. } | Command::Foreign => {
                What::error(403, "not supported here")
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
        self.effects.extend(events.into_iter().map(super::Effect::Tell));
    }
}

fn is_ours(room: &str) -> bool {
    room.eq_ignore_ascii_case(ROOM)
}
