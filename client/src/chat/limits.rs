//! Limits of everything that the client keeps: a hostile server must not exhaust its memory.

/// Lines of one conversation: about a day of a busy room. The oldest are dropped first.
pub const MAX_LINES: usize = 10_000;
/// Bytes of all lines in all conversations. Keeps the process far below 60 MB.
pub const MAX_BYTES: usize = 16 << 20;
/// Conversations: more than a user can follow. Beyond this, the one without activity for longest is closed.
pub const MAX_CONVERSATIONS: usize = 64;
/// Lines that may wait to be sent. More are a mistake or a pasted file.
pub const MAX_UNSENT: usize = 500;
pub use crate::message::MESSAGE_CHARS;
/// Bytes of a draft: a command followed by a message of the widest characters.
pub const DRAFT_BYTES: usize = 16 << 10;
/// Bytes of one paste that are kept; the rest is dropped.
pub const PASTE_BYTES: usize = 64 << 10;
/// Lines in the input history of one conversation, which ↑ brings back.
pub const MAX_INPUT_HISTORY: usize = 100;
/// Members of one room that are listed.
pub const MAX_MEMBERS: usize = 2_000;
/// Users online that are known for completion.
pub const MAX_ONLINE: usize = 10_000;
/// Entries of one folder that Tab cycles through.
pub const MAX_FOLDER_ENTRIES: usize = 200;
/// Recent speakers of one conversation, which completion offers first.
pub const MAX_SPEAKERS: usize = 64;
/// Names in one line of joins and leaves.
pub const MAX_PRESENCE_NAMES: usize = 50;
/// Characters of a name from a server; longer names are cut.
pub const NAME_CHARS: usize = 40;
/// Characters of a notice from a server; longer notices are cut.
pub const NOTICE_CHARS: usize = 8_000;
/// Lines of a bracketed paste that go into the draft without a question.
pub const MAX_PASTE_LINES_UNASKED: usize = 3;
