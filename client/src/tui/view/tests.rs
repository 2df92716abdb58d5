//! The screens as people see them. `cargo insta review` shows what changed.

use super::super::theme::{Depth, Theme};
use super::draw;
use crate::chat::key::{Code, Key};
use crate::chat::test_client::TestClient;
use crate::chat::{Input, State};
use crate::connection::Loss;
use crate::palette::Palette;
use insta::assert_snapshot;
use landline_common::EventKind;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use unicode_width::UnicodeWidthStr;

fn painted(state: &State, palette: Palette) -> (Buffer, Option<(u16, u16)>) {
    let geometry = state.geometry();
    let area = Rect::new(0, 0, geometry.width.try_into().unwrap(), geometry.height.try_into().unwrap());
    let mut buffer = Buffer::empty(area);
    let cursor = draw(state, &Theme::new(palette, Depth::Sixteen), area, &mut buffer);
    (buffer, cursor.map(|at| (at.x, at.y)))
}

/// The screen as text, with a block where the cursor is.
fn screen(desk: &TestClient) -> String {
    let (buffer, cursor) = painted(&desk.state, Palette::Dark);
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut x = 0;
        let mut row = String::new();
        while x < buffer.area.width {
            let symbol = if cursor == Some((x, y)) { "█" } else { buffer[(x, y)].symbol() };
            row.push_str(symbol);
            x += u16::try_from(symbol.width().max(1)).unwrap();
        }
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}

const SIZES: [(usize, usize); 3] = [(60, 15), (80, 24), (120, 40)];

/// A morning in the lobby.
fn talk(width: usize, height: usize) -> TestClient {
    let mut desk = TestClient::signed_in(width, height);
    desk.said(1, "lobby", "bob", "good morning! did anybody see the printer on the second floor?");
    desk.said(2, "lobby", "bob", "it was there yesterday");
    desk.pass(60_000);
    desk.hear(EventKind::Joined { user: "carol".into(), room: "lobby".into() });
    desk.hear(EventKind::Joined { user: "dave".into(), room: "lobby".into() });
    desk.hear(EventKind::Disconnected { user: "bob".into() });
    desk.said(
        3,
        "lobby",
        "carol",
        "alice took it to the lab, because the one there has been out of toner since Monday and the students needed \
         their handouts before nine",
    );
    desk.pass(60_000);
    desk.enter("I did, it is back at noon");
    desk.echo(4, "lobby", "I did, it is back at noon");
    desk.said(5, "lobby", "dave", "thanks");
    desk.hear(EventKind::Direct { id: 6, from: "dave".into(), text: "coffee?".into(), kept: false });
    desk.enter("/join ops");
    desk.entered("ops");
    desk.answer_all();
    desk.press(Key::alt(Code::Char('1')));
    desk.said(7, "ops", "erin", "the switch in room 4 reboots at 12:00");
    desk.said(8, "ops", "erin", "alice: is that fine with you?");
    desk.type_in("let me ch");
    desk
}

#[test]
fn the_lobby() {
    for (width, height) in SIZES {
        assert_snapshot!(format!("lobby_{width}x{height}"), screen(&talk(width, height)));
    }
}

#[test]
fn every_script_has_its_width() {
    for (width, height) in SIZES {
        let mut desk = TestClient::signed_in(width, height);
        desk.said(
            1,
            "lobby",
            "田中さくら",
            "おはようございます。今日の会議は二階の会議室で十時から始まります。資料を忘れないでください。",
        );
        desk.said(2, "lobby", "Maximilian_von_Habsburg1", "a name as long as names may be");
        desk.said(3, "lobby", "zoë", "👩‍👩‍👧 family, 👍🏽 thumbs, 🇩🇪 flag, e\u{301}te\u{301} composed, ﷽ wide");
        desk.said(4, "lobby", "مريم", "مرحبا بالجميع");
        desk.said(5, "lobby", "bob", &"wideunbrokenword".repeat(12));
        desk.type_in("日本語を打つ");
        assert_snapshot!(format!("scripts_{width}x{height}"), screen(&desk));
    }
}

#[test]
fn a_paste_is_asked_about() {
    for (width, height) in SIZES {
        let mut desk = talk(width, height);
        let code =
            "fn main() {\n    let answer = 42;\n    println!(\"{answer}\");\n}\n\n// and so on\n// and on\n// and on";
        desk.step(Input::Paste(code.into()));
        assert_snapshot!(format!("paste_{width}x{height}"), screen(&desk));
    }
}

#[test]
fn a9_several_lines_in_one_message() {
    for (width, height) in SIZES {
        let mut desk = talk(width, height);
        let code = "def deploy(rooms):\n    for room in rooms:\n        if room.is_ready():\n            \
                    deploy_everything_to_the_room_and_tell_those_who_wait_for_it(room)\n\n    return True";
        desk.said(9, "lobby", "dave", code);
        desk.said(10, "lobby", "dave", "does that work?");
        desk.press(Key::ctrl('u'));
        desk.step(Input::Paste("yes:\n    $ make deploy\nnothing more".into()));
        desk.press(Key::plain(Code::Up));
        assert_snapshot!(format!("several_lines_{width}x{height}"), screen(&desk));
    }
}

#[test]
fn what_a_paste_loses_and_that_it_is_split_is_said() {
    for (width, height) in SIZES {
        let mut desk = talk(width, height);
        desk.step(Input::Burst("\u{7}some words that were pasted\r".repeat(4_000)));
        assert_snapshot!(format!("long_paste_{width}x{height}"), screen(&desk));
    }
}

#[test]
fn without_a_connection() {
    for (width, height) in SIZES {
        let mut desk = talk(width, height);
        desk.press(Key::ctrl('u'));
        desk.enter("was that heard?");
        desk.down("the connection broke: reset by peer", Loss::Server);
        desk.down("no server answers", Loss::Server);
        desk.enter("this waits until there is a connection again");
        desk.pass(800);
        assert_snapshot!(format!("reconnect_{width}x{height}"), screen(&desk));
    }
}

#[test]
fn what_failed_says_why() {
    let mut desk = TestClient::signed_in(60, 15);
    desk.enter("/query nobdy are you there? I wanted to ask about the printer");
    desk.answer("/pm nobdy", landline_common::Cause::NoSuchUser.of_user("nobdy").into());
    desk.enter("/jion ops");
    assert_snapshot!(screen(&desk));
}

#[test]
fn the_help() {
    for (width, height) in SIZES {
        let mut desk = talk(width, height);
        desk.press(Key::plain(Code::F(1)));
        assert_snapshot!(format!("help_{width}x{height}"), screen(&desk));
    }
}

#[test]
fn mentions() {
    for (width, height) in SIZES {
        let mut desk = talk(width, height);
        desk.press(Key::alt(Code::Char('m')));
        assert_snapshot!(format!("mentions_{width}x{height}"), screen(&desk));
    }
}

#[test]
fn reading_back_while_others_talk() {
    for (width, height) in SIZES {
        let mut desk = TestClient::signed_in(width, height);
        for id in 1..100 {
            desk.said(id, "lobby", if id % 7 < 4 { "bob" } else { "carol" }, &format!("message number {id}"));
        }
        desk.press(Key::plain(Code::PageUp));
        for id in 100..112 {
            desk.said(id, "lobby", "bob", "something new");
        }
        assert_snapshot!(format!("back_{width}x{height}"), screen(&desk));
    }
}

#[test]
fn a_direct_chat_is_asked_for() {
    for (width, height) in SIZES {
        let mut desk = talk(width, height);
        desk.hear(EventKind::DirectRequest { from: "carol".into(), key: "00".into() });
        desk.press(Key::alt(Code::Char('4')));
        assert_snapshot!(format!("direct_request_{width}x{height}"), screen(&desk));
    }
}

#[test]
fn a_chat_that_opened_elsewhere_stands_in_the_status_line() {
    for (width, shown) in [(80, "carol is in the off-the-record chat: Alt-a"), (45, "chat open: Alt-a")] {
        let mut desk = TestClient::signed_in(width, 24);
        desk.hear(EventKind::PrivateConnected { with: "carol".into() });
        assert!(screen(&desk).contains(&format!("· {shown}")), "{}", screen(&desk));
        desk.press(Key::alt(Code::Char('a')));
        assert!(!screen(&desk).contains(shown));
    }
}

#[test]
fn a_direct_chat_shows_what_to_compare() {
    for (width, height) in SIZES {
        let mut desk = talk(width, height);
        let fingerprint = "30142 96127 00519 88204 61735 20960 47113 05528";
        desk.hear(EventKind::DirectConnected { with: "carol".into(), fingerprint: fingerprint.into() });
        desk.press(Key::alt(Code::Char('4')));
        desk.hear(EventKind::DirectTalk {
            with: "carol".into(),
            own: false,
            text: "mine begin with 30142, too".into(),
        });
        desk.enter("and end with 05528");
        let gone = EventKind::DirectTalk { with: "carol".into(), own: true, text: "and end with 05528".into() };
        desk.answer("/direct-say carol and end", gone);
        desk.down("the server does not answer", Loss::Server);
        desk.enter("the server is gone, and we are not");
        assert_snapshot!(format!("direct_{width}x{height}"), screen(&desk));
    }
}

#[test]
fn what_is_new_has_a_rule_above() {
    let mut desk = talk(80, 24);
    desk.press(Key::alt(Code::Char('2')));
    desk.press(Key::alt(Code::Char('1')));
    desk.said(20, "ops", "erin", "it is back");
    desk.press(Key::alt(Code::Char('2')));
    assert_snapshot!(screen(&desk));
}

#[test]
fn long_lines_are_typed_in_several_rows() {
    let mut desk = TestClient::signed_in(60, 15);
    desk.type_in(&"a long line that goes on and on ".repeat(5));
    assert_snapshot!(screen(&desk));
}

#[test]
fn of_a_password_its_length_is_shown() {
    for (width, height) in [(80, 24), (30, 8), (20, 5)] {
        let mut desk = TestClient::signed_in(width, height);
        desk.enter("/register");
        desk.type_in("sesame");
        let (_, cursor) = painted(&desk.state, Palette::Dark);
        let shown = screen(&desk);
        assert!(!shown.contains("sesame") && cursor.is_some() == (height > 5), "{shown}");
        if height > 5 {
            assert!(shown.contains("❯ ••••••") && shown.contains("A new password"), "{shown}");
        }
    }
}

#[test]
fn any_size_can_be_drawn() {
    let mut desk = talk(80, 24);
    for width in (0..140).step_by(3) {
        for height in 0..30 {
            desk.step(Input::Resize(width, height));
            painted(&desk.state, Palette::Light);
            desk.press(Key::plain(Code::PageUp));
            painted(&desk.state, Palette::Mono);
            desk.press(Key::plain(Code::F(1)));
            painted(&desk.state, Palette::Dark);
            desk.press(Key::plain(Code::Escape));
        }
    }
}

#[test]
fn without_colours_nothing_is_coloured() {
    let (buffer, _) = painted(&talk(120, 40).state, Palette::Mono);
    assert!(buffer.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
}

#[test]
fn a_full_conversation_is_drawn_as_fast_as_an_empty_one() {
    let mut desk = TestClient::signed_in(120, 40);
    for id in 0..10_000 {
        desk.said(id, "lobby", "bob", "a line of talk that is about as long as lines of talk are, with some words");
    }
    let begun = std::time::Instant::now();
    for _ in 0..20 {
        desk.type_in("x");
        painted(&desk.state, Palette::Dark);
    }
    // Twenty keys and pictures, in a build that is not optimised; one may take 50 ms.
    assert!(begun.elapsed().as_millis() < 1_000, "{:?}", begun.elapsed());
}

#[test]
fn a_mesh() {
    for (width, height) in SIZES {
        let mut desk = TestClient::in_mesh(width, height);
        desk.said(1 << 24, "mesh", "bob", "is the projector free?");
        desk.enter("it is, until noon");
        desk.echo(2 << 24, "mesh", "it is, until noon");
        desk.hear(EventKind::Disconnected { user: "carol".into() });
        desk.hear(EventKind::Joined { user: "bob#3f2a".into(), room: "mesh".into() });
        desk.said(3 << 24, "mesh", "bob#3f2a", "somebody of the same name is never mistaken for the first");
        desk.hear(EventKind::Direct { id: 4 << 24, from: "bob".into(), text: "thanks!".into(), kept: false });
        assert_snapshot!(format!("mesh_{width}x{height}"), screen(&desk));
    }
    let mut desk = TestClient::in_mesh(80, 24);
    desk.press(Key::plain(Code::F(1)));
    (0..3).for_each(|_| desk.press(Key::plain(Code::PageDown)));
    assert_snapshot!("mesh_help_80x24", screen(&desk));
}

#[test]
fn a8_the_first_row_of_the_screen_has_a_name_at_any_height() {
    for width in [40, 60, 80] {
        for height in 8..24 {
            let mut desk = TestClient::signed_in(width, height);
            for id in 1..40 {
                let text =
                    if id % 5 == 0 { "one line\nanother\na third" } else { "while you were away, this was said here" };
                desk.said(id, "lobby", "bob", text);
            }
            for rows in 0..12 {
                let shown = screen(&desk);
                let first = shown.lines().nth(1).unwrap();
                assert!(first.contains("bob") || first.contains("───"), "{width} x {height}, {rows} back:\n{shown}");
                desk.press(Key { code: Code::Up, ctrl: true, alt: false });
            }
        }
    }
}

/// The status line.
fn status(desk: &TestClient) -> String {
    let shown = screen(desk);
    shown.lines().rev().nth(1).unwrap().to_owned()
}

#[test]
fn a7_without_a_list_the_status_line_says_what_is_new() {
    for (width, height) in [(47, 15), (45, 15), (40, 10), (20, 5)] {
        let mut desk = TestClient::signed_in(width, height);
        assert!(status(&desk).contains("F1 help"), "{}", status(&desk));
        desk.enter("/join ops");
        desk.entered("ops");
        desk.said(1, "lobby", "bob", "one");
        desk.said(2, "lobby", "bob", "two");
        assert!(status(&desk).ends_with(" 2 new · Alt-a"), "{}", status(&desk));
        desk.hear(EventKind::Direct { id: 3, from: "bob".into(), text: "psst".into(), kept: false });
        assert!(status(&desk).ends_with("@1 · 3 new · Alt-a"), "{}", status(&desk));
        desk.press(Key::alt(Code::Char('a')));
        assert!(status(&desk).ends_with(" 2 new · Alt-a"), "the message for her comes first: {}", status(&desk));
        desk.press(Key::alt(Code::Char('a')));
        assert!(status(&desk).contains("F1 help"), "{}", status(&desk));
    }
    let mut desk = TestClient::signed_in(48, 15);
    desk.hear(EventKind::Direct { id: 3, from: "bob".into(), text: "psst".into(), kept: false });
    assert!(!status(&desk).contains("new"), "the list shows it: {}", status(&desk));
}

#[test]
fn b8_a_request_stands_in_the_status_line_until_it_is_answered() {
    for width in [40, 60, 80, 120] {
        let mut desk = TestClient::signed_in(width, 15);
        desk.hear(EventKind::DirectRequest { from: "bob".into(), key: "00".into() });
        for tab in '1'..='4' {
            desk.press(Key::alt(Code::Char(tab)));
            let wanted = if width < 60 { "chat: /accept" } else { "bob wants an encrypted chat: /accept bob" };
            assert!(status(&desk).contains(wanted), "{}", status(&desk));
        }
        desk.hear(EventKind::PrivateRequest { from: "carol".into() });
        let more = "carol wants an off-the-record chat: /accept carol (and 1 more)";
        assert!(width < 80 || status(&desk).contains(more), "{}", status(&desk));
        for user in ["bob", "carol"] {
            desk.hear(EventKind::Disconnected { user: user.into() });
        }
        assert!(!status(&desk).contains("/accept"), "{}", status(&desk));
    }
}

#[test]
fn b14_an_announcement_is_seen_and_heard() {
    let mut desk = TestClient::signed_in(80, 24);
    desk.effects.clear();
    desk.hear(EventKind::SaidToAll { id: 1, user: "bob".into(), text: "lunch!".into() });
    assert_eq!(desk.effects, [crate::chat::ScreenEffect::Bell]);
    assert!(status(&desk).contains("bob to all: lunch!"), "{}", status(&desk));
    assert!(screen(&desk).contains("@1"), "{}", screen(&desk));
    desk.press(Key::alt(Code::Char('a')));
    assert_eq!(desk.state.conversations().viewed().place, crate::chat::conversation::ConversationId::Global);
    assert!(!status(&desk).contains("lunch"), "{}", status(&desk));
}
