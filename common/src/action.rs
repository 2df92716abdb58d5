//! Actions: messages whose text begins with `/me ` and tells what the user does, as in XEP-0245 of XMPP.
//!
//! An action is a message like any other: the rules, the history and the search treat it as talk, and JSON carries its
//! text as it was said. Only renderings for users write it in another form: `* alice waves` in place of
//! `alice: /me waves`. No user has the name `*`, so no text can look like the action of another user.

use crate::visible::is_blank;

/// The first word of an action, in any case.
const WORD: &str = "/me";

/// Returns what the user does, if the text is an action: the text behind `/me `. A text that shows nothing behind it is
/// no action.
///
/// ```
/// use landline_common::action::action_of;
///
/// assert_eq!(action_of("/me waves"), Some("waves"));
/// assert_eq!(action_of(" /me waves"), None);
/// assert_eq!(action_of("/me "), None);
/// ```
#[must_use]
pub fn action_of(text: &str) -> Option<&str> {
    let (_, rest) = text.split_at_checked(WORD.len()).filter(|(word, _)| word.eq_ignore_ascii_case(WORD))?;
    rest.strip_prefix([' ', '\n']).filter(|action| !is_blank(action))
}

/// Returns the text of a message as users read it beside or behind the author's name: `* alice waves` for an action,
/// `None` for any other text.
#[must_use]
pub fn shown_action(user: &str, text: &str) -> Option<String> {
    action_of(text).map(|action| format!("* {user} {action}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_text_that_begins_with_the_word_is_an_action() {
        for (text, action) in [
            ("/me waves", Some("waves")),
            ("/ME waves\nand leaves", Some("waves\nand leaves")),
            ("/me  waves", Some(" waves")),
            ("/me\nwaves", Some("waves")),
            ("/me", None),
            ("/me ", None),
            ("/me \u{200b}\n", None),
            ("/mean", None),
            ("/me\twaves", None),
            ("//me waves", None),
            (" /me waves", None),
            ("so /me waves", None),
            ("/mé waves", None),
        ] {
            assert_eq!(action_of(text), action, "{text:?}");
        }
        assert_eq!(shown_action("alice", "/me waves").as_deref(), Some("* alice waves"));
        assert_eq!(shown_action("alice", "waves"), None);
    }
}
