//! Every default number of the product, with its reason. Each can be set by `--limit NAME=VALUE`.

use std::time::Duration;

/// A number that has no upper bound of its own.
const NO_CEILING: u64 = u64::MAX;

macro_rules! limits {
    ($( $(#[doc = $why:literal])+ $field:ident = $default:expr, $least:expr, $most:expr; )+) => {
        /// The product's limits. [`Limits::default`] has the defaults; [`Limits::set`] changes one by name.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits { $( $(#[doc = $why])+ pub $field: u64, )+ }

        impl Default for Limits {
            fn default() -> Self { Limits { $( $field: $default, )+ } }
        }

        /// What can be set: name (with `-` for `_`), default, reason.
        pub const TABLE: &[(&str, u64, &str)] = &[ $( (stringify!($field), $default, concat!($($why),+)), )+ ];

        impl Limits {
            /// Sets the limit called `name` (`-` and `_` are the same).
            ///
            /// # Errors
            /// Says which names exist, or between which bounds the value must lie.
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
    /// Bytes in one line of the text door; longer than any message of 2,000 characters in UTF-8.
    line_bytes = 8_192, 64, 1 << 20;
    /// Bytes in one line that is a command object: in JSON, each of 2,000 characters may be escaped.
    object_bytes = 64 << 10, 1 << 10, 1 << 20;
    /// Bytes in one line of the LanTalk door, whose clients escape every character.
    lantalk_line_bytes = 64 << 10, 1 << 10, 1 << 20;
    /// Characters in one message; LanTalk's own bound.
    message_chars = 2_000, 1, 8_000;
    /// Lines in one message: a function or a stack trace fits. Readers of text get the sender's name in front of each
    /// line, so many short lines would be many times as many bytes as were sent.
    message_lines = MESSAGE_LINES as u64, 1, MOST_MESSAGE_LINES as u64;
    /// Bytes in one line that lists things; clients read in pieces of 4 KiB.
    list_bytes = 4_096, 256, 1 << 20;
    /// Names on one page of a list; further ones come on the next page. More than a person reads.
    page_names = 1_000, 1, 100_000;
    /// Bytes on one page of a list, and never more than a quarter of the backlog: a client that asks ten times at once
    /// must not overflow its own.
    page_bytes = 64 << 10, 4 << 10, 1 << 20;
    /// Bytes in one message to an unframed client, which reads at most 1,024 at a time. Names and time in front take
    /// about 250.
    unframed_bytes = 1_000, 512, 1_024;
    /// Milliseconds between two messages to an unframed client, so that two never merge in its `recv`.
    unframed_gap_ms = 30, 0, 60_000;
    /// Messages waiting for an unframed client before talk may be merged into one send.
    unframed_merge_at = 32, 1, NO_CEILING;
    /// Milliseconds of silence after which the server greets: a client that speaks first has done so by then.
    greeting_ms = 300, 1, 60_000;
    /// Milliseconds without more bytes after which a first read without a newline is an unframed message.
    unframed_quiet_ms = 150, 1, 60_000;
    /// Seconds each answer of a sign-in may take: a person has to find a password.
    answer_seconds = 60, 1, 3_600;
    /// Seconds LanTalk's clients have for their one answer, which they know before they connect; LanTalk's own bound.
    lantalk_answer_seconds = 15, 1, 3_600;
    /// Seconds a whole sign-in may take.
    sign_in_seconds = 300, 1, 86_400;
    /// Connections not yet signed in, at once; then the oldest goes, of the address that has most of them.
    unsigned_clients = 128, 1, NO_CEILING;
    /// Of these, from one address.
    unsigned_per_address = 16, 1, NO_CEILING;
    /// Pings and acknowledgements in the same time: they are no lines of a user's, and cost as much. More are dropped.
    upkeep_lines = 40, 1, NO_CEILING;
    /// Lines over the rate in a minute that end a session.
    dropped_lines = 50, 1, NO_CEILING;
    /// Seconds before the idle timeout at which a silent person is warned.
    idle_warning_seconds = 30, 1, 3_600;
    /// Wrong passwords from one address, within the time below, after which its password attempts are refused.
    address_failures = 10, 1, NO_CEILING;
    /// Seconds within which these count, and for which attempts are refused then.
    address_block_seconds = 600, 1, 86_400;
    /// Accounts made from one address within that time: each takes a name for ever.
    registrations_per_address = 5, 1, NO_CEILING;
    /// Sign-ins from one address in a minute, also in vain under a name that is taken: other users hear of each. As many
    /// as may be connected from one address come back at once when the server was restarted.
    sign_ins_per_address_minute = 256, 1, NO_CEILING;
    /// Lines that all who are connected from one address together may say at once: as many as 256 of them may, ten each.
    /// In short ones most of what travels is names, which the bytes below count from the second line of a message on.
    address_lines = 2_560, 1, NO_CEILING;
    /// Bytes of these: they go to everybody, and even with every character escaped they fit into half of the backlog of
    /// one who reads slowly.
    address_bytes = 256 << 10, 4 << 10, NO_CEILING;
    /// Seconds after which an address that has said all of that may say it again, a part of it sooner.
    address_said_seconds = 5, 1, 3_600;
    /// Rooms one person may be in at once.
    rooms_per_person = 32, 1, 10_000;
    /// Open rooms that were opened from one address, the lobby not counted: every list of rooms shows them, and 256 people
    /// of 32 rooms each could open 8,192.
    rooms_per_address = 256, 1, NO_CEILING;
    /// Private chats and open requests one person may have at once.
    privates_per_person = 64, 1, 10_000;
    /// Hearers above which somebody's coming or going is told together with others': 5,000 people who come would
    /// otherwise be 25 million lines.
    presence_hearers = 200, 0, NO_CEILING;
    /// Milliseconds for which those are gathered.
    presence_gather_ms = 1_000, 10, 60_000;
    /// Bytes that may wait in one room before its speakers wait: more only fills backlogs.
    room_pending_bytes = 256 << 10, 4 << 10, 64 << 20;
    /// Rooms of at most this many members are served by the speaker's own thread: a hand-over costs more than the sends.
    inline_members = 16, 0, NO_CEILING;
    /// Bytes that may wait for one client that does not read. At least as much as the longest answer to a sign-in.
    backlog_bytes = 1 << 20, 128 << 10, 1 << 30;
    /// Bytes that may wait for all clients together; then the largest backlog is cut off.
    backlog_total_bytes = 256 << 20, 1 << 20, NO_CEILING;
    /// Seconds without progress after which a client that does not read is cut off.
    stalled_seconds = 10, 1, 3_600;
    /// Seconds after which a client is lost whose system acknowledges nothing of what was sent, or takes nothing more.
    unacknowledged_seconds = 20, 1, 3_600;
    /// Clients that may be asked for a sign of life at once on behalf of one address that wants their names.
    probes_per_address = 4, 1, 10_000;
    /// Seconds after the loss of a connection within which its session may be resumed.
    resume_seconds = 600, 1, 86_400;
    /// Sessions whose connections were lost that are kept for that; the one lost first goes first.
    resume_sessions = 2_000, 1, 1_000_000;
    /// Bytes that these may take together: private lines that were not acknowledged.
    resume_bytes = 16 << 20, 64 << 10, NO_CEILING;
    /// Labels of one session that are remembered, so that a command that is sent again runs once.
    labels_per_session = 512, 1, 1 << 20;
    /// Bytes of unacknowledged private lines and direct messages that are kept for one session.
    replay_bytes = 64 << 10, 1 << 10, 64 << 20;
    /// Nonces that are remembered, the newest ones, so that a message that is sent again is said once, also after the
    /// server was restarted.
    nonces = 65_536, 1, 1 << 24;
    /// Bytes of the kernel's send buffer of each client: a burst fits, a stalled client does not hold megabytes.
    send_buffer_bytes = 128 << 10, 4 << 10, 4 << 20;
    /// Seconds that outgoing bytes are flushed for when the server stops.
    flush_seconds = 2, 0, 60;
    /// The fewest bytes of a new account's password.
    password_min_bytes = 8, 1, 72;
    /// bcrypt's cost: 10 takes about 50 ms. Tests use 4.
    bcrypt_cost = 10, 4, 16;
    /// Password checks that may wait for a turn; more are refused with 503.
    hash_queue = 64, 0, 10_000;
    /// Failed passwords in a row after which an account is locked.
    failures_to_lock = 3, 1, 1_000;
    /// Accounts a server keeps at most: registering is open to everybody, the file is rewritten each time.
    accounts = 10_000, 1, 10_000_000;
    /// People one person may block: each block is in the file that every registration writes anew.
    blocks_per_person = 256, 1, 10_000;
    /// People of whom the server remembers when they were last here; some 200 bytes each.
    seen_names = 16_384, 1, 1 << 20;
    /// Bytes of sessions.jsonl after which it is begun anew; one older file is kept beside it.
    sessions_bytes = 16 << 20, 4 << 10, NO_CEILING;
    /// Bytes of a predecessor's file that is imported: it is read as a whole.
    import_bytes = 64 << 20, 1 << 10, NO_CEILING;
    /// Bytes of messages that may wait to be stored before speakers wait: a slow disk must not fill the memory.
    store_pending_bytes = 8 << 20, 64 << 10, 1 << 30;
    /// Bytes that must be free on the data folder's disk for talk to be stored: everybody can fill a disk by talking, and
    /// accounts, bans and mail need room.
    disk_free_bytes = 64 << 20, 0, NO_CEILING;
    /// Of a smaller disk, one part of so many is enough: a stick of 100 MB is to be used, too.
    disk_free_part = 8, 1, 1_000;
    /// Messages that may wait for one account that is away: more than a person reads after a holiday.
    mail_per_receiver = 500, 1, 100_000;
    /// Of these, from one account or under one guest's name.
    mail_per_sender = 50, 1, 100_000;
    /// Of these places, those that guests cannot take, or that come on top where they took all: names cost a guest
    /// nothing, and who has an account is to find room. One address makes five accounts in ten minutes.
    mail_for_accounts = 100, 0, 100_000;
    /// Messages that may wait for everybody together: mail is never pruned, so this bounds the disk it takes.
    mail_total = 100_000, 1, 10_000_000;
    /// Milliseconds one look into the history may take: whoever asks next waits behind it.
    search_ms = 200, 1, 60_000;
    /// Bytes of what a client is told at once of what it missed, in all its rooms; the rest it asks for.
    catch_up_bytes = 256 << 10, 4 << 10, 64 << 20;
    /// Messages one answer from the history may have; there is more behind `before`.
    history_messages = 200, 1, 1_000;
    /// Rooms of which it is known how far an account has read; the one read longest ago goes first.
    marks_per_account = 1_000, 1, 100_000;
}

/// The most bytes of a password: bcrypt reads no more (and is asked to refuse, not to truncate).
pub const PASSWORD_MAX_BYTES: usize = 72;
/// Lines of no form asked for after which a connection that is not signed in ends: users mistype, programs of other
/// protocols go on.
pub const SIGN_IN_MISTAKES: u32 = 5;
/// The most bytes of a command object's label or nonce: a session remembers many of them.
pub const LABEL_BYTES: usize = 64;
/// Lines in one message, where nothing else is set.
pub const MESSAGE_LINES: usize = 50;
/// The most lines that a server can be set to take in one message.
pub const MOST_MESSAGE_LINES: usize = 500;
/// The most characters of a name; LanTalk cuts its names there.
pub const NAME_CHARS: usize = 24;
/// The most characters of a room's name.
pub const ROOM_CHARS: usize = 32;

impl Limits {
    /// A limit in milliseconds as a duration.
    #[must_use]
    pub fn millis(value: u64) -> Duration {
        Duration::from_millis(value)
    }

    /// A limit in seconds as a duration.
    #[must_use]
    pub fn seconds(value: u64) -> Duration {
        Duration::from_secs(value)
    }
}

/// A limit that counts things in memory, as a `usize`.
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
    fn every_limit_says_why() {
        for (name, _, why) in TABLE {
            assert!(why.trim().len() > 20, "{name} has no reason");
        }
    }
}
