//! Opens menus, and carries out what the user chooses in them. Each choice names its user and its room, so that it acts
//! where the menu was opened, whatever the screen shows by then.

use super::State;
use crate::chat::conversation::ConversationId;
use crate::chat::key::Key;
use crate::chat::line::Severity;
use crate::chat::menu::{self, About, Choice, Listed, Menu, MenuKey, Newest, RoomAct, Subject, UserAct};
use crate::chat::overlay::Overlay;

impl State {
    /// Lets the open menu handle a key.
    pub(super) fn menu_key(&mut self, key: Key, mut menu: Menu) {
        match menu.key(key) {
            MenuKey::Close => {}
            MenuKey::Stay => self.overlay = Some(Overlay::Menu(menu)),
            MenuKey::Choose(choice) => self.choose(choice, menu.subject),
        }
    }

    /// Opens the menu that chooses a user of the viewed conversation. In a conversation with one user, opens the menu about
    /// that user.
    pub(super) fn open_members_menu(&mut self) {
        let viewed = self.conversations.viewed();
        if viewed.id.is_one_to_one() {
            let user = viewed.title.clone();
            return self.open_user_menu(&user, None);
        }
        let users = self.listed_users();
        if users.is_empty() {
            return self.add_notice_here(Severity::Refused, "no other user is here");
        }
        self.overlay = Some(Overlay::Menu(menu::members(viewed.id.clone(), users)));
    }

    /// Returns the users for the menu: raised hands, recent speakers, other members; for an owner also banned users, and
    /// users who are not in the room.
    fn listed_users(&self) -> Vec<Listed> {
        let viewed = self.conversations.viewed();
        let status = &viewed.room_status;
        let in_room = matches!(viewed.id, ConversationId::Room(_));
        let mut names: Vec<&str> = Vec::new();
        let here = |user: &&str| !in_room || viewed.members.contains(user);
        let speakers = viewed.speakers.iter().map(|user| &**user).filter(here);
        for user in speakers.chain(viewed.members.iter()) {
            if !self.is_me(user) && !names.iter().any(|other| other.eq_ignore_ascii_case(user)) {
                names.push(user);
            }
        }
        let hint = |user: &str| status.mark(user).map_or(String::new(), |mark| mark.word());
        let mut users: Vec<Listed> =
            status.in_order(&names).into_iter().map(|user| Listed { user: user.into(), hint: hint(user) }).collect();
        let is_new = |user: &&str| !self.is_me(user) && !viewed.members.contains(user);
        if status.is_owner() {
            let banned = status.banned().filter(is_new);
            users.extend(banned.map(|user| Listed { user: user.into(), hint: "banned".to_owned() }));
        }
        if status.is_owner() || !in_room {
            let elsewhere = if in_room { "not in this room" } else { "" };
            let online = self.people.online().iter().filter(is_new).filter(|user| !status.is_banned(user));
            let online = online.filter(|user| !names.iter().any(|other| other.eq_ignore_ascii_case(user)));
            users.extend(online.map(|user| Listed { user: user.into(), hint: elsewhere.to_owned() }));
        }
        users
    }

    /// Opens the menu about a user, in `room` if it is about a room.
    fn open_user_menu(&mut self, user: &str, room: Option<&str>) {
        let conversation = room.and_then(|room| self.conversations.get(&ConversationId::room(room)));
        let message = conversation.and_then(|conversation| conversation.newest_of(Some(user)));
        let message = message.map(|(id, message)| (id, &*message.text));
        let about = conversation.map_or(About::default(), |conversation| {
            let status = &conversation.room_status;
            About {
                may_run: status.is_owner(),
                in_quiet_room: status.is_quiet(),
                is_member: conversation.members.contains(user),
                owns_server: status.is_server_owner(&self.me),
                is_owner: status.is_owned_by(user),
                is_server_owner: status.is_server_owner(user),
                has_floor: status.gives_floor_to(user),
                is_muted: status.is_muted(user),
                is_banned: status.is_banned(user),
                has_message: message.is_some(),
                in_mesh: false,
            }
        });
        let about = About { in_mesh: self.settings.mesh, ..about };
        self.overlay = Some(Overlay::Menu(menu::user(user, room, &about, message)));
    }

    /// Opens the menu about the viewed room. Returns `false` if there is none.
    pub(super) fn open_room_menu(&mut self) -> bool {
        let viewed = self.conversations.viewed();
        let why = match &viewed.id {
            _ if self.settings.mesh => "a mesh has no rules",
            ConversationId::Room(room) if self.engine.is_in(room) => {
                self.overlay = Some(Overlay::Menu(menu::room(&viewed.title, &viewed.room_status, &Newest::of(viewed))));
                return true;
            }
            ConversationId::Room(_) => "you are not in this room",
            _ => "this is no room; Alt-1 goes to your first room",
        };
        self.add_notice_here(Severity::Refused, why);
        false
    }

    /// Carries out a choice in a menu about `subject`.
    fn choose(&mut self, choice: Choice, subject: Subject) {
        match (choice, subject) {
            (Choice::User(user), Subject::Members(of)) => {
                let room = self.conversations.get(&of).filter(|_| matches!(of, ConversationId::Room(_)));
                let room = room.map(|room| room.title.clone());
                self.open_user_menu(&user, room.as_deref());
            }
            (Choice::Act(act), Subject::User { user, room, message }) => {
                self.act_on_user(act, &user, room.as_deref(), message);
            }
            (Choice::Run(act), Subject::Room(room)) => self.run_room(&act, &room),
            (Choice::Draft(command), Subject::Room(room)) => self.draft_command(&command, &room),
            (Choice::Members, _) => self.open_members_menu(),
            (Choice::Edit, Subject::Room(room)) => {
                self.view(&ConversationId::room(&room));
                self.start_editing();
            }
            // No menu of another subject has these rows.
            (Choice::User(_) | Choice::Act(_) | Choice::Run(_) | Choice::Draft(_) | Choice::Edit, _) => {}
        }
    }

    fn act_on_user(&mut self, act: UserAct, user: &str, room: Option<&str>, message: Option<u64>) {
        match act.command(user, room, message) {
            Some(command) => _ = self.run_command(command),
            None => {
                let id = ConversationId::user(user);
                self.conversations.open(&id, user);
                self.view(&id);
            }
        }
    }

    fn run_room(&mut self, act: &RoomAct, room: &str) {
        self.forward(&act.command(room));
    }

    /// Puts a command into the input of a room, and shows the room. A draft there moves into the input history.
    fn draft_command(&mut self, command: &str, room: &str) {
        let id = ConversationId::room(room);
        let Some(conversation) = self.conversations.get_mut(&id) else {
            return self.add_notice_here(Severity::Refused, "this room is closed by now; nothing was done");
        };
        conversation.stop_editing();
        let draft = conversation.draft.take();
        if !draft.is_empty() {
            conversation.input_history.push(&draft);
        }
        conversation.draft.set(command);
        if self.conversations.viewed().id != id {
            self.view(&id);
        }
    }

    /// Tells in an open menu about a user that the user has gone: out of `room`, or offline without one.
    pub(super) fn note_user_gone(&mut self, user: &str, room: Option<&str>) {
        let what = room.map_or("has left".to_owned(), |room| format!("has left {room}"));
        self.note_name_free(user, room, &what);
    }

    /// Tells in an open menu about a user what the user did, so that another user may take the name.
    pub(super) fn note_name_free(&mut self, user: &str, room: Option<&str>, what: &str) {
        let Some(Overlay::Menu(menu)) = &mut self.overlay else { return };
        let Subject::User { user: about, room: place, .. } = &menu.subject else { return };
        let is_place = room.is_none_or(|room| place.as_deref().is_some_and(|place| place.eq_ignore_ascii_case(room)));
        if is_place && about.to_lowercase() == user.to_lowercase() {
            menu.remark = Some(format!("{about} {what}; another user may take the name"));
        }
    }

    /// Returns the open menu, for tests.
    #[cfg(test)]
    pub fn menu(&self) -> Option<&Menu> {
        match &self.overlay {
            Some(Overlay::Menu(menu)) => Some(menu),
            _ => None,
        }
    }
}
