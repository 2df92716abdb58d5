//! What the terminal library tells → the model's input.

use crate::model::Input;
use crate::model::key::{Code, Key};
use crossbeam_channel::{Receiver, bounded};
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, read};

/// Keys that wait to be taken; people do not type faster than programs draw.
const KEYS: usize = 256;

/// Reads keys on a thread of their own. The channel ends when the terminal is gone.
///
/// # Errors
/// No thread can be had.
pub(super) fn listen() -> std::io::Result<Receiver<Input>> {
    let (out, keys) = bounded(KEYS);
    let run = move || {
        while let Ok(event) = read() {
            if let Some(input) = input(event)
                && out.send(input).is_err()
            {
                return;
            }
        }
    };
    std::thread::Builder::new().name("keys".into()).spawn(run)?;
    Ok(keys)
}

fn input(event: Event) -> Option<Input> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(Input::Key(known(key)?)),
        Event::Paste(text) => Some(Input::Paste(text)),
        Event::Resize(width, height) => Some(Input::Resize(width.into(), height.into())),
        _ => None,
    }
}

fn known(key: KeyEvent) -> Option<Key> {
    let code = match key.code {
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Escape,
        KeyCode::Tab if key.modifiers.contains(KeyModifiers::SHIFT) => Code::BackTab,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(number) => Code::F(number),
        _ => return None,
    };
    let held = |modifier| key.modifiers.contains(modifier);
    let (mut ctrl, mut alt) = (held(KeyModifiers::CONTROL), held(KeyModifiers::ALT));
    // AltGr, by which some keyboards type @ and €, is told as both.
    if ctrl && alt && matches!(code, Code::Char(_)) {
        (ctrl, alt) = (false, false);
    }
    // With Caps Lock on, Ctrl-C is told with a capital letter.
    let code = match code {
        Code::Char(c) if ctrl => Code::Char(c.to_ascii_lowercase()),
        other => other,
    };
    Some(Key { code, ctrl, alt })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> Key {
        known(KeyEvent::new(code, modifiers)).unwrap()
    }

    #[test]
    fn keys_are_the_models() {
        assert_eq!(key(KeyCode::Char('ä'), KeyModifiers::NONE), Key::plain(Code::Char('ä')));
        assert_eq!(key(KeyCode::Char('C'), KeyModifiers::CONTROL), Key::ctrl('c'));
        assert_eq!(key(KeyCode::Char('1'), KeyModifiers::ALT), Key::alt(Code::Char('1')));
        assert_eq!(key(KeyCode::Char('@'), KeyModifiers::CONTROL | KeyModifiers::ALT), Key::plain(Code::Char('@')));
        assert_eq!(key(KeyCode::Tab, KeyModifiers::SHIFT), Key::plain(Code::BackTab));
        assert!(known(KeyEvent::new(KeyCode::CapsLock, KeyModifiers::NONE)).is_none());
    }
}
