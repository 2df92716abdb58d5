//! Asks for passwords in plain lines, without echo.

use crate::chat::key::{Code, Key};
use crate::chat::password_form::{PasswordAnswer, PasswordForm, Purpose};
use crate::new_password::caution;
use crate::password_prompt;
use std::io;

/// Asks until the form is complete or the user cancels. `is_encrypted` tells of the connection to the server. Blocks the loop meanwhile: events wait, as for any slow reader.
///
/// # Errors
/// There is no terminal.
pub(super) fn ask(purpose: Purpose, is_encrypted: bool) -> io::Result<PasswordAnswer> {
    let mut form = PasswordForm::new(purpose);
    eprintln!("{} Esc cancels.", caution(Some(is_encrypted)));
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
