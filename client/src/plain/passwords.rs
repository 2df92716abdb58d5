//! The questions for a password in lines, without an echo.

use crate::chat::key::{Code, Key};
use crate::chat::password_form::{PasswordAnswer, PasswordForm, Purpose};
use crate::new_password::CAUTION;
use crate::password_prompt;
use std::io;

/// Asks until everything is answered, or the user wants nothing any more. What the server tells meanwhile waits, as for
/// any slow reader.
///
/// # Errors
/// There is no terminal.
pub(super) fn ask(purpose: Purpose) -> io::Result<PasswordAnswer> {
    let mut form = PasswordForm::new(purpose);
    eprintln!("{CAUTION} Esc leaves everything as it is.");
    loop {
        let problem = form.problem().map_or(String::new(), |problem| format!("! {problem}\n"));
        let Some(text) = password_prompt::ask(&format!("{problem}{}", form.question()))? else {
            return Ok(PasswordAnswer::Discard);
        };
        form.paste(&text);
        match form.key(Key::plain(Code::Enter)) {
            PasswordAnswer::Incomplete => {}
            done => return Ok(done),
        }
    }
}
