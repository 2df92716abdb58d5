//! The text door, as people at `nc` and programs that send lines find it.

mod browser;
mod commands;
mod http;
mod limits;
mod names;
mod passwords;
mod sign_in;
mod splitting;
mod telnet;

const GREETING: &str = "Authorise MODE? (REGISTER/LOGIN)";
const PASSWORD: &str = "correct horse";
