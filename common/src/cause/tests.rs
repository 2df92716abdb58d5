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
                let known = ["user", "room", "seconds", "count", "retry_ms", "word", "hint", "s"];
                assert!(known.contains(&field), "{}: {field}", row.name);
            }
        }
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
