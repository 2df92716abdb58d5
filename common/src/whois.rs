//! What `/whois` tells of a user, and its sentences. Times are spans in minutes, so that no user can be
//! followed by seconds, and a reader in another time zone needs no date.

use crate::event::Text;
use crate::time::OffsetDateTime;

/// The answer to `/whois`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whois<'a> {
    /// Name of the user.
    pub user: Text<'a>,
    /// The user has an account.
    pub account: bool,
    /// The word of the user's program, see [`described`]; `None` for a user who is offline.
    pub client: Option<Text<'a>>,
    /// TLS encrypts the connection of the user's program; `None` for a user who is offline.
    pub encrypted: Option<bool>,
    /// Time of the sign-in, in milliseconds since 1970.
    pub since: Option<i64>,
    /// Minutes since the user's last command.
    pub idle_minutes: Option<u64>,
    /// Time of the last sign-out of an account that is offline, in milliseconds since 1970.
    pub last_seen: Option<i64>,
    /// The text of a user who is away.
    pub away: Option<Text<'a>>,
    /// The rooms of the user that the reader may see.
    pub rooms: Vec<Text<'a>>,
    /// The current room of the reader, to which `standing` refers.
    pub room: Option<Text<'a>>,
    /// `server_owner`, and in the room `owner`, `muted` and `banned`.
    pub standing: Vec<Text<'a>>,
    /// The user's address, for owners of the server.
    pub address: Option<Text<'a>>,
}

/// Describes the word of a program.
fn described(client: &str) -> &str {
    match client {
        "text" => "a text client such as nc",
        "json" => "a program that reads JSON",
        "objects" => "landline or another program of command objects",
        "tcp_chat" => "tcp_chat's client",
        "chat77" => "a Chat77 client",
        "lantalk" => "a LanTalk client",
        other => other,
    }
}

impl Whois<'_> {
    /// Returns the answer as sentences without line ends, at the time `at`.
    #[must_use]
    pub fn sentences(&self, at: OffsetDateTime) -> Vec<String> {
        let user = &self.user;
        let minutes_since = |ms: i64| u64::try_from(at.unix_ms.saturating_sub(ms) / 60_000).unwrap_or(0);
        let mut first = format!("{user} is {}", if self.account { "an account" } else { "a guest" });
        match (&self.client, self.last_seen) {
            (Some(client), _) => {
                if let Some(since) = self.since {
                    first += &format!(", here for {}", span(minutes_since(since)));
                }
                first += &format!(", idle for {}", span(self.idle_minutes.unwrap_or(0)));
                first += &format!(", by {}", described(client));
                first += match self.encrypted {
                    Some(true) => ", over an encrypted connection",
                    Some(false) => ", not encrypted",
                    None => "",
                };
            }
            (None, Some(last)) => first += &format!(", offline for {}", span(minutes_since(last))),
            (None, None) => first += ", offline",
        }
        let mut sentences = vec![first];
        sentences.extend(self.away.as_ref().map(|text| format!("Away: {text}")));
        if !self.rooms.is_empty() {
            sentences.push(format!("Rooms: {}", self.rooms.join(", ")));
        }
        let room = self.room.as_deref().unwrap_or("this room");
        let standing = self.standing.iter().map(|word| match &**word {
            "server_owner" => "an owner of this server".to_owned(),
            "owner" => format!("an owner of {room}"),
            "muted" => format!("muted in {room}"),
            "banned" => format!("banned from {room}"),
            other => other.to_owned(),
        });
        let standing: Vec<String> = standing.collect();
        if !standing.is_empty() {
            sentences.push(format!("{user} is {}", standing.join(", ")));
        }
        sentences.extend(self.address.as_ref().map(|address| format!("Address: {address}")));
        sentences
    }
}

/// A time span for users, in its two largest units.
fn span(minutes: u64) -> String {
    let (days, hours) = (minutes / 1_440, minutes / 60 % 24);
    match (days, hours, minutes % 60) {
        (0, 0, 0) => "less than a minute".to_owned(),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: OffsetDateTime = OffsetDateTime { unix_ms: 1_795_271_000_000, offset_s: 0 };

    #[test]
    fn sentences_tell_spans_and_only_what_is_known() {
        let online = Whois {
            user: "bob".into(),
            client: Some("text".into()),
            encrypted: Some(false),
            since: Some(AT.unix_ms - 185 * 60_000),
            idle_minutes: Some(2),
            away: Some("lunch".into()),
            rooms: vec!["lobby".into(), "ops".into()],
            room: Some("ops".into()),
            standing: vec!["server_owner".into(), "muted".into()],
            address: Some("10.0.0.1".into()),
            ..Whois::default()
        };
        assert_eq!(
            online.sentences(AT),
            [
                "bob is a guest, here for 3 h 5 min, idle for 2 min, by a text client such as nc, not encrypted",
                "Away: lunch",
                "Rooms: lobby, ops",
                "bob is an owner of this server, muted in ops",
                "Address: 10.0.0.1",
            ]
        );
        let hidden = Whois { encrypted: Some(true), ..online };
        assert!(hidden.sentences(AT)[0].ends_with("such as nc, over an encrypted connection"));
        let offline = Whois { user: "carol".into(), account: true, ..Whois::default() };
        assert_eq!(offline.sentences(AT), ["carol is an account, offline"]);
        let seen = Whois { last_seen: Some(AT.unix_ms - 3 * 86_400_000), ..offline };
        assert_eq!(seen.sentences(AT), ["carol is an account, offline for 3 d 0 h"]);
        assert_eq!(span(0), "less than a minute");
    }
}
