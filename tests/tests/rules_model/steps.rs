//! Random steps of users. Each step has a defined result in every state, so any sequence is valid.

use landline_tests::Door;
use proptest::prelude::*;

/// Index of a user in [`NAMES`].
pub type UserIndex = usize;
/// Index of a room in [`ROOMS`].
pub type RoomIndex = usize;

/// Names of the users that act. See [`USERS`] for their doors.
pub const NAMES: [&str; 6] = ["alice", "bob", "carol", "dave", "erin", "gina"];
/// Names of the rooms. Accounts and LanTalk's users enter the first one at sign-in.
pub const ROOMS: [&str; 3] = ["lobby", "ops", "dev"];
/// The key word that rooms get.
pub const KEY: &str = "sesame";

/// The door of each user, and whether the user has an account.
pub const USERS: [(Door, bool); NAMES.len()] = [
    (Door::Objects, true),
    (Door::Text, true),
    (Door::Text, false),
    (Door::Objects, false),
    (Door::LanTalk, false),
    (Door::Objects, false),
];

/// True for users whose program sends a name token: all of them the same one, as one program under several names.
pub fn has_token(user: UserIndex) -> bool {
    USERS[user] == (Door::Objects, false)
}

/// The next step of a user. An offline user signs in instead, whatever the step.
#[derive(Clone, Debug)]
pub struct UserStep {
    pub user: UserIndex,
    /// The room that a guest enters at sign-in.
    pub room: RoomIndex,
    pub action: Action,
}

/// An action of an online user. `bool` in a sanction or a floor: only for some time.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    Quit,
    /// The connection of a client with a token breaks.
    Lose,
    Say,
    SayIn(RoomIndex),
    All,
    Message(UserIndex),
    Join(RoomIndex, bool),
    Leave,
    Kick(UserIndex),
    Mute(UserIndex, bool),
    Unmute(UserIndex),
    Ban(UserIndex, bool),
    Unban(UserIndex),
    Expel(UserIndex, bool),
    Readmit(UserIndex),
    Op(UserIndex),
    Deop(UserIndex),
    Invite(UserIndex),
    Open(bool),
    Key(bool),
    Slow(bool),
    Quiet(bool),
    Hand(bool),
    Floor(Option<UserIndex>, bool),
    Whispers(bool),
    Doors(bool),
    Claim,
    /// All sanctions for some time, floors and pauses end.
    Wait,
    /// The server restarts.
    Restart,
}

impl Action {
    /// Returns the line to type, if the step has one. `text` is the message.
    pub fn typed(self, text: &str) -> Option<String> {
        let for_a_time = |short: bool| if short { " 60" } else { "" };
        let on = |on: bool| if on { "on" } else { "off" };
        Some(match self {
            Action::Lose | Action::Wait | Action::Restart | Action::SayIn(_) | Action::Claim => return None,
            Action::Quit => "/quit".into(),
            Action::Say => text.into(),
            Action::All => format!("/all {text}"),
            Action::Message(to) => format!("/pm {} {text}", NAMES[to]),
            Action::Join(room, true) => format!("/join {} {KEY}", ROOMS[room]),
            Action::Join(room, false) => format!("/join {}", ROOMS[room]),
            Action::Leave => "/leave".into(),
            Action::Kick(user) => format!("/kick {}", NAMES[user]),
            Action::Mute(user, short) => format!("/mute {}{}", NAMES[user], for_a_time(short)),
            Action::Unmute(user) => format!("/unmute {}", NAMES[user]),
            Action::Ban(user, short) => format!("/ban {}{}", NAMES[user], for_a_time(short)),
            Action::Unban(user) => format!("/unban {}", NAMES[user]),
            Action::Expel(user, short) => format!("/ban {}{} everywhere", NAMES[user], for_a_time(short)),
            Action::Readmit(user) => format!("/unban {} everywhere", NAMES[user]),
            Action::Op(user) => format!("/op {}", NAMES[user]),
            Action::Deop(user) => format!("/deop {}", NAMES[user]),
            Action::Invite(user) => format!("/invite {}", NAMES[user]),
            Action::Open(open) => format!("/open {}", on(open)),
            Action::Key(true) => format!("/key {KEY}"),
            Action::Key(false) => "/key".into(),
            Action::Slow(true) => "/slow 600".into(),
            Action::Slow(false) => "/slow 0".into(),
            Action::Quiet(quiet) => format!("/quiet {}", on(quiet)),
            Action::Hand(true) => "/hand a question".into(),
            Action::Hand(false) => "/hand".into(),
            Action::Floor(Some(user), short) => format!("/floor {}{}", NAMES[user], for_a_time(short)),
            Action::Floor(None, _) => "/floor".into(),
            Action::Whispers(all) => format!("/whispers {}", if all { "all" } else { "owners" }),
            Action::Doors(open) => format!("/doors {}", if open { "open" } else { "closed" }),
        })
    }
}

/// Generates steps. Steps that end a lot of state, such as restarts, are rare.
pub fn steps() -> impl Strategy<Value = Vec<UserStep>> {
    let step = (0..NAMES.len(), 0..ROOMS.len(), action());
    let step = step.prop_map(|(user, room, action)| UserStep { user, room, action });
    prop::collection::vec(step, 200..=400)
}

fn action() -> impl Strategy<Value = Action> {
    let user = || 0..NAMES.len();
    let room = || 0..ROOMS.len();
    let flag = any::<bool>;
    let talking = prop_oneof![
        8 => Just(Action::Say),
        4 => room().prop_map(Action::SayIn),
        3 => Just(Action::All),
        5 => user().prop_map(Action::Message),
    ];
    let moving = prop_oneof![
        6 => (room(), prop::bool::weighted(0.25)).prop_map(|(room, key)| Action::Join(room, key)),
        2 => Just(Action::Leave),
        2 => Just(Action::Quit),
        2 => Just(Action::Lose),
    ];
    let acting = prop_oneof![
        2 => user().prop_map(Action::Kick),
        4 => (user(), flag()).prop_map(|(user, short)| Action::Mute(user, short)),
        2 => user().prop_map(Action::Unmute),
        2 => (user(), flag()).prop_map(|(user, short)| Action::Ban(user, short)),
        2 => user().prop_map(Action::Unban),
        1 => (user(), flag()).prop_map(|(user, short)| Action::Expel(user, short)),
        2 => user().prop_map(Action::Readmit),
        2 => user().prop_map(Action::Op),
        1 => user().prop_map(Action::Deop),
        2 => user().prop_map(Action::Invite),
    ];
    let setting = prop_oneof![
        2 => flag().prop_map(Action::Open),
        2 => flag().prop_map(Action::Key),
        2 => flag().prop_map(Action::Slow),
        2 => flag().prop_map(Action::Quiet),
        2 => flag().prop_map(Action::Hand),
        2 => (prop::option::of(user()), flag()).prop_map(|(user, short)| Action::Floor(user, short)),
        1 => flag().prop_map(Action::Whispers),
        1 => prop::bool::weighted(0.7).prop_map(Action::Doors),
        1 => Just(Action::Claim),
    ];
    prop_oneof![
        40 => talking,
        24 => moving,
        24 => acting,
        20 => setting,
        3 => Just(Action::Wait),
        1 => Just(Action::Restart),
    ]
}
