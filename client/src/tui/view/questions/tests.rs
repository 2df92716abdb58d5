//! Snapshots of the setup questions. `cargo insta review` shows changes.

use super::super::super::theme::{Depth, Theme};
use super::draw;
use crate::chat::key::{Code, Key};
use crate::discovery::Offer;
use crate::palette::Palette;
use crate::setup::Started;
use crate::setup::questions::{KnownAnswers, Questions, SetupInput};
use insta::assert_snapshot;
use landline_common::Cause;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

const SIZES: [(u16, u16); 2] = [(60, 15), (80, 24)];

fn screen(questions: &Questions, (width, height): (u16, u16)) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    let cursor = draw(questions, &Theme::new(Palette::Dark, Depth::Sixteen), area, &mut buffer);
    let mut out = String::new();
    for y in 0..height {
        let mut x = 0;
        let mut row = String::new();
        while x < width {
            let symbol = if cursor.is_some_and(|at| (at.x, at.y) == (x, y)) { "█" } else { buffer[(x, y)].symbol() };
            row.push_str(symbol);
            x += u16::try_from(symbol.width().max(1)).unwrap();
        }
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}

fn offer(name: &str, last: u8, people: u32, password: bool) -> Offer {
    Offer { name: name.into(), address: format!("192.168.1.{last}:12345"), people, password, ..Offer::default() }
}

fn questions() -> Questions {
    Questions::new(KnownAnswers {
        name: "alice".into(),
        server: Some("10.0.0.9:12345".into()),
        ..KnownAnswers::default()
    })
}

fn found() -> Questions {
    let mut questions = questions();
    let offers = vec![
        offer("Room 12", 20, 14, false),
        offer("三階の部屋 – third floor, east", 31, 1, true),
        offer("", 7, 0, false),
    ];
    questions.step(SetupInput::Found(offers));
    questions
}

fn press(questions: &mut Questions, code: Code) {
    questions.step(SetupInput::Key(Key::plain(code)));
}

#[test]
fn found_servers_are_listed() {
    for (width, height) in SIZES {
        assert_snapshot!(format!("servers_{width}x{height}"), screen(&found(), (width, height)));
    }
}

#[test]
fn no_server_answers_yet() {
    let mut questions = Questions::new(KnownAnswers::default());
    questions.step(SetupInput::Found(Vec::new()));
    assert_snapshot!(screen(&questions, (80, 24)));
}

#[test]
fn a_long_list_of_servers_is_scrolled() {
    let mut questions = questions();
    questions.step(SetupInput::Found((0..40).map(|n| offer(&format!("server {n}"), n, 1, false)).collect()));
    (0..20).for_each(|_| press(&mut questions, Code::Down));
    assert_snapshot!(screen(&questions, (60, 15)));
}

#[test]
fn a_refused_name_is_shown_with_the_reason() {
    let mut questions = found();
    questions.step(SetupInput::Key(Key::plain(Code::Up)));
    questions.step(SetupInput::Key(Key::plain(Code::Down)));
    (0..3).for_each(|_| press(&mut questions, Code::Enter));
    let why = "that name, or one that looks like it, is in use; choose another";
    questions.step(SetupInput::Refused(why.into(), Some(Cause::NameTaken)));
    for (width, height) in SIZES {
        assert_snapshot!(format!("refused_{width}x{height}"), screen(&questions, (width, height)));
    }
}

#[test]
fn a_password_is_masked() {
    let mut questions = found();
    let note = "A server runs here now. It goes on when you leave; kill 4711 stops it.".into();
    questions.started = Some(Started { address: "127.0.0.1:12345".into(), note, claim_code: None });
    (0..2).for_each(|_| press(&mut questions, Code::Enter));
    assert_snapshot!("how", screen(&questions, (80, 24)));
    press(&mut questions, Code::Down);
    press(&mut questions, Code::Enter);
    "secret".chars().for_each(|c| press(&mut questions, Code::Char(c)));
    let screen = screen(&questions, (80, 24));
    assert!(!screen.contains("secret"));
    assert_snapshot!("password", screen);
}

#[test]
fn any_screen_size_can_be_drawn() {
    let mut questions = found();
    for _ in 0..4 {
        for width in 1..90 {
            for height in [1, 2, 7, 8, 9, 11, 30] {
                screen(&questions, (width, height));
            }
        }
        press(&mut questions, Code::Enter);
    }
}
