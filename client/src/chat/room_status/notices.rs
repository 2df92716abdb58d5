//! Notices about a room: which causes they are, and which of them concern the user.

use crate::chat::line::cleaned_name;
use landline_common::{Cause, Report};

/// Returns whether a cause is a notice to the members of a room, or about the user in a room: it belongs into the
/// conversation of that room.
#[must_use]
pub fn is_room_notice(cause: Cause) -> bool {
    use Cause::{
        FloorGiven, FloorTaken, HandDown, HandRaised, HandUp, InvitationSent, KeyRemoved, KeySet, KickedFromRoom,
        OwnerMade, OwnerRemoved, Pin, Pinned, QuietOff, QuietOn, RoomClosed, RoomOpened, RoomQuiet, RoomSlow, SlowOff,
        SlowOn, Topic, TopicRemoved, TopicSet, Unpinned, UserBanned, UserKicked, UserMuted, UserUnbanned, UserUnmuted,
    };
    matches!(
        cause,
        Pin | Pinned
            | Unpinned
            | TopicSet
            | TopicRemoved
            | Topic
            | RoomQuiet
            | RoomSlow
            | UserKicked
            | KickedFromRoom
            | UserMuted
            | UserUnmuted
            | UserBanned
            | UserUnbanned
            | OwnerMade
            | OwnerRemoved
            | InvitationSent
            | RoomOpened
            | RoomClosed
            | KeySet
            | KeyRemoved
            | SlowOn
            | SlowOff
            | QuietOn
            | QuietOff
            | FloorGiven
            | FloorTaken
            | HandRaised
            | HandUp
            | HandDown
    )
}

/// Returns whether a notice changes what the user `me` may do in a room, so that it needs the user's attention.
#[must_use]
pub fn concerns(report: &Report<'_>, me: &str) -> bool {
    use Cause::{FloorGiven, FloorTaken, KickedFromRoom, OwnerMade, OwnerRemoved, UserMuted, UserUnmuted};
    let is_me = || report.about.user.as_deref().is_some_and(|user| *cleaned_name(user) == *me);
    match report.cause {
        KickedFromRoom => true,
        FloorGiven | FloorTaken | OwnerMade | OwnerRemoved | UserMuted | UserUnmuted => is_me(),
        _ => false,
    }
}
