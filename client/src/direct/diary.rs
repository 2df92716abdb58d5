//! Log lines of direct chats: requests, connections and ends. The log never has texts or fingerprints.

use landline_common::What;

/// Returns the log line for an event, if the event belongs into the log.
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
    fn notes_the_course_of_a_chat_and_no_text() {
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
