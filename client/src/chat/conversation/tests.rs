use super::*;
use crate::chat::line::Talk;

fn said(key: u64, id: Option<u64>, text: &str, delivery: Delivery) -> Line {
    let (user, text) = ("ann".into(), text.into());
    let talk = Talk { user, text, room: None, mention: false, private: false, delivery };
    Line { key, id, at: i64::try_from(key).unwrap(), body: Body::Talk(talk) }
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
    assert!(room.insert(said(1, Some(10), "a", Delivery::Heard), false));
    assert!(room.insert(said(2, Some(30), "c", Delivery::Heard), false));
    assert!(room.insert(said(3, Some(20), "b", Delivery::Heard), true));
    assert!(!room.insert(said(4, Some(20), "b", Delivery::Heard), false));
    assert_eq!(keys(&room), [1, 3, 2]);
    assert_eq!((room.oldest_id(), room.newest_id()), (Some(10), Some(30)));
}

#[test]
fn what_is_on_its_way_stays_last_and_then_takes_its_place() {
    let mut room = room();
    room.insert(said(1, Some(10), "a", Delivery::Heard), false);
    room.insert(said(2, None, "mine", Delivery::Pending), false);
    room.insert(said(3, None, "mine too", Delivery::Pending), false);
    room.insert(said(4, Some(12), "b", Delivery::Heard), false);
    assert_eq!(keys(&room), [1, 4, 2, 3]);
    room.confirm(2, 11, 0);
    assert_eq!(keys(&room), [1, 2, 4, 3]);
}

#[test]
fn the_oldest_go_first_and_the_reader_stays_where_something_is() {
    let mut room = room();
    for key in 0..LINES as u64 {
        room.insert(said(key, Some(key), "x", Delivery::Heard), false);
    }
    room.scroll = Some(Anchor { key: 0, cut: 0 });
    room.insert(said(LINES as u64, Some(LINES as u64), "x", Delivery::Heard), false);
    assert_eq!(room.lines().len(), LINES);
    assert_eq!(room.scroll, Some(Anchor { key: 1, cut: 0 }));
    assert!(!room.has(0) && room.has(1));
    room.clear();
    assert_eq!((room.lines().len(), room.weight()), (0, 0));
    assert!(room.has(1), "what was cleared does not come back by itself");
}

#[test]
fn comings_and_goings_in_a_row_are_one_line() {
    let mut room = room();
    room.presence(1, 10_000, |presence| presence.add("ann", true));
    room.presence(2, 59_999, |presence| presence.add("bob", true));
    assert_eq!((room.lines().len(), room.lines()[0].at), (1, 10_000), "the line keeps its time");
    room.presence(3, 60_000, |presence| presence.add("ann", false));
    assert_eq!(room.lines().len(), 2, "of another minute");
    room.insert(said(4, Some(1), "hi", Delivery::Heard), false);
    room.presence(5, 60_001, |presence| presence.add("bob", false));
    assert_eq!(room.lines().len(), 4, "never beyond what was said");
}
