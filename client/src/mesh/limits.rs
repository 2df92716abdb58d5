//! How much a mesh takes from others, each number with its reason: everybody on the network can speak to it.

pub use crate::window::LINES;
pub use landline_common::mesh::{FRAME_BYTES, NUMBER};

/// Members that are known at once, linked or only heard of: as many as a small network has addresses.
pub const PEERS: usize = 256;
/// Members at one address: no machine alone keeps others out.
pub const PEERS_PER_ADDRESS: usize = PEERS / 4;
/// New members at one address in 5 s: each is a line on everybody's screen.
pub const JOINS: usize = 24;
/// Hellos that are looked at in a second, and of these from one address: 256 members say hello every two seconds, and
/// a machine with several networks says each several times.
pub const HELLOS: u32 = 500;
/// See [`HELLOS`].
pub const HELLOS_PER_ADDRESS: u32 = 24;
/// Dials at once, and of these to one address: a forged hello costs a dial, and may cost no more.
pub const DIALS: usize = 8;
/// See [`DIALS`].
pub const DIALS_PER_ADDRESS: usize = 4;
/// Addresses at which one member is looked for, and of these ports of one: a machine has some networks, and whoever
/// says hello with another's id takes no more than two.
pub const PLACES: usize = 4;
/// See [`PLACES`].
pub const PLACES_PER_ADDRESS: usize = 2;
/// Handshakes of others that are not finished, at once, and of these from one address.
pub const HANDSHAKES: usize = 64;
/// See [`HANDSHAKES`].
pub const HANDSHAKES_PER_ADDRESS: usize = 16;
/// Links in all: each member may have two for the moment in which one of them is given up.
pub const LINKS: usize = 2 * PEERS;
/// Of these, with one address.
pub const LINKS_PER_ADDRESS: usize = 2 * PEERS_PER_ADDRESS;
/// Bytes of messages in one frame of the past; the longest message and the author come on top.
pub const PAST_BYTES: usize = 20 << 10;
/// Messages of one author that are asked for at once: a newcomer asks several members, each for another part.
pub const WANT: u64 = 100;
/// Bytes that may wait to be sent to one member; whoever takes them more slowly is as good as gone.
pub const QUEUE_BYTES: usize = 1 << 20;
/// Frames that may wait to be sent to one member.
pub const QUEUE: usize = 512;
/// What came in and waits to be looked at; then the network waits.
pub const INPUTS: usize = 256;
/// Milliseconds for which a script waits for somebody who hears what it says: hellos are told every 2 s.
pub const COMPANY_MS: u64 = 3_000;
/// News that wait for the screen; it is told how many were left out.
pub const NEWS: usize = 16_384;
/// Messages that are kept, and bytes of their texts: what one of the client's conversations holds, too.
pub const MESSAGES: usize = 10_000;
/// See [`MESSAGES`].
pub const MESSAGE_BYTES: usize = 16 << 20;
/// Authors whose messages are told apart: each start of a member is one.
pub const ORIGINS: usize = 2_048;
/// Pieces into which what somebody has of one author may be divided: one, but while something is being fetched.
pub const PIECES: usize = 8;
/// Pieces of what need not be told again of one author: the oldest gap between them is given up. Members who tell a
/// newcomer everything leave some tens while they do.
pub const GAPS: usize = 256;
/// Characters of one message; the client's own bound.
pub const MESSAGE_CHARS: usize = crate::message::MESSAGE_CHARS;
/// Logical time is no more than this, and one for each second since 2026, by one's own clock: no mesh has talked more,
/// and ids stay below 2⁵³ until 2042, whatever anybody sends.
pub const JUMP: u64 = 1_000_000;
/// Where logical time is driven to that end, so far beyond it is kept what somebody who is here says: clocks differ by
/// some seconds, and who says much at once is faster than them. So long could something stand below what is said later.
pub const AHEAD: u64 = 120;
/// Clocks on walls that differ by less are taken for the same: a hello may take so long on a busy machine.
pub const SAME_CLOCK_MS: u64 = 3_000;
/// Lines of one member in 5 s after which nothing more is heard of them for a minute.
pub const FLOOD: usize = 160;
/// Frames of any kind in 5 s that have the same effect: a newcomer who is told everything gets some hundreds.
pub const FRAMES: usize = 5_000;
/// Keys that are refused at once.
pub const REFUSED: usize = 64;
/// Messages to one person that wait for a sign that they have arrived.
pub const UNANSWERED: usize = 64;
/// Of these, so many are sent again at once: with what is said meanwhile, fewer than [`LINES`].
pub const REPEATS: usize = 16;
/// Messages of one member to this one that are known to have been shown: those that may come again, because their
/// confirmation was lost ([`UNANSWERED`]), and as many that came and were confirmed meanwhile.
pub const SHOWN_PRIVATES: usize = 2 * UNANSWERED;
/// Members of whom that is known, also when they have gone; who comes again does so within seconds.
pub const SHOWN_SENDERS: usize = PEERS;
/// Names whose keys are remembered. When there are more, new ones are not: nobody can push a friend's key out.
pub const PINS: usize = 1_000;
/// Messages that one answer from the history shows; a server's own bound.
pub const SHOWN: usize = 200;

/// Milliseconds between two hellos.
pub const HELLO_MS: u64 = 2_000;
/// And by how much that varies, so that many who started together do not go on speaking together.
pub const JITTER_MS: u64 = 300;
/// Milliseconds after which somebody heard of is forgotten.
pub const HEARD_MS: u64 = 10_000;
/// Milliseconds that the higher id leaves the dialling to the lower one.
pub const PATIENCE_MS: u64 = 3_000;
/// Milliseconds between two dials of one member: at least, and after many failures.
pub const REDIAL_MS: u64 = 1_000;
/// See [`REDIAL_MS`].
pub const LAST_REDIAL_MS: u64 = 30_000;
/// Milliseconds between two signs of life on a link.
pub const PING_MS: u64 = 2_000;
/// Milliseconds without any after which a link is dead.
pub const DEAD_MS: u64 = 8_000;
/// Milliseconds for which a lost member may come back without anybody being told.
pub const GRACE_MS: u64 = 2_000;
/// Milliseconds for the handshake, and as many again for the first frame.
pub const HANDSHAKE_MS: u64 = 5_000;
/// Milliseconds after which another member is asked for what one did not tell.
pub const WANT_MS: u64 = 3_000;
/// Milliseconds for which that one is not asked again.
pub const SLOW_MS: u64 = 10_000;
/// Milliseconds between two tellings of what one has: it is only for what got lost.
pub const HAVE_MS: u64 = 3_000;
/// Milliseconds in which nobody is asked for more of the past than there is room for: honest members have no more, and
/// whoever invents one can push everything else out only so often.
pub const PAST_MS: u64 = 600_000;
/// Milliseconds after which what one person has not confirmed is sent to them again: their count of lines has begun anew
/// by then ([`crate::window::WINDOW_MS`]).
pub const REPEAT_MS: u64 = 5_000;
/// Milliseconds for which a flooder is refused.
pub const REFUSED_MS: u64 = 60_000;
/// Milliseconds between two looks at the time.
pub const TICK_MS: u64 = 250;
/// Lines in so many milliseconds that the user's own screen sends: fewer than members take from each other.
pub const RATE: (u64, u64) = (10, 5_000);
