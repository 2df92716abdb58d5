//! Asks for a password on the terminal without echo.

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, read};
use ratatui::crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use std::io::{self, Write};

/// Characters to read at most. No server accepts a longer password.
const MAX_CHARS: usize = 200;

/// Asks for a password on standard error. Returns `None` if the user cancels (Ctrl-C, Ctrl-D, Esc).
///
/// # Errors
/// The terminal cannot be put into raw mode, written or read.
pub fn ask(question: &str) -> io::Result<Option<String>> {
    // Turn echo off before the question, so that keys typed ahead are not shown either.
    enable_raw_mode()?;
    // In raw mode, a line feed does not return to the first column.
    eprint!("{}: ", question.replace('\n', "\r\n"));
    let secret = io::stderr().flush().and_then(|()| read_secret());
    disable_raw_mode()?;
    eprintln!();
    secret
}

fn read_secret() -> io::Result<Option<String>> {
    let mut secret = String::new();
    loop {
        let key = match read()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => key,
            Event::Paste(text) => {
                secret.extend(text.chars().take(MAX_CHARS));
                continue;
            }
            _ => continue,
        };
        match key {
            KeyEvent { code: KeyCode::Enter, .. } => return Ok(Some(secret)),
            // Enter typed ahead, before raw mode: the terminal has turned it into a line feed, which reads as Ctrl-J.
            KeyEvent { code: KeyCode::Char('j'), modifiers, .. } if modifiers == KeyModifiers::CONTROL => {
                return Ok(Some(secret));
            }
            KeyEvent { code: KeyCode::Esc, .. } => return Ok(None),
            KeyEvent { code: KeyCode::Char('c' | 'd'), modifiers, .. } if modifiers == KeyModifiers::CONTROL => {
                return Ok(None);
            }
            KeyEvent { code: KeyCode::Char('u'), modifiers, .. } if modifiers == KeyModifiers::CONTROL => {
                secret.clear()
            }
            KeyEvent { code: KeyCode::Backspace, .. } => _ = secret.pop(),
            KeyEvent { code: KeyCode::Char(c), .. } if secret.chars().count() < MAX_CHARS => secret.push(c),
            _ => {}
        }
    }
}
