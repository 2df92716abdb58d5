//! The rules stated a second time, without sockets, threads or files. They predict for each step whether it is refused,
//! and which users read the message.

mod identity;
mod owners;
mod talk;

pub use identity::Identity;

use crate::refusal::Refusal;
use crate::sanctions::Sanctions;
use crate::steps::{Action, NAMES, NameIndex, ROOMS, RoomIndex, USERS, UserIndex};
use landline_tests::Door;
use std::collections::BTreeSet;

/// Seconds of everything that lasts only some time.
const SHORT: u64 = 3_600;
/// Seconds of [`Action::Wait`]: longer than all times.
pub const WAIT: u64 = 7_200;
/// Seconds for which the name of an absent guest is kept for its token.
const KEPT: u64 = 12 * 3_600;
/// The room that never has owners.
const LOBBY: RoomIndex = 0;

/// The owner of what a user has: its account, or its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Account(UserIndex),
    Session(usize),
}

/// What a step leads to. Several refusals are possible where several rules forbid it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub refused: Vec<Refusal>,
    /// The users who read the message, without its author.
    pub heard: BTreeSet<UserIndex>,
}

type Checked = Result<(), Vec<Refusal>>;

/// A user who is signed in.
#[derive(Clone, Debug)]
struct Session {
    owner: Owner,
    /// The names that the user had before the present one, a bit for each.
    former_names: u16,
    /// The connection was lost.
    is_lost: bool,
    /// The last room is the current one.
    rooms: Vec<RoomIndex>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Floor {
    Once,
    Until(u64),
}

/// What slow mode recognizes a user by, also in a new session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trace {
    Name(NameIndex),
    Token,
    Address,
}

#[derive(Clone, Debug, Default)]
struct Room {
    /// Users or owners have used the room, so that the next one to enter does not open it.
    exists: bool,
    owners: Vec<Owner>,
    /// The room belongs to the server's owners, also beside other owners.
    is_servers: bool,
    has_key: bool,
    is_closed: bool,
    is_quiet: bool,
    is_slow: bool,
    mutes: Sanctions,
    bans: Sanctions,
    invited: Vec<Owner>,
    floors: Vec<(Owner, Floor)>,
    hands: Vec<(UserIndex, Owner)>,
    /// Times of messages in slow mode.
    spoken: Vec<(Trace, u64)>,
}

/// The state of the server.
#[derive(Debug)]
pub struct Model {
    now: u64,
    /// The name of each user, or the one that it had when it left.
    names: [NameIndex; NAMES.len()],
    sessions: [Option<Session>; NAMES.len()],
    sign_ins: usize,
    /// When the user left last.
    left: [Option<u64>; NAMES.len()],
    rooms: [Room; ROOMS.len()],
    owners: Vec<Owner>,
    bans: Sanctions,
    whispers_to_owners: bool,
    /// Who may come back while the doors are closed.
    inside: Option<Vec<Identity>>,
}

fn refuse(refusal: Refusal) -> Checked {
    Err(vec![refusal])
}

impl Default for Model {
    fn default() -> Model {
        Model {
            now: 0,
            names: std::array::from_fn(|user| user),
            sessions: Default::default(),
            sign_ins: 0,
            left: Default::default(),
            rooms: Default::default(),
            owners: Vec::new(),
            bans: Sanctions::default(),
            whispers_to_owners: false,
            inside: None,
        }
    }
}

impl Model {
    pub fn is_signed_in(&self, user: UserIndex) -> bool {
        self.sessions[user].is_some()
    }

    pub fn is_lost(&self, user: UserIndex) -> bool {
        self.sessions[user].as_ref().is_some_and(|session| session.is_lost)
    }

    fn is_online(&self, user: UserIndex) -> bool {
        self.is_signed_in(user) && !self.is_lost(user)
    }

    /// Signs a user in: a guest into `room`, others into the lobby.
    pub fn sign_in(&mut self, user: UserIndex, room: RoomIndex) -> Outcome {
        let (door, is_account) = USERS[user];
        self.sign_ins += 1;
        let owner = if is_account { Owner::Account(user) } else { Owner::Session(self.sign_ins) };
        let room = if is_account || door == Door::LanTalk { LOBBY } else { room };
        let admitted = self.admit(user, owner).and_then(|()| self.enter(user, owner, room, false, false));
        if admitted.is_ok() {
            self.names[user] = user;
            self.sessions[user] = Some(Session { owner, former_names: 0, is_lost: false, rooms: vec![room] });
        }
        Outcome { refused: admitted.err().unwrap_or_default(), ..Outcome::default() }
    }

    /// Resumes a lost session, which enters its rooms again without being asked for a key word or an invitation. A ban from
    /// the server may have come meanwhile.
    pub fn resume(&mut self, user: UserIndex) -> Outcome {
        let Some(mut session) = self.sessions[user].clone().filter(|session| session.is_lost) else {
            return Outcome { refused: vec![Refusal::NoSession], ..Outcome::default() };
        };
        let identity = self.identity_with(user, session.owner);
        if !self.owners.contains(&session.owner) && self.bans.hold(identity, self.now) {
            return Outcome { refused: vec![Refusal::Expelled], ..Outcome::default() };
        }
        session.is_lost = false;
        session.rooms.retain(|room| self.enter(user, session.owner, *room, false, true).is_ok());
        self.sessions[user] = Some(session);
        Outcome::default()
    }

    /// May the user come in?
    fn admit(&self, user: UserIndex, owner: Owner) -> Checked {
        if self.owners.contains(&owner) {
            return Ok(());
        }
        let identity = self.identity_with(user, owner);
        if self.bans.hold(identity, self.now) {
            return refuse(Refusal::Expelled);
        }
        match &self.inside {
            Some(inside) if !inside.iter().any(|insider| insider.is_inside_as(identity)) => {
                refuse(Refusal::DoorsClosed)
            }
            _ => Ok(()),
        }
    }

    /// Lets a user enter a room, which opens if it is new.
    fn enter(&mut self, user: UserIndex, owner: Owner, room: RoomIndex, key: bool, resumed: bool) -> Checked {
        let is_server_owner = self.owners.contains(&owner);
        let now = self.now;
        let identity = self.identity_with(user, owner);
        let rules = &mut self.rooms[room];
        if !is_server_owner {
            if key && !rules.has_key {
                return refuse(Refusal::NoKey);
            }
            if !rules.owners.contains(&owner) {
                if rules.bans.hold(identity, now) {
                    return refuse(Refusal::RoomBanned);
                }
                let needs_asking = !resumed && !rules.invited.contains(&owner);
                if needs_asking && rules.is_closed {
                    return refuse(Refusal::InviteOnly);
                }
                if needs_asking && rules.has_key && !key {
                    return refuse(Refusal::KeyNeeded);
                }
            }
        }
        if !rules.exists {
            rules.exists = true;
            rules.is_servers = room == LOBBY;
            if room != LOBBY {
                rules.owners.push(owner);
            }
        }
        Ok(())
    }

    /// Performs a step of an online user.
    pub fn perform(&mut self, user: UserIndex, action: Action) -> Outcome {
        let mut heard = BTreeSet::new();
        let refused = self.act(user, action, &mut heard).err().unwrap_or_default();
        Outcome { refused, heard }
    }

    fn owner(&self, user: UserIndex) -> Owner {
        self.sessions[user].as_ref().expect("a signed-in user").owner
    }

    fn rooms_of(&mut self, user: UserIndex) -> &mut Vec<RoomIndex> {
        &mut self.sessions[user].as_mut().expect("a signed-in user").rooms
    }

    fn act(&mut self, me: UserIndex, action: Action, heard: &mut BTreeSet<UserIndex>) -> Checked {
        let mine = self.owner(me);
        match action {
            Action::Quit => self.end(me),
            Action::Lose => {
                if let Some(session) = &mut self.sessions[me] {
                    session.is_lost = true;
                }
                self.left[me] = Some(self.now);
                self.close_empty_rooms();
            }
            Action::Say => {
                let room = *self.rooms_of(me).last().ok_or(vec![Refusal::NoRoom])?;
                *heard = self.say(me, room)?;
            }
            Action::SayIn(room) => {
                if !self.rooms_of(me).contains(&room) {
                    return refuse(Refusal::NotInRoom);
                }
                *heard = self.say(me, room)?;
            }
            Action::All => {
                self.check_announcement(me)?;
                heard.extend((0..NAMES.len()).filter(|user| *user != me && self.is_online(*user)));
            }
            Action::Message(to) => {
                if to == me {
                    return refuse(Refusal::Yourself);
                }
                match (self.is_online(to), USERS[to].1) {
                    (false, false) => return refuse(Refusal::NoSuchUser),
                    (false, true) => self.check_whisper(me, Owner::Account(to), None)?,
                    (true, _) => {
                        self.check_whisper(me, self.owner(to), Some(to))?;
                        heard.insert(to);
                    }
                }
            }
            Action::Join(room, key) => {
                if !self.rooms_of(me).contains(&room) {
                    self.enter(me, mine, room, key, false)?;
                }
                self.rooms_of(me).retain(|other| *other != room);
                self.rooms_of(me).push(room);
            }
            Action::Leave => {
                self.rooms_of(me).pop().ok_or(vec![Refusal::NotInRoom])?;
                self.close_empty_rooms();
            }
            Action::Claim => {
                if !self.owners.contains(&mine) {
                    self.owners.push(mine);
                }
            }
            Action::Expel(user, short) => {
                self.require_server_owner(mine)?;
                self.require_below(me, None, user)?;
                let identity = self.known(user);
                if let Some(inside) = &mut self.inside {
                    inside.retain(|insider| !insider.is_inside_as(identity));
                }
                self.bans.add(identity, short.then_some(self.now + SHORT), self.now);
                if self.is_signed_in(user) {
                    self.end(user);
                }
            }
            Action::Readmit(user) => {
                self.require_server_owner(mine)?;
                let identity = self.known(user);
                if !self.bans.lift(identity, self.now) {
                    return refuse(Refusal::NotBanned);
                }
            }
            Action::Whispers(all) => {
                self.require_server_owner(mine)?;
                self.whispers_to_owners = !all;
            }
            Action::Doors(open) => {
                self.require_server_owner(mine)?;
                let inside =
                    || (0..NAMES.len()).filter(|user| self.is_signed_in(*user)).map(|user| self.identity(user));
                self.inside = (!open).then(|| inside().collect());
            }
            Action::Nick => self.rename(me)?,
            Action::Wait => self.now += WAIT,
            Action::Restart => self.restart(),
            other => self.run_room(me, other)?,
        }
        Ok(())
    }

    /// True if an online user is in a room.
    fn is_in(&self, user: UserIndex, room: RoomIndex) -> bool {
        self.is_online(user) && self.sessions[user].as_ref().is_some_and(|session| session.rooms.contains(&room))
    }

    fn require_server_owner(&self, owner: Owner) -> Checked {
        if self.owners.contains(&owner) { Ok(()) } else { refuse(Refusal::NotServerOwner) }
    }

    /// Ends a session for good. What a guest owned goes with it.
    fn end(&mut self, user: UserIndex) {
        let Some(session) = self.sessions[user].take() else { return };
        if !session.is_lost {
            self.left[user] = Some(self.now);
        }
        self.close_empty_rooms();
        if USERS[user].1 {
            return;
        }
        let gone = session.owner;
        for at in 0..ROOMS.len() {
            let room = &mut self.rooms[at];
            room.remove_owner(gone);
            room.invited.retain(|owner| *owner != gone);
            room.floors.retain(|(owner, _)| *owner != gone);
            room.hands.retain(|(_, owner)| *owner != gone);
        }
        self.close_empty_rooms();
        self.owners.retain(|owner| *owner != gone);
        if self.owners.is_empty() {
            self.inside = None;
        }
    }

    fn is_open(&self, room: RoomIndex) -> bool {
        (0..NAMES.len()).any(|user| self.is_in(user, room))
    }

    /// A room without owners and rules is forgotten with its last member.
    fn close_empty_rooms(&mut self) {
        for at in 0..ROOMS.len() {
            if !self.is_open(at) && self.rooms[at].owners.is_empty() && !self.rooms[at].is_kept(self.now) {
                self.rooms[at] = Room::default();
            }
        }
    }

    /// Accounts keep what they run. Sessions end, and rooms of guests with them.
    fn restart(&mut self) {
        for user in (0..NAMES.len()).filter(|user| self.is_online(*user)).collect::<Vec<_>>() {
            self.left[user] = Some(self.now);
        }
        self.sessions = Default::default();
        let now = self.now;
        let is_account = |owner: &Owner| matches!(owner, Owner::Account(_));
        for room in &mut self.rooms {
            room.owners.retain(is_account);
            if room.owners.is_empty() && !room.is_kept(now) {
                *room = Room::default();
                continue;
            }
            room.mutes.restart(now);
            room.bans.restart(now);
            room.invited.retain(is_account);
            room.floors.clear();
            room.hands.clear();
            room.spoken.clear();
        }
        self.owners.retain(is_account);
        self.bans.restart(now);
        if let Some(inside) = &mut self.inside {
            inside.retain(|insider| insider.has_token || !insider.is_guest());
        }
        if self.owners.is_empty() {
            self.inside = None;
        }
    }
}

impl Room {
    /// Removes an owner. With the last one, what keeps other users out stays while members are in the room.
    fn remove_owner(&mut self, owner: Owner) {
        let before = self.owners.len();
        self.owners.retain(|other| *other != owner);
        if self.owners.len() < before && self.owners.is_empty() && !self.is_servers {
            let Room { exists, has_key, is_closed, invited, bans, .. } = std::mem::take(self);
            *self = Room { exists, has_key, is_closed, invited, bans, ..Room::default() };
        }
    }

    /// True if a room without owners and members is kept for its rules.
    fn is_kept(&self, now: u64) -> bool {
        let invites_accounts = self.invited.iter().any(|owner| matches!(owner, Owner::Account(_)));
        let is_sanctioned = !self.mutes.is_empty(now) || !self.bans.is_empty(now);
        let guarded = self.has_key || self.is_closed || invites_accounts;
        self.is_servers && (guarded || self.is_quiet || self.is_slow || is_sanctioned)
    }
}
