//! Menus: they act on the user and the room that they showed, and touch no draft.

use crate::chat::conversation::ConversationId;
use crate::chat::key::{Code, Key};
use crate::chat::menu::{Choice, MenuRow, Subject};
use crate::chat::test_client::TestClient;
use landline_common::{Cause, EventKind, RoomOverview, Standing};

/// Returns a client in the lobby with bob and carol, whose rules are `rules`.
fn client(rules: RoomOverview) -> TestClient {
    let mut client = TestClient::new(80, 24);
    client.rules.insert("lobby".into(), rules);
    client.welcome();
    client.nothing_missed();
    client.answer_all();
    client.advance(6_000);
    client.receive(EventKind::Joined { user: "carol".into(), room: "lobby".into() });
    client.take_sent();
    client
}

fn owned() -> RoomOverview {
    let you = Standing { owner: true, ..Standing::default() };
    RoomOverview { owners: vec!["alice".into()], open: true, you, ..RoomOverview::default() }
}

fn keys(client: &mut TestClient, keys: &str) {
    for key in keys.chars() {
        client.press(Key::plain(match key {
            '2' if client.state.menu().is_none() => Code::F(2),
            '3' if client.state.menu().is_none() => Code::F(3),
            '⏎' => Code::Enter,
            key => Code::Char(key),
        }));
    }
}

fn about(user: &str, room: Option<&str>, message: Option<u64>) -> Subject {
    Subject::User { user: user.into(), room: room.map(Into::into), message }
}

fn rows(client: &TestClient) -> Vec<String> {
    let shown = |(row, _): (&MenuRow, bool)| format!("{} {}", row.label, row.hint).trim().to_owned();
    client.state.menu().expect("a menu").visible().map(shown).collect()
}

fn draft(client: &TestClient) -> &str {
    client.state.conversations().viewed().draft.text()
}

/// Returns what was sent, without background questions.
fn sent(client: &mut TestClient) -> Vec<String> {
    client.take_sent().into_iter().filter(|line| !line.ends_with(": /rules") && !line.starts_with("/who ")).collect()
}

#[test]
fn three_keys_act_on_a_user_and_the_draft_stays() {
    for (acts, command) in [
        ("21m", "lobby: /mute bob 10"),
        ("21M", "lobby: /mute bob"),
        ("21k", "lobby: /kick bob"),
        ("21b", "lobby: /ban bob"),
        ("21o", "lobby: /op bob"),
        ("2⏎x", "/block bob"),
        ("2ca⏎k", "lobby: /kick carol"),
    ] {
        let mut client = client(owned());
        client.type_in("half a line");
        keys(&mut client, acts);
        assert_eq!((sent(&mut client), draft(&client)), (vec![command.to_owned()], "half a line"), "{acts}");
        assert!(client.state.overlay().is_none(), "{acts}");
    }
}

#[test]
fn message_leads_to_the_conversation_and_says_nothing() {
    let mut client = client(owned());
    client.type_in("to the room");
    keys(&mut client, "21p");
    assert_eq!(client.state.conversations().viewed().id, ConversationId::user("bob"));
    assert_eq!((sent(&mut client), draft(&client)), (vec![], ""));
    client.press(Key::plain(Code::F(2)));
    let menu = client.state.menu().unwrap();
    assert_eq!(menu.subject, about("bob", None, None), "here only bob can be meant");
    assert_eq!(rows(&client).len(), 3, "{:?}", rows(&client));
    client.press(Key::plain(Code::Escape));
    client.press(Key::alt(Code::Char('1')));
    assert_eq!(draft(&client), "to the room");
}

#[test]
fn users_are_listed_by_hands_speakers_and_names_and_owners_see_all() {
    let mut rules = owned();
    rules.quiet = true;
    rules.hands = vec![("carol".into(), "a question".into())];
    rules.muted = vec!["bob".into()];
    rules.banned = vec!["mallory".into()];
    let mut client = client(rules.clone());
    client.receive(EventKind::Connected { user: "dave".into(), encrypted: false });
    keys(&mut client, "2");
    assert_eq!(rows(&client), ["carol hand 1", "bob muted", "mallory banned", "dave not in this room"]);
    keys(&mut client, "3n");
    assert_eq!(sent(&mut client), ["lobby: /unban mallory"]);
    keys(&mut client, "24i");
    assert_eq!(sent(&mut client), ["lobby: /invite dave"]);
    keys(&mut client, "22u");
    assert_eq!(sent(&mut client), ["lobby: /unmute bob"]);
    keys(&mut client, "21f");
    assert_eq!(sent(&mut client), ["lobby: /floor carol"]);
    rules.you.owner = false;
    let mut member = self::client(rules);
    member.receive(EventKind::Connected { user: "dave".into(), encrypted: false });
    keys(&mut member, "2");
    assert_eq!(rows(&member), ["carol hand 1", "bob muted"]);
    keys(&mut member, "1k");
    assert!(member.state.menu().is_some() && sent(&mut member).is_empty(), "only an owner can do that");
}

#[test]
fn events_move_neither_rows_nor_the_user() {
    let mut client = client(owned());
    keys(&mut client, "2");
    let before = rows(&client);
    for (id, user) in [(7, "aaron"), (8, "abel")] {
        client.receive(EventKind::Joined { user: user.into(), room: "lobby".into() });
        client.receive_message(id, "lobby", user, "hello");
    }
    assert_eq!(rows(&client), before);
    keys(&mut client, "1");
    client.receive(EventKind::Left { user: "carol".into(), room: "lobby".into() });
    assert_eq!(client.state.menu().unwrap().remark, None, "another user");
    client.receive(EventKind::Left { user: "bob".into(), room: "ops".into() });
    assert_eq!(client.state.menu().unwrap().remark, None, "another room");
    client.receive(EventKind::Left { user: "Bob".into(), room: "lobby".into() });
    let remark = client.state.menu().unwrap().remark.clone().unwrap();
    assert_eq!(remark, "bob has left lobby; another user may take the name");
    client.receive(EventKind::Joined { user: "bob".into(), room: "lobby".into() });
    assert!(client.state.menu().unwrap().remark.is_some(), "it may be another user");
    keys(&mut client, "b");
    assert_eq!(sent(&mut client), ["lobby: /ban bob"]);
    keys(&mut client, "2");
    client.receive(EventKind::Disconnected { user: "bob".into() });
    let Some(Choice::User(first)) = client.state.menu().unwrap().visible().next().map(|(row, _)| row.choice.clone())
    else {
        panic!("no user")
    };
    keys(&mut client, "1");
    assert_eq!(client.state.menu().unwrap().subject, about(&first, Some("lobby"), Some(8)));
}

#[test]
fn menu_tells_that_its_user_has_another_name() {
    let mut client = client(owned());
    keys(&mut client, "21");
    client.receive(EventKind::Renamed { from: "bob".into(), to: "rob".into() });
    let remark = client.state.menu().unwrap().remark.clone();
    assert_eq!(remark.as_deref(), Some("bob is now rob; another user may take the name"));
    keys(&mut client, "w");
    assert_eq!(sent(&mut client), ["/whois bob"], "never another user");
}

#[test]
fn menu_acts_in_its_room_though_another_one_is_viewed() {
    let mut client = client(owned());
    keys(&mut client, "21");
    client.receive(cause_in(Cause::KickedFromRoom, "lobby"));
    client.enter_line("k");
    assert_eq!(sent(&mut client), ["lobby: /kick bob"], "and Enter does nothing");
}

fn cause_in(cause: Cause, room: &'static str) -> EventKind<'static> {
    cause.with_room(room).into()
}

#[test]
fn room_menu_changes_rules_and_drafts_texts() {
    for (acts, command) in [("3q", "lobby: /quiet on"), ("3o", "lobby: /open off"), ("3r", "lobby: /rules")] {
        let mut client = client(owned());
        client.type_in("half a line");
        keys(&mut client, acts);
        assert_eq!((client.take_sent(), draft(&client)), (vec![command.to_owned()], "half a line"), "{acts}");
    }
    for (acts, drafted) in [("3s", "/slow 30"), ("3t", "/topic tea"), ("3k", "/key ")] {
        let mut client = client(RoomOverview { topic: Some("tea".into()), ..owned() });
        client.type_in("half a line");
        keys(&mut client, acts);
        assert_eq!((sent(&mut client), draft(&client)), (vec![], drafted), "{acts}");
        client.press(Key::plain(Code::Up));
        assert_eq!(draft(&client), "half a line", "it is not lost");
    }
    let hands = vec![("carol".into(), "a question".into()), ("bob".into(), String::new())];
    let mut client = client(RoomOverview { quiet: true, hands, ..owned() });
    client.enter_line("/room");
    keys(&mut client, "2");
    assert_eq!(sent(&mut client), ["lobby: /floor bob"]);
}

#[test]
fn room_menu_needs_a_room() {
    let mut client = client(owned());
    client.enter_line("/query bob");
    keys(&mut client, "3");
    assert!(client.state.overlay().is_none());
    let told = client.lines(&ConversationId::user("bob"));
    assert_eq!(told, ["- this is no room; Alt-1 goes to your first room"]);
    let mut mesh = TestClient::in_mesh(80, 24);
    mesh.press(Key::plain(Code::F(3)));
    assert!(mesh.state.overlay().is_none());
    mesh.press(Key::plain(Code::F(2)));
    keys(&mut mesh, "1");
    assert_eq!(rows(&mesh), ["write a message"]);
}

#[test]
fn newcomer_learns_the_rules_on_entering_and_an_owner_what_changes() {
    let mut client = client(RoomOverview { quiet: true, slow: 30, you: Standing::default(), ..owned() });
    let status = |client: &TestClient| client.state.conversations().viewed().room_status.clone();
    assert_eq!(status(&client).words(client.ms), ["quiet", "slow 30 s"]);
    assert!(status(&client).silences(client.ms));
    client.rules.insert("lobby".into(), RoomOverview { quiet: true, ..owned() });
    client.receive(by_bob(Cause::OwnerMade.with_user("alice")));
    assert_eq!(client.take_sent(), ["lobby: /rules"]);
    client.answer_all();
    assert!(!status(&client).silences(client.ms));
    for _ in 0..30 {
        client.receive(by_bob(Cause::HandRaised.with_user("carol")));
    }
    assert_eq!(client.take_sent(), [""; 0], "not for each hand");
    client.advance(3_500);
    assert_eq!(client.take_sent(), ["lobby: /rules"]);
    client.advance(30_000);
    assert_eq!(client.take_sent(), [""; 0], "nothing has changed");
}

#[test]
fn raised_hand_asks_for_its_place_when_the_floor_is_given() {
    let mut rules = RoomOverview { quiet: true, you: Standing::default(), ..owned() };
    let mut client = client(rules.clone());
    client.enter_line("/hand tea");
    client.answer("lobby: /hand tea", Cause::HandUp.with_count(2).in_room("lobby").into());
    client.receive(by_bob(Cause::FloorGiven.with_user("carol")));
    rules.you.hand = Some(1);
    client.rules.insert("lobby".into(), rules);
    client.advance(4_000);
    let caution = client.state.conversations().viewed().room_status.caution(client.ms);
    assert_eq!(caution.as_deref(), Some("your hand is up, 1 before you; /hand takes it down"));
    keys(&mut client, "3");
    assert!(rows(&client).contains(&"take your hand down".to_owned()), "{:?}", rows(&client));
}

#[test]
fn new_owner_asks_again_if_an_older_answer_is_under_way() {
    let member = RoomOverview { quiet: true, you: Standing::default(), ..owned() };
    let mut client = client(member.clone());
    client.receive(by_bob(Cause::UserMuted.with_user("alice")));
    assert_eq!(client.take_sent(), ["lobby: /rules"]);
    client.advance_silently(4_000);
    client.receive(by_bob(Cause::OwnerMade.with_user("alice")));
    let older = EventKind::Rules { room: "lobby".into(), rules: Box::new(member.clone()) };
    client.answer("lobby: /rules", older);
    client.rules.insert("lobby".into(), RoomOverview { hands: vec![("bob".into(), "tea".into())], ..owned() });
    client.advance(4_000);
    assert_eq!(client.state.conversations().viewed().room_status.hands().len(), 1);
    keys(&mut client, "3");
    assert_eq!(rows(&client)[0], "floor to bob tea");
}

#[test]
fn owner_of_the_server_runs_the_room_at_once() {
    let mut client = client(RoomOverview { you: Standing::default(), ..owned() });
    keys(&mut client, "21");
    assert_eq!(rows(&client).len(), 3);
    client.press(Key::plain(Code::Escape));
    client.rules.insert("lobby".into(), owned());
    client.receive(Cause::ServerOwned.report().into());
    assert_eq!(client.take_sent(), ["lobby: /rules"]);
    client.answer_all();
    keys(&mut client, "21");
    assert_eq!(rows(&client).len(), 8, "{:?}", rows(&client));
}

#[test]
fn owner_of_the_server_takes_the_floor_back_and_bans_from_the_server() {
    let server_owners = vec!["alice".into(), "carol".into()];
    let mut client = client(RoomOverview { quiet: true, floor: vec!["bob".into()], server_owners, ..owned() });
    keys(&mut client, "2");
    assert_eq!(rows(&client), ["bob floor", "carol owner"]);
    keys(&mut client, "1F");
    assert_eq!(sent(&mut client), ["lobby: /floor bob 0"]);
    keys(&mut client, "21B");
    assert_eq!(sent(&mut client), ["/ban bob everywhere"]);
    keys(&mut client, "22B");
    assert!(client.state.menu().is_some() && sent(&mut client).is_empty(), "not another owner");
}

fn by_bob(mut report: landline_common::Report<'static>) -> EventKind<'static> {
    report.about.by = Some("bob".into());
    report.about.room = Some("lobby".into());
    report.into()
}

#[test]
fn server_of_an_earlier_version_is_asked_once() {
    let mut client = TestClient::signed_in(80, 24);
    client.advance(30_000);
    assert_eq!(client.take_sent(), [""; 0]);
    assert!(client.lobby().is_empty(), "{:?}", client.lobby());
}

#[test]
fn typed_rules_are_shown_in_words() {
    let mut client = client(owned());
    client.enter_line("/rules");
    client.answer_all();
    assert_eq!(client.lobby().len(), 5, "{:?}", client.lobby());
    assert_eq!(client.lobby()[1], "- lobby is run by: alice");
}

#[test]
fn keys_over_a_menu_reach_neither_draft_nor_room() {
    let mut client = client(owned());
    keys(&mut client, "21");
    for key in [Key::plain(Code::Tab), Key::plain(Code::F(1)), Key::alt(Code::Char('2')), Key::plain(Code::Char('?'))] {
        client.press(key);
        assert!(client.state.menu().is_some(), "{key:?}");
    }
    client.press(Key::plain(Code::Escape));
    assert_eq!((sent(&mut client), client.state.overlay(), draft(&client)), (vec![], None, ""));
}
