//! What a row of the table of commands says.
//!
//! The arguments of a command have names ([`Field`]): a line gives them in the order of the row, an object by name, and
//! `build` makes the command of either.

use super::Command;
use super::args::{Arguments, Field};
use super::table::commands;

/// A command with all its written forms.
pub struct CommandSpec {
    /// The slash form, with arguments in capitals.
    pub usage: &'static str,
    /// The bare forms of the programs that Landline replaces, with arguments; may be empty.
    pub also: &'static str,
    /// The effect, in one line for users.
    pub help: &'static str,
    /// Who can use the command.
    pub audience: Audience,
    /// True if the command changes nothing, so that a repetition may run again.
    pub is_question: bool,
    /// True if a client must not send the command again in a new session, where the server cannot recognize the
    /// repetition: its message is stored nowhere, or it would be refused the second time.
    pub(super) runs_once: bool,
    /// True if the line itself is talk, so that objects say it with another type.
    pub(super) is_talk: bool,
    /// True if lines mean the current room, where objects name theirs in `room`.
    pub(super) in_room: bool,
    /// Arguments that must be there, in the order of the line.
    pub(super) required: &'static [Field],
    /// Arguments that may be left out, in the order of the line.
    pub(super) optional: &'static [Field],
    pub(super) forms: &'static [Form],
    /// The two words of [`Field::Choice`].
    pub(super) choice: [&'static str; 2],
    /// Makes the command. All required arguments are there.
    pub(super) build: for<'a> fn(Arguments<'a>) -> Command<'a>,
}

impl CommandSpec {
    /// The word of the slash form, without the slash.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.usage[1..].split(' ').next().unwrap_or_default()
    }

    /// True if `word`, in lower case and without a slash, is among the words of the command.
    #[must_use]
    pub fn is_about(&self, word: &str) -> bool {
        let word = without_alias(word);
        self.forms.iter().any(|form| form.words.trim_start_matches('/').split(' ').any(|w| w == word))
    }

    /// The arguments that stand in a line, in their order.
    pub(super) fn fields(&self) -> impl Iterator<Item = Field> {
        self.required.iter().chain(self.optional).copied()
    }
}

/// Who can use a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Every user.
    Users,
    /// Members of a mesh. A server takes the command as well.
    Mesh,
    /// Programs alone: no list for users has the command.
    Programs,
}

/// One written form of a command: its words (a slash word begins with `/`) and the shape of its arguments.
pub(super) struct Form {
    pub words: &'static str,
    pub shape: Shape,
}

/// How the arguments stand behind the words of a command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Nothing,
    Word,
    MaybeWord,
    /// `after NAME`, the position in a list, or nothing.
    MaybeAfter,
    /// A word and `after NAME`: either, both or neither.
    MaybeWordAfter,
    /// A word, or `after NAME`, or nothing.
    MaybeWordOrAfter,
    Text,
    MaybeText,
    WordText,
    /// A word and a text, or a text of one word.
    MaybeWordText,
    ThreeWords,
    /// A user, and optionally minutes and the word `everywhere`.
    UserTime,
    /// Nothing, or a user and optionally minutes.
    MaybeUserTime,
    /// Nothing, the id of a message, or a user and (if the command has [`Field::Minutes`]) optionally minutes.
    MaybeMessage,
    /// `after ID`, or nothing.
    MaybeAfterId,
    /// A word, and optionally another one.
    WordMaybeWord,
    /// A word, and optionally a text.
    WordMaybeText,
    /// One of the two words of the command.
    Choice,
    Number,
    /// A number, optionally with `after NAME`.
    NumberAfter,
    /// `json` or `text`.
    Format,
    /// Arguments for [`HistoryQuery::parse`](super::HistoryQuery::parse).
    History,
    /// Words, optionally behind `before ID`.
    Search,
}

/// The command of an object's type, which is its slash word with `_` in place of `-`.
pub(super) fn of_type(r#type: &str) -> Option<&'static CommandSpec> {
    let mut with_object = commands().filter(|spec| !spec.is_talk);
    with_object.find(|spec| spec.word().bytes().map(|b| if b == b'-' { b'_' } else { b }).eq(r#type.bytes()))
}

/// Words that are reserved as names: the first words of all bare forms and of the sign-in. Words that need a slash are
/// free: no such command can begin with the name of a user.
pub fn words() -> impl Iterator<Item = &'static str> {
    let forms = commands().flat_map(|spec| spec.forms).filter(|form| !form.words.starts_with('/'));
    let first = forms.filter_map(|form| form.words.split(' ').next());
    first.chain(["register", "login"])
}

/// Slash words known from IRC and Slack, each with the word of its command. They reserve no names.
static ALIASES: &[(&str, &str)] = &[
    ("j", "join"),
    ("part", "leave"),
    ("list", "rooms"),
    ("channels", "rooms"),
    ("names", "who"),
    ("qr", "link"),
    ("online", "users"),
    ("w", "pm"),
    ("m", "pm"),
    ("dm", "pm"),
    ("tell", "pm"),
    ("whisper", "pm"),
    ("query", "pm"),
    ("amsg", "all"),
    ("broadcast", "all"),
    ("find", "search"),
    ("ignore", "block"),
    ("unignore", "unblock"),
    ("bye", "quit"),
    ("disconnect", "quit"),
    ("passwd", "password"),
    ("commands", "help"),
    ("?", "help"),
];

/// Resolves an alias to the word of its command; returns other words as they are.
pub(super) fn without_alias(word: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(word)).map_or(word, |(_, known)| known)
}

/// All slash words for users, aliases included, without their slashes.
pub(super) fn typed_words() -> impl Iterator<Item = &'static str> {
    let specs = commands().filter(|spec| spec.audience != Audience::Programs);
    let words = specs.flat_map(|spec| spec.forms).filter_map(|form| form.words.strip_prefix('/'));
    words.chain(ALIASES.iter().map(|(alias, _)| *alias))
}

/// What most rows have in common.
pub(super) const SPEC: CommandSpec = CommandSpec {
    usage: "",
    also: "",
    help: "",
    audience: Audience::Users,
    is_question: false,
    runs_once: false,
    is_talk: false,
    in_room: false,
    required: &[],
    optional: &[],
    forms: &[],
    choice: ["on", "off"],
    build: |_| Command::Quit,
};

/// What lists have in common.
pub(super) const LIST: CommandSpec = CommandSpec { is_question: true, optional: &[Field::After], ..SPEC };

/// The forms of a command: their words, each with the shape of its arguments.
macro_rules! forms {
    ($( $words:literal $shape:ident ),+) => { &[$( $crate::command::spec::Form { words: $words, shape: $crate::command::spec::Shape::$shape } ),+] };
}
pub(super) use forms;
