//! What the log says of direct chats: who asked, what came of it, and why it ended. Never what is said, nor the numbers
//! that the two compare.

use landline_common::What;

/// A note of something that is told to the screens.
pub(super) fn note(what: &What<'_>) -> Option<String> {
    let note = match what {
        What::DirectRequest { from, .. } => format!("{from} asks for a direct chat"),
        What::DirectReady { user, .. } => format!("{user} accepted a direct chat"),
        What::DirectRejected { by } => format!("{by} rejected a direct chat"),
        What::DirectConnected { with, .. } => format!("direct chat with {with}: connected"),
        What::DirectEnded { with, reason } => format!("direct chat with {with}: ended: {reason}"),
        _ => return None,
    };
    Some(note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_of_a_chat_is_noted_and_what_is_said_is_not() {
        let bob = || "bob".into();
        let secret = || "secret".into();
        for (what, expected) in [
            (What::DirectRequest { from: bob(), key: secret() }, Some("bob asks for a direct chat")),
            (What::DirectReady { user: bob(), key: secret(), addresses: secret() }, Some("bob accepted a direct chat")),
            (What::DirectRejected { by: bob() }, Some("bob rejected a direct chat")),
            (What::DirectConnected { with: bob(), fingerprint: secret() }, Some("direct chat with bob: connected")),
            (
                What::DirectEnded { with: bob(), reason: "bob left".into() },
                Some("direct chat with bob: ended: bob left"),
            ),
            (What::DirectTalk { with: bob(), own: true, text: secret() }, None),
            (What::DirectTalk { with: bob(), own: false, text: secret() }, None),
            (What::info("secret"), None),
        ] {
            assert_eq!(note(&what).as_deref(), expected);
        }
    }
}
