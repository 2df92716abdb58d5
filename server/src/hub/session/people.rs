//! What users tell of themselves.

use super::{CommandResult, Session, User, no_such_user};
use crate::hub::rules::{Identity, RoomGate};
use landline_common::command::Command;
use landline_common::whois::Whois;
use landline_common::{Cause, EventKind, NameKey, Rendering, Report, RoomName};

impl Session {
    /// Sets the user away; without a visible text, the user is here again. Each user may read the text, so the rules for
    /// messages to all users hold.
    pub(super) fn set_away(&mut self, text: Option<&str>) -> CommandResult {
        let answer = match self.rule_text(text)? {
            Some(text) => {
                self.check_announcement()?;
                self.user.profile.set_away(text.clone());
                Cause::AwaySet.with_word(text)
            }
            None => {
                self.user.profile.end_away();
                Cause::HereAgain.report()
            }
        };
        self.answer(answer.into());
        Ok(())
    }

    /// Ends the absence of a user who has said something.
    pub(super) fn end_away(&mut self) {
        if self.user.profile.end_away() {
            // The message first: text clients must not read the notice before what they have sent.
            self.flush();
            self.send_event(Cause::HereAgain.report().into());
        }
    }

    /// Tells the user that the user it writes to is away, once for each absence.
    pub(super) fn report_away(&self, other: &User) {
        if self.blocks_user(other) {
            return;
        }
        if let Some(text) = other.profile.away_text_for(self.user.history_owner()) {
            let mut report: Report<'_> = Cause::UserAway.with_user(other.name.as_str());
            report.about.word = Some(text.into());
            self.send_event(report.into());
        }
    }

    /// Tells what the server knows of an online user or an account. A user who blocks the asker is hidden, as in lists.
    pub(super) fn whois(&mut self, name: &str) -> CommandResult {
        let found = self.hub.find(name).filter(|user| !self.is_blocked_by(user));
        let whois = match found {
            Some(user) => self.whois_online(&user),
            None => self.whois_offline(name).ok_or_else(|| no_such_user(name))?,
        };
        self.answer(EventKind::Whois(Box::new(whois)));
        Ok(())
    }

    fn whois_online(&self, user: &User) -> Whois<'static> {
        let mut rooms = self.hub.registry().rooms.of_client(user.client());
        rooms.retain(|room| self.may_see_room(room));
        let whois = Whois {
            user: user.name.to_string().into(),
            account: user.is_account(),
            client: Some(client_word(user).into()),
            encrypted: Some(user.is_encrypted()),
            since: Some(user.profile.signed_in_minute()),
            idle_minutes: Some(user.profile.idle_minutes(self.now)),
            away: user.profile.away_text().filter(|_| !self.blocks_user(user)).map(Into::into),
            rooms: rooms.iter().map(|room: &RoomName| room.to_string().into()).collect(),
            address: self.is_server_owner().then(|| user.address.shown.to_string().into()),
            ..Whois::default()
        };
        self.with_standing(whois, &user.rules_identity())
    }

    fn whois_offline(&self, name: &str) -> Option<Whois<'static>> {
        let key = NameKey::of(name);
        let name = self.hub.storage.account_name(&key).filter(|_| !self.is_blocked_by_account(&key))?;
        if self.hub.find(name.as_str()).is_some() {
            return None;
        }
        let last_seen = self.hub.storage.last_seen(&key).map(|at| at.unix_ms - at.unix_ms.rem_euclid(60_000));
        let whois = Whois { user: name.to_string().into(), account: true, last_seen, ..Whois::default() };
        Some(self.with_standing(whois, &Identity::absent_account(key)))
    }

    /// Adds whether the user owns the server or the asker's current room; for owners of that room also whether the user
    /// is muted or banned there.
    fn with_standing(&self, mut whois: Whois<'static>, identity: &Identity) -> Whois<'static> {
        if self.hub.is_server_owner(&identity.owner) {
            whois.standing.push("server_owner".into());
        }
        let gate = self.rooms.last().and_then(|membership| membership.group.gate.as_deref());
        let Some(gate) = gate else { return whois };
        let may_see_sanctions = self.is_owner_of(gate);
        gate.read(|rules| {
            let words = [
                ("owner", rules.is_owner(&identity.owner)),
                ("muted", may_see_sanctions && rules.mutes.find(identity, self.now).is_some()),
                ("banned", may_see_sanctions && rules.bans.find(identity, self.now).is_some()),
            ];
            let words = words.into_iter().filter(|(_, holds)| *holds);
            whois.standing.extend(words.map(|(word, _)| word.into()));
        });
        whois.room = Some(gate.name().to_string().into());
        whois
    }

    /// True if the user may do in a room what its owners may.
    pub(super) fn is_owner_of(&self, gate: &RoomGate) -> bool {
        self.is_server_owner() || gate.read(|rules| rules.is_owner(self.user.history_owner()))
    }
}

/// Returns the word for the program of a user.
fn client_word(user: &User) -> &'static str {
    match user.rendering() {
        _ if user.session.is_some() => "objects",
        Rendering::Text | Rendering::TextElsewhere => "text",
        Rendering::Json | Rendering::WebSocket => "json",
        Rendering::TcpChat => "tcp_chat",
        Rendering::Chat77 => "chat77",
        Rendering::LanTalk => "lantalk",
    }
}

/// True for a command that says something to others, and so shows that its user is here.
pub(super) fn is_message(command: &Command<'_>) -> bool {
    use Command::{All, Hooray, Message, Private, Say, SayIn};
    matches!(command, Say(_) | SayIn { .. } | Hooray | All(_) | Message { .. } | Private { .. })
}
