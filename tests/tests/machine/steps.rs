//! What people may do, in any order: every step means something whatever came before it.

use proptest::prelude::*;

/// One of [`NAMES`].
pub type UserIndex = usize;
/// One of [`ROOMS`].
pub type RoomIndex = usize;

/// Those who come and go. The first [`ACCOUNTS`] have accounts, the last one never comes.
pub const NAMES: [&str; 6] = ["alice", "bob", "carol", "dave", "eve", "zoe"];
/// How many have accounts.
pub const ACCOUNTS: usize = 3;
/// How many come at all.
pub const PEOPLE: usize = 5;
/// Where they meet; accounts come into the first.
pub const ROOMS: [&str; 3] = ["lobby", "ops", "dev"];
/// The words that messages are searched by.
pub const WORDS: [&str; 2] = ["red", "blue"];

/// What one person does next.
#[derive(Clone, Debug)]
pub struct UserStep {
    pub user: UserIndex,
    /// Who is away does nothing but come, if this is true.
    pub signs_in: bool,
    /// Into which room, if they are a guest.
    pub room: RoomIndex,
    pub act: UserAction,
}

/// What somebody who is here can do.
#[derive(Clone, Copy, Debug)]
pub enum UserAction {
    Quit,
    Close,
    Reset,
    /// So many lines with one `send`.
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
    /// The server ends and starts again.
    Restart,
}

impl UserAction {
    /// What is typed for it, if anything is. `number` tells messages apart.
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

/// The text of a message: no two are the same.
pub fn text(number: usize, word: usize) -> String {
    format!("m{number} {}", WORDS[word])
}

/// Any steps. What is rarer is what ends much of what the others are about.
pub fn steps() -> impl Strategy<Value = Vec<UserStep>> {
    let step = (0..PEOPLE, prop::bool::weighted(0.4), 0..ROOMS.len(), act());
    let step = step.prop_map(|(user, signs_in, room, act)| UserStep { user, signs_in, room, act });
    prop::collection::vec(step, 1..=300)
}

fn act() -> impl Strategy<Value = UserAction> {
    let user = prop_oneof![12 => 0..PEOPLE, 1 => PEOPLE..NAMES.len()];
    let (room, word) = (0..ROOMS.len(), 0..WORDS.len());
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
