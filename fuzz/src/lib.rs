//! Every decoder of the project, with what must hold whatever it gets. A fuzzer makes up the input; the tests replay
//! the seeds and whatever was once found.

mod files;
mod language;
mod links;
mod sign_in;

pub use files::{accounts, bans, import_file, search, sessions};
pub use language::{answers, ask, beacon, clean, command, json, lantalk, lines, names, object};
pub use links::{link_frames, link_handshake, mesh};
pub use sign_in::door;

/// What is done with one input. It panics if something does not hold.
pub type Target = fn(&[u8]);

/// All targets, by the names of their files and folders of seeds.
pub const TARGETS: [(&str, Target); 19] = [
    ("accounts", accounts),
    ("answers", answers),
    ("ask", ask),
    ("bans", bans),
    ("beacon", beacon),
    ("clean", clean),
    ("command", command),
    ("door", door),
    ("import_file", import_file),
    ("json", json),
    ("lantalk", lantalk),
    ("lines", lines),
    ("link_frames", link_frames),
    ("link_handshake", link_handshake),
    ("mesh", mesh),
    ("names", names),
    ("object", object),
    ("search", search),
    ("sessions", sessions),
];

/// Nothing in it that a terminal would obey.
///
/// # Panics
/// If there is.
#[track_caller]
fn assert_harmless(text: &str) {
    assert!(text.chars().all(|c| !c.is_control() || c == '\n'), "{text:?}");
}
