//! Addresses that are kept out.

use crate::store::FileError;
use crate::store::bans::{BanFile, BanRow};
use ipnet::{IpNet, Ipv4Net};
use landline_common::Moment;
use parking_lot::{Mutex, RwLock};
use std::collections::HashSet;
use std::io;
use std::net::IpAddr;
use std::path::Path;

/// Bans kept at most: every new connection is held against all of them.
const MOST_BANS: usize = 10_000;

/// All bans, in memory and on disk.
#[derive(Debug)]
pub struct Bans {
    /// Held over a write, so that there is one at a time.
    file: Mutex<OnDisk>,
    known: RwLock<Vec<Ban>>,
}

#[derive(Debug)]
struct OnDisk {
    file: BanFile,
    /// It lacks something: the last write failed.
    behind: bool,
}

#[derive(Clone, Debug)]
struct Ban {
    range: IpNet,
    row: BanRow,
}

/// Why a ban was not made. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum BanError {
    /// There are as many as the server keeps.
    #[error("there are {MOST_BANS} bans, which is the most; /unban some first")]
    Full,
}

/// Whether a change outlasts this server. It counts at once in any case: who fills the disk must not escape by that.
#[derive(Debug)]
#[must_use]
pub enum Stored {
    /// It is on the disk.
    Yes,
    /// The disk refused: why. [`Bans::store_again`] and the next change write it too.
    NotYet(io::Error),
}

/// An address, or a range in CIDR notation; a range's first address stands for it. A range of IPv4-mapped addresses
/// (`::ffff:10.0.0.0/104`) is one of IPv4: that is how clients at a port for both families are known.
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
    /// Reads `bans.json` in `folder`.
    ///
    /// # Errors
    /// A file that is damaged or foreign is refused by name.
    pub fn open(folder: &Path) -> Result<Bans, FileError> {
        let (file, rows) = BanFile::open(folder, |address| parse_range(address).is_some())?;
        let known = rows.into_iter().filter_map(|row| Some(Ban { range: parse_range(&row.address)?, row }));
        let file = Mutex::new(OnDisk { file, behind: false });
        Ok(Bans { file, known: RwLock::new(known.collect()) })
    }

    /// Whether `address` is kept out at `now`.
    #[must_use]
    pub fn covers(&self, address: IpAddr, now: Moment) -> bool {
        self.known.read().iter().any(|ban| ban.range.contains(&address) && !ban.row.is_over(now))
    }

    /// Bans `range`, in place of an earlier ban of the same range.
    ///
    /// # Errors
    /// Says why not.
    pub fn add(&self, range: IpNet, row: BanRow, now: Moment) -> Result<Stored, BanError> {
        self.add_all(vec![(range, row)], now)
    }

    /// The same for several ranges, each of which is there once, with one write.
    ///
    /// # Errors
    /// Says why none was banned.
    pub fn add_all(&self, new: Vec<(IpNet, BanRow)>, now: Moment) -> Result<Stored, BanError> {
        let ranges: HashSet<IpNet> = new.iter().map(|(range, _)| *range).collect();
        let new = new.into_iter().map(|(range, row)| Ban { range, row: BanRow { address: shown(range), ..row } });
        self.change(now, |bans| {
            bans.retain(|ban| !ranges.contains(&ban.range));
            bans.extend(new);
        })
    }

    /// Ends the ban of exactly `range`. `None` if there is none.
    pub fn remove(&self, range: IpNet, now: Moment) -> Option<Stored> {
        let there = self.known.read().iter().any(|ban| ban.range == range);
        // There are not more than before.
        if there { self.change(now, |bans| bans.retain(|ban| ban.range != range)).ok() } else { None }
    }

    /// Writes what could not be written when it was changed. True if all of it is on the disk now, and was not before.
    pub fn store_again(&self) -> bool {
        let mut disk = self.file.lock();
        disk.behind && matches!(disk.write(&self.known.read()), Stored::Yes)
    }

    /// The bans in force at `now`.
    #[must_use]
    pub fn list(&self, now: Moment) -> Vec<BanRow> {
        self.known.read().iter().filter(|ban| !ban.row.is_over(now)).map(|ban| ban.row.clone()).collect()
    }

    /// Changes a copy, lets it count, and writes it. Bans that are over go on this occasion.
    fn change(&self, now: Moment, change: impl FnOnce(&mut Vec<Ban>)) -> Result<Stored, BanError> {
        let mut disk = self.file.lock();
        let mut bans = self.known.read().clone();
        bans.retain(|ban| !ban.row.is_over(now));
        change(&mut bans);
        if bans.len() > MOST_BANS {
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
        self.behind = written.is_err();
        written.map_or_else(Stored::NotYet, |()| Stored::Yes)
    }
}

/// A range as people write it: one address without its prefix length.
#[must_use]
pub fn shown(range: IpNet) -> String {
    if range.prefix_len() == range.max_prefix_len() { range.addr().to_string() } else { range.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment { unix_ms: 1_795_271_000_000, offset_s: 0 };

    fn range(text: &str) -> IpNet {
        parse_range(text).unwrap()
    }

    fn ban(bans: &Bans, text: &str, minutes: Option<u64>) {
        let stored = bans.add(range(text), BanRow::new(text.into(), NOW, minutes), NOW).unwrap();
        assert!(matches!(stored, Stored::Yes));
    }

    fn covers(bans: &Bans, address: &str) -> bool {
        bans.covers(address.parse().unwrap(), NOW)
    }

    #[test]
    fn addresses_and_ranges_are_kept_out_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let bans = Bans::open(folder.path()).unwrap();
        for text in ["10.0.0.1", "192.168.7.9/16", "fd00::/8"] {
            ban(&bans, text, None);
        }
        for bans in [bans, Bans::open(folder.path()).unwrap()] {
            assert!(covers(&bans, "10.0.0.1") && covers(&bans, "192.168.200.1") && covers(&bans, "fd12::1"));
            assert!(!covers(&bans, "10.0.0.2") && !covers(&bans, "192.169.0.1") && !covers(&bans, "fe80::1"));
        }
    }

    #[test]
    fn a_ban_ends_by_time_and_by_hand() {
        let folder = tempfile::tempdir().unwrap();
        let bans = Bans::open(folder.path()).unwrap();
        ban(&bans, "10.0.0.1", Some(1));
        ban(&bans, "10.0.0.2", None);
        let later = Moment { unix_ms: NOW.unix_ms + 60_000, ..NOW };
        assert!(!bans.covers("10.0.0.1".parse().unwrap(), later));
        assert!(matches!(bans.remove(range("10.0.0.2"), later), Some(Stored::Yes)));
        assert!(bans.remove(range("10.0.0.2"), later).is_none());
        assert!(bans.list(later).is_empty());
    }

    #[test]
    fn what_cannot_be_stored_counts_at_once_and_is_stored_later() {
        let folder = tempfile::tempdir().unwrap();
        let bans = Bans::open(folder.path()).unwrap();
        ban(&bans, "10.0.0.1", None);
        assert!(!bans.store_again(), "there is nothing to store");
        // Where a folder stands, no file can be put.
        let (file, saved) = (folder.path().join("bans.json"), folder.path().join("saved"));
        let break_disk = || {
            std::fs::rename(&file, &saved).unwrap();
            std::fs::create_dir(&file).unwrap();
        };
        let mend_disk = || {
            std::fs::remove_dir(&file).unwrap();
            std::fs::rename(&saved, &file).unwrap();
        };
        let again = || Bans::open(folder.path()).unwrap();
        let row = BanRow::new(String::new(), NOW, None);
        break_disk();
        assert!(matches!(bans.add(range("10.0.0.2"), row.clone(), NOW), Ok(Stored::NotYet(_))));
        assert!(matches!(bans.remove(range("10.0.0.1"), NOW), Some(Stored::NotYet(_))));
        assert!(covers(&bans, "10.0.0.2") && !covers(&bans, "10.0.0.1") && !bans.store_again());
        mend_disk();
        assert!(covers(&again(), "10.0.0.1") && !covers(&again(), "10.0.0.2"), "the file is as it was");
        assert!(bans.store_again() && !bans.store_again());
        assert!(!covers(&again(), "10.0.0.1") && covers(&again(), "10.0.0.2"));
        break_disk();
        assert!(matches!(bans.add(range("10.0.0.3"), row, NOW), Ok(Stored::NotYet(_))));
        mend_disk();
        ban(&bans, "10.0.0.4", None);
        assert!(covers(&again(), "10.0.0.3"), "with the next change");
    }

    #[test]
    fn x14_a_range_of_mapped_addresses_is_one_of_ipv4() {
        let folder = tempfile::tempdir().unwrap();
        let bans = Bans::open(folder.path()).unwrap();
        ban(&bans, "::ffff:127.0.0.0/104", None);
        ban(&bans, "::ffff:10.1.0.7/128", None);
        assert!(covers(&bans, "127.0.0.1") && covers(&bans, "10.1.0.7") && !covers(&bans, "10.1.0.8"));
        assert_eq!(shown(range("::ffff:127.0.0.0/104")), "127.0.0.0/8");
        assert!(parse_range("::ffff:127.0.0.0/90").is_none(), "it would ban all of IPv4 or nothing");
    }

    #[test]
    fn ranges_are_written_in_many_ways() {
        assert_eq!(shown(range("10.1.2.3/8")), "10.0.0.0/8");
        assert_eq!(shown(range("::ffff:10.0.0.1")), "10.0.0.1");
        assert_eq!(shown(range("10.0.0.1/32")), "10.0.0.1");
        assert!(
            parse_range("10.0.0.256").is_none() && parse_range("10.0.0.0/33").is_none() && parse_range("bob").is_none()
        );
    }
}
