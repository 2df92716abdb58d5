//! Why a direct chat is over, or has not begun, and what to do then.

use super::frame::Farewell;

/// Why a chat is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It was ended here.
    Stopped,
    /// The program here ends.
    Left,
    /// Its other side is blocked now.
    Blocked,
    /// The same two open another.
    Replaced,
    /// The other side said goodbye.
    Theirs(Farewell),
    /// The link broke, without a goodbye.
    Lost,
    /// Nothing was heard for too long.
    Silent,
    /// The other side does not take what is said.
    Stuck,
    /// What came was not what the other side sent.
    Damaged,
    /// Who asked did not come.
    NobodyCame,
    /// Nobody answers where the other side said.
    Unreachable,
    /// Somebody answers there who is not the one.
    Stranger,
    /// This system has no more to give.
    NoMeans,
}

impl Ending {
    /// In words, about a chat with `with`.
    pub fn sentence(self, with: &str) -> String {
        match self {
            Ending::Stopped => "you ended it".into(),
            Ending::Left => "you left".into(),
            Ending::Blocked => format!("you blocked {with}"),
            Ending::Replaced => "a new one takes its place".into(),
            Ending::Theirs(Farewell::Left) => format!("{with} left"),
            Ending::Theirs(_) => format!("{with} ended it"),
            Ending::Lost => format!("the link is lost; /direct {with} asks for a new one"),
            Ending::Silent => format!("the link is lost: {with} does not answer; /direct {with} asks for a new one"),
            Ending::Stuck => format!("{with} does not take what you say; /direct {with} asks for a new one"),
            Ending::Damaged => format!("the link was tampered with, or is damaged; /direct {with} asks for a new one"),
            Ending::NobodyCame => format!(
                "{with} did not get through to this computer; a firewall may be in between. /connect {with} asks for a \
                 private chat by way of the server"
            ),
            Ending::Unreachable => format!(
                "{with}'s computer cannot be reached from this one; a firewall may be in between. /connect {with} asks \
                 for a private chat by way of the server"
            ),
            Ending::Stranger => format!(
                "somebody else answers where {with}'s client should be, so nothing was said; /direct {with} tries again"
            ),
            Ending::NoMeans => {
                "this computer has no connection or thread to spare; close something and try again".into()
            }
        }
    }
}
