//! A storage whose every answer has the maximum size.

use landline_common::history::{
    ChangedMessage, DirectMessage, HistoryEntry, HistoryError, HistoryOwner, HistoryReader, Location, MailboxError,
    MessageChange, NewMessages, Page, Range,
};
use landline_common::limits::{LABEL_BYTES, Limits, MESSAGE_LINES, NAME_CHARS, ROOM_CHARS, count};
use landline_common::{NameKey, OffsetDateTime, RoomKey, RoomName, UserName};
use landline_server::hub::{MailHandler, Storage};
use landline_server::rules_record::RulesRecord;
use std::sync::LazyLock;

/// Letters that names may have and that take four bytes, the maximum in UTF-8.
static LETTERS: LazyLock<Vec<char>> = LazyLock::new(|| {
    let is_letter = |letter: &char| {
        let name = letter.to_string();
        let fits_users = UserName::parse(&name).is_ok_and(|name| name.check_new().is_ok());
        fits_users && RoomName::parse(&name).is_ok_and(|name| name.check_new().is_ok())
    };
    let letters: Vec<char> = ('\u{20000}'..='\u{2ffff}').filter(is_letter).take(101).collect();
    assert_eq!(letters.len(), 101);
    letters
});

/// Returns a name of `chars` letters that ends with `number`, written with three letters.
fn numbered(number: usize, chars: usize) -> String {
    let digit = |place: u32| LETTERS[number / 100_usize.pow(place) % 100];
    let number: String = (0..3).rev().map(digit).collect();
    LETTERS[100].to_string().repeat(chars - 3) + &number
}

/// Returns the longest name of a user, a different one for each number.
pub fn user(number: usize) -> String {
    numbered(number, NAME_CHARS)
}

/// Returns the longest name of a room, a different one for each number.
pub fn room(number: usize) -> String {
    numbered(number, ROOM_CHARS)
}

/// Returns the longest text that repeats one character.
pub fn text(limits: &Limits, of: char) -> String {
    of.to_string().repeat(count(limits.message_chars))
}

/// Breaks a text into the maximum number of lines of a message.
fn in_lines(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let line = chars.len() / MESSAGE_LINES;
    let with_ends =
        chars.iter().enumerate().map(|(i, c)| if i % line == line - 1 && i + 1 < chars.len() { '\n' } else { *c });
    with_ends.collect()
}

/// Has the maximum of history, blocks and last-seen users.
#[derive(Debug)]
pub struct LargestStorage {
    limits: Limits,
    /// Character that texts repeat.
    of: char,
    blocks: Vec<UserName>,
    seen: Vec<UserName>,
}

impl LargestStorage {
    pub fn new(limits: &Limits, of: char) -> LargestStorage {
        let names = |from: usize, most: u64| -> Vec<UserName> {
            (0..count(most)).map(|number| UserName::parse(&user(from + number)).unwrap()).collect()
        };
        let blocks = names(100_000, limits.blocks_per_person);
        let seen = names(200_000, limits.seen_names);
        LargestStorage { limits: limits.clone(), of, blocks, seen }
    }

    fn page(&self, most: usize) -> Page {
        let most = most.min(count(self.limits.history_messages));
        let places = |id: u64| match id % 3 {
            0 => Location::Global,
            1 => Location::Room(room(0).into()),
            _ => Location::DirectMessage { to: user(1).into() },
        };
        let entry = |id| HistoryEntry {
            id: (1 << 52) + id,
            at: OffsetDateTime { unix_ms: 1_795_248_000_000, offset_s: 0 },
            place: places(id),
            user: user(0).into(),
            nonce: Some("\u{1}".repeat(LABEL_BYTES).into()),
            edited: true,
            text: in_lines(&text(&self.limits, self.of)).into(),
        };
        Page { entries: (0..most as u64).map(entry).collect(), more: true, cut_short: true }
    }
}

impl Storage for LargestStorage {
    fn rules(&self) -> Option<RulesRecord> {
        None
    }

    fn store_rules(&self, _: &mut dyn FnMut() -> RulesRecord) -> Result<(), String> {
        Ok(())
    }

    fn room_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn wait_for_capacity(&self) -> bool {
        true
    }
    fn store_talk(&self, _: &NewMessages<'_>, _: &mut dyn Iterator<Item = &str>) {}
    fn store_direct(&self, _: &DirectMessage<'_>) {}
    fn enqueue_mail(&self, _: &DirectMessage<'_>) -> Result<(), MailboxError> {
        Ok(())
    }
    fn requeue_mail(&self, _: &DirectMessage<'_>) {}
    fn fetch_mail(&self, _: &NameKey, _: usize, then: MailHandler) {
        let _ = then(Vec::new());
    }
    fn acknowledge_mail(&self, _: &NameKey, _: Vec<u64>, _: bool) {}
    fn read_history(&self, _: &HistoryReader<'_>, range: Range) -> Result<Page, HistoryError> {
        let (Range::Last(most) | Range::Before(_, most) | Range::After(_, most) | Range::Between { most, .. }) = range;
        Ok(self.page(most))
    }
    fn search(&self, _: &HistoryReader<'_>, _: &str, _: Option<u64>, most: usize) -> Result<Page, HistoryError> {
        Ok(self.page(most))
    }
    fn transfer_direct_messages(&self, _: &HistoryOwner, _: &HistoryOwner) {}
    fn change_messages(&self, _: MessageChange, _: OffsetDateTime) -> Result<u64, HistoryError> {
        Ok(1)
    }
    fn changes(&self, _: &HistoryReader<'_>, _: u64, most: usize) -> Result<Vec<ChangedMessage>, HistoryError> {
        let entries = self.page(most).entries.into_iter();
        Ok(entries.map(|entry| ChangedMessage { entry, removed_by: None }).collect())
    }
    fn delete_direct_messages(&self, _: &HistoryOwner) -> Result<u64, HistoryError> {
        Ok(u64::MAX)
    }
    fn read_marker(&self, _: &NameKey, _: &RoomKey) -> Result<Option<u64>, HistoryError> {
        Ok(Some(1))
    }
    fn set_read_marker(&self, _: &NameKey, _: &RoomKey, _: u64) {}
    fn account_name(&self, name: &NameKey) -> Option<UserName> {
        UserName::parse(name.as_str()).ok()
    }
    fn had_account(&self, _: &NameKey, _: OffsetDateTime) -> bool {
        true
    }
    /// Returns the maximum number of blocks for the asker, none for other accounts.
    fn block_list(&self, account: &NameKey) -> Vec<UserName> {
        if *account == NameKey::of("asker") { self.blocks.clone() } else { Vec::new() }
    }
    fn store_block_list(&self, _: &NameKey, _: &[UserName]) -> Result<(), String> {
        Ok(())
    }
    fn newest_nonces(&self, _: usize) -> Vec<(String, String, u64)> {
        Vec::new()
    }
    fn last_seen(&self, _: &NameKey) -> Option<OffsetDateTime> {
        None
    }

    fn seen_since(&self, _: OffsetDateTime) -> Vec<UserName> {
        self.seen.clone()
    }
}
