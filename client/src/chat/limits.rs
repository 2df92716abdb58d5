//! How much the client keeps, each number with its reason: whatever comes from a server is bounded.

/// Lines in one conversation; a day of a busy room. The oldest go first.
pub const MAX_LINES: usize = 10_000;
/// Bytes of talk in all conversations together: what keeps the program far below 60 MB, whatever is said.
pub const MAX_BYTES: usize = 16 << 20;
/// Conversations; more than anybody follows. When there are more, the one that was quiet longest goes.
pub const MAX_CONVERSATIONS: usize = 64;
/// Lines that may wait to be sent: more is a mistake, or a file that was pasted.
pub const MAX_UNSENT: usize = 500;
pub use crate::message::MESSAGE_CHARS;
/// Bytes in the input line: a message of the longest characters, and a command in front.
pub const DRAFT_BYTES: usize = 16 << 10;
/// Bytes of one paste that are looked at.
pub const PASTE_BYTES: usize = 64 << 10;
/// Lines that ↑ brings back, in each conversation.
pub const MAX_INPUT_HISTORY: usize = 100;
/// People of one room that are listed.
pub const MAX_MEMBERS: usize = 2_000;
/// People online that completion knows.
pub const MAX_ONLINE: usize = 10_000;
/// Names of one folder that Tab goes through: nobody goes through more.
pub const MAX_FOLDER_ENTRIES: usize = 200;
/// People of one conversation whose turn to speak is remembered, for completion.
pub const MAX_SPEAKERS: usize = 64;
/// Names in one folded line of comings and goings.
pub const MAX_PRESENCE_NAMES: usize = 50;
/// Characters of a name that comes from a server: longer ones are cut, whatever the server says.
pub const NAME_CHARS: usize = 40;
/// Characters of a notice that comes from a server.
pub const NOTICE_CHARS: usize = 8_000;
/// A paste of more lines than this is asked about.
pub const MAX_PASTE_LINES_UNASKED: usize = 3;
