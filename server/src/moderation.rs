//! The operator's actions on a running server: list, kick, ban, accounts, announcements. Each returns the answer for
//! the console: what was done, or why nothing was.

mod stats;

use crate::connection::ServerContext;
use crate::connections::{self, ConnectionTable, LiveConnection};
use crate::fanout::{DisconnectReason, Flushers};
use crate::guard::bans::{Stored, display_range, parse_range};
use crate::guard::departed::DepartedUser;
use crate::hub::User;
use crate::store::{BanRow, Messages};
use landline_common::command::room_word;
use landline_common::history::HistoryOwner;
use landline_common::{Cause, EventKind, NameKey, OffsetDateTime, Report, RoomName};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time for sending the last event to a user who is kicked or banned. A client that does not read is disconnected
/// without it.
const FLUSH_TIME: Duration = Duration::from_millis(500);

/// The text about what was done, or the reason for which nothing was done.
pub type Answer = Result<String, String>;

/// Acts on a running server.
#[derive(Clone, Debug)]
pub struct Moderator {
    pub(crate) context: Arc<ServerContext>,
    pub(crate) connections: Arc<ConnectionTable>,
    pub(crate) flushers: Arc<Flushers>,
    pub(crate) messages: Arc<Messages>,
    pub(crate) started: Instant,
}

impl Moderator {
    /// Lists the users online, with their addresses.
    #[must_use]
    pub fn users(&self) -> String {
        let users = self.context.hub.online_users();
        let addresses = self.addresses();
        let line = |user: &Arc<User>| {
            let kind = if user.is_account() { "account" } else { "guest" };
            let transport = if user.is_encrypted() { ", TLS" } else { "" };
            let address = addresses.get(&user.client()).map_or("?".to_owned(), IpAddr::to_string);
            format!("  {} ({address}, {kind}{transport})", user.name)
        };
        let lines: Vec<_> = users.iter().map(line).collect();
        if lines.is_empty() { "No users are online.".to_owned() } else { format!("Online:\n{}", lines.join("\n")) }
    }

    /// Returns the address of the web page, in a room if `room` is not empty.
    ///
    /// # Errors
    /// The name is not valid.
    pub fn link(&self, room: &str) -> Answer {
        let room = match room_word(room) {
            "" => None,
            room => {
                Some(RoomName::parse(room).map_err(|why| Report::from_room_name_error(why).sentence().into_owned())?)
            }
        };
        Ok(self.context.hub.page_url(room.as_ref()))
    }

    /// Ends a user's session, also one whose connection was lost and that could be resumed.
    ///
    /// # Errors
    /// The user is not online.
    pub fn kick(&self, name: &str, reason: &str) -> Answer {
        let user = self.find_user(name);
        let key = NameKey::of(name);
        let lost = self.context.hub.revoke_lost(|name, _| *name.key() == key);
        if let (Err(_), Some(name)) = (&user, lost.first()) {
            log::info!("console: kicked {name}, whose connection was lost{}", with_reason(reason));
            return Ok(format!("Kicked {name}, whose connection was lost; /ban {name} keeps that address out."));
        }
        let user = user.map_err(|unknown| {
            self.departed(name).map_or(unknown, |user| {
                format!(
                    "{} has left {}; /ban {} keeps that address out.",
                    user.name,
                    describe_departure(&user),
                    user.name
                )
            })
        })?;
        self.notify_and_revoke(std::slice::from_ref(&user), Cause::Kicked, reason);
        self.disconnect(|client, _| client == user.client(), DisconnectReason::Kicked);
        log::info!("console: kicked {}{}", user.name, with_reason(reason));
        Ok(format!("Kicked {}.", user.name))
    }

    /// Describes an account.
    ///
    /// # Errors
    /// There is no account of that name.
    pub fn account(&self, name: &str) -> Answer {
        let account = self.context.accounts.find(&NameKey::of(name));
        let account = account.ok_or_else(|| format!("There is no account called '{name}'."))?;
        let presence =
            if self.context.hub.find(name).is_some_and(|user| user.is_account()) { "online" } else { "offline" };
        let blocks = self.context.accounts.blocks(account.name.key()).len();
        let locked = if self.context.lockout.is_locked(account.name.key(), Instant::now()) { ", locked" } else { "" };
        Ok(format!(
            "{} ({presence}{locked}), blocks {blocks}. /account {0} password gives it a new password, /account {0} delete \
             removes it for good.",
            account.name
        ))
    }

    /// Sets a random password for an account whose user has forgotten the present one, and ends its lock. Its sessions
    /// end, also those whose connection was lost: another user may know the old password. Only the answer shows the new
    /// one.
    ///
    /// # Errors
    /// There is no account of that name, or the password could not be changed.
    pub fn reset_password(&self, name: &str) -> Answer {
        let context = &self.context;
        let key = NameKey::of(name);
        let unknown = || format!("There is no account called '{name}'.");
        let account = context.accounts.find(&key).ok_or_else(unknown)?;
        let unchanged = |why: &dyn Display| format!("Nothing was changed: {why}. Give the command again.");
        let password = random_password().map_err(|why| unchanged(&why))?;
        let hash = context.hasher.hash(&password).map_err(|why| unchanged(&why))?;
        context.accounts.set_password(&key, &account.hash, hash).map_err(|why| unchanged(&why))?;
        let account_of = HistoryOwner::Account(key.clone());
        if let Some(user) = context.hub.find(name).filter(|user| user.is_account()) {
            self.notify_and_revoke(std::slice::from_ref(&user), Cause::PasswordReset, "");
            self.disconnect(|client, _| client == user.client(), DisconnectReason::Kicked);
        }
        context.hub.revoke_lost(|_, owner| *owner == account_of);
        context.lockout.unlock(&key);
        log::info!("console: new password set user={}", account.name);
        Ok(format!(
            "The new password of {} is {password}\nIt is shown here only. {0} signs in with it and changes it by /password.",
            account.name
        ))
    }

    /// Removes an account for good, with its mailbox, read markers, nonces and its side of direct messages, so that the next user of the name
    /// finds nothing of it. Its session ends.
    ///
    /// # Errors
    /// There is no account of that name, or it could not be removed.
    pub fn delete_account(&self, name: &str) -> Answer {
        let key = NameKey::of(name);
        let account =
            self.context.accounts.find(&key).ok_or_else(|| format!("There is no account called '{name}'."))?;
        match self.context.accounts.remove(&key) {
            Ok(true) => {}
            Ok(false) => return Err(format!("There is no account called '{name}'.")),
            Err(why) => return Err(format!("accounts.json could not be written ({why}); nothing was removed.")),
        }
        // The account is removed before its session ends: otherwise its user could sign in again in between.
        let hub = &self.context.hub;
        let user = hub.find(name).filter(|user| user.is_account());
        if let Some(user) = &user {
            self.notify_and_revoke(std::slice::from_ref(user), Cause::Kicked, "the account was deleted");
            self.disconnect(|client, _| client == user.client(), DisconnectReason::Kicked);
        }
        // Hold the name until all is deleted: an ending session still stores read markers, and the next user of the name
        // must not find them. If the session does not end in time, the deletion goes on without it.
        let _held = hub.reserve_after(account.name.clone(), user.map(|user| user.client()));
        let account_of = HistoryOwner::Account(key.clone());
        hub.revoke_lost(|_, owner| *owner == account_of);
        hub.forget_account(&account_of);
        let name = &account.name;
        if let Err(why) = hub.forget_rules_of(&account_of, self.context.clock.now()) {
            log::error!(
                "console: rules.json not written user={name}: {why}; a restart now gives the name its rooms back"
            );
        }
        let stored = self.messages.delete_account(&key);
        let direct_messages = self.messages.delete_direct_messages(&account_of);
        log::info!("console: deleted account user={name}");
        Ok(match stored.and(direct_messages) {
            Ok(_) => format!("Deleted the account {name}."),
            Err(why) => format!(
                "Deleted the account {name}, but not all of its mail and direct messages ({why}): register the name and \
                 delete it again, or its next user may read them."
            ),
        })
    }

    /// Bans an address, a range, or the address of a user, for `minutes` or permanently. Ends all sessions from there.
    ///
    /// # Errors
    /// `target` is neither an address nor a known user, or there are too many bans. Nothing has changed then.
    pub fn ban(&self, target: &str, minutes: Option<u64>, reason: &str) -> Answer {
        let (range, name) = match parse_range(target) {
            Some(range) => (range, String::new()),
            None if target.contains(['.', ':', '/']) => {
                return Err(format!(
                    "{target} is not an address or a range; write for example 10.0.0.7 or 10.0.0.0/8."
                ));
            }
            None => {
                let (address, name) = self.address_of(target)?;
                (address.into(), name)
            }
        };
        let now = self.context.clock.now();
        let row = BanRow { name, reason: reason.to_owned(), ..BanRow::new(String::new(), now, minutes) };
        let stored = self.context.bans.add(range, row, now).map_err(|e| e.to_string())?;
        let addresses = self.addresses();
        let mut affected = self.context.hub.online_users();
        affected.retain(|user| addresses.get(&user.client()).is_some_and(|address| range.contains(address)));
        self.notify_and_revoke(&affected, Cause::Banned, reason);
        self.disconnect(|_, address| range.contains(&address), DisconnectReason::Banned);
        let departed = self.context.departed.names_from(|address| range.contains(&address), Instant::now());
        let lost = self.context.hub.revoke_lost(|name, _| departed.contains(name.key()));
        let online =
            affected.iter().map(|user| format!("{}{}", user.name, if user.is_account() { " (account)" } else { "" }));
        let names: Vec<_> = online.chain(lost.iter().map(|name| format!("{name} (connection lost)"))).collect();
        let whom = if names.is_empty() { "no users were online from there".to_owned() } else { names.join(", ") };
        let how_long = minutes.map_or(String::new(), |minutes| format!(" for {minutes} min"));
        log::info!("console: banned {}{how_long}: {whom}{}", display_range(range), with_reason(reason));
        Ok(format!("Banned {}{how_long}: {whom}.{}", display_range(range), until_restart(&stored, "is gone")))
    }

    /// Removes the ban of exactly this address or range.
    ///
    /// # Errors
    /// There is no such ban.
    pub fn unban(&self, address: &str) -> Answer {
        let range =
            parse_range(address).ok_or_else(|| format!("{address} is not an address; /bans lists the banned ones."))?;
        match self.context.bans.remove(range, self.context.clock.now()) {
            Some(stored) => {
                log::info!("console: unbanned {}", display_range(range));
                Ok(format!("Unbanned {}.{}", display_range(range), until_restart(&stored, "counts again")))
            }
            None => Err(format!("{} is not banned; /bans lists the bans.", display_range(range))),
        }
    }

    /// Lists the bans in force.
    #[must_use]
    pub fn bans(&self) -> String {
        let clock = &self.context.clock;
        let now = clock.now();
        let bans = self.context.bans.list(now);
        let line = |ban: &BanRow| {
            let end = ban.until.map(|until| clock.at(until.as_millisecond()));
            let until = end.map_or("for ever".to_owned(), |end| describe_end(end, now));
            let about = [&ban.name, &ban.reason].into_iter().filter(|text| !text.is_empty());
            let about: Vec<_> = std::iter::once(until).chain(about.cloned()).collect();
            format!("  {} ({})", ban.address, about.join(", "))
        };
        let lines: Vec<_> = bans.iter().map(line).collect();
        let bans =
            if lines.is_empty() { "No banned addresses.".to_owned() } else { format!("Banned:\n{}", lines.join("\n")) };
        let users = self.context.hub.server_overview(now).banned_users();
        format!("{bans}\nUsers banned by owners, who lift it by /unban USER everywhere: {users}")
    }

    /// Ends the lock of a name after failed passwords.
    ///
    /// # Errors
    /// The name is not locked.
    pub fn unlock(&self, name: &str) -> Answer {
        if self.context.lockout.unlock(&NameKey::of(name)) {
            log::info!("console: unlocked user={name}");
            Ok(format!("{name} can sign in again."))
        } else {
            Err(format!("{name} is not locked."))
        }
    }

    /// Makes a new code for `/claim`, which makes a user an owner of the server. The code before is void.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn new_claim_code(&self) -> Answer {
        let code = random_password().map_err(|why| format!("code: no random numbers: {why}"))?;
        self.context.hub.set_claim_code(code.clone());
        Ok(format!("/claim {code} makes the user who types it an owner of this server. It works once."))
    }

    /// Lists the rooms, with their numbers of users.
    #[must_use]
    pub fn rooms(&self) -> String {
        let rooms = self.context.hub.rooms();
        let lines: Vec<_> = rooms.iter().map(|(name, users)| format!("{name} ({users})")).collect();
        if lines.is_empty() { "No rooms.".to_owned() } else { format!("Rooms: {}", lines.join(", ")) }
    }

    /// Sends a line as the server, to a room or to all users.
    ///
    /// # Errors
    /// There is no such room.
    pub fn say(&self, room: Option<&str>, text: &str) -> Answer {
        let hub = &self.context.hub;
        let name = room.map(room_word).map(RoomName::parse).transpose();
        let name = name.map_err(|why| Report::from_room_name_error(why).sentence().into_owned())?;
        if !hub.say_as_server(name.as_ref(), text, self.context.clock.now()) {
            let room = name.map_or(String::new(), |name| name.to_string());
            return Err(format!("No users are in {room}; nothing was said. /rooms lists the rooms."));
        }
        let in_room = |name: &RoomName| hub.rooms().iter().find(|(room, _)| room.key() == name.key()).map(|(_, n)| *n);
        let (users, place) = match &name {
            Some(name) => (in_room(name).unwrap_or(0), format!(" in {name}")),
            None => (hub.user_count(), String::new()),
        };
        Ok(format!("Said to {users} user{}{place}.", if users == 1 { "" } else { "s" }))
    }

    fn find_user(&self, name: &str) -> Result<Arc<User>, String> {
        self.context.hub.find(name).ok_or_else(|| format!("User '{name}' not found; /users lists the users online."))
    }

    fn departed(&self, name: &str) -> Option<DepartedUser> {
        self.context.departed.find(&NameKey::of(name), Instant::now())
    }

    /// Returns the address and the name of a user who is online or left lately.
    fn address_of(&self, name: &str) -> Result<(IpAddr, String), String> {
        let user = self.find_user(name);
        let here = user.as_ref().ok().and_then(|user| self.addresses().get(&user.client()).copied());
        if let (Ok(user), Some(address)) = (&user, here) {
            return Ok((address, user.name.to_string()));
        }
        match self.departed(name) {
            Some(user) => Ok((user.address, user.name.to_string())),
            None => Err(format!("User '{name}' not found; /users lists the users online.")),
        }
    }

    fn addresses(&self) -> BTreeMap<u64, IpAddr> {
        let all = self.connections.find(|_, _| true);
        all.iter().map(|LiveConnection { address, outbox }| (outbox.client(), *address)).collect()
    }

    /// Sends each user the reason, and makes the sessions not resumable.
    fn notify_and_revoke(&self, users: &[Arc<User>], cause: Cause, reason: &str) {
        let now = self.context.clock.now();
        for user in users {
            // Revoked before the user is told: otherwise the client could resume before it is disconnected.
            self.context.hub.revoke_session(user);
            user.send_event(&EventKind::from(cause.report().with_reason(reason)).at(now), &self.context.limits);
        }
    }

    /// Disconnects the connections for which `chosen` returns true.
    fn disconnect(&self, chosen: impl Fn(u64, IpAddr) -> bool, why: DisconnectReason) {
        connections::disconnect_all(&self.connections.find(chosen), why, Instant::now() + FLUSH_TIME);
    }
}

/// Letters and digits that are not mistaken for each other: no l, o, 0 or 1.
const PASSWORD_CHARS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Returns a password or code of 60 random bits, to be read from a screen and typed once.
pub(crate) fn random_password() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 12];
    getrandom::fill(&mut bytes)?;
    let chars = bytes.map(|byte| char::from(PASSWORD_CHARS[usize::from(byte) % PASSWORD_CHARS.len()]));
    Ok(chars.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-"))
}

/// Returns the note to append to an answer if a change of the bans is not on the disk; `afterwards` is the state of the
/// ban after a restart.
fn until_restart(stored: &Stored, afterwards: &str) -> String {
    let Stored::NotYet(why) = stored else { return String::new() };
    log::error!("bans: bans.json not written: {why}; the change counts now, and the write is retried every 10 s");
    format!(
        "\nThis counts from now on, but it could not be stored ({why}): after a restart the ban {afterwards}. \
         Free disk space; the log says when it is stored."
    )
}

/// Returns when a ban ends, in local time as in the log, and the time that is left, rounded up to minutes.
fn describe_end(end: OffsetDateTime, now: OffsetDateTime) -> String {
    let minutes = end.unix_ms.saturating_sub(now.unix_ms).max(0).saturating_add(59_999) / 60_000;
    let (days, hours) = (minutes / 1_440, minutes / 60 % 24);
    let left = match (days, hours) {
        (0, 0) => format!("{minutes} min"),
        (0, hours) => format!("{hours} h {} min", minutes % 60),
        (days, hours) => format!("{days} d {hours} h"),
    };
    format!("until {}, {left} left", end.date())
}

/// Returns when a user left, and from which address.
fn describe_departure(user: &DepartedUser) -> String {
    let minutes = user.at.elapsed().as_secs() / 60;
    let when = if minutes == 0 { "just now".to_owned() } else { format!("{minutes} min ago") };
    format!("{when}, from {}", user.address)
}

/// Returns a reason in the form of the log.
fn with_reason(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" (reason: {reason})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_ban_is_local_with_the_time_left() {
        // 2026-11-21 14:23:20 UTC, 19:53:20 in a zone 5:30 ahead.
        let now = OffsetDateTime { unix_ms: 1_795_271_000_000, offset_s: 19_800 };
        let end = |minutes: i64| OffsetDateTime { unix_ms: now.unix_ms + minutes * 60_000, ..now };
        for (minutes, text) in [
            (30, "until 2026-11-21 20:23, 30 min left"),
            (125, "until 2026-11-21 21:58, 2 h 5 min left"),
            (1_500, "until 2026-11-22 20:53, 1 d 1 h left"),
            (-1, "until 2026-11-21 19:52, 0 min left"),
        ] {
            assert_eq!(describe_end(end(minutes), now), text);
        }
        assert!(describe_end(OffsetDateTime { unix_ms: now.unix_ms + 1, ..now }, now).ends_with(", 1 min left"));
    }
}
