//! Log lines of encrypted chats: requests, connections and ends. The log never has texts or fingerprints.

use landline_common::EventKind;

/// Returns the log line for an event, if the event belongs into the log.
pub(super) fn note(what: &EventKind<'_>) -> Option<String> {
    let note = match what {
        EventKind::DirectRequest { from, .. } => format!("direct: request received user={from}"),
        EventKind::DirectReady { user, .. } => format!("direct: request accepted user={user}"),
        EventKind::DirectRejected { by } => format!("direct: request rejected user={by}"),
        EventKind::DirectConnected { with, .. } => format!("direct: connected user={with}"),
        EventKind::DirectEnded { with, reason } => format!("direct: ended user={with} reason={reason}"),
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
            (EventKind::DirectRequest { from: bob(), key: secret() }, Some("direct: request received user=bob")),
            (
                EventKind::DirectReady { user: bob(), key: secret(), addresses: secret() },
                Some("direct: request accepted user=bob"),
            ),
            (EventKind::DirectRejected { by: bob() }, Some("direct: request rejected user=bob")),
            (EventKind::DirectConnected { with: bob(), fingerprint: secret() }, Some("direct: connected user=bob")),
            (
                EventKind::DirectEnded { with: bob(), reason: "bob left".into() },
                Some("direct: ended user=bob reason=bob left"),
            ),
            (EventKind::DirectTalk { with: bob(), own: true, text: secret() }, None),
            (EventKind::DirectTalk { with: bob(), own: false, text: secret() }, None),
            (EventKind::info("secret"), None),
        ] {
            assert_eq!(note(&what).as_deref(), expected);
        }
    }
}
