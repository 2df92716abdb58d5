//! A server as it ought to be, in plain Rust: no sockets, threads or files. It says which lines each person gets.

mod blocks;
mod history;
mod lists;
mod private;
mod talk;

use crate::steps::{ACCOUNTS, Act, NAMES, PEOPLE, ROOMS, Step, Who};
use history::Message;
use landline_common::text::PASSWORD_SENT;
use std::collections::BTreeSet;
use talk::{Letter, Membership};

/// What each person hears, in order.
pub type Heard = [Vec<String>; PEOPLE];

/// How many messages may wait for one account, and of one sender: few, so that it matters.
pub const MAIL: usize = 3;
pub const MAIL_OF_ONE: usize = 2;

/// The server and everybody's state on it.
#[derive(Debug, Default)]
pub struct World {
    /// In the order in which they came.
    here: Vec<Visit>,
    /// The last message since the room opened, for each room that is open; 0 if there is none.
    open: [Option<usize>; ROOMS.len()],
    /// Everything that was said and is kept; a message's id is its place here, from 1.
    said: Vec<Message>,
    mail: [Vec<Letter>; ACCOUNTS],
    /// Whom each account blocks.
    blocks: [Vec<Who>; ACCOUNTS],
    /// How far each account has read in each room.
    marks: [[Option<usize>; ROOMS.len()]; ACCOUNTS],
    /// (who asked, whom)
    asked: Vec<(Who, Who)>,
    /// In both directions.
    chats: BTreeSet<(Who, Who)>,
    /// Everybody who was ever here.
    seen: BTreeSet<Who>,
    visits: usize,
    /// Texts so far.
    number: usize,
    heard: Heard,
}

/// Somebody who is here.
#[derive(Debug)]
struct Visit {
    who: Who,
    party: Party,
    /// The last one is the current one.
    rooms: Vec<Membership>,
    /// A guest's; an account's stand in the world.
    blocks: Vec<Who>,
}

/// Whose direct messages they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Party {
    Account(Who),
    Guest(usize),
}

/// What a step comes to, once it is known who is here.
#[derive(Clone, Copy, Debug)]
pub enum Move {
    Nothing,
    Come,
    Do(Act),
}

impl World {
    /// What happens at that step.
    pub fn what(&self, step: &Step) -> Move {
        match (self.is_here(step.who), step.act) {
            (true, _) => Move::Do(step.act),
            (false, _) if step.comes => Move::Come,
            (false, _) => Move::Nothing,
        }
    }

    /// The number of the next text.
    pub fn number(&self) -> usize {
        self.number
    }

    pub fn is_here(&self, who: Who) -> bool {
        self.here.iter().any(|visit| visit.who == who)
    }

    /// Does it, and says who hears what.
    pub fn perform(&mut self, step: &Step) -> Heard {
        match self.what(step) {
            Move::Nothing => {}
            Move::Come => self.come(step.who, if step.who < ACCOUNTS { 0 } else { step.room }),
            Move::Do(act) => {
                if let Err(refusal) = self.act(step.who, act) {
                    self.tell(step.who, format!("ERROR: {refusal}"));
                }
            }
        }
        std::mem::take(&mut self.heard)
    }

    fn act(&mut self, me: Who, act: Act) -> Result<(), String> {
        match act {
            Act::Quit => {
                self.tell(me, "INFO: Goodbye!".into());
                self.leave(me);
            }
            Act::Close | Act::Reset => self.leave(me),
            Act::Say(lines, word) => self.say(me, lines, word)?,
            Act::All(word) => self.say_to_all(me, word),
            Act::Message(to, word) => self.message(me, to, word)?,
            Act::Join(room) => self.join(me, room),
            Act::Leave(room) => self.leave_room(me, room)?,
            Act::Block(None) => self.list_blocks(me),
            Act::Block(Some(who)) => self.block(me, who)?,
            Act::Unblock(who) => self.unblock(me, who)?,
            Act::Connect(who) => self.connect(me, who)?,
            Act::Accept(who) => self.answer(me, who, true)?,
            Act::Reject(who) => self.answer(me, who, false)?,
            Act::Private(to) => self.private(me, to)?,
            Act::End(who) => self.end(me, who)?,
            Act::Chats => self.list_chats(me),
            Act::Others => self.list_people(me, false),
            Act::Users => self.list_people(me, true),
            Act::Members(room) => self.list_members(me, room)?,
            Act::Rooms => self.list_rooms(me),
            Act::Since => self.list_seen(me),
            Act::History(most) => self.history(me, most),
            Act::With(who) => self.history_with(me, who)?,
            Act::Unread => self.unread(me)?,
            Act::Search(word) => self.search(me, word),
            Act::Forget => self.forget(me),
            Act::Restart => self.restart(),
        }
        Ok(())
    }

    fn come(&mut self, who: Who, room: usize) {
        self.visits += 1;
        let (name, is_account) = (NAMES[who], who < ACCOUNTS);
        let party = if is_account { Party::Account(who) } else { Party::Guest(self.visits) };
        self.here.push(Visit { who, party, rooms: Vec::new(), blocks: Vec::new() });
        self.seen.insert(who);
        self.news(who, |_| true, &format!("{name} has connected to the chatroom"));
        self.take_seat(who, room);
        if is_account {
            ["ALIAS?", "PASSWORD?", "AUTH_SUCCESS"].iter().for_each(|line| self.tell(who, (*line).into()));
        }
        let room = ROOMS[room];
        let caution = if is_account { format!(" {PASSWORD_SENT}") } else { String::new() };
        let welcome = format!("200 Welcome to Landline, {name}. You are in {room}; /help lists the commands.{caution}");
        self.tell(who, welcome);
        if is_account {
            for Letter { from, text, .. } in std::mem::take(&mut self.mail[who]) {
                self.tell(who, format!("[PM TIME] {}: {text}", NAMES[from]));
            }
        }
    }

    fn leave(&mut self, who: Who) {
        for line in self.private_ends(who) {
            self.tell(line.0, line.1);
        }
        while let Some(membership) = self.visit(who).rooms.pop() {
            let last = self.open[membership.room].filter(|last| *last > 0);
            self.mark(who, &membership, last);
            self.close_if_empty(membership.room);
        }
        self.news(who, |_| true, &format!("{} has left the chatroom", NAMES[who]));
        self.here.retain(|visit| visit.who != who);
    }

    fn restart(&mut self) {
        for visit in std::mem::take(&mut self.here) {
            self.tell(visit.who, "INFO: The server is shutting down.".into());
            for membership in visit.rooms {
                self.mark(visit.who, &membership, membership.heard);
            }
        }
        (self.open, self.asked, self.chats) = Default::default();
    }

    /// How far an account has read when it leaves a room: what it heard, or else what it caught up with, or on its
    /// first visit what was said before.
    fn mark(&mut self, who: Who, membership: &Membership, heard: Option<usize>) {
        if let Some(marks) = self.marks.get_mut(who) {
            let mark = &mut marks[membership.room];
            let before = mark.is_none().then_some(membership.came_after);
            *mark = heard.or(membership.caught_up).or(before).max(*mark);
        }
    }

    fn tell(&mut self, who: Who, line: String) {
        self.heard[who].push(line);
    }

    /// Tells of somebody's coming or going everybody else whom it concerns, and whom they do not block.
    fn news(&mut self, of: Who, concerns: impl Fn(&Visit) -> bool, line: &str) {
        let blocked = self.blocks_of(of).to_vec();
        let hearers = self.here.iter().filter(|visit| visit.who != of && concerns(visit));
        let hearers: Vec<Who> = hearers.map(|visit| visit.who).filter(|who| !blocked.contains(who)).collect();
        hearers.into_iter().for_each(|who| self.tell(who, line.into()));
    }

    /// Somebody who is here.
    fn visit(&mut self, who: Who) -> &mut Visit {
        self.here.iter_mut().find(|visit| visit.who == who).expect("somebody who is here")
    }

    fn visit_of(&self, who: Who) -> &Visit {
        self.here.iter().find(|visit| visit.who == who).expect("somebody who is here")
    }

    /// Somebody else who is here.
    fn other(&self, me: Who, who: Who) -> Result<(), String> {
        match who {
            _ if who == me => Err("400 That is you.".into()),
            _ if self.is_here(who) => Ok(()),
            _ => Err(nobody(who)),
        }
    }
}

fn nobody(who: Who) -> String {
    format!("404 {} is not online. /users lists who is; /say TEXT sends any text.", NAMES[who])
}

fn names(people: impl IntoIterator<Item = Who>) -> String {
    let names: Vec<&str> = people.into_iter().map(|who| NAMES[who]).collect();
    if names.is_empty() { "none".into() } else { names.join(", ") }
}
