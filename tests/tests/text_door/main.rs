//! The text door, for users at `nc` and for programs that send lines.

mod commands;
mod http;
mod limits;
mod names;
mod newcomer;
mod passwords;
mod sign_in;
mod splitting;
mod telnet;

const GREETING: &str = "Authorise MODE? (REGISTER/LOGIN)";
/// Follows the first invalid answer to the greeting, for clients that send lines.
const HOW_TO_JOIN: &str = "INFO: To join as a guest, type NAME_ROOM, for example carol_lobby. \
                           Or type LOGIN or REGISTER for an account; /quit leaves.";
/// The hint after LOGIN or REGISTER was typed.
const HOW_TO_LOG_IN: &str = "INFO: Type LOGIN or REGISTER. To join as a guest, connect again; /quit leaves.";
const PASSWORD: &str = "correct horse";
