//! A model of the server in plain Rust, without sockets, threads or files. It predicts the lines that each user
//! receives.

mod blocks;
mod history;
mod lists;
mod private;
mod talk;

use crate::steps::{ACCOUNTS, NAMES, ROOMS, USERS, UserAction, UserIndex, UserStep};
use history::ModelMessage;
use landline_common::text::PASSWORD_SENT;
use std::collections::BTreeSet;
use talk::{ModelLetter, ModelMembership};

/// Lines that each user receives, in order.
pub type ReceivedLines = [Vec<String>; USERS];

/// Maximum of messages that wait for one account. Low, so that random steps reach it.
pub const MAIL: usize = 3;
/// Maximum of messages of one sender that wait for one account.
pub const MAIL_OF_ONE: usize = 2;

/// The state of the server.
#[derive(Debug, Default)]
pub struct ModelServer {
    /// Sessions, in the order of sign-in.
    online: Vec<ModelSession>,
    /// Id of the last message since the room opened, 0 if there is none. `None` for a closed room.
    open: [Option<usize>; ROOMS.len()],
    /// Stored messages. The id of a message is its position, counted from 1.
    said: Vec<ModelMessage>,
    mail: [Vec<ModelLetter>; ACCOUNTS],
    /// Users that each account blocks.
    blocks: [Vec<UserIndex>; ACCOUNTS],
    /// Id of the last message that each account has read in each room.
    marks: [[Option<usize>; ROOMS.len()]; ACCOUNTS],
    /// Open requests for private chats: the requester and the receiver.
    requests: Vec<(UserIndex, UserIndex)>,
    /// Private chats, with both orders of each pair.
    chats: BTreeSet<(UserIndex, UserIndex)>,
    /// Users that have ever signed in.
    seen: BTreeSet<UserIndex>,
    /// Number of sign-ins, to tell guests of one name apart.
    sign_ins: usize,
    /// Number of the next text.
    number: usize,
    heard: ReceivedLines,
}

/// A session.
#[derive(Debug)]
struct ModelSession {
    user: UserIndex,
    owner: MessageOwner,
    /// The last room is the current one.
    rooms: Vec<ModelMembership>,
    /// Blocks of a guest. Those of accounts are in [`ModelServer`].
    blocks: Vec<UserIndex>,
}

/// Owner of one side of direct messages: an account, or one session of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MessageOwner {
    Account(UserIndex),
    Guest(usize),
}

/// Effect of a step, given whether its user is online.
#[derive(Clone, Copy, Debug)]
pub enum ResolvedStep {
    Skip,
    SignIn,
    Do(UserAction),
}

impl ModelServer {
    /// Returns the effect of a step.
    pub fn resolve(&self, step: &UserStep) -> ResolvedStep {
        match (self.is_online(step.user), step.act) {
            (true, _) => ResolvedStep::Do(step.act),
            (false, _) if step.signs_in => ResolvedStep::SignIn,
            (false, _) => ResolvedStep::Skip,
        }
    }

    /// Returns the number of the next text.
    pub fn number(&self) -> usize {
        self.number
    }

    pub fn is_online(&self, user: UserIndex) -> bool {
        self.online.iter().any(|session| session.user == user)
    }

    /// Performs a step. Returns the lines that each user receives.
    pub fn perform(&mut self, step: &UserStep) -> ReceivedLines {
        match self.resolve(step) {
            ResolvedStep::Skip => {}
            ResolvedStep::SignIn => self.sign_in(step.user, if step.user < ACCOUNTS { 0 } else { step.room }),
            ResolvedStep::Do(act) => {
                if let Err(refusal) = self.act(step.user, act) {
                    self.tell(step.user, format!("ERROR: {refusal}"));
                }
            }
        }
        std::mem::take(&mut self.heard)
    }

    fn act(&mut self, me: UserIndex, act: UserAction) -> Result<(), String> {
        match act {
            UserAction::Quit => {
                self.tell(me, "INFO: Goodbye!".into());
                self.leave(me);
            }
            UserAction::Close | UserAction::Reset => self.leave(me),
            UserAction::Say(lines, word) => self.say(me, lines, word)?,
            UserAction::All(word) => self.say_to_all(me, word),
            UserAction::Message(to, word) => self.message(me, to, word)?,
            UserAction::Join(room) => self.join(me, room),
            UserAction::Leave(room) => self.leave_room(me, room)?,
            UserAction::Block(None) => self.list_blocks(me),
            UserAction::Block(Some(user)) => self.block(me, user)?,
            UserAction::Unblock(user) => self.unblock(me, user)?,
            UserAction::Connect(user) => self.connect(me, user)?,
            UserAction::Accept(user) => self.answer(me, user, true)?,
            UserAction::Reject(user) => self.answer(me, user, false)?,
            UserAction::Private(to) => self.private(me, to)?,
            UserAction::End(user) => self.end(me, user)?,
            UserAction::Chats => self.list_chats(me),
            UserAction::Others => self.list_users(me, false),
            UserAction::Users => self.list_users(me, true),
            UserAction::Members(room) => self.list_members(me, room)?,
            UserAction::Rooms => self.list_rooms(me),
            UserAction::Since => self.list_seen(me),
            UserAction::History(most) => self.history(me, most),
            UserAction::With(user) => self.history_with(me, user)?,
            UserAction::Unread => self.unread(me)?,
            UserAction::Search(word) => self.search(me, word),
            UserAction::Forget => self.forget(me),
            UserAction::Restart => self.restart(),
        }
        Ok(())
    }

    fn sign_in(&mut self, user: UserIndex, room: usize) {
        self.sign_ins += 1;
        let name = NAMES[user];
        let is_account = user < ACCOUNTS;
        let owner = if is_account { MessageOwner::Account(user) } else { MessageOwner::Guest(self.sign_ins) };
        self.online.push(ModelSession { user, owner, rooms: Vec::new(), blocks: Vec::new() });
        self.seen.insert(user);
        self.announce_presence(user, |_| true, &format!("{name} has connected to the chatroom"));
        self.enter_room(user, room);
        if is_account {
            ["ALIAS?", "PASSWORD?", "AUTH_SUCCESS"].iter().for_each(|line| self.tell(user, (*line).into()));
        }
        let room = ROOMS[room];
        let caution = if is_account { format!(" {PASSWORD_SENT}") } else { String::new() };
        let welcome = format!("200 Welcome to Landline, {name}. You are in {room}; /help lists the commands.{caution}");
        self.tell(user, welcome);
        if is_account {
            for ModelLetter { from, text, .. } in std::mem::take(&mut self.mail[user]) {
                self.tell(user, format!("[PM TIME] {}: {text}", NAMES[from]));
            }
        }
    }

    fn leave(&mut self, user: UserIndex) {
        for line in self.end_private_of(user) {
            self.tell(line.0, line.1);
        }
        while let Some(membership) = self.session_mut(user).rooms.pop() {
            let last = self.open[membership.room].filter(|last| *last > 0);
            self.mark(user, &membership, last);
            self.close_if_empty(membership.room);
        }
        self.announce_presence(user, |_| true, &format!("{} has left the chatroom", NAMES[user]));
        self.online.retain(|session| session.user != user);
    }

    fn restart(&mut self) {
        for session in std::mem::take(&mut self.online) {
            self.tell(session.user, "INFO: The server is shutting down.".into());
            for membership in session.rooms {
                self.mark(session.user, &membership, membership.heard);
            }
        }
        self.open = Default::default();
        self.requests.clear();
        self.chats.clear();
    }

    /// Moves the read mark of an account that leaves a room: to the last received message, else to the last one read by
    /// `/history unread`, else, on the first visit, to the last one before.
    fn mark(&mut self, user: UserIndex, membership: &ModelMembership, heard: Option<usize>) {
        if let Some(marks) = self.marks.get_mut(user) {
            let mark = &mut marks[membership.room];
            let before = mark.is_none().then_some(membership.joined_after);
            *mark = heard.or(membership.caught_up).or(before).max(*mark);
        }
    }

    fn tell(&mut self, user: UserIndex, line: String) {
        self.heard[user].push(line);
    }

    /// Sends a presence line about a user to all others for whom `concerns` returns true, except users that `of`
    /// blocks.
    fn announce_presence(&mut self, of: UserIndex, concerns: impl Fn(&ModelSession) -> bool, line: &str) {
        let blocked = self.blocks_of(of).to_vec();
        let hearers = self.online.iter().filter(|session| session.user != of && concerns(session));
        let hearers: Vec<UserIndex> =
            hearers.map(|session| session.user).filter(|user| !blocked.contains(user)).collect();
        hearers.into_iter().for_each(|user| self.tell(user, line.into()));
    }

    /// Returns the session of an online user.
    fn session_mut(&mut self, user: UserIndex) -> &mut ModelSession {
        self.online.iter_mut().find(|session| session.user == user).expect("an online user")
    }

    fn session(&self, user: UserIndex) -> &ModelSession {
        self.online.iter().find(|session| session.user == user).expect("an online user")
    }

    /// True if the server knows the name: of an account, or of a guest who is online or has left.
    fn is_known(&self, user: UserIndex) -> bool {
        user < ACCOUNTS || self.seen.contains(&user)
    }

    /// Checks that `user` is online and not `me`.
    fn check_other(&self, me: UserIndex, user: UserIndex) -> Result<(), String> {
        match user {
            _ if user == me => Err("400 That is you. Nothing was done.".into()),
            _ if self.is_online(user) => Ok(()),
            _ => Err(not_online_or_talk(user)),
        }
    }
}

/// Returns the error for an offline user.
fn not_online(user: UserIndex) -> String {
    format!("404 {} is not online. /users lists who is.", NAMES[user])
}

/// Returns the same for a line without a slash, which may have been meant as talk.
fn not_online_or_talk(user: UserIndex) -> String {
    format!("404 {} is not online. /users lists who is; /say TEXT sends any text.", NAMES[user])
}

/// Joins the names of users; `none` without users.
fn names(users: impl IntoIterator<Item = UserIndex>) -> String {
    let names: Vec<&str> = users.into_iter().map(|user| NAMES[user]).collect();
    if names.is_empty() { "none".into() } else { names.join(", ") }
}
