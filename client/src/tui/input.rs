//! Translates events of the terminal library to inputs of the model. Keys that arrive together are classified first
//! ([`crate::chat::burst`]), since some terminals send a paste as keys.

use super::terminal::usable_size;
use crate::chat::Input;
use crate::chat::burst::{BURST_GAP_US, BurstClassifier, InputChunk};
use crate::chat::key::{Code, Key};
use crate::chat::limits::PASTE_BYTES;
use crossbeam_channel::{Receiver, SendError, Sender, bounded};
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, poll, read};
use std::time::{Duration, Instant};

/// Inputs that may wait for the loop.
const CAPACITY: usize = 256;
/// Checks for more keys at most.
const MAX_CHECKS: usize = 3;

/// Reads keys on a thread of its own. The channel disconnects when the terminal is gone.
///
/// # Errors
/// No thread can be started.
pub(super) fn listen() -> std::io::Result<Receiver<Input>> {
    let (out, keys) = bounded(CAPACITY);
    let run = move || {
        let mut collector =
            KeyCollector { keys: Vec::new(), bursts: BurstClassifier::default(), start: Instant::now(), out };
        while let Ok(event) = read() {
            if collector.take(event).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("keys".into()).spawn(run)?;
    Ok(keys)
}

/// Collects keys that arrive together.
struct KeyCollector {
    keys: Vec<Key>,
    bursts: BurstClassifier,
    start: Instant,
    out: Sender<Input>,
}

impl KeyCollector {
    /// Takes an event. Keys are held back while more of them arrive.
    fn take(&mut self, event: Event) -> Result<(), SendError<Input>> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.keys.extend(to_key(key)),
            Event::Paste(text) => self.after_keys(Input::Paste(text))?,
            Event::Resize(width, height) => {
                let (width, height) = usable_size((width, height));
                self.after_keys(Input::Resize(width.into(), height.into()))?;
            }
            _ => {}
        }
        let full = self.keys.len() >= PASTE_BYTES;
        if !self.keys.is_empty() && (full || !more_follows()) {
            self.send_keys()?;
        }
        Ok(())
    }

    fn after_keys(&mut self, input: Input) -> Result<(), SendError<Input>> {
        self.send_keys()?;
        self.out.send(input)
    }

    fn send_keys(&mut self) -> Result<(), SendError<Input>> {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let arrived = self.bursts.classify(std::mem::take(&mut self.keys), now);
        arrived.into_iter().try_for_each(|arrived| match arrived {
            InputChunk::Text(text) => self.out.send(Input::Burst(text)),
            InputChunk::Wheel { back, rows } => self.out.send(Input::Wheel { back, rows }),
            InputChunk::Keys(keys) => keys.into_iter().try_for_each(|key| self.out.send(Input::Key(key))),
        })
    }
}

/// Returns whether another event arrives together with the last one.
fn more_follows() -> bool {
    let together = Duration::from_micros(BURST_GAP_US);
    // Repeat the check if it took too long: on a busy machine this thread may have been paused, and the library then
    // returns for the timeout alone, without looking for input.
    for _ in 0..MAX_CHECKS {
        let start = Instant::now();
        let found = poll(together).unwrap_or(false);
        if found || start.elapsed() < 2 * together {
            return found;
        }
    }
    false
}

fn to_key(key: KeyEvent) -> Option<Key> {
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
    let mut ctrl = held(KeyModifiers::CONTROL);
    let mut alt = held(KeyModifiers::ALT);
    // Terminals report AltGr, with which some keyboards type @ and €, as Ctrl and Alt.
    if ctrl && alt && matches!(code, Code::Char(_)) {
        ctrl = false;
        alt = false;
    }
    // Some terminals report Shift-Enter, with which many programs insert a line end. Treat it as Alt-Enter.
    alt |= code == Code::Enter && held(KeyModifiers::SHIFT);
    // With Caps Lock on, terminals report Ctrl-C with a capital letter.
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
        to_key(KeyEvent::new(code, modifiers)).unwrap()
    }

    #[test]
    fn terminal_keys_become_keys_of_the_model() {
        assert_eq!(key(KeyCode::Char('ä'), KeyModifiers::NONE), Key::plain(Code::Char('ä')));
        assert_eq!(key(KeyCode::Char('C'), KeyModifiers::CONTROL), Key::ctrl('c'));
        assert_eq!(key(KeyCode::Char('1'), KeyModifiers::ALT), Key::alt(Code::Char('1')));
        assert_eq!(key(KeyCode::Char('@'), KeyModifiers::CONTROL | KeyModifiers::ALT), Key::plain(Code::Char('@')));
        assert_eq!(key(KeyCode::Tab, KeyModifiers::SHIFT), Key::plain(Code::BackTab));
        assert_eq!(key(KeyCode::Enter, KeyModifiers::SHIFT), Key::alt(Code::Enter));
        assert!(to_key(KeyEvent::new(KeyCode::CapsLock, KeyModifiers::NONE)).is_none());
    }
}
