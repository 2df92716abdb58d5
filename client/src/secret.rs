//! A password that is typed without being shown.

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, read};
use ratatui::crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use std::io::{self, Write};

/// Longer ones no server takes.
const MOST_CHARS: usize = 200;

/// Asks for a password. `None` if nobody wants to give one (Ctrl-C, Ctrl-D, Esc).
///
/// # Errors
/// There is no terminal.
pub fn ask(question: &str) -> io::Result<Option<String>> {
    // First, so that not even those who type ahead are seen.
    enable_raw_mode()?;
    // Where keys are not shown, the end of a line does not go back to its beginning either.
    eprint!("{}: ", question.replace('\n', "\r\n"));
    let secret = io::stderr().flush().and_then(|()| typed());
    disable_raw_mode()?;
    eprintln!();
    secret
}

fn typed() -> io::Result<Option<String>> {
    let mut secret = String::new();
    loop {
        let key = match read()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => key,
            Event::Paste(text) => {
                secret.extend(text.chars().take(MOST_CHARS));
                continue;
            }
            _ => continue,
        };
        match key {
            KeyEvent { code: KeyCode::Enter, .. } => return Ok(Some(secret)),
            // Enter, pressed before this was asked.
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
            KeyEvent { code: KeyCode::Char(c), .. } if secret.chars().count() < MOST_CHARS => secret.push(c),
            _ => {}
        }
    }
}
