//! Snapshots of whole screens. `cargo insta review` shows changes.

mod menus;
mod status_line;
mod taking_back;

use super::super::theme::{Depth, Theme};
use super::draw;
use crate::chat::key::{Code, Key};
use crate::chat::test_client::TestClient;
use crate::chat::{Input, State};
use crate::connection::Loss;
use crate::palette::Palette;
use insta::assert_snapshot;
use landline_common::cause::Details;
use landline_common::{Cause, EventKind, Report};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use unicode_width::UnicodeWidthStr;

fn draw_screen(state: &State, palette: Palette) -> (Buffer, Option<(u16, u16)>) {
    let geometry = state.geometry();
    let area = Rect::new(0, 0, geometry.width.try_into().unwrap(), geometry.height.try_into().unwrap());
    let mut buffer = Buffer::empty(area);
    let cursor = draw(state, &Theme::new(palette, Depth::Sixteen), area, &mut buffer);
    (buffer, cursor.map(|at| (at.x, at.y)))
}

/// Returns the screen as text, with a block at the cursor.
fn screen(client: &TestClient) -> String {
    let (buffer, cursor) = draw_screen(&client.state, Palette::Dark);
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

/// Returns a client with an ordinary conversation in the lobby.
fn talk(width: usize, height: usize) -> TestClient {
    let mut client = TestClient::signed_in(width, height);
    client.receive_message(1, "lobby", "bob", "good morning! did anybody see the printer on the second floor?");
    client.receive_message(2, "lobby", "bob", "it was there yesterday");
    client.advance(60_000);
    client.receive(EventKind::Joined { user: "carol".into(), room: "lobby".into() });
    client.receive(EventKind::Joined { user: "dave".into(), room: "lobby".into() });
    client.receive(EventKind::Disconnected { user: "bob".into() });
    client.receive_message(
        3,
        "lobby",
        "carol",
        "alice took it to the lab, because the one there has been out of toner since Monday and the students needed \
         their handouts before nine",
    );
    client.advance(60_000);
    client.enter_line("I did, it is back at noon");
    client.echo(4, "lobby", "I did, it is back at noon");
    client.receive_message(5, "lobby", "dave", "thanks");
    client.receive(EventKind::Direct { id: 6, from: "dave".into(), text: "coffee?".into(), kept: false });
    client.enter_line("/join ops");
    client.grant_join("ops");
    client.answer_all();
    client.press(Key::alt(Code::Char('1')));
    client.receive_message(7, "ops", "erin", "the switch in room 4 reboots at 12:00");
    client.receive_message(8, "ops", "erin", "alice: is that fine with you?");
    client.type_in("let me ch");
    client
}

#[test]
fn a_conversation_in_the_lobby() {
    for (width, height) in SIZES {
        assert_snapshot!(format!("lobby_{width}x{height}"), screen(&talk(width, height)));
    }
}

#[test]
fn wide_and_composed_characters_keep_their_columns() {
    for (width, height) in SIZES {
        let mut client = TestClient::signed_in(width, height);
        client.receive_message(
            1,
            "lobby",
            "田中さくら",
            "おはようございます。今日の会議は二階の会議室で十時から始まります。資料を忘れないでください。",
        );
        client.receive_message(2, "lobby", "Maximilian_von_Habsburg1", "a name as long as names may be");
        client.receive_message(3, "lobby", "zoë", "👩‍👩‍👧 family, 👍🏽 thumbs, 🇩🇪 flag, e\u{301}te\u{301} composed, ﷽ wide");
        client.receive_message(4, "lobby", "مريم", "مرحبا بالجميع");
        client.receive_message(5, "lobby", "bob", &"wideunbrokenword".repeat(12));
        client.type_in("日本語を打つ");
        assert_snapshot!(format!("scripts_{width}x{height}"), screen(&client));
    }
}

#[test]
fn a_paste_is_asked_about() {
    for (width, height) in SIZES {
        let mut client = talk(width, height);
        let code =
            "fn main() {\n    let answer = 42;\n    println!(\"{answer}\");\n}\n\n// and so on\n// and on\n// and on";
        client.step(Input::Paste(code.into()));
        assert_snapshot!(format!("paste_{width}x{height}"), screen(&client));
    }
}

#[test]
fn a9_a_message_may_have_several_lines() {
    for (width, height) in SIZES {
        let mut client = talk(width, height);
        let code = "def deploy(rooms):\n    for room in rooms:\n        if room.is_ready():\n            \
                    deploy_everything_to_the_room_and_tell_those_who_wait_for_it(room)\n\n    return True";
        client.receive_message(9, "lobby", "dave", code);
        client.receive_message(10, "lobby", "dave", "does that work?");
        client.press(Key::ctrl('u'));
        client.step(Input::Paste("yes:\n    $ make deploy\nnothing more".into()));
        client.press(Key::plain(Code::Up));
        assert_snapshot!(format!("several_lines_{width}x{height}"), screen(&client));
    }
}

#[test]
fn a_long_paste_is_split_with_a_warning() {
    for (width, height) in SIZES {
        let mut client = talk(width, height);
        client.step(Input::Burst("\u{7}some words that were pasted\r".repeat(4_000)));
        assert_snapshot!(format!("long_paste_{width}x{height}"), screen(&client));
    }
}

#[test]
fn a_lost_connection_is_shown() {
    for (width, height) in SIZES {
        let mut client = talk(width, height);
        client.press(Key::ctrl('u'));
        client.enter_line("was that heard?");
        client.connection_down("the connection broke: reset by peer", Loss::Server);
        client.connection_down("no server answers", Loss::Server);
        client.enter_line("this waits until there is a connection again");
        client.advance(800);
        assert_snapshot!(format!("reconnect_{width}x{height}"), screen(&client));
    }
}

#[test]
fn a_refused_line_is_shown_with_the_reason() {
    let mut client = TestClient::signed_in(60, 15);
    client.enter_line("/query nobdy are you there? I wanted to ask about the printer");
    client.answer("/pm nobdy", Cause::NoSuchUser.with_user("nobdy").into());
    client.enter_line("/jion ops");
    assert_snapshot!(screen(&client));
}

#[test]
fn a_quiet_room_and_ones_own_mute_stand_in_the_bar() {
    for (width, height) in SIZES {
        let mut client = TestClient::signed_in(width, height);
        client.receive_message(1, "lobby", "bob", "please raise your hands");
        let by_bob = |cause: Cause, about: Details<'static>| {
            let about = Details { by: Some("bob".into()), room: Some("lobby".into()), ..about };
            Report { about: Box::new(about), ..cause.report() }
        };
        let topic = Details { word: Some("lesson 3: loops and why they end".into()), ..Details::default() };
        client.receive(by_bob(Cause::TopicSet, topic).into());
        client.receive(by_bob(Cause::QuietOn, Details::default()).into());
        client.receive(by_bob(Cause::UserMuted, Details { user: Some("alice".into()), ..Details::default() }).into());
        client.enter_line("may I say something?");
        client.answer("lobby: may I", Cause::Muted.with_room("lobby").into());
        assert_snapshot!(format!("quiet_{width}x{height}"), screen(&client));
    }
}

#[test]
fn help_overlay() {
    for (width, height) in SIZES {
        let mut client = talk(width, height);
        client.press(Key::plain(Code::F(1)));
        assert_snapshot!(format!("help_{width}x{height}"), screen(&client));
    }
}

#[test]
fn mentions_view() {
    for (width, height) in SIZES {
        let mut client = talk(width, height);
        client.press(Key::alt(Code::Char('m')));
        assert_snapshot!(format!("mentions_{width}x{height}"), screen(&client));
    }
}

#[test]
fn new_messages_are_counted_while_scrolled_back() {
    for (width, height) in SIZES {
        let mut client = TestClient::signed_in(width, height);
        for id in 1..100 {
            client.receive_message(
                id,
                "lobby",
                if id % 7 < 4 { "bob" } else { "carol" },
                &format!("message number {id}"),
            );
        }
        client.press(Key::plain(Code::PageUp));
        for id in 100..112 {
            client.receive_message(id, "lobby", "bob", "something new");
        }
        assert_snapshot!(format!("back_{width}x{height}"), screen(&client));
    }
}

#[test]
fn a_request_for_an_encrypted_chat_is_shown() {
    for (width, height) in SIZES {
        let mut client = talk(width, height);
        client.receive(EventKind::DirectRequest { from: "carol".into(), key: "00".into() });
        client.press(Key::alt(Code::Char('4')));
        assert_snapshot!(format!("direct_request_{width}x{height}"), screen(&client));
    }
}

#[test]
fn a_chat_opened_in_the_background_is_in_the_status_line() {
    for (width, shown) in [(80, "carol is in the off-the-record chat: Alt-a"), (45, "chat open: Alt-a")] {
        let mut client = TestClient::signed_in(width, 24);
        client.receive(EventKind::PrivateConnected { with: "carol".into() });
        assert!(screen(&client).contains(&format!("· {shown}")), "{}", screen(&client));
        client.press(Key::alt(Code::Char('a')));
        assert!(!screen(&client).contains(shown));
    }
}

#[test]
fn an_encrypted_chat_shows_its_fingerprint() {
    for (width, height) in SIZES {
        let mut client = talk(width, height);
        let fingerprint = "30142 96127 00519 88204 61735 20960 47113 05528";
        client.receive(EventKind::DirectConnected { with: "carol".into(), fingerprint: fingerprint.into() });
        client.press(Key::alt(Code::Char('4')));
        client.receive(EventKind::DirectTalk {
            with: "carol".into(),
            own: false,
            text: "mine begin with 30142, too".into(),
        });
        client.enter_line("and end with 05528");
        let gone = EventKind::DirectTalk { with: "carol".into(), own: true, text: "and end with 05528".into() };
        client.answer("/direct-say carol and end", gone);
        client.connection_down("the server does not answer", Loss::Server);
        client.enter_line("the server is gone, and we are not");
        assert_snapshot!(format!("direct_{width}x{height}"), screen(&client));
    }
}

#[test]
fn new_messages_have_a_rule_above() {
    let mut client = talk(80, 24);
    client.press(Key::alt(Code::Char('2')));
    client.press(Key::alt(Code::Char('1')));
    client.receive_message(20, "ops", "erin", "it is back");
    client.press(Key::alt(Code::Char('2')));
    assert_snapshot!(screen(&client));
}

#[test]
fn a_long_draft_takes_several_rows() {
    let mut client = TestClient::signed_in(60, 15);
    client.type_in(&"a long line that goes on and on ".repeat(5));
    assert_snapshot!(screen(&client));
}

#[test]
fn a_typed_password_is_masked() {
    for (width, height) in [(80, 24), (30, 8), (20, 5)] {
        let mut client = TestClient::signed_in(width, height);
        client.enter_line("/register");
        client.type_in("sesame");
        let (_, cursor) = draw_screen(&client.state, Palette::Dark);
        let shown = screen(&client);
        assert!(!shown.contains("sesame") && cursor.is_some() == (height > 5), "{shown}");
        if height > 5 {
            assert!(shown.contains("❯ ••••••") && shown.contains("A new password"), "{shown}");
        }
    }
}

#[test]
fn any_size_can_be_drawn() {
    let mut client = talk(80, 24);
    for width in (0..140).step_by(3) {
        for height in 0..30 {
            client.step(Input::Resize(width, height));
            draw_screen(&client.state, Palette::Light);
            client.press(Key::plain(Code::PageUp));
            draw_screen(&client.state, Palette::Mono);
            client.press(Key::plain(Code::F(1)));
            draw_screen(&client.state, Palette::Dark);
            client.press(Key::plain(Code::Escape));
        }
    }
}

#[test]
fn the_mono_palette_draws_no_colors() {
    let (buffer, _) = draw_screen(&talk(120, 40).state, Palette::Mono);
    assert!(buffer.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
}

#[test]
fn drawing_a_long_conversation_is_fast() {
    let mut client = TestClient::signed_in(120, 40);
    for id in 0..10_000 {
        client.receive_message(
            id,
            "lobby",
            "bob",
            "a line of talk that is about as long as lines of talk are, with some words",
        );
    }
    let begun = std::time::Instant::now();
    for _ in 0..20 {
        client.type_in("x");
        draw_screen(&client.state, Palette::Dark);
    }
    // Twenty keys and frames in a debug build; one may take 50 ms.
    assert!(begun.elapsed().as_millis() < 1_000, "{:?}", begun.elapsed());
}

#[test]
fn mesh_screens() {
    for (width, height) in SIZES {
        let mut client = TestClient::in_mesh(width, height);
        client.receive_message(1 << 24, "mesh", "bob", "is the projector free?");
        client.enter_line("it is, until noon");
        client.echo(2 << 24, "mesh", "it is, until noon");
        client.receive(EventKind::Disconnected { user: "carol".into() });
        client.receive(EventKind::Joined { user: "bob#3f2a".into(), room: "mesh".into() });
        client.receive_message(
            3 << 24,
            "mesh",
            "bob#3f2a",
            "somebody of the same name is never mistaken for the first",
        );
        client.receive(EventKind::Direct { id: 4 << 24, from: "bob".into(), text: "thanks!".into(), kept: false });
        assert_snapshot!(format!("mesh_{width}x{height}"), screen(&client));
    }
    let mut client = TestClient::in_mesh(80, 24);
    client.press(Key::plain(Code::F(1)));
    (0..3).for_each(|_| client.press(Key::plain(Code::PageDown)));
    assert_snapshot!("mesh_help_80x24", screen(&client));
}

#[test]
fn a8_the_top_row_always_has_a_name() {
    for width in [40, 60, 80] {
        for height in 8..24 {
            let mut client = TestClient::signed_in(width, height);
            for id in 1..40 {
                let text =
                    if id % 5 == 0 { "one line\nanother\na third" } else { "while you were away, this was said here" };
                client.receive_message(id, "lobby", "bob", text);
            }
            for rows in 0..12 {
                let shown = screen(&client);
                let first = shown.lines().nth(1).unwrap();
                assert!(first.contains("bob") || first.contains("───"), "{width} x {height}, {rows} back:\n{shown}");
                client.press(Key { code: Code::Up, ctrl: true, alt: false });
            }
        }
    }
}
