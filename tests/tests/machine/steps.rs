//! What people may do, in any order: every step means something whatever came before it.

use proptest::prelude::*;

/// One of [`NAMES`].
pub type Who = usize;
/// One of [`ROOMS`].
pub type Place = usize;

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
pub struct Step {
    pub who: Who,
    /// Who is away does nothing but come, if this is true.
    pub comes: bool,
    /// Into which room, if they are a guest.
    pub room: Place,
    pub act: Act,
}

/// What somebody who is here can do.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    Quit,
    Close,
    Reset,
    /// So many lines with one `send`.
    Say(usize, usize),
    All(usize),
    Message(Who, usize),
    Join(Place),
    Leave(Option<Place>),
    Block(Option<Who>),
    Unblock(Who),
    Connect(Who),
    Accept(Option<Who>),
    Reject(Option<Who>),
    Private(Option<Who>),
    End(Who),
    Chats,
    Others,
    Users,
    Members(Place),
    Rooms,
    Since,
    History(usize),
    With(Who),
    Unread,
    Search(usize),
    Forget,
    /// The server ends and starts again.
    Restart,
}

impl Act {
    /// What is typed for it, if anything is. `number` tells messages apart.
    pub fn typed(self, number: usize) -> Option<String> {
        let name = |who: Option<Who>| who.map_or(String::new(), |who| format!(" {}", NAMES[who]));
        Some(match self {
            Act::Close | Act::Reset | Act::Restart => return None,
            Act::Quit => "/quit".into(),
            Act::Say(lines, word) => (number..number + lines).map(|n| text(n, word)).collect::<Vec<_>>().join("\n"),
            Act::All(word) => format!("/all {}", text(number, word)),
            Act::Message(to, word) => format!("message {} {}", NAMES[to], text(number, word)),
            Act::Join(room) => format!("/join {}", ROOMS[room]),
            Act::Leave(room) => format!("/leave {}", room.map_or("", |room| ROOMS[room])),
            Act::Block(who) => format!("/block{}", name(who)),
            Act::Unblock(who) => format!("unblock {}", NAMES[who]),
            Act::Connect(who) => format!("connect to {}", NAMES[who]),
            Act::Accept(who) => format!("accept connection{}", name(who)),
            Act::Reject(who) => format!("reject connection{}", name(who)),
            Act::Private(Some(to)) => format!("private txt {} {}", NAMES[to], text(number, 0)),
            Act::Private(None) => format!("private txt m{number}"),
            Act::End(who) => format!("end private {}", NAMES[who]),
            Act::Chats => "my private chats".into(),
            Act::Others => "whoelse".into(),
            Act::Users => "/users".into(),
            Act::Members(room) => format!("/who {}", ROOMS[room]),
            Act::Rooms => "/rooms".into(),
            Act::Since => "whoelsesince 100000".into(),
            Act::History(most) => format!("/history {most}"),
            Act::With(who) => format!("/history with {}", NAMES[who]),
            Act::Unread => "/history unread".into(),
            Act::Search(word) => format!("/search {}", WORDS[word]),
            Act::Forget => "/forget".into(),
        })
    }
}

/// The text of a message: no two are the same.
pub fn text(number: usize, word: usize) -> String {
    format!("m{number} {}", WORDS[word])
}

/// Any steps. What is rarer is what ends much of what the others are about.
pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..PEOPLE, prop::bool::weighted(0.4), 0..ROOMS.len(), act());
    let step = step.prop_map(|(who, comes, room, act)| Step { who, comes, room, act });
    prop::collection::vec(step, 1..=300)
}

fn act() -> impl Strategy<Value = Act> {
    let who = prop_oneof![12 => 0..PEOPLE, 1 => PEOPLE..NAMES.len()];
    let (room, word) = (0..ROOMS.len(), 0..WORDS.len());
    let maybe = prop::option::of(who.clone());
    let leaving = prop_oneof![3 => Just(Act::Quit), 1 => Just(Act::Close), 2 => Just(Act::Reset)];
    let asking = prop_oneof![
        Just(Act::Chats),
        Just(Act::Others),
        Just(Act::Users),
        room.clone().prop_map(Act::Members),
        Just(Act::Rooms),
        Just(Act::Since),
    ];
    let reading = prop_oneof![
        4 => (1usize..12).prop_map(Act::History),
        1 => who.clone().prop_map(Act::With),
        3 => Just(Act::Unread),
        2 => word.clone().prop_map(Act::Search),
    ];
    let private = prop_oneof![
        4 => who.clone().prop_map(Act::Connect),
        3 => Just(Act::Accept(None)),
        2 => maybe.clone().prop_map(Act::Accept),
        1 => maybe.clone().prop_map(Act::Reject),
        4 => maybe.clone().prop_map(Act::Private),
        1 => who.clone().prop_map(Act::End),
    ];
    let blocking = prop_oneof![3 => maybe.prop_map(Act::Block), 2 => who.clone().prop_map(Act::Unblock)];
    prop_oneof![
        20 => (1usize..=3, word.clone()).prop_map(|(lines, word)| Act::Say(lines, word)),
        6 => word.clone().prop_map(Act::All),
        28 => (who, word).prop_map(|(to, word)| Act::Message(to, word)),
        10 => room.clone().prop_map(Act::Join),
        5 => prop::option::of(room).prop_map(Act::Leave),
        12 => blocking,
        30 => private,
        12 => asking,
        16 => reading,
        1 => Just(Act::Forget),
        10 => leaving,
        1 => Just(Act::Restart),
    ]
}
