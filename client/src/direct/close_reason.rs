//! Why an encrypted chat ended or failed to begin, and the sentence for the user.

use super::frame::ByeReason;

/// Why a chat is over. The first four reasons are of this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CloseReason {
    /// The user ended the chat.
    Stopped,
    /// The user left the program.
    Left,
    /// The user blocked the other user.
    Blocked,
    /// A new chat with the same user replaces it.
    Replaced,
    /// The other client said goodbye.
    PeerClosed(ByeReason),
    /// The link broke without a goodbye.
    Lost,
    /// The other client sent nothing for too long.
    Silent,
    /// The queue is full: the other client does not read.
    Stuck,
    /// A message could not be decrypted.
    Damaged,
    /// The client that asked did not dial in time.
    NeverDialed,
    /// No address of the other client answers.
    Unreachable,
    /// A program without the right key answers, or the server sent no valid key.
    WrongKey,
    /// This machine has no port, stream or thread left.
    NoResources,
}

impl CloseReason {
    /// Returns the sentence for the user, about a chat with `with`.
    pub fn sentence(self, with: &str) -> String {
        match self {
            CloseReason::Stopped => "you ended it".into(),
            CloseReason::Left => "you left".into(),
            CloseReason::Blocked => format!("you blocked {with}"),
            CloseReason::Replaced => "a new encrypted chat replaces it".into(),
            CloseReason::PeerClosed(ByeReason::Left) => format!("{with} left"),
            CloseReason::PeerClosed(_) => format!("{with} ended it"),
            CloseReason::Lost => format!("the link is lost; /direct {with} asks for a new chat"),
            CloseReason::Silent => {
                format!("the link is lost: {with} does not answer; /direct {with} asks for a new chat")
            }
            CloseReason::Stuck => format!("{with} does not receive your messages; /direct {with} asks for a new chat"),
            CloseReason::Damaged => {
                format!(
                    "a message could not be decrypted: the link is damaged, or was tampered with; /direct {with} asks for a new chat"
                )
            }
            CloseReason::NeverDialed => format!(
                "{with} did not get through to this computer; a firewall may be in between. /connect {with} asks for an \
                 off-the-record chat by way of the server"
            ),
            CloseReason::Unreachable => format!(
                "{with}'s computer cannot be reached from this one; a firewall may be in between. /connect {with} asks \
                 for an off-the-record chat by way of the server"
            ),
            CloseReason::WrongKey => format!(
                "another program answers where {with}'s client should be, so nothing was said; /direct {with} tries again"
            ),
            CloseReason::NoResources => {
                "this computer has no connection or thread to spare; close something and try again".into()
            }
        }
    }
}
