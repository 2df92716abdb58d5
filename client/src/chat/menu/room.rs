//! The menu about a room: its rules for owners, and what every member may do.

use super::{Choice, Menu, MenuRow, Subject};
use crate::chat::conversation::Conversation;
use crate::chat::room_status::RoomStatus;
use landline_common::clean::flatten;
use landline_common::command::{Command, MessageRef, RoomAction};

/// Hands in the menu: as many as have a digit.
const MAX_HANDS: usize = 9;

/// A change of a room, or a question about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomAct {
    /// Show the rules.
    Rules,
    /// Raise the user's hand, or take it down.
    Hand,
    /// Let only owners and users with the floor speak, or all.
    Quiet(bool),
    /// End slow mode.
    SlowOff,
    /// Open the room to all users, or to invited ones only.
    Open(bool),
    /// Remove the key word.
    KeyOff,
    /// Give the floor to a user whose hand is up.
    Floor(Box<str>),
    /// Remove this message of the user.
    TakeBack(u64),
    /// Keep this message on top.
    Pin(u64),
    /// Keep no message on top.
    Unpin,
    /// Show all messages with their ids.
    Transcript,
}

impl RoomAct {
    /// Returns the command for the server.
    #[must_use]
    pub fn command<'a>(&'a self, room: &'a str) -> Command<'a> {
        let action = match self {
            RoomAct::Rules => RoomAction::Rules,
            RoomAct::Hand => RoomAction::Hand(None),
            RoomAct::Quiet(quiet) => RoomAction::Quiet(*quiet),
            RoomAct::SlowOff => RoomAction::Slow(0),
            RoomAct::Open(open) => RoomAction::Open(*open),
            RoomAct::KeyOff => RoomAction::Key(None),
            RoomAct::TakeBack(id) => RoomAction::Delete { message: MessageRef::Id(*id), minutes: None },
            RoomAct::Pin(id) => RoomAction::Pin(MessageRef::Id(*id)),
            RoomAct::Unpin => RoomAction::Unpin,
            RoomAct::Transcript => RoomAction::Transcript { after: None },
            RoomAct::Floor(user) => RoomAction::Floor { user: Some(user), minutes: None },
        };
        Command::InRoom { room: Some(room), action }
    }
}

/// The newest messages of a room, by their ids and texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Newest {
    /// Of the user.
    pub own: Option<(u64, String)>,
    /// Of any user, with the name in the text.
    pub any: Option<(u64, String)>,
}

impl Newest {
    /// Returns those of a conversation.
    #[must_use]
    pub fn of(conversation: &Conversation) -> Newest {
        let own = conversation.newest_own().map(|(id, message)| (id, flatten(&message.text).into_owned()));
        let any = conversation.newest_of(None);
        let any = any.map(|(id, message)| (id, format!("{}: {}", message.user, flatten(&message.text))));
        Newest { own, any }
    }
}

/// Creates the menu about a room.
#[must_use]
pub fn room(name: &str, status: &RoomStatus, newest: &Newest) -> Menu {
    let mut rows = if status.is_owner() { rows_of_owner(status, newest) } else { rows_of_member(status) };
    if let Some((id, text)) = &newest.own {
        rows.push(row('e', "change your message…", text, Choice::Edit));
        rows.push(row('z', "take your message back", text, Choice::Run(RoomAct::TakeBack(*id))));
    }
    Menu::new(Subject::Room(name.into()), format!(" The room {name} "), rows)
}

fn row(key: char, label: impl Into<String>, hint: impl Into<String>, choice: Choice) -> MenuRow {
    MenuRow { key: Some(key), label: label.into(), hint: hint.into(), choice }
}

fn rows_of_member(status: &RoomStatus) -> Vec<MenuRow> {
    let mut rows =
        vec![row('r', "show the rules", "owners, topic, who may enter and speak", Choice::Run(RoomAct::Rules))];
    if status.is_quiet() {
        rows.push(row('h', "raise your hand…", "asks the owners for the floor", Choice::Draft("/hand ".to_owned())));
        rows.push(match status.has_hand_up() {
            true => row('H', "take your hand down", "", Choice::Run(RoomAct::Hand)),
            false => row('H', "raise your hand", "without a text", Choice::Run(RoomAct::Hand)),
        });
    }
    rows.push(row('u', "choose a user", "also F2", Choice::Members));
    rows
}

fn rows_of_owner(status: &RoomStatus, newest: &Newest) -> Vec<MenuRow> {
    let digits = ('1'..='9').take(MAX_HANDS);
    let mut rows: Vec<MenuRow> = digits
        .zip(status.hands())
        .map(|(digit, hand)| {
            let floor = Choice::Run(RoomAct::Floor(hand.user.clone()));
            row(digit, format!("floor to {}", hand.user), &*hand.text, floor)
        })
        .collect();
    rows.push(match status.is_quiet() {
        false => {
            row('q', "make it quiet", "only owners and users with the floor speak", Choice::Run(RoomAct::Quiet(true)))
        }
        true => row('q', "end the quiet", "all users speak", Choice::Run(RoomAct::Quiet(false))),
    });
    rows.push(match status.is_slow() {
        false => row('s', "slow mode…", "one message of a user every 30 s", Choice::Draft("/slow 30".to_owned())),
        true => row('s', "end slow mode", "", Choice::Run(RoomAct::SlowOff)),
    });
    let topic = status.topic().unwrap_or_default();
    rows.push(row('t', "topic…", topic, Choice::Draft(format!("/topic {topic}"))));
    rows.push(match status.is_closed() {
        false => row('o', "close it", "only invited users enter", Choice::Run(RoomAct::Open(false))),
        true => row('o', "open it", "not only invited users enter", Choice::Run(RoomAct::Open(true))),
    });
    rows.push(match status.has_key() {
        false => row('k', "key word…", "newcomers must know it", Choice::Draft("/key ".to_owned())),
        true => row('k', "remove the key word", "", Choice::Run(RoomAct::KeyOff)),
    });
    match (status.pin(), &newest.any) {
        (Some(pin), _) => rows.push(row('p', "unpin the message", &*pin.text, Choice::Run(RoomAct::Unpin))),
        (None, Some((id, text))) => rows.push(row('p', "pin the message", text, Choice::Run(RoomAct::Pin(*id)))),
        (None, None) => {}
    }
    rows.push(row('r', "show the rules", "owners, banned and muted users", Choice::Run(RoomAct::Rules)));
    rows.push(row('a', "show all messages", "with ids for /delete and /pin", Choice::Run(RoomAct::Transcript)));
    rows.push(row('u', "choose a user", "mute, kick, ban, …; also F2", Choice::Members));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::RoomOverview;
    use landline_common::room_overview::{PinnedMessage, Standing};

    fn keys(rules: &RoomOverview) -> String {
        room("ops", &RoomStatus::of(rules, 0), &Newest::default()).visible().filter_map(|(row, _)| row.key).collect()
    }

    fn chosen(rules: &RoomOverview, key: char) -> Choice {
        let newest = Newest { own: Some((7, "mine".into())), any: Some((8, "bob: his".into())) };
        let menu = room("ops", &RoomStatus::of(rules, 0), &newest);
        menu.visible().find(|(row, _)| row.key == Some(key)).map(|(row, _)| row.choice.clone()).unwrap()
    }

    #[test]
    fn members_see_only_what_they_may_do() {
        let open = RoomOverview { open: true, ..RoomOverview::default() };
        assert_eq!(keys(&open), "ru");
        assert_eq!(chosen(&open, 'z'), Choice::Run(RoomAct::TakeBack(7)), "the user's own message");
        assert_eq!(keys(&RoomOverview { quiet: true, ..open }), "rhHu");
    }

    #[test]
    fn owner_changes_each_rule_and_gives_the_floor_by_the_order_of_the_hands() {
        let hands = (0..12).map(|n| (format!("user{n}"), format!("question {n}"))).collect();
        let you = Standing { owner: true, ..Standing::default() };
        let none = RoomOverview { open: true, you, ..RoomOverview::default() };
        assert_eq!(keys(&none), "qstokrau");
        assert_eq!(chosen(&none, 'z'), Choice::Run(RoomAct::TakeBack(7)));
        assert_eq!(chosen(&none, 'p'), Choice::Run(RoomAct::Pin(8)));
        let pin = Some(PinnedMessage { id: 3, ..PinnedMessage::default() });
        assert_eq!(chosen(&RoomOverview { pin, ..none.clone() }, 'p'), Choice::Run(RoomAct::Unpin));
        assert_eq!(chosen(&none, 'q'), Choice::Run(RoomAct::Quiet(true)));
        assert_eq!(chosen(&none, 's'), Choice::Draft("/slow 30".to_owned()));
        assert_eq!(chosen(&none, 'o'), Choice::Run(RoomAct::Open(false)));
        assert_eq!(chosen(&none, 'k'), Choice::Draft("/key ".to_owned()));
        let topic = Some("tea".to_owned());
        let all = RoomOverview { open: false, has_key: true, quiet: true, slow: 5, topic, hands, ..none };
        assert_eq!(keys(&all), "123456789qstokrau");
        assert_eq!(chosen(&all, '2'), Choice::Run(RoomAct::Floor("user1".into())));
        assert_eq!(chosen(&all, 'q'), Choice::Run(RoomAct::Quiet(false)));
        assert_eq!(chosen(&all, 's'), Choice::Run(RoomAct::SlowOff));
        assert_eq!(chosen(&all, 't'), Choice::Draft("/topic tea".to_owned()));
        assert_eq!(chosen(&all, 'o'), Choice::Run(RoomAct::Open(true)));
        assert_eq!(chosen(&all, 'k'), Choice::Run(RoomAct::KeyOff));
    }
}
