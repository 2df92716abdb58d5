//! All limits of the server, each with its default, its bounds and its reason.
//!
//! An operator changes a limit by `--limit NAME=VALUE`; `--limit help` prints [`TABLE`]. The comments on the fields are the
//! text of that help, so they are written for operators.

use std::time::Duration;

/// Upper bound of a limit that needs none.
const NO_CEILING: u64 = u64::MAX;

macro_rules! limits {
    ($( $(#[doc = $why:literal])+ $field:ident = $default:expr, $least:expr, $most:expr; )+) => {
        /// The limits of a server. [`Limits::default`] has the defaults; [`Limits::set`] changes one by name.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits { $( $(#[doc = $why])+ pub $field: u64, )+ }

        impl Default for Limits {
            fn default() -> Self { Limits { $( $field: $default, )+ } }
        }

        /// Name (with `_`, where users write `-`), default and reason of each limit.
        pub const TABLE: &[(&str, u64, &str)] = &[ $( (stringify!($field), $default, concat!($($why),+)), )+ ];

        impl Limits {
            /// Sets the limit called `name` (`-` and `_` are the same).
            ///
            /// # Errors
            /// A text for operators that lists the existing names or the bounds of the value.
            pub fn set(&mut self, name: &str, value: u64) -> Result<(), String> {
                let wanted = name.replace('-', "_");
                $( if wanted == stringify!($field) {
                    if !($least..=$most).contains(&value) {
                        return Err(format!("limit {name} must lie between {} and {}", $least, $most));
                    }
                    self.$field = value;
                    return Ok(());
                } )+
                let names: Vec<String> = TABLE.iter().map(|(n, _, _)| n.replace('_', "-")).collect();
                Err(format!("there is no limit called {name}; there are: {}", names.join(", ")))
            }
        }
    };
}

limits! {
    /// Bytes in a line of the text door: more than any message of 2,000 characters in UTF-8 has.
    line_bytes = 8_192, 64, 1 << 20;
    /// Bytes in a line that is a command object: JSON may escape each of 2,000 characters.
    object_bytes = 64 << 10, 1 << 10, 1 << 20;
    /// Bytes in a line of the LanTalk door, whose clients escape every character.
    lantalk_line_bytes = 64 << 10, 1 << 10, 1 << 20;
    /// Characters in a message, as in LanTalk.
    message_chars = 2_000, 1, 8_000;
    /// Lines in a message: a function or a stack trace fits. Text clients get the author's name in front of each line,
    /// so many short lines would multiply the bytes sent.
    message_lines = MESSAGE_LINES as u64, 1, MOST_MESSAGE_LINES as u64;
    /// Bytes in a line of a list; clients read in pieces of 4 KiB.
    list_bytes = 4_096, 256, 1 << 20;
    /// Names on a page of a list; more than a user reads at once.
    page_names = 1_000, 1, 100_000;
    /// Bytes on a page of a list, and at most a quarter of the backlog, so that a client that asks ten times at once
    /// does not overflow its backlog.
    page_bytes = 64 << 10, 4 << 10, 1 << 20;
    /// Bytes in a message to an unframed client, which reads at most 1,024 at once. Names and time in front of a text
    /// take about 250.
    unframed_bytes = 1_000, 512, 1_024;
    /// Milliseconds between two messages to an unframed client, so that they do not merge in one read.
    unframed_gap_ms = 30, 0, 60_000;
    /// Messages waiting for an unframed client above which talk may be merged into one send.
    unframed_merge_at = 32, 1, NO_CEILING;
    /// Milliseconds of silence after which the server greets; a client that speaks first has done so by then.
    greeting_ms = 300, 1, 60_000;
    /// Milliseconds for which LanTalk's door waits for a client that begins TLS; clients of LanTalk wait for the greeting.
    lantalk_greeting_ms = 100, 0, 60_000;
    /// Seconds for the handshake of TLS, which programs complete in a few round trips.
    tls_handshake_seconds = 10, 1, 3_600;
    /// Milliseconds of silence after which a first read without a newline is an unframed message.
    unframed_quiet_ms = 150, 1, 60_000;
    /// Seconds for each answer of a sign-in; a user may have to look for a password.
    answer_seconds = 60, 1, 3_600;
    /// Seconds for the sign-in of a LanTalk client, which knows the answer before it connects; as in LanTalk.
    lantalk_answer_seconds = 15, 1, 3_600;
    /// Bytes in the head of an HTTP request: its first line and its headers. Browsers send about 1,000.
    http_head_bytes = 8 << 10, 1 << 10, 1 << 20;
    /// Bytes in the body of an HTTP request, which is kept in memory until it is whole.
    http_body_bytes = 64 << 10, 0, 16 << 20;
    /// Seconds for which an HTTP connection may wait for its next request; browsers open a new one at no cost to the user.
    http_idle_seconds = 5, 1, 3_600;
    /// Seconds for the head of an HTTP request, which a browser sends at once.
    http_head_seconds = 10, 1, 3_600;
    /// Seconds for the body of an HTTP request, also over bad Wi-Fi.
    http_body_seconds = 10, 1, 3_600;
    /// Seconds for a whole sign-in, so that slow answers cannot hold a connection for ever.
    sign_in_seconds = 300, 1, 86_400;
    /// Connections that are not signed in. Beyond it, the address with the most of them loses its oldest.
    unsigned_clients = 128, 1, NO_CEILING;
    /// Connections from one address that are not signed in; beyond it, its oldest is closed.
    unsigned_per_address = 16, 1, NO_CEILING;
    /// HTTP connections and WebSockets that are not signed in. Beyond it, the address with the most of them loses its
    /// oldest that waits for a request or a sign-in. At most half of all connections.
    http_connections = 1_024, 1, NO_CEILING;
    /// HTTP connections from one address, and one more for each of its sessions. A browser opens six, and a class of 30
    /// stands behind one address. Beyond it, its oldest that waits for a request or a sign-in is closed.
    http_per_address = 200, 1, NO_CEILING;
    /// Seconds of silence after which the server pings a WebSocket; after as many without any answer, it is lost.
    websocket_ping_seconds = 30, 1, 3_600;
    /// Pings and acknowledgements per period of the rate limit; further ones are dropped. They count apart, as users do
    /// not type them.
    upkeep_lines = 40, 1, NO_CEILING;
    /// Lines dropped by the rate limit within a minute that end a session.
    dropped_lines = 50, 1, NO_CEILING;
    /// Seconds between the warning of a silent user and the idle timeout.
    idle_warning_seconds = 30, 1, 3_600;
    /// Wrong passwords from one address within address-block-seconds after which it may try no more passwords.
    address_failures = 10, 1, NO_CEILING;
    /// Seconds within which wrong passwords count, and for which further attempts are then refused.
    address_block_seconds = 600, 1, 86_400;
    /// Accounts made and passwords set from one address within address-block-seconds; an account takes a name for ever.
    registrations_per_address = 5, 1, NO_CEILING;
    /// Sign-ins from one address per minute, including attempts at a name in use; each may notify all users. All 256
    /// connections of an address may return at once after a restart.
    sign_ins_per_address_minute = 256, 1, NO_CEILING;
    /// Lines that all connections of one address may say at once: ten each from 256 connections. It bounds short lines,
    /// which consist mostly of names.
    address_lines = 2_560, 1, NO_CEILING;
    /// Bytes that all connections of one address may say at once. All users get them; with every character escaped they
    /// fill at most half the backlog of a slow client.
    address_bytes = 256 << 10, 4 << 10, NO_CEILING;
    /// Seconds in which address-lines and address-bytes refill, evenly.
    address_said_seconds = 5, 1, 3_600;
    /// Rooms that a user may be in at once.
    rooms_per_person = 32, 1, 10_000;
    /// Open rooms that were opened from one address, without the lobby. Lists show all rooms, and 256 users in 32 rooms
    /// each could open 8,192.
    rooms_per_address = 256, 1, NO_CEILING;
    /// Owners of a room, and of the server.
    room_owners = 32, 1, 1_000;
    /// Rooms that one user runs. An account keeps them over restarts.
    owned_rooms = 16, 1, 1_000;
    /// Days without use after which an account runs a room no more.
    unused_room_days = 90, 1, 36_500;
    /// Mutes, bans, invitations and raised hands of a room, each.
    room_list = 256, 1, 10_000;
    /// Wrong key words that one address may try at one room within address-block-seconds: a word of four digits lasts for
    /// days.
    wrong_keys_per_address = 32, 1, NO_CEILING;
    /// Characters of a topic, a key word, a reason, and the text of a raised hand or an absence.
    rule_chars = 200, 1, 2_000;
    /// Minutes of absence for which the name of a guest stays reserved for the program that used it: over lunch, not over
    /// night and a day.
    kept_name_minutes = 720, 1, 525_600;
    /// Names of absent guests that stay reserved at one address. Beyond it, the program with the most of them loses the
    /// one it left first.
    kept_names_per_address = 32, 1, NO_CEILING;
    /// Names of absent guests that stay reserved in all, about 300 bytes each. Beyond it, the address with the most of
    /// them loses the one it left first.
    kept_names = 4_096, 1, 1_000_000;
    /// Seconds for which authors may remove or change a message; owners of the room may remove it at any time.
    take_back_seconds = 600, 1, 86_400;
    /// Newest messages of a room, and to all users, whose authors the server remembers within take-back-seconds. A guest
    /// cannot take back an older one.
    recent_messages = 1_024, 1, 65_536;
    /// Removals and changes of messages in a room that a client is told when it returns.
    changes_told = 200, 1, 1_000;
    /// Changes of its name by a guest in one session. Blocks and sanctions of each earlier name hold for the session.
    renames_per_session = 8, 1, 100;
    /// Private chats and open requests of a user at once.
    privates_per_person = 64, 1, 10_000;
    /// Requests for chats from one address to one user, at once and in a minute. A request can be sent again after it ended
    /// without an answer, so 256 clients of one address could send one user hundreds of lines a second.
    requests_per_address = 64, 1, NO_CEILING;
    /// Listeners above which arrivals and departures are summarized: 5,000 users arriving one by one would be 25
    /// million lines.
    presence_hearers = 200, 0, NO_CEILING;
    /// Arrivals and departures told one by one in presence-gather-ms; further ones are summarized. Otherwise 150 users who
    /// join and leave a room all the time would make 250 lines a second for each reader.
    presence_lines = 20, 0, NO_CEILING;
    /// Milliseconds for which arrivals and departures are collected for a summary.
    presence_gather_ms = 1_000, 10, 60_000;
    /// Bytes that may wait in one room before its speakers wait; more would only fill backlogs.
    room_pending_bytes = 256 << 10, 4 << 10, 64 << 20;
    /// Members up to which a room is served by the thread of the speaker; a hand-over would cost more than the sends.
    inline_members = 16, 0, NO_CEILING;
    /// Bytes that may wait for a client that does not read; at least as many as the longest answer to a sign-in.
    backlog_bytes = 1 << 20, 128 << 10, 1 << 30;
    /// Bytes that may wait for all clients together; beyond it, the client with the largest backlog is disconnected.
    backlog_total_bytes = 256 << 20, 1 << 20, NO_CEILING;
    /// Seconds without progress after which a client that does not read is disconnected.
    stalled_seconds = 10, 1, 3_600;
    /// Seconds after which a client is lost if its system acknowledges no sent bytes, or accepts no more.
    unacknowledged_seconds = 20, 1, 3_600;
    /// Clients that may be probed at once for a newcomer address that asks for their names.
    probes_per_address = 4, 1, 10_000;
    /// Seconds after a lost connection within which its session may be resumed.
    resume_seconds = 600, 1, 86_400;
    /// Sessions kept for resumption. Beyond it, the address with the most of them loses its oldest.
    resume_sessions = 2_000, 1, 1_000_000;
    /// Bytes of unacknowledged private lines kept for all sessions that may be resumed.
    resume_bytes = 16 << 20, 64 << 10, NO_CEILING;
    /// Labels remembered per session, so that a command that is sent again runs once.
    labels_per_session = 512, 1, 1 << 20;
    /// Bytes of unacknowledged private lines and direct messages kept per session.
    replay_bytes = 64 << 10, 1 << 10, 64 << 20;
    /// Newest nonces remembered, so that a message that is sent again is said once, also after a restart.
    nonces = 65_536, 1, 1 << 24;
    /// Bytes of the kernel's send buffer per client: a burst fits, but stalled clients do not hold megabytes.
    send_buffer_bytes = 128 << 10, 4 << 10, 4 << 20;
    /// Seconds for which outgoing bytes are still sent when the server stops.
    flush_seconds = 2, 0, 60;
    /// Least bytes in the password of a new account.
    password_min_bytes = 8, 1, 72;
    /// Cost of bcrypt; 10 takes about 50 ms per password. Tests use 4.
    bcrypt_cost = 10, 4, 16;
    /// Password checks that may wait for a turn; further ones are refused with 503.
    hash_queue = 64, 0, 10_000;
    /// Wrong passwords in a row after which an account is locked.
    failures_to_lock = 3, 1, 1_000;
    /// Accounts on a server. Registration is open to all, and each one rewrites the file of accounts.
    accounts = 10_000, 1, 10_000_000;
    /// Users that one user may block; the blocks are in the file that each registration rewrites.
    blocks_per_person = 256, 1, 10_000;
    /// Users of whom the server remembers the last visit, about 200 bytes each.
    seen_names = 16_384, 1, 1 << 20;
    /// Bytes in sessions.jsonl after which a new file is begun; one older file is kept.
    sessions_bytes = 16 << 20, 4 << 10, NO_CEILING;
    /// Bytes in a predecessor's file to import, which is read as a whole.
    import_bytes = 64 << 20, 1 << 10, NO_CEILING;
    /// Bytes of messages that may wait to be stored before speakers wait, so that a slow disk does not fill the memory.
    store_pending_bytes = 8 << 20, 64 << 10, 1 << 30;
    /// Bytes of free disk below which talk is not stored. Any user can fill a disk by talking; accounts, bans and mail
    /// need space.
    disk_free_bytes = 64 << 20, 0, NO_CEILING;
    /// Divisor for small disks: disk-free-bytes is at most the size of the disk divided by this.
    disk_free_part = 8, 1, 1_000;
    /// Messages that may wait for one account; more than a user reads after a holiday.
    mail_per_receiver = 500, 1, 100_000;
    /// Messages that may wait for one account from one account or guest name.
    mail_per_sender = 50, 1, 100_000;
    /// Messages per receiver that accounts can always leave, on top if guests have filled the mailbox. Guest names are
    /// free; an address can make five accounts in ten minutes.
    mail_for_accounts = 100, 0, 100_000;
    /// Messages that may wait for all accounts together. Mail is never pruned, so this bounds the disk space it takes.
    mail_total = 100_000, 1, 10_000_000;
    /// Bytes of messages.db above which the oldest messages are removed (--history-size). One address that says all it
    /// may says 12 GB a day. Messages that wait for accounts stay.
    history_bytes = 4 << 30, 16 << 20, NO_CEILING;
    /// Milliseconds for one search of the history; further requests wait behind it.
    search_ms = 200, 1, 60_000;
    /// Bytes of missed messages that a client gets at once for all its rooms; it requests the rest.
    catch_up_bytes = 256 << 10, 4 << 10, 64 << 20;
    /// Messages in one answer from the history; `before` requests more.
    history_messages = 200, 1, 1_000;
    /// Rooms per account with a read mark; the one read longest ago is forgotten first.
    marks_per_account = 1_000, 1, 100_000;
}

/// Maximum length of a password in bytes: bcrypt reads no more.
pub const PASSWORD_MAX_BYTES: usize = 72;
/// Invalid lines after which a connection that is not signed in ends. Users mistype, but programs of other protocols never
/// stop.
pub const SIGN_IN_MISTAKES: u32 = 5;
/// Maximum length in bytes of the label or nonce of a command object: a session remembers many of them.
pub const LABEL_BYTES: usize = 64;
/// Default maximum of lines in a message.
pub const MESSAGE_LINES: usize = 50;
/// Upper bound of [`Limits::message_lines`].
pub const MOST_MESSAGE_LINES: usize = 500;
/// Maximum number of ids in an event about removed messages.
pub const DELETED_IDS: usize = 100;
/// Maximum length of a user name in characters, as in LanTalk.
pub const NAME_CHARS: usize = 24;
/// Maximum length of a room name in characters.
pub const ROOM_CHARS: usize = 32;

impl Limits {
    /// Converts a limit in milliseconds.
    #[must_use]
    pub fn millis(value: u64) -> Duration {
        Duration::from_millis(value)
    }

    /// Converts a limit in seconds.
    #[must_use]
    pub fn seconds(value: u64) -> Duration {
        Duration::from_secs(value)
    }
}

/// Converts a limit to a `usize`, saturating on 32-bit systems.
#[must_use]
pub fn count(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_set_by_name_within_their_bounds() {
        let mut limits = Limits::default();
        limits.set("line-bytes", 100).unwrap();
        assert_eq!(limits.line_bytes, 100);
        assert!(limits.set("line_bytes", 1).unwrap_err().contains("between 64 and"));
        assert!(limits.set("speed", 1).unwrap_err().contains("backlog-bytes"));
    }

    #[test]
    fn every_limit_has_a_reason() {
        for (name, _, why) in TABLE {
            assert!(why.trim().len() > 20, "{name} has no reason");
        }
    }
}
