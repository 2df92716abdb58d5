//! The table of all commands, the source of `/help`, of the reserved names and of the parser.

use super::{Command, Format, HistoryQuery};

/// A command with all its written forms.
pub struct CommandSpec {
    /// The slash form, with arguments in capitals.
    pub usage: &'static str,
    /// The bare forms of the programs that Landline replaces, with arguments; may be empty.
    pub also: &'static str,
    /// The effect, in one line for users.
    pub help: &'static str,
    pub(super) forms: &'static [Form],
    pub(super) build: for<'a> fn(ParsedArgs<'a>) -> Command<'a>,
}

impl CommandSpec {
    /// True if `word`, in lower case and without a slash, is among the words of the command.
    #[must_use]
    pub fn is_about(&self, word: &str) -> bool {
        let word = without_alias(word);
        self.forms.iter().any(|form| form.words.trim_start_matches('/').split(' ').any(|w| w == word))
    }

    /// True if the command is of use in a mesh only.
    #[must_use]
    pub fn is_for_mesh(&self) -> bool {
        self.is_about("trust")
    }

    /// True if only programs send the command.
    #[must_use]
    pub fn is_for_programs(&self) -> bool {
        self.is_about("direct-key") || self.is_about("direct-accept")
    }
}

/// One written form of a command: its words (a slash word begins with `/`) and the shape of its arguments.
pub(super) struct Form {
    pub words: &'static str,
    pub shape: Shape,
}

/// The arguments that must follow the words of a command.
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
    Number,
    /// A number, optionally with `after NAME`.
    NumberAfter,
    Format,
    /// Arguments for [`HistoryQuery::parse`].
    HistoryQuery,
}

/// The arguments in their order; a missing one is empty.
#[derive(Clone, Copy, Default)]
pub(super) struct ParsedArgs<'a> {
    pub first: &'a str,
    pub second: &'a str,
    pub third: &'a str,
    pub number: u64,
    pub after: Option<&'a str>,
}

impl<'a> ParsedArgs<'a> {
    /// Removes the whitespace in front of the first two arguments.
    pub(super) fn trimmed(self) -> ParsedArgs<'a> {
        ParsedArgs { first: self.first.trim_start(), second: self.second.trim_start(), ..self }
    }

    fn maybe(self) -> Option<&'a str> {
        (!self.first.is_empty()).then_some(self.first)
    }
}

const fn form(words: &'static str, shape: Shape) -> Form {
    Form { words, shape }
}

/// Words that are reserved as names: the first words of all bare forms and of the sign-in. Words that need a slash are
/// free: no such command can begin with the name of a user.
pub fn words() -> impl Iterator<Item = &'static str> {
    let forms = TOPICS.iter().flat_map(|topic| topic.forms).filter(|form| !form.words.starts_with('/'));
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
    let topics = TOPICS.iter().filter(|topic| !topic.is_for_programs());
    let words = topics.flat_map(|topic| topic.forms).filter_map(|form| form.words.strip_prefix('/'));
    words.chain(ALIASES.iter().map(|(alias, _)| *alias))
}

use Shape::{
    MaybeAfter, MaybeText, MaybeWord, MaybeWordAfter, MaybeWordOrAfter, MaybeWordText, Nothing, Number, NumberAfter,
    Text, ThreeWords, Word, WordText,
};

macro_rules! topics {
    ($( $usage:literal, $also:literal, $help:literal, [$( $words:literal $shape:expr ),+], $build:expr; )+) => {
        /// All commands. Where the words of one begin with the words of another, the longer form stands first.
        pub static TOPICS: &[CommandSpec] = &[ $( CommandSpec {
            usage: $usage, also: $also, help: $help, forms: &[$( form($words, $shape) ),+], build: $build,
        } ),+ ];
    };
}

topics! {
    "/say TEXT", "", "send TEXT as it is, even if it starts with /; so does //TEXT",
        ["/say" Text], |a| Command::Say(a.first);
    "/all TEXT", "broadcast TEXT, bdct txt TEXT", "send TEXT to all users online, whatever their room",
        ["/all" Text, "bdct txt" Text, "broadcast" Text], |a| Command::All(a.first);
    "/join ROOM", "", "go into a room (opened if it is new) and make it your current one; also /j",
        ["/join" Word], |a| Command::Join(a.first);
    "/leave [ROOM]", "", "leave a room (the current one without a name); also /part",
        ["/leave" MaybeWord], |a| Command::Leave(a.maybe());
    "/rooms [after NAME]", "", "list the rooms and how many users are in them; also /list",
        ["/rooms" MaybeAfter], |a| Command::Rooms { after: a.after };
    "/users [after NAME]", "online clients", "list who is online",
        ["/users" MaybeAfter, "online clients" Nothing], |a| Command::Online { after: a.after };
    "/members", "", "list who is online; in a mesh, with addresses and the fingerprints of their keys",
        ["/members" Nothing], |_| Command::OnlineDetails;
    "/who [ROOM] [after NAME]", "", "list who is in a room, or who is online; also /names",
        ["/who" MaybeWordAfter], |a| match a.maybe() {
            Some(room) => Command::Members { room, after: a.after },
            None => Command::Online { after: a.after },
        };
    "/others [after NAME]", "whoelse", "list the others online",
        ["/others" MaybeAfter, "whoelse" Nothing], |a| Command::Others { after: a.after };
    "/since SECONDS [after NAME]", "whoelsesince SECONDS", "list who was online in the last SECONDS",
        ["/since" NumberAfter, "whoelsesince" Number], |a| Command::Since { seconds: a.number, after: a.after };
    "/pm USER TEXT", "message USER TEXT", "send a message to one user; an account gets it later if it is away. Also /msg, /dm, /w, /tell",
        ["/pm" WordText, "/msg" WordText, "message" WordText], |a| Command::Message { to: a.first, text: a.second };
    "/connect USER", "connect to USER", "ask a user for an off-the-record chat, which is stored nowhere",
        ["/connect" Word, "connect to" Word], |a| Command::Connect(a.first);
    "/accept [USER]", "accept connection [USER]", "accept a request for an off-the-record or an encrypted chat",
        ["/accept" MaybeWord, "accept connection" MaybeWord], |a| Command::Accept(a.maybe());
    "/reject [USER]", "reject connection [USER]", "reject a request for an off-the-record or an encrypted chat",
        ["/reject" MaybeWord, "reject connection" MaybeWord], |a| Command::Reject(a.maybe());
    "/chats [after NAME]", "my private chats", "list your off-the-record chats",
        ["/chats" MaybeAfter, "my private chats" Nothing], |a| Command::Chats { after: a.after };
    "/private [USER] TEXT", "private txt [USER] TEXT", "say something in an off-the-record chat, which is stored nowhere; USER may be left out if only one is open",
        ["/private" MaybeWordText, "private txt" MaybeWordText], |a| if a.second.is_empty() {
            Command::Private { to: None, text: a.first }
        } else {
            Command::Private { to: Some(a.first), text: a.second }
        };
    "/end [USER]", "end private USER", "end an off-the-record chat; USER may be left out if only one is open",
        ["/end" MaybeWord, "end private" Word], |a| Command::End(a.maybe());
    "/direct USER", "startprivate USER", "ask for an encrypted chat, not via the server",
        ["/direct" Word, "startprivate" Word], |a| Command::Direct(a.first);
    "/direct-say USER TEXT", "private USER TEXT", "say something in an encrypted chat between two landline programs",
        ["/direct-say" WordText, "private" WordText], |a| Command::DirectText { to: a.first, text: a.second };
    "/direct-stop USER", "stopprivate USER", "end an encrypted chat",
        ["/direct-stop" Word, "stopprivate" Word], |a| Command::DirectStop(a.first);
    "/direct-key KEY", "", "announces a program that can do encrypted chats",
        ["/direct-key" Word], |a| Command::DirectKey(a.first);
    "/trust USER", "", "in a mesh: take the changed key of a user for the right one",
        ["/trust" Word], |a| Command::Trust(a.first);
    "/direct-accept USER KEY ADDRESSES", "", "accepts an encrypted chat, for programs",
        ["/direct-accept" ThreeWords],
        |a| Command::DirectAccept { to: a.first, key: a.second, addresses: a.third };
    "/block [USER | after NAME]", "block USER", "stop hearing a user, also one who has just left; alone: list the users you block. Also /ignore",
        ["/block" MaybeWordOrAfter, "block" Word],
        |a| a.maybe().map_or(Command::Blocked { after: a.after }, Command::Block);
    "/unblock USER", "unblock USER", "hear a user again; also /unignore",
        ["/unblock" Word, "unblock" Word], |a| Command::Unblock(a.first);
    "/history [N | before ID | after ID | unread | with USER]", "",
        "show what was said before in your current room, to all users and in the messages between you and single users; unread: what you \
        missed in that room since your last visit. Off-the-record chats are never stored",
        ["/history" Shape::HistoryQuery], |a| Command::History(HistoryQuery::parse(a.first).unwrap_or_default());
    "/search WORDS", "", "search your rooms and the messages between you and single users, newest first; also /find",
        ["/search" Text], |a| match super::history_query::before(a.first.trim_start()) {
            Some((id, words)) => Command::Search { words, before: Some(id) },
            None => Command::Search { words: a.first.trim_start(), before: None },
        };
    "/forget", "", "remove the messages between you and single users from the history: sent ones for both sides, received ones for you",
        ["/forget" Nothing], |_| Command::Forget;
    "/register", "", "make an account of your name, which is yours from then on; you are asked for a password",
        ["/register" Nothing], |_| Command::Register { password: None };
    "/password", "", "change the password of your account; you are asked for it. Also /passwd",
        ["/password" Nothing], |_| Command::Password(None);
    "/hooray", "", "cheer, in your current room",
        ["/hooray" Nothing], |_| Command::Hooray;
    "/ping [TOKEN]", "", "ask the server for a PONG",
        ["/ping" MaybeText], |a| Command::Ping(a.maybe());
    "/format json|text", "format json|text", "get events as JSON objects, or as lines for people",
        ["/format" Shape::Format, "format" Shape::Format],
        |a| Command::Format(if a.first.eq_ignore_ascii_case("json") { Format::Json } else { Format::Text });
    "/help [COMMAND]", "help", "explain one command; /help lists the usual ones, /help all every one",
        ["/help" MaybeWord, "help" Nothing], |a| Command::Help(a.maybe());
    "/quit", "exit, logout", "leave; also /exit, /bye, /logout and /q (which opens no conversation here)",
        ["/quit" Nothing, "/exit" Nothing, "/q" Nothing, "/logout" Nothing, "exit" Nothing, "logout" Nothing],
        |_| Command::Quit;
}
