use super::*;
use crate::chat::line::ChatMessage;

fn said(key: u64, id: Option<u64>, text: &str, delivery: Delivery) -> Line {
    let (user, text) = ("ann".into(), text.into());
    let message = ChatMessage { user, text, room: None, mention: false, private: false, delivery };
    Line { key, id, at: i64::try_from(key).unwrap(), body: Body::Message(message) }
}

fn keys(conversation: &Conversation) -> Vec<u64> {
    conversation.lines().iter().map(|line| line.key).collect()
}

fn room() -> Conversation {
    Conversation::new(ConversationId::room("Ops"), "Ops")
}

#[test]
fn a_message_is_there_once_and_in_the_order_of_ids() {
    let mut room = room();
    assert!(room.insert(said(1, Some(10), "a", Delivery::Received), false));
    assert!(room.insert(said(2, Some(30), "c", Delivery::Received), false));
    assert!(room.insert(said(3, Some(20), "b", Delivery::Received), true));
    assert!(!room.insert(said(4, Some(20), "b", Delivery::Received), false));
    assert_eq!(keys(&room), [1, 3, 2]);
    assert_eq!((room.oldest_id(), room.newest_id()), (Some(10), Some(30)));
}

#[test]
fn what_is_on_its_way_stays_last_and_then_takes_its_place() {
    let mut room = room();
    room.insert(said(1, Some(10), "a", Delivery::Received), false);
    room.insert(said(2, None, "mine", Delivery::Pending), false);
    room.insert(said(3, None, "mine too", Delivery::Pending), false);
    room.insert(said(4, Some(12), "b", Delivery::Received), false);
    assert_eq!(keys(&room), [1, 4, 2, 3]);
    room.confirm(2, 11, 0);
    assert_eq!(keys(&room), [1, 2, 4, 3]);
}

#[test]
fn the_oldest_go_first_and_the_reader_stays_where_something_is() {
    let mut room = room();
    for key in 0..MAX_LINES as u64 {
        room.insert(said(key, Some(key), "x", Delivery::Received), false);
    }
    room.scroll = Some(Anchor { key: 0, rows_below: 0 });
    room.insert(said(MAX_LINES as u64, Some(MAX_LINES as u64), "x", Delivery::Received), false);
    assert_eq!(room.lines().len(), MAX_LINES);
    assert_eq!(room.scroll, Some(Anchor { key: 1, rows_below: 0 }));
    assert!(!room.contains_id(0) && room.contains_id(1));
    room.clear();
    assert_eq!((room.lines().len(), room.weight()), (0, 0));
    assert!(room.contains_id(1), "what was cleared does not come back by itself");
}

#[test]
fn comings_and_goings_in_a_row_are_one_line() {
    let mut room = room();
    room.add_presence(1, 10_000, |presence| presence.add("ann", true));
    room.add_presence(2, 59_999, |presence| presence.add("bob", true));
    assert_eq!((room.lines().len(), room.lines()[0].at), (1, 10_000), "the line keeps its time");
    room.add_presence(3, 60_000, |presence| presence.add("ann", false));
    assert_eq!(room.lines().len(), 2, "of another minute");
    room.insert(said(4, Some(1), "hi", Delivery::Received), false);
    room.add_presence(5, 60_001, |presence| presence.add("bob", false));
    assert_eq!(room.lines().len(), 4, "never beyond what was said");
}
