//! The table of causes, and the sentences built from it.

use super::*;
use crate::name::NameError;
use std::collections::HashSet;

#[test]
fn the_table_is_sound() {
    let mut names = HashSet::new();
    for (index, row) in TABLE.iter().enumerate() {
        assert_eq!(row.cause as usize, index);
        assert!(names.insert(row.name), "{} stands twice", row.name);
        assert_eq!(Cause::parse(row.name), Some(row.cause));
        assert_eq!(row.cause.template(), row.sentence);
        assert_eq!(row.cause.report().is_refusal(), matches!(row.kind, Refusal(_) | BareRefusal), "{}", row.name);
        for template in [row.sentence, row.lantalk] {
            for field in template.split('{').skip(1).filter_map(|part| part.split('}').next()) {
                let known = ["user", "room", "seconds", "count", "retry_ms", "word", "hint", "s", "by", "time"];
                assert!(known.contains(&field), "{}: {field}", row.name);
            }
        }
    }
}

#[test]
fn sentences_that_older_clients_compare_stay_to_the_letter() {
    for (cause, sentence) in [
        (Cause::Goodbye, "Goodbye!"),
        (Cause::Kicked, "You have been kicked."),
        (Cause::Banned, "You have been banned."),
        (Cause::SlowDown, "⚠ Slow down — you're sending too fast."),
        (Cause::Idle, "Idle timeout — disconnecting."),
        (Cause::Queued, "{user} is offline. Message queued for delivery."),
        (Cause::PrivateAsked, "Connection request sent to {user}"),
        (Cause::PrivateOver, "Private connection with {user} ended"),
        (Cause::NotSupported, "not supported here"),
        (Cause::ServerPasswordFirst, "first this server's password"),
        (Cause::Registered, "Registration successful. You can login now."),
        (Cause::AlreadyHere, "This alias is already logged in"),
        (Cause::InvalidMode, "Invalid auth mode"),
        (Cause::CredentialsRequired, "Alias and password are required"),
        (Cause::WrongPassword, "Invalid alias or password"),
    ] {
        assert_eq!(cause.template(), sentence);
    }
    let of_lantalk = [
        "Invalid username.",
        "Username already taken.",
        "Wrong password.",
        "Unknown command: /{word}",
        "User '{user}' not found.",
    ];
    for row in TABLE.iter().filter(|row| !row.lantalk.is_empty()) {
        assert!(of_lantalk.contains(&row.lantalk), "{}: not a sentence of LanTalk 2.0", row.name);
    }
}

#[test]
fn a_sentence_is_filled_with_what_it_is_about() {
    assert_eq!(
        Cause::YouBlock.with_user("eve").sentence(),
        "You block eve and could not read the answer. /unblock eve first."
    );
    assert_eq!(Cause::NoSuchUser.with_user("x").lantalk_sentence(), "User 'x' not found.");
    assert_eq!(Cause::Entered.with_room("{user}").sentence(), "You are in {user} now");
    assert!(Cause::Locked.with_seconds(9).sentence().ends_with("in 9 s."));
    assert_eq!(Cause::all().count(), TABLE.len());
    let removed = |count| Cause::Forgotten.with_count(count).sentence().into_owned();
    assert!(removed(1).starts_with("1 message removed") && removed(2).starts_with("2 messages "));
    assert_eq!(Cause::Kicked.report().with_text("out").sentence(), "out");
    let unknown = Cause::UnknownCommand.with_word("jion");
    assert_eq!(unknown.sentence(), "Unknown command /jion. Try /help.");
    assert_eq!(unknown.with_hint(Some("/join")).sentence(), "Unknown command /jion. Did you mean /join? Try /help.");
    let reserved = Report::from_user_name_error(NameError::Reserved, "123");
    assert_eq!(reserved.sentence(), "\"123\" cannot be a name; choose another");
}
