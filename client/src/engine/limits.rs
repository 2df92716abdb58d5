//! How much the engine keeps and how fast it sends, each number with its reason.

/// Typed lines that may wait to be sent: more is a mistake, or a file that was pasted.
pub const WAITING: usize = 500;
/// Requests of the program itself that may wait.
pub const HOUSEKEEPING: usize = 200;
/// Lines that always stay free for what a user types, of those that the server takes in its time span.
pub const FREE_FOR_USER: usize = 4;
/// The rate of a server that has not said it yet: lines, and milliseconds.
pub const RATE: (u64, u64) = (10, 5_000);
/// Milliseconds by which the client's time span is longer than the server's: a network that holds lines up brings them
/// closer together than they were sent.
pub const RATE_MARGIN_MS: u64 = 1_000;
/// Milliseconds that a server may make the client wait at most, whatever it says: longer would be for ever.
pub const LONGEST_PAUSE_MS: u64 = 60_000;
/// Milliseconds between two pings while something is unanswered.
pub const PING_BUSY_MS: u64 = 2_000;
/// Milliseconds between two pings otherwise, unless the user wants it otherwise.
pub const PING_IDLE_MS: u64 = 10_000;
/// Milliseconds without an answer after which the user is told.
pub const SILENCE_SHOWN_MS: u64 = 3_000;
/// Milliseconds without an answer after which the connection is given up.
pub const SILENCE_MS: u64 = 6_000;
/// Milliseconds between two attempts at least, while the network does not answer; an attempt itself takes some time.
pub const NETWORK_PAUSE_MS: u64 = 600;
/// Lines on their way in one encrypted chat: fewer than a chat takes before it counts as stuck.
pub const ENCRYPTED_UNDER_WAY: usize = 16;
/// Ids of messages that are remembered: more than one page of history for each of the rooms that users are in at once.
pub const IDS: usize = 8_192;
/// Rooms whose last id is remembered.
pub const ROOMS: usize = 64;
/// Pages of missed history that are fetched for one room after a break: 20,000 messages at 200 a page.
pub const PAGES: usize = 100;
/// Messages of one room that are held back until the server says whether they were missed.
pub const HELD: usize = 1_000;
