//! What has to do with files: a conversation is saved, a path is completed. Both are asked for, and answered later.

use super::Effect;
use super::complete::Completion;
use super::conversation::{Conversation, Place};
use super::limits::NAMES;
use super::line::{Body, Delivery, Line, Talk, Tone};
use super::local::LOCAL;
use super::state::State;
use landline_common::Moment;
use landline_common::clean::clean;

/// A path that somebody wants completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// The line up to the cursor.
    typed: String,
    /// Where in it the name begins that is to be completed.
    start: usize,
    /// From the last candidate on.
    back: bool,
}

impl State {
    /// `/save`: what is shown goes into a new file.
    pub(super) fn save(&mut self, path: &str) -> bool {
        if path.is_empty() {
            self.tell(Tone::Refused, "that is written: /save FILE");
            return false;
        }
        let text = written(self.talks.viewed(), &self.server, self.now.wall);
        self.effects.push(Effect::Save { path: path.into(), text });
        true
    }

    /// It is saved, and where; or why not.
    pub(super) fn saved(&mut self, done: Result<String, String>) {
        match done {
            Ok(path) => self.tell(Tone::Info, &format!("saved in {}", clean(&path))),
            Err(why) => self.tell(Tone::Refused, &format!("not saved: {}; ↑ brings the line back", clean(&why))),
        }
    }

    /// Asks what is in the folder, if a path stands before the cursor. Whether it does.
    pub(super) fn ask_folder(&mut self, back: bool) -> bool {
        let typed = self.talks.viewed().draft.before().to_owned();
        let Some(path) = path_in(&typed) else { return false };
        let name = path.rfind(std::path::is_separator).map_or(0, |at| at + 1);
        let (folder, beginning) = path.split_at(name);
        self.effects.push(Effect::ListFolder { folder: folder.into(), beginning: beginning.into() });
        let start = typed.len() - beginning.len();
        self.asked_folder = Some(Asked { typed, start, back });
        true
    }

    /// What is in that folder; names of folders end as paths to them do. It may have taken a while.
    pub(super) fn folder(&mut self, names: Vec<String>) {
        let Some(Asked { typed, start, back }) = self.asked_folder.take() else { return };
        if self.talks.viewed().draft.before() != typed {
            return;
        }
        // A name that is not shown as it is cannot be chosen either.
        let fits = |name: &String| name.starts_with(&typed[start..]) && clean(name) == **name;
        let candidates: Vec<String> = names.into_iter().filter(fits).take(NAMES).collect();
        match &candidates[..] {
            [] => {}
            // There is nothing to go through: the next Tab looks into the folder, if it is one.
            [only] => self.talks.viewed_mut().draft.replace(start..typed.len(), only),
            _ => self.offer(Completion::new(start, typed, candidates, back)),
        }
    }
}

/// The path before the cursor, if the command in front of it takes one. There may be spaces in it.
fn path_in(before: &str) -> Option<&str> {
    let (word, rest) = before.split_once(' ')?;
    let command = LOCAL.iter().find(|command| command.word.eq_ignore_ascii_case(word))?;
    command.usage.ends_with(" FILE").then(|| rest.trim_start())
}

/// A conversation as plain text.
fn written(conversation: &Conversation, server: &str, now: Moment) -> String {
    let mut text = format!("{} on {server}, saved {}\n\n", conversation.title, now.date());
    let mentions = conversation.place == Place::Mentions;
    for line in conversation.lines() {
        let at = Moment { unix_ms: line.at, ..now };
        for sentence in sentences(line, mentions) {
            text += &format!("{} {}\n", at.date(), clean(&sentence));
        }
    }
    text
}

/// One for each line of what was said, so that none passes for something else.
fn sentences(line: &Line, mentions: bool) -> Vec<String> {
    match &line.body {
        Body::Talk(Talk { user, text, room, delivery, .. }) => {
            let room = room.as_ref().filter(|_| mentions).map_or(String::new(), |room| format!("[{room}] "));
            let remark = match delivery {
                Delivery::Heard | Delivery::Sent => String::new(),
                Delivery::Unsent | Delivery::Pending => " (not sent yet)".into(),
                Delivery::Failed(why) => format!(" (not sent: {why})"),
            };
            format!("{text}{remark}").split('\n').map(|line| format!("{room}{user}: {line}")).collect()
        }
        Body::Presence(presence) => vec![format!("⇄ {}", presence.sentence())],
        Body::Notice { text, .. } => vec![format!("— {text}")],
    }
}
