//! What the terminal library tells → the model's input. Keys that come together are sorted first
//! ([`crate::chat::burst`]): some terminals send a paste as keys.

use super::terminal::usable_size;
use crate::chat::Input;
use crate::chat::burst::{BURST_GAP_US, BurstClassifier, InputChunk};
use crate::chat::key::{Code, Key};
use crate::chat::limits::PASTE_BYTES;
use crossbeam_channel::{Receiver, SendError, Sender, bounded};
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, poll, read};
use std::time::{Duration, Instant};

/// Keys that wait to be taken; people do not type faster than programs draw.
const KEYS: usize = 256;
/// How often it is looked whether more keys are there, at most.
const LOOKS: usize = 3;

/// Reads keys on a thread of their own. The channel ends when the terminal is gone.
///
/// # Errors
/// No thread can be had.
pub(super) fn listen() -> std::io::Result<Receiver<Input>> {
    let (out, keys) = bounded(KEYS);
    let run = move || {
        let mut gathering =
            Gathering { keys: Vec::new(), bursts: BurstClassifier::default(), begun: Instant::now(), out };
        while let Ok(event) = read() {
            if gathering.take(event).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("keys".into()).spawn(run)?;
    Ok(keys)
}

/// Keys that came together so far.
struct Gathering {
    keys: Vec<Key>,
    bursts: BurstClassifier,
    begun: Instant,
    out: Sender<Input>,
}

impl Gathering {
    /// Takes what was read. Keys are held back while more are there.
    fn take(&mut self, event: Event) -> Result<(), SendError<Input>> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.keys.extend(known(key)),
            Event::Paste(text) => self.after_keys(Input::Paste(text))?,
            Event::Resize(width, height) => {
                let (width, height) = usable_size((width, height));
                self.after_keys(Input::Resize(width.into(), height.into()))?;
            }
            _ => {}
        }
        let full = self.keys.len() >= PASTE_BYTES;
        if !self.keys.is_empty() && (full || !more_is_there()) {
            self.send_keys()?;
        }
        Ok(())
    }

    fn after_keys(&mut self, input: Input) -> Result<(), SendError<Input>> {
        self.send_keys()?;
        self.out.send(input)
    }

    fn send_keys(&mut self) -> Result<(), SendError<Input>> {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let arrived = self.bursts.classify(std::mem::take(&mut self.keys), now);
        arrived.into_iter().try_for_each(|arrived| match arrived {
            InputChunk::Text(text) => self.out.send(Input::Burst(text)),
            InputChunk::Wheel { back, rows } => self.out.send(Input::Wheel { back, rows }),
            InputChunk::Keys(keys) => keys.into_iter().try_for_each(|key| self.out.send(Input::Key(key))),
        })
    }
}

/// Whether something else came together with what was read last.
fn more_is_there() -> bool {
    let together = Duration::from_micros(BURST_GAP_US);
    // On a busy machine this thread may not run for longer, and the library then looks at its watch only.
    for _ in 0..LOOKS {
        let begun = Instant::now();
        let found = poll(together).unwrap_or(false);
        if found || begun.elapsed() < 2 * together {
            return found;
        }
    }
    false
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
    // Some terminals tell Shift-Enter apart, which many programs take for a line end.
    alt |= code == Code::Enter && held(KeyModifiers::SHIFT);
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
        assert_eq!(key(KeyCode::Enter, KeyModifiers::SHIFT), Key::alt(Code::Enter));
        assert!(known(KeyEvent::new(KeyCode::CapsLock, KeyModifiers::NONE)).is_none());
    }
}
