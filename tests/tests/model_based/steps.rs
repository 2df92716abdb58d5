//! Random steps of users. Each step has a defined result in every state, so any sequence is valid.

use proptest::prelude::*;

/// Index of a user in [`NAMES`].
pub type UserIndex = usize;
/// Index of a room in [`ROOMS`].
pub type RoomIndex = usize;

/// Names of users. The first [`ACCOUNTS`] have accounts, the last one never signs in.
pub const NAMES: [&str; 6] = ["alice", "bob", "carol", "dave", "eve", "zoe"];
/// Number of users with accounts.
pub const ACCOUNTS: usize = 3;
/// Number of users that sign in.
pub const USERS: usize = 5;
/// Names of rooms. Accounts enter the first one at sign-in.
pub const ROOMS: [&str; 3] = ["lobby", "ops", "dev"];
/// Words in messages, for searching.
pub const WORDS: [&str; 2] = ["red", "blue"];

/// The next step of a user.
#[derive(Clone, Debug)]
pub struct UserStep {
    pub user: UserIndex,
    /// True if an offline user signs in. Otherwise the step of an offline user is skipped.
    pub signs_in: bool,
    /// Room that a guest enters at sign-in.
    pub room: RoomIndex,
    pub act: UserAction,
}

/// An action of an online user.
#[derive(Clone, Copy, Debug)]
pub enum UserAction {
    Quit,
    Close,
    Reset,
    /// A number of lines with one `send`, and the word in them.
    Say(usize, usize),
    All(usize),
    Message(UserIndex, usize),
    Join(RoomIndex),
    Leave(Option<RoomIndex>),
    Block(Option<UserIndex>),
    Unblock(UserIndex),
    Connect(UserIndex),
    Accept(Option<UserIndex>),
    Reject(Option<UserIndex>),
    Private(Option<UserIndex>),
    End(UserIndex),
    Chats,
    Others,
    Users,
    Members(RoomIndex),
    Rooms,
    Since,
    History(usize),
    With(UserIndex),
    Unread,
    Search(usize),
    Forget,
    /// The server restarts.
    Restart,
}

impl UserAction {
    /// Returns the typed line, if there is one. `number` makes messages different.
    pub fn typed(self, number: usize) -> Option<String> {
        let name = |user: Option<UserIndex>| user.map_or(String::new(), |user| format!(" {}", NAMES[user]));
        Some(match self {
            UserAction::Close | UserAction::Reset | UserAction::Restart => return None,
            UserAction::Quit => "/quit".into(),
            UserAction::Say(lines, word) => {
                (number..number + lines).map(|n| text(n, word)).collect::<Vec<_>>().join("\n")
            }
            UserAction::All(word) => format!("/all {}", text(number, word)),
            UserAction::Message(to, word) => format!("message {} {}", NAMES[to], text(number, word)),
            UserAction::Join(room) => format!("/join {}", ROOMS[room]),
            UserAction::Leave(room) => format!("/leave {}", room.map_or("", |room| ROOMS[room])),
            UserAction::Block(user) => format!("/block{}", name(user)),
            UserAction::Unblock(user) => format!("unblock {}", NAMES[user]),
            UserAction::Connect(user) => format!("connect to {}", NAMES[user]),
            UserAction::Accept(user) => format!("accept connection{}", name(user)),
            UserAction::Reject(user) => format!("reject connection{}", name(user)),
            UserAction::Private(Some(to)) => format!("private txt {} {}", NAMES[to], text(number, 0)),
            UserAction::Private(None) => format!("private txt m{number}"),
            UserAction::End(user) => format!("end private {}", NAMES[user]),
            UserAction::Chats => "my private chats".into(),
            UserAction::Others => "whoelse".into(),
            UserAction::Users => "/users".into(),
            UserAction::Members(room) => format!("/who {}", ROOMS[room]),
            UserAction::Rooms => "/rooms".into(),
            UserAction::Since => "whoelsesince 100000".into(),
            UserAction::History(most) => format!("/history {most}"),
            UserAction::With(user) => format!("/history with {}", NAMES[user]),
            UserAction::Unread => "/history unread".into(),
            UserAction::Search(word) => format!("/search {}", WORDS[word]),
            UserAction::Forget => "/forget".into(),
        })
    }
}

/// Returns the text of a message, a different one for each number.
pub fn text(number: usize, word: usize) -> String {
    format!("m{number} {}", WORDS[word])
}

/// Generates steps. Steps that end a lot of state, such as restarts, are rare.
pub fn steps() -> impl Strategy<Value = Vec<UserStep>> {
    let step = (0..USERS, prop::bool::weighted(0.4), 0..ROOMS.len(), act());
    let step = step.prop_map(|(user, signs_in, room, act)| UserStep { user, signs_in, room, act });
    prop::collection::vec(step, 1..=300)
}

fn act() -> impl Strategy<Value = UserAction> {
    let user = prop_oneof![12 => 0..USERS, 1 => USERS..NAMES.len()];
    let room = 0..ROOMS.len();
    let word = 0..WORDS.len();
    let maybe = prop::option::of(user.clone());
    let leaving = prop_oneof![3 => Just(UserAction::Quit), 1 => Just(UserAction::Close), 2 => Just(UserAction::Reset)];
    let asking = prop_oneof![
        Just(UserAction::Chats),
        Just(UserAction::Others),
        Just(UserAction::Users),
        room.clone().prop_map(UserAction::Members),
        Just(UserAction::Rooms),
        Just(UserAction::Since),
    ];
    let reading = prop_oneof![
        4 => (1usize..12).prop_map(UserAction::History),
        1 => user.clone().prop_map(UserAction::With),
        3 => Just(UserAction::Unread),
        2 => word.clone().prop_map(UserAction::Search),
    ];
    let private = prop_oneof![
        4 => user.clone().prop_map(UserAction::Connect),
        3 => Just(UserAction::Accept(None)),
        2 => maybe.clone().prop_map(UserAction::Accept),
        1 => maybe.clone().prop_map(UserAction::Reject),
        4 => maybe.clone().prop_map(UserAction::Private),
        1 => user.clone().prop_map(UserAction::End),
    ];
    let blocking = prop_oneof![3 => maybe.prop_map(UserAction::Block), 2 => user.clone().prop_map(UserAction::Unblock)];
    prop_oneof![
        20 => (1usize..=3, word.clone()).prop_map(|(lines, word)| UserAction::Say(lines, word)),
        6 => word.clone().prop_map(UserAction::All),
        28 => (user, word).prop_map(|(to, word)| UserAction::Message(to, word)),
        10 => room.clone().prop_map(UserAction::Join),
        5 => prop::option::of(room).prop_map(UserAction::Leave),
        12 => blocking,
        30 => private,
        12 => asking,
        16 => reading,
        1 => Just(UserAction::Forget),
        10 => leaving,
        1 => Just(UserAction::Restart),
    ]
}
