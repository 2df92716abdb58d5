//! Banned addresses, in memory and in a file.
//!
//! A change takes effect in memory first and is then written. If the disk refuses, the ban still holds, and the write
//! is retried by [`Bans::retry_write`] and by the next change. This module does not know the file:
//! [`crate::store_backend`] implements [`BanStorage`] on `bans.json`.

use crate::ban_row::BanRow;
use ipnet::{IpNet, Ipv4Net};
use landline_common::OffsetDateTime;
use parking_lot::{Mutex, RwLock};
use std::collections::HashSet;
use std::fmt;
use std::io;
use std::net::IpAddr;

/// Most bans: every new connection is compared with all of them.
const MOST_BANS: usize = 10_000;

/// The file of the bans.
pub trait BanStorage: fmt::Debug + Send {
    /// Replaces the file; when this returns, the bans are on the disk.
    ///
    /// # Errors
    /// The disk refuses. The file has not changed then.
    fn write(&self, bans: &[BanRow]) -> io::Result<()>;
    /// Returns true if the file exists. False if nothing was written yet, or the file was removed.
    fn exists(&self) -> bool;
}

/// All bans, in memory and on disk.
#[derive(Debug)]
pub struct Bans {
    /// Held during a change and its write, so that writes happen in the order of the changes.
    file: Mutex<OnDisk>,
    known: RwLock<Vec<Ban>>,
}

#[derive(Debug)]
struct OnDisk {
    file: Box<dyn BanStorage>,
    /// The last write failed, so the file lacks changes.
    is_behind: bool,
}

#[derive(Clone, Debug)]
struct Ban {
    range: IpNet,
    row: BanRow,
}

/// The reason for which a ban was not made. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum BanError {
    /// The table would have more bans than it may have.
    #[error("more than {MOST_BANS} bans cannot be kept; /unban some at the console, then try again")]
    Full,
}

/// Tells if a change is on the disk. It takes effect in any case: a client that fills the disk must not escape its ban.
#[derive(Debug)]
#[must_use]
pub enum Stored {
    /// The change is on the disk.
    Yes,
    /// The disk refused, with this error. [`Bans::retry_write`] and the next change write it too.
    NotYet(io::Error),
}

/// Parses an address, or a range in CIDR notation; bits behind the prefix are cleared. A range of IPv4-mapped addresses
/// (`::ffff:10.0.0.0/104`) becomes the IPv4 range, since the server knows IPv4 clients by their IPv4 address even at a
/// port for both families. Returns `None` for other text, and for mapped ranges wider than IPv4.
#[must_use]
pub fn parse_range(text: &str) -> Option<IpNet> {
    let range = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?;
    let range = match (range.addr().to_canonical(), range) {
        (IpAddr::V4(mapped), IpNet::V6(range)) => {
            Ipv4Net::new(mapped, range.prefix_len().checked_sub(96)?).ok()?.into()
        }
        _ => range,
    };
    Some(range.trunc())
}

impl Bans {
    /// Makes the table of the bans read from `file`. Leaves out rows whose address [`parse_range`] does not parse.
    #[must_use]
    pub fn new(file: Box<dyn BanStorage>, rows: Vec<BanRow>) -> Bans {
        let known = rows.into_iter().filter_map(|row| Some(Ban { range: parse_range(&row.address)?, row }));
        let file = Mutex::new(OnDisk { file, is_behind: false });
        Bans { file, known: RwLock::new(known.collect()) }
    }

    /// Returns true if `address` is banned at `now`.
    #[must_use]
    pub fn is_banned(&self, address: IpAddr, now: OffsetDateTime) -> bool {
        self.find(address, now).is_some()
    }

    /// Returns the ban of `address` that is in force at `now`; of several, the one that ends last.
    #[must_use]
    pub fn find(&self, address: IpAddr, now: OffsetDateTime) -> Option<BanRow> {
        let known = self.known.read();
        let in_force = known.iter().filter(|ban| ban.range.contains(&address) && !ban.row.has_ended(now));
        in_force.max_by_key(|ban| (ban.row.until.is_none(), ban.row.until)).map(|ban| ban.row.clone())
    }

    /// Bans `range`. Replaces an earlier ban of the same range.
    ///
    /// # Errors
    /// As [`Bans::add_all`].
    pub fn add(&self, range: IpNet, row: BanRow, now: OffsetDateTime) -> Result<Stored, BanError> {
        self.add_all(vec![(range, row)], now)
    }

    /// Like [`Bans::add`], for several different ranges, with one write.
    ///
    /// # Errors
    /// The table would have more than [`MOST_BANS`] bans; then none is added.
    pub fn add_all(&self, new: Vec<(IpNet, BanRow)>, now: OffsetDateTime) -> Result<Stored, BanError> {
        let ranges: HashSet<IpNet> = new.iter().map(|(range, _)| *range).collect();
        let new =
            new.into_iter().map(|(range, row)| Ban { range, row: BanRow { address: display_range(range), ..row } });
        self.change(now, |bans| {
            bans.retain(|ban| !ranges.contains(&ban.range));
            bans.extend(new);
        })
    }

    /// Removes the ban of exactly `range`. Returns `None` if there is none.
    pub fn remove(&self, range: IpNet, now: OffsetDateTime) -> Option<Stored> {
        let is_banned = self.known.read().iter().any(|ban| ban.range == range);
        // `change` refuses only a table that grows.
        if is_banned { self.change(now, |bans| bans.retain(|ban| ban.range != range)).ok() } else { None }
    }

    /// Writes the bans again if the last write failed or the file was removed. Returns true if that succeeded; false
    /// also if nothing was missing.
    pub fn retry_write(&self) -> bool {
        let mut disk = self.file.lock();
        let is_removed = !disk.file.exists() && !self.known.read().is_empty();
        (disk.is_behind || is_removed) && matches!(disk.write(&self.known.read()), Stored::Yes)
    }

    /// Returns the bans in force at `now`.
    #[must_use]
    pub fn list(&self, now: OffsetDateTime) -> Vec<BanRow> {
        self.known.read().iter().filter(|ban| !ban.row.has_ended(now)).map(|ban| ban.row.clone()).collect()
    }

    /// Applies `change` to the bans, in memory and then on disk. Also removes the bans that are over. Refuses a change
    /// that makes more bans than the bound. A table that already holds more, from a file edited by hand, may shrink.
    fn change(&self, now: OffsetDateTime, change: impl FnOnce(&mut Vec<Ban>)) -> Result<Stored, BanError> {
        let mut disk = self.file.lock();
        let mut bans = self.known.read().clone();
        bans.retain(|ban| !ban.row.has_ended(now));
        let in_force = bans.len();
        change(&mut bans);
        if bans.len() > MOST_BANS.max(in_force) {
            return Err(BanError::Full);
        }
        (*self.known.write()).clone_from(&bans);
        Ok(disk.write(&bans))
    }
}

impl OnDisk {
    fn write(&mut self, bans: &[Ban]) -> Stored {
        let rows: Vec<BanRow> = bans.iter().map(|ban| ban.row.clone()).collect();
        let written = self.file.write(&rows);
        self.is_behind = written.is_err();
        written.map_or_else(Stored::NotYet, |()| Stored::Yes)
    }
}

/// Formats a range. A single address is shown without its prefix length.
#[must_use]
pub fn display_range(range: IpNet) -> String {
    if range.prefix_len() == range.max_prefix_len() { range.addr().to_string() } else { range.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::BanFile;
    use crate::store_backend::open_bans;

    const NOW: OffsetDateTime = OffsetDateTime { unix_ms: 1_795_271_000_000, offset_s: 0 };

    fn range(text: &str) -> IpNet {
        parse_range(text).unwrap()
    }

    fn ban(bans: &Bans, text: &str, minutes: Option<u64>) {
        let stored = bans.add(range(text), BanRow::new(text.into(), NOW, minutes), NOW).unwrap();
        assert!(matches!(stored, Stored::Yes));
    }

    fn is_banned(bans: &Bans, address: &str) -> bool {
        bans.is_banned(address.parse().unwrap(), NOW)
    }

    #[test]
    fn addresses_and_ranges_are_banned_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let bans = open_bans(folder.path()).unwrap();
        for text in ["10.0.0.1", "192.168.7.9/16", "fd00::/8"] {
            ban(&bans, text, None);
        }
        for bans in [bans, open_bans(folder.path()).unwrap()] {
            assert!(is_banned(&bans, "10.0.0.1") && is_banned(&bans, "192.168.200.1") && is_banned(&bans, "fd12::1"));
            assert!(!is_banned(&bans, "10.0.0.2") && !is_banned(&bans, "192.169.0.1") && !is_banned(&bans, "fe80::1"));
        }
    }

    #[test]
    fn a_ban_ends_by_time_or_by_removal() {
        let folder = tempfile::tempdir().unwrap();
        let bans = open_bans(folder.path()).unwrap();
        ban(&bans, "10.0.0.1", Some(1));
        ban(&bans, "10.0.0.2", None);
        let later = OffsetDateTime { unix_ms: NOW.unix_ms + 60_000, ..NOW };
        assert!(!bans.is_banned("10.0.0.1".parse().unwrap(), later));
        assert!(matches!(bans.remove(range("10.0.0.2"), later), Some(Stored::Yes)));
        assert!(bans.remove(range("10.0.0.2"), later).is_none());
        assert!(bans.list(later).is_empty());
    }

    #[test]
    fn a_ban_holds_although_its_write_fails_and_is_written_later() {
        let folder = tempfile::tempdir().unwrap();
        let bans = open_bans(folder.path()).unwrap();
        ban(&bans, "10.0.0.1", None);
        assert!(!bans.retry_write(), "no write had failed");
        // A folder of that name makes every write fail.
        let file = folder.path().join("bans.json");
        let saved = folder.path().join("saved");
        let break_disk = || {
            std::fs::rename(&file, &saved).unwrap();
            std::fs::create_dir(&file).unwrap();
        };
        let mend_disk = || {
            std::fs::remove_dir(&file).unwrap();
            std::fs::rename(&saved, &file).unwrap();
        };
        let again = || open_bans(folder.path()).unwrap();
        let row = BanRow::new(String::new(), NOW, None);
        break_disk();
        assert!(matches!(bans.add(range("10.0.0.2"), row.clone(), NOW), Ok(Stored::NotYet(_))));
        assert!(matches!(bans.remove(range("10.0.0.1"), NOW), Some(Stored::NotYet(_))));
        assert!(is_banned(&bans, "10.0.0.2") && !is_banned(&bans, "10.0.0.1") && !bans.retry_write());
        mend_disk();
        assert!(is_banned(&again(), "10.0.0.1") && !is_banned(&again(), "10.0.0.2"), "a failed write changed the file");
        assert!(bans.retry_write() && !bans.retry_write());
        assert!(!is_banned(&again(), "10.0.0.1") && is_banned(&again(), "10.0.0.2"));
        break_disk();
        assert!(matches!(bans.add(range("10.0.0.3"), row, NOW), Ok(Stored::NotYet(_))));
        mend_disk();
        ban(&bans, "10.0.0.4", None);
        assert!(is_banned(&again(), "10.0.0.3"), "the next change did not write the ban before it");
    }

    #[test]
    fn a_ban_can_be_removed_and_replaced_although_the_file_holds_too_many() {
        let folder = tempfile::tempdir().unwrap();
        let at = |n: usize| format!("10.0.{}.{}", n / 256, n % 256);
        let rows: Vec<_> = (0..MOST_BANS + 5).map(|n| BanRow::new(at(n), NOW, None)).collect();
        BanFile::open(folder.path(), |_| true).unwrap().0.write(&rows).unwrap();
        let bans = open_bans(folder.path()).unwrap();
        ban(&bans, &at(1), Some(1));
        let another = bans.add(range("10.1.0.0"), BanRow::new(String::new(), NOW, None), NOW);
        assert!(matches!(another, Err(BanError::Full)), "{another:?}");
        for n in [2, 3] {
            assert!(matches!(bans.remove(range(&at(n)), NOW), Some(Stored::Yes)), "{} was not removed", at(n));
            assert!(!is_banned(&bans, &at(n)));
        }
        assert_eq!(bans.list(NOW).len(), MOST_BANS + 3);
    }

    #[test]
    fn a_file_that_was_removed_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let bans = open_bans(folder.path()).unwrap();
        ban(&bans, "10.0.0.1", None);
        std::fs::remove_file(folder.path().join("bans.json")).unwrap();
        assert!(bans.retry_write() && !bans.retry_write());
        assert!(is_banned(&open_bans(folder.path()).unwrap(), "10.0.0.1"));
    }

    #[test]
    fn x14_a_range_of_mapped_addresses_becomes_an_ipv4_range() {
        let folder = tempfile::tempdir().unwrap();
        let bans = open_bans(folder.path()).unwrap();
        ban(&bans, "::ffff:127.0.0.0/104", None);
        ban(&bans, "::ffff:10.1.0.7/128", None);
        assert!(is_banned(&bans, "127.0.0.1") && is_banned(&bans, "10.1.0.7") && !is_banned(&bans, "10.1.0.8"));
        assert_eq!(display_range(range("::ffff:127.0.0.0/104")), "127.0.0.0/8");
        assert!(parse_range("::ffff:127.0.0.0/90").is_none(), "a range wider than IPv4 was accepted");
    }

    #[test]
    fn ranges_are_normalized() {
        assert_eq!(display_range(range("10.1.2.3/8")), "10.0.0.0/8");
        assert_eq!(display_range(range("::ffff:10.0.0.1")), "10.0.0.1");
        assert_eq!(display_range(range("10.0.0.1/32")), "10.0.0.1");
        assert!(
            parse_range("10.0.0.256").is_none() && parse_range("10.0.0.0/33").is_none() && parse_range("bob").is_none()
        );
    }
}
