//! Limits of a mesh member, each with its reason. Any machine on the network can send to a member, so everything that
//! others can fill or trigger has a limit.

pub use crate::rate_counter::LINES;
pub use landline_common::mesh::{FRAME_BYTES, NUMBER_LIMIT};

/// Members known at once, linked or only from hellos: as many as a small network has addresses.
pub const PEERS: usize = 256;
/// Members at one address, so that one machine cannot keep others out.
pub const PEERS_PER_ADDRESS: usize = PEERS / 4;
/// New members at one address in 5 s, since each is a line on the screen of all members.
pub const JOINS: usize = 24;
/// Hellos parsed per second. 256 members send one every two seconds, and a machine on several networks sends each
/// several times.
pub const HELLOS: u32 = 500;
/// Hellos parsed per second of one address.
pub const HELLOS_PER_ADDRESS: u32 = 24;
/// Dials at once. A forged hello costs a dial, and must not cost more.
pub const DIALS: usize = 8;
/// Dials at once to one address.
pub const DIALS_PER_ADDRESS: usize = 4;
/// Endpoints remembered of one member: a machine may be on several networks.
pub const ENDPOINTS: usize = 4;
/// Endpoints of one member at one IP address. An impostor at one address can take no more of them.
pub const ENDPOINTS_PER_ADDRESS: usize = 2;
/// Unfinished handshakes of incoming connections.
pub const HANDSHAKES: usize = 64;
/// Unfinished handshakes of incoming connections of one address.
pub const HANDSHAKES_PER_ADDRESS: usize = 16;
/// Links at once. Each member may have two for a moment, until both sides have dropped the same one.
pub const LINKS: usize = 2 * PEERS;
/// Links at once with one address.
pub const LINKS_PER_ADDRESS: usize = 2 * PEERS_PER_ADDRESS;
/// Bytes of messages in one history frame, before the last message and the author are added.
pub const HISTORY_FRAME_BYTES: usize = 20 << 10;
/// Bytes of history that a member may be sent beyond the whole one, since answers lost with a link are requested again.
pub const HISTORY_EXTRA_BYTES: u64 = 64 << 10;
/// Bytes per second by which that budget refills.
pub const HISTORY_BYTES_PER_SECOND: u64 = 4 << 10;
/// Milliseconds per further copy of the history sent to the members at one address, after [`JOINS`] copies.
pub const HISTORY_ADDRESS_MS: u64 = 30_000;
/// Messages of one author per request. A newcomer asks several members, each for another part.
pub const MESSAGES_PER_REQUEST: u64 = 100;
/// Bytes that may wait to be sent to one member. A member that reads more slowly loses its link.
pub const QUEUE_BYTES: usize = 1 << 20;
/// Frames that may wait to be sent to one member.
pub const QUEUE_FRAMES: usize = 512;
/// Inputs that may wait for the node. A full channel makes the links wait.
pub const INPUTS: usize = 256;
/// Milliseconds for which a script waits for another member before it sends. Hellos are sent every 2 s.
pub const WAIT_FOR_MEMBERS_MS: u64 = 3_000;
/// Events that may wait for the UI. The number of dropped ones is shown.
pub const EVENTS: usize = 16_384;
/// Messages kept: as many as a conversation of the client holds.
pub const MESSAGES: usize = 10_000;
/// Bytes of the texts of kept messages.
pub const MESSAGE_BYTES: usize = 16 << 20;
/// Authors of stored messages. Each start of a member is a new author.
pub const ORIGINS: usize = 2_048;
/// Ranges in which a member may list the messages that it has of one author. It has one range unless a fetch is under
/// way.
pub const RANGES_PER_AUTHOR: usize = 8;
/// Ranges of message numbers of one author that count as known; above that, the oldest gap is given up. Members that
/// send a newcomer the whole history leave some tens for a while.
pub const KNOWN_RANGES: usize = 256;
/// Characters of one message, as everywhere in the client.
pub const MESSAGE_CHARS: usize = crate::message::MESSAGE_CHARS;
/// Maximum logical time, plus one for each second since 2026 by the local clock. No real mesh needs more, and ids stay
/// below 2⁵³ until 2042, whatever other members send.
pub const MAX_LAMPORT_AT_2026: u64 = 1_000_000;
/// Logical time above the maximum that is still accepted from the author itself, in case an attacker has driven the
/// clocks to the maximum. Clocks differ by some seconds, and an author that sends a lot advances faster than the clock.
/// For as long, a message may sort below a later one.
pub const LAMPORT_TOLERANCE: u64 = 120;
/// Difference below which two wall clocks count as equal, since a hello may take as long on a busy machine.
pub const SAME_CLOCK_MS: u64 = 3_000;
/// Lines of one member in 5 s above which the member is refused for a minute.
pub const FLOOD_LINES: usize = 160;
/// Frames of any kind in 5 s with the same effect. A newcomer gets some hundreds with the history.
pub const FLOOD_FRAMES: usize = 5_000;
/// Refused keys at once.
pub const REFUSED: usize = 64;
/// Private messages to one member without a confirmation.
pub const UNCONFIRMED: usize = 64;
/// Private messages to repeat at once. With new messages, that stays below [`LINES`].
pub const RESENDS: usize = 16;
/// Private messages of one member that are remembered as shown: those that may be repeated because their confirmation
/// was lost ([`UNCONFIRMED`]), and as many newer ones.
pub const REMEMBERED_PRIVATES: usize = 2 * UNCONFIRMED;
/// Members for which that is remembered, also after they left: a member that returns does so within seconds.
pub const REMEMBERED_SENDERS: usize = PEERS;
/// Names whose keys are remembered. A full file takes no new names, so that no stranger can displace the key of a
/// friend.
pub const PINS: usize = 1_000;
/// Messages in one answer from the history, as from a server.
pub const HISTORY_MESSAGES: usize = 200;

/// Milliseconds between two hellos.
pub const HELLO_MS: u64 = 2_000;
/// Maximum deviation of that interval, so that members that started together do not keep sending together.
pub const JITTER_MS: u64 = 300;
/// Milliseconds after which a hello expires: its address is not dialed any more.
pub const HELLO_EXPIRY_MS: u64 = 10_000;
/// Milliseconds for which the member with the higher id waits for the one with the lower id to dial.
pub const DIAL_WAIT_MS: u64 = 3_000;
/// Minimum milliseconds between two dials of one member.
pub const REDIAL_MS: u64 = 1_000;
/// Milliseconds between two dials of one member after many failures.
pub const MAX_REDIAL_MS: u64 = 30_000;
/// Milliseconds between two pings on a link.
pub const PING_MS: u64 = 2_000;
/// Milliseconds without a frame after which a link is dead.
pub const LINK_TIMEOUT_MS: u64 = 8_000;
/// Milliseconds for which a lost member may come back without a notice to the user.
pub const REJOIN_GRACE_MS: u64 = 2_000;
/// Milliseconds for the handshake, and as many again for the first frame.
pub const HANDSHAKE_MS: u64 = 5_000;
/// Milliseconds without an answer after which the next member is asked for messages.
pub const REQUEST_TIMEOUT_MS: u64 = 3_000;
/// Milliseconds for which a member that did not answer is not asked again.
pub const SLOW_MS: u64 = 10_000;
/// Milliseconds between two lists of the messages that a member has. The lists only make up for losses.
pub const HAVE_INTERVAL_MS: u64 = 3_000;
/// Period in milliseconds in which a member requests no more history than it can keep. Honest members have no more, and
/// a member that invents history can displace everything else only once per period.
pub const HISTORY_PERIOD_MS: u64 = 600_000;
/// Milliseconds after which an unconfirmed private message is repeated. By then the receiver's rate window has ended
/// ([`crate::rate_counter::WINDOW_MS`]).
pub const RESEND_MS: u64 = 5_000;
/// Milliseconds for which a flooding member is refused.
pub const REFUSED_MS: u64 = 60_000;
/// Milliseconds between two ticks of the node.
pub const TICK_MS: u64 = 250;
/// Rate for the user's own lines, in lines and milliseconds: below what members accept from each other.
pub const RATE: (u64, u64) = (10, 5_000);
