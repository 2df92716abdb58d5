//! The reasons for which the server refuses a step, recognized by their sentences on every door.

/// Why a step was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Muted,
    Quiet,
    Slowed,
    RoomBanned,
    InviteOnly,
    KeyNeeded,
    NoKey,
    NotOwner,
    NotServerOwner,
    TargetAbove,
    TargetIsOwner,
    TargetNotInRoom,
    TargetMuted,
    NotMuted,
    NotBanned,
    OwnerAlready,
    NoOwner,
    NoHands,
    Yourself,
    NotInRoom,
    NoSuchUser,
    OwnersOnly,
    DoorsClosed,
    Expelled,
    NoRoom,
    NameFixed,
    /// The token of a session that has ended.
    NoSession,
}

/// A part of the sentence of each refusal, in LanTalk's words too. No other sentence of the server contains one.
const SENTENCES: [(Refusal, &str); 30] = [
    (Refusal::Muted, "You are muted in "),
    (Refusal::Quiet, " is quiet: only its owners"),
    (Refusal::Slowed, " is slow: nothing was sent"),
    (Refusal::Quiet, " is quiet, and this would reach"),
    (Refusal::Slowed, " is slow, and this would reach"),
    (Refusal::RoomBanned, "You are banned from "),
    (Refusal::InviteOnly, " is for invited users only"),
    (Refusal::KeyNeeded, " has a key word: /join "),
    (Refusal::NoKey, " has no key word, and "),
    (Refusal::NotOwner, "Only owners of "),
    (Refusal::NotServerOwner, "Only owners of this server can"),
    (Refusal::TargetAbove, " is an owner of this server. Nothing"),
    (Refusal::TargetIsOwner, "/deop "),
    (Refusal::TargetNotInRoom, " is not in "),
    (Refusal::TargetMuted, " is muted in "),
    (Refusal::NotMuted, " is not muted in "),
    (Refusal::NotBanned, " is not banned there"),
    (Refusal::OwnerAlready, " already."),
    (Refusal::NoOwner, " is not an owner of "),
    (Refusal::NoHands, "No hand is up in "),
    (Refusal::Yourself, "That is you."),
    (Refusal::NotInRoom, "You are not in "),
    (Refusal::NoSuchUser, " is not online. /users"),
    (Refusal::NoSuchUser, "' not found."),
    (Refusal::OwnersOnly, "Guests may write to owners only here"),
    (Refusal::DoorsClosed, "This server takes no newcomers now"),
    (Refusal::Expelled, "You are banned from this server"),
    (Refusal::NoRoom, "You are in no room. /join"),
    (Refusal::NameFixed, " is an account, and its name stays"),
    (Refusal::NoSession, "token_unknown"),
];

/// Finds the refusal among lines that a user has received.
pub fn find(lines: &[String]) -> Option<Refusal> {
    let found = |line: &String| {
        // The longest part decides: "banned from this server" is more than "banned from".
        let parts = SENTENCES.iter().filter(|(_, part)| line.contains(part));
        parts.max_by_key(|(_, part)| part.len()).map(|(refusal, _)| *refusal)
    };
    lines.iter().filter(|line| is_refusal(line)).find_map(found)
}

/// True for a line that refuses, on any door. LanTalk's clients get a refusal as a sentence without a code.
fn is_refusal(line: &str) -> bool {
    line.starts_with("ERROR: ")
        || line.starts_with("403 ")
        || line.contains(r#""type":"error""#)
        || line.contains(r#""type":"auth_fail""#)
        || (line.starts_with('{') && line.contains(r#""type":"system""#) && !line.contains(r#""event":"#))
}
