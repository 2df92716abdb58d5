//! Fuzz targets: one function for each decoder of the project, which asserts what must hold for any input.
//!
//! A fuzzer generates the input. The tests replay the seeds, which include all inputs that once broke a target.

mod files;
mod frames;
mod http;
mod language;
mod links;
mod sign_in;

pub use files::{accounts, bans, import_file, search, sessions};
pub use frames::websocket;
pub use http::http;
pub use language::{answers, ask, beacon, clean, command, json, lantalk, lines, names, object};
pub use links::{link_frames, link_handshake, mesh};
pub use sign_in::door;

/// Runs a decoder on one input, and panics if an assertion fails.
pub type Target = fn(&[u8]);

/// All targets, each with the name of its file and of its folder of seeds.
pub const TARGETS: [(&str, Target); 21] = [
    ("accounts", accounts),
    ("answers", answers),
    ("ask", ask),
    ("bans", bans),
    ("beacon", beacon),
    ("clean", clean),
    ("command", command),
    ("door", door),
    ("http", http),
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
    ("websocket", websocket),
];

/// Asserts that a text has no control characters but newlines, so that a terminal obeys nothing in it.
///
/// # Panics
/// If it has one.
#[track_caller]
fn assert_harmless(text: &str) {
    assert!(text.chars().all(|c| !c.is_control() || c == '\n'), "{text:?}");
}
