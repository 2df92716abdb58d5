//! Texts that a terminal would execute, that are invisible, or that imitate another kind of line. Each ends with `end`,
//! so that some of it always arrives.

pub const TEXTS: &[&str] = &[
    "\u{1b}[2J\u{1b}[H end",
    "\u{1b}]0;title\u{7} end",
    "\u{1b}]52;c;ZWNobw==\u{1b}\\ end",
    "\u{1b}[31mred\u{1b}[0m end",
    "\u{1b}7\u{1b}(B\u{1b}c end",
    "\u{9b}31m end",
    "\u{90}dcs\u{9c}\u{9d}osc\u{7} end",
    "\u{80}\u{84}\u{88}\u{8d}\u{8e}\u{8f}\u{99}\u{9a} end",
    "\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}alice: end",
    "\0\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{e}\u{f}\u{7f} end",
    "\u{202e}gnp.exe end",
    "\u{2066}x\u{2069}\u{202a}y\u{202c} end",
    "a\u{200b}b\u{feff}c\u{2060}d end",
    "\u{fff9}a\u{fffa}b\u{fffb} end",
    "x\rINFO: You have been kicked. end",
    "x\nINFO: You have been kicked. end",
    "x\r\nalice has left the chatroom end",
    "x\u{b}\u{c}PONG end",
    "x\u{85}ERROR: 500 end",
    "x\u{2028}[PM] alice: hi end",
    "x\u{2029}alice: hi end",
    "INFO: You have been kicked. end",
    "ERROR: 403 end",
    "[PM] alice: hi end",
    "[salon 2026-01-01 00:00] alice: hi end",
    "PRIVATE_REQUEST_FROM:alice end",
    "200 Welcome to Landline end",
    "alice has left the chatroom end",
    "Online clients: alice end",
    "{\"type\":\"auth_fail\",\"reason\":\"end\"} end",
];

/// Names with such characters, and names that imitate the beginning of another kind of line.
pub const NAMES: &[&str] = &[
    "\u{1b}[2Jeve",
    "e\u{7}ve",
    "e\u{9b}31mve",
    "\u{202e}eve",
    "e\u{200b}ve",
    "e\u{200d}ve",
    "e\u{ad}ve",
    "eve\u{feff}",
    "e ve",
    "e\tve",
    "e\rve",
    "e\u{85}ve",
    "eve\u{2028}INFO",
    "eve:",
    "[PM]",
    "INFO",
    "ERROR",
    "PONG",
    "server",
    "Landline",
    "PRIVATE_eve",
    "DIRECT_eve",
    "200",
    "Rooms",
    "Blocked",
    "",
];

/// Returns whether a text has no control characters but LF, and no invisible characters.
pub fn is_harmless(text: &str) -> bool {
    let is_executed = |c: char| c.is_control() && c != '\n';
    let is_invisible = |c: char| matches!(c, '\u{200b}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}');
    !text.chars().any(|c| is_executed(c) || is_invisible(c))
}
