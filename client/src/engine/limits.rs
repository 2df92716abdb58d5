//! Limits of the engine, each with its reason.

/// Typed lines that may wait to be sent. More is a mistake, such as a pasted file.
pub const MAX_WAITING: usize = 500;
/// Background requests that may wait.
pub const MAX_BACKGROUND: usize = 200;
/// Lines of the server's rate that background requests leave free for typed lines: two joins, each with a message.
pub const FREE_FOR_USER: usize = 3;
/// Lines that the question for a room's rules leaves free: the notices of the server tell a newcomer what restricts its
/// talk, so the question waits for all others.
pub const FREE_FOR_OTHERS: usize = 6;
/// Rate limit until the server announces its own: lines, and the window in milliseconds.
pub const DEFAULT_RATE: (u64, u64) = (10, 5_000);
/// Milliseconds by which the client's window is longer than the server's. A network that delays lines brings them
/// closer together than they were sent, and the server would drop some.
pub const RATE_MARGIN_MS: u64 = 1_000;
/// Milliseconds for which a server may make the client wait at most, so that a faulty server cannot block it for good.
pub const MAX_PAUSE_MS: u64 = 60_000;
/// Milliseconds between two pings while a request is unanswered.
pub const PING_BUSY_MS: u64 = 2_000;
/// Milliseconds between two pings on an idle connection, unless configured otherwise.
pub const PING_IDLE_MS: u64 = 10_000;
/// Milliseconds without an answer after which the UI shows the silence.
pub const SILENCE_SHOWN_MS: u64 = 3_000;
/// Milliseconds without an answer after which the connection counts as lost.
pub const SILENCE_LIMIT_MS: u64 = 6_000;
/// Minimum pause in milliseconds between two attempts while the network does not answer. The dial timeout adds to it.
pub const NETWORK_RETRY_MS: u64 = 600;
/// Minimum pause in milliseconds between two attempts while the doors of the server are closed: an owner opens them some
/// time, and each refused sign-in counts against the address.
pub const DOORS_RETRY_MS: u64 = 20_000;
/// Lines under way in one encrypted chat: fewer than its queue holds, since a full queue ends the chat as stuck.
pub const ENCRYPTED_UNDER_WAY: usize = 16;
/// Message ids to remember: more than one page of history for each room that a user may be in.
pub const MAX_IDS: usize = 8_192;
/// Sequence numbers that may be missing over a connection that resumes a session: events that the server moved to the
/// mailbox, or could not keep. An honest server keeps at most 1,024.
pub const MAX_SEQ_SKIPS: u64 = 10_000;
/// Rooms to remember.
pub const MAX_ROOMS: usize = 64;
/// Pages of missed messages to fetch for one room: 20,000 messages at 200 per page.
pub const MAX_PAGES: usize = 100;
/// Messages of one room to hold back until the server tells whether they were missed.
pub const MAX_HELD_BACK: usize = 1_000;
