use super::*;
use crate::chat::line::ChatMessage;

fn message_line(key: u64, id: Option<u64>, text: &str, delivery: Delivery) -> Line {
    let (user, text) = ("ann".into(), text.into());
    let message = ChatMessage { user, text, room: None, mention: false, edited: false, private: false, delivery };
    Line { key, id, at: i64::try_from(key).unwrap(), body: Body::Message(message) }
}

fn keys(conversation: &Conversation) -> Vec<u64> {
    conversation.lines().iter().map(|line| line.key).collect()
}

fn room() -> Conversation {
    Conversation::new(ConversationId::room("Ops"), "Ops")
}

#[test]
fn messages_are_sorted_by_id_and_never_duplicated() {
    let mut room = room();
    assert!(room.insert(message_line(1, Some(10), "a", Delivery::Received), false));
    assert!(room.insert(message_line(2, Some(30), "c", Delivery::Received), false));
    assert!(room.insert(message_line(3, Some(20), "b", Delivery::Received), true));
    assert!(!room.insert(message_line(4, Some(20), "b", Delivery::Received), false));
    assert_eq!(keys(&room), [1, 3, 2]);
    assert_eq!((room.oldest_id(), room.newest_id()), (Some(10), Some(30)));
}

#[test]
fn undelivered_messages_stay_last_until_confirmed() {
    let mut room = room();
    room.insert(message_line(1, Some(10), "a", Delivery::Received), false);
    room.insert(message_line(2, None, "mine", Delivery::Pending), false);
    room.insert(message_line(3, None, "mine too", Delivery::Pending), false);
    room.insert(message_line(4, Some(12), "b", Delivery::Received), false);
    assert_eq!(keys(&room), [1, 4, 2, 3]);
    room.confirm(2, 11, 0);
    assert_eq!(keys(&room), [1, 2, 4, 3]);
}

#[test]
fn the_oldest_lines_are_dropped_and_the_scroll_position_stays_valid() {
    let mut room = room();
    for key in 0..MAX_LINES as u64 {
        room.insert(message_line(key, Some(key), "x", Delivery::Received), false);
    }
    room.scroll = Some(Anchor { key: 0, rows_below: 0 });
    room.insert(message_line(MAX_LINES as u64, Some(MAX_LINES as u64), "x", Delivery::Received), false);
    assert_eq!(room.lines().len(), MAX_LINES);
    assert_eq!(room.scroll, Some(Anchor { key: 1, rows_below: 0 }));
    assert!(!room.contains_id(0) && room.contains_id(1));
    room.clear();
    assert_eq!((room.lines().len(), room.size_bytes()), (0, 0));
    assert!(room.contains_id(1), "cleared messages do not come back by themselves");
}

#[test]
fn consecutive_joins_and_leaves_share_a_line() {
    let mut room = room();
    room.add_presence(1, 10_000, |presence| presence.add("ann", true));
    room.add_presence(2, 59_999, |presence| presence.add("bob", true));
    assert_eq!((room.lines().len(), room.lines()[0].at), (1, 10_000), "the line keeps its time");
    room.add_presence(3, 60_000, |presence| presence.add("ann", false));
    assert_eq!(room.lines().len(), 2, "another minute begins another line");
    room.insert(message_line(4, Some(1), "hi", Delivery::Received), false);
    room.add_presence(5, 60_001, |presence| presence.add("bob", false));
    assert_eq!(room.lines().len(), 4, "a message ends the line");
}
