//! Help for users: a short text for newcomers, all commands in groups, and suggestions for mistyped words.

use super::spec::{Audience, CommandSpec, typed_words};
use super::table::{GROUPS, commands};

/// The lines of `/help`: enough to talk, to look messages up, and to block a user.
static SHORT_HELP: &[&str] = &[
    "What you type is said in your current room. Lines that start with / are commands:",
    "/join ROOM – go into a room; /leave ROOM, /rooms lists them, /who ROOM lists the users in one",
    "/users – list who is online",
    "/pm USER TEXT – send a message to one user",
    "/all TEXT – send TEXT to all users online",
    "/history – show what was said before; /search WORDS finds something",
    "/me TEXT – say what you do; /edit TEXT changes your newest message, /delete removes it; /hand asks to speak",
    "/nick NAME – take another name (guests); /away TEXT says that you are away, /whois USER tells of a user",
    "/connect USER – ask for an off-the-record chat, stored nowhere; the other one answers /accept, then /private TEXT",
    "/block USER – stop hearing a user; /unblock USER",
    "/help all – every command; /help COMMAND explains one",
    "/quit – leave",
];

/// The lines behind them for owners of the current room.
static ROOM_OWNER_HELP: &[&str] = &[
    "Owners of this room: /topic TEXT, /pin, /kick USER, /mute USER MINUTES, /ban USER MINUTES, /delete USER, /transcript",
    "Owners of this room: /quiet on, /hands, /floor USER, /slow SECONDS, /open off, /key WORD, /invite USER, /op USER",
];

/// The lines behind these for owners of the server.
static SERVER_OWNER_HELP: &[&str] =
    &["Owners of this server: /doors closed, /whispers owners, /ban USER MINUTES everywhere; /rules shows what holds"];

/// Owners among the readers of `/help`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reader {
    /// The reader runs the current room.
    pub owns_room: bool,
    /// The reader runs the server.
    pub owns_server: bool,
}

/// The lines of `/help` for a reader.
pub fn short_help(reader: Reader) -> impl Iterator<Item = String> {
    let of = |holds: bool, lines: &'static [&'static str]| if holds { lines } else { &[] };
    let of_room = of(reader.owns_room, ROOM_OWNER_HELP);
    SHORT_HELP.iter().chain(of_room).chain(of(reader.owns_server, SERVER_OWNER_HELP)).map(|line| (*line).to_owned())
}

/// The argument of `/help` that lists all commands.
pub const HELP_ALL: &str = "all";

/// The lines of `/help all`: a heading for each group, then its commands for users. Commands for meshes and programs are
/// left out.
pub fn all_help() -> impl Iterator<Item = String> {
    GROUPS.iter().flat_map(|group| {
        let for_users = group.commands.iter().filter(|spec| spec.audience == Audience::Users);
        std::iter::once(format!("{}:", group.heading)).chain(for_users.map(help_line))
    })
}

/// The lines of `/help COMMAND`, for a word with or without its slash; none if no command has the word.
pub fn help_about(word: &str) -> impl Iterator<Item = String> {
    let word = word.trim_start_matches('/').to_lowercase();
    commands().filter(move |spec| spec.is_about(&word)).map(help_line)
}

fn help_line(spec: &CommandSpec) -> String {
    let or = if spec.also.is_empty() { String::new() } else { format!(" (or: {})", spec.also) };
    format!("{}{or} – {}", spec.usage, spec.help)
}

/// The command that a user most likely meant by an unknown word, without a slash.
#[must_use]
pub fn suggestion(word: &str) -> Option<&'static str> {
    nearest(word, typed_words())
}

/// Returns the known word that `word` is most likely a mistyped form of. It may differ by one letter that is missing,
/// added, changed or swapped with its neighbor, and by two in words of six letters or more. Words of one or two letters
/// match none.
pub fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let typed: Vec<char> = word.to_lowercase().chars().take(LONGEST_SLIP + 1).collect();
    let most = match typed.len() {
        0..=2 => return None,
        3..=5 => 1,
        _ => 2,
    };
    if typed.len() > LONGEST_SLIP {
        return None;
    }
    let near = known.map(|candidate| (distance(&typed, candidate), candidate)).filter(|(slips, _)| *slips <= most);
    near.min_by_key(|(slips, _)| *slips).map(|(_, candidate)| candidate)
}

/// Longer words get no suggestion: no command has as many characters.
const LONGEST_SLIP: usize = 24;

/// Computes the optimal string alignment distance: the least number of letters to insert, remove, change or swap with a
/// neighbor.
fn distance(typed: &[char], candidate: &str) -> usize {
    let candidate: Vec<char> = candidate.chars().collect();
    // Three rows of the table: the one before the last, the last, and the current one.
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=candidate.len()).collect();
    for (i, a) in typed.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in candidate.iter().enumerate() {
            let changed = last[j] + usize::from(a != b);
            let mut least = changed.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == candidate[j - 1] && typed[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[candidate.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn b5_the_whole_help_has_every_command_for_users_once() {
        let lines: Vec<_> = all_help().collect();
        for spec in commands() {
            let count = lines.iter().filter(|line| line.starts_with(&format!("{} ", spec.usage))).count();
            assert_eq!(count, usize::from(spec.audience == Audience::Users), "{}", spec.usage);
        }
    }

    #[test]
    fn b5_the_short_help_is_about_ten_lines_of_commands_that_exist() {
        assert!((8..=12).contains(&SHORT_HELP.len()));
        let owner = Reader { owns_room: true, owns_server: true };
        let lines: Vec<String> = short_help(owner).collect();
        assert!(lines.len() <= 15 && lines.iter().all(|line| line.chars().count() <= 120), "{lines:?}");
        for word in lines.iter().flat_map(|line| line.split([' ', ',', ';'])) {
            if let Some(command) = word.strip_prefix('/').filter(|command| !command.is_empty()) {
                assert!(commands().any(|spec| spec.word() == command), "{word}");
            }
        }
    }

    #[test]
    fn a_command_is_explained_by_any_of_its_words() {
        let about = |word: &str| help_about(word).collect::<Vec<_>>();
        assert_eq!(about("/join"), about("j"));
        assert_eq!(about("PART").len(), 1);
        assert!(about("block")[0].starts_with("/block [USER"), "{:?}", about("block"));
        assert!(about("nonsense").is_empty());
    }

    #[test]
    fn distances_count_slips() {
        let count = |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), b);
        for (a, b, slips) in [("join", "join", 0), ("jion", "join", 1), ("jon", "join", 1), ("histroy", "history", 1)] {
            assert_eq!(count(a, b), slips, "{a} {b}");
        }
        assert_eq!((count("", "abc"), count("abc", ""), count("kitten", "sitting")), (3, 3, 3));
    }

    proptest! {
        #[test]
        fn any_word_is_guessed_at_without_a_panic(word in any::<String>()) {
            let _ = suggestion(&word);
        }

        #[test]
        fn a_swapped_or_missing_letter_is_forgiven(at in 0usize..6) {
            let mut swapped: Vec<char> = "history".chars().collect();
            swapped.swap(at, at + 1);
            prop_assert_eq!(suggestion(&swapped.into_iter().collect::<String>()), Some("history"));
            let mut missing = "history".to_owned();
            missing.remove(at);
            prop_assert_eq!(suggestion(&missing), Some("history"));
        }
    }
}
