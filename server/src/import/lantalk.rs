//! Turns LanTalk's banned addresses into bans.

use super::document::AddressEntry;
use super::{RefusedEntry, quoted, write_refused};
use crate::clock::Clock;
use crate::guard::bans::{self, Stored};
use crate::store::BanRow;
use crate::store_backend::open_bans;
use anyhow::Context;
use ipnet::IpNet;
use std::collections::HashSet;
use std::io::Write;
use std::net::IpAddr;
use std::path::Path;

/// The reason of the imported bans.
const REASON: &str = "imported from LanTalk";

/// Bans each address that is not banned yet, permanently as in LanTalk, with one write.
pub(super) fn import(addresses: &[AddressEntry], data: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
    let bans = open_bans(data)?;
    let now = Clock::system().now();
    let banned: HashSet<String> = bans.list(now).into_iter().map(|ban| ban.address).collect();
    let mut new = Vec::<(IpNet, BanRow)>::new();
    let mut refused = Vec::new();
    let mut already_banned = 0;
    let mut seen = HashSet::new();
    for entry in addresses {
        let (AddressEntry::Text(text) | AddressEntry::Other(text)) = entry;
        let text = text.trim();
        // LanTalk compares whole addresses, so a range in its list has no effect and must not get one now.
        let Ok(address) = text.parse::<IpAddr>() else {
            refused.push(RefusedEntry { entry: quoted(text), why: "not an IP address".to_owned() });
            continue;
        };
        let range = IpNet::from(address.to_canonical());
        if banned.contains(&bans::display_range(range)) {
            already_banned += 1;
        } else if seen.insert(range) {
            new.push((range, BanRow { reason: REASON.to_owned(), ..BanRow::new(String::new(), now, None) }));
        }
    }
    let added = new.len();
    if added > 0 {
        match bans.add_all(new, now).context("nothing was imported")? {
            Stored::Yes => {}
            Stored::NotYet(why) => return Err(why).context("nothing was imported: cannot write bans.json"),
        }
    }
    writeln!(out, "Addresses banned: {added}; already banned: {already_banned}.")?;
    write_refused(&refused, out)?;
    Ok(())
}
