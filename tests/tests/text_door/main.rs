//! The text door, as people at `nc` and programs that send lines find it.

mod browser;
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
/// Behind the first wrong answer to the greeting, for users who end lines.
const HOW_TO_JOIN: &str = "INFO: To join as a guest, type NAME_ROOM, for example carol_lobby. \
                           Or type LOGIN or REGISTER for an account; /quit leaves.";
/// The same once LOGIN or REGISTER was typed.
const HOW_TO_LOG_IN: &str = "INFO: Type LOGIN or REGISTER. To join as a guest, connect again; /quit leaves.";
const PASSWORD: &str = "correct horse";
