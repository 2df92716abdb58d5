//! LanTalk's banned addresses.

use super::document::AddressEntry;
use super::{shown, tell_refused};
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

/// Why, as the list of bans has it.
const REASON: &str = "imported from LanTalk";

/// Bans every address that is not banned yet, for ever, as LanTalk does; with one write.
pub(super) fn import(addresses: &[AddressEntry], data: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
    let (known, now) = (open_bans(data)?, Clock::system().now());
    let there: HashSet<String> = known.list(now).into_iter().map(|ban| ban.address).collect();
    let (mut new, mut refused, mut kept) = (Vec::<(IpNet, BanRow)>::new(), Vec::new(), 0);
    let mut seen = HashSet::new();
    for entry in addresses {
        let (AddressEntry::Text(text) | AddressEntry::Other(text)) = entry;
        let text = text.trim();
        // LanTalk compares whole addresses: a range never kept anybody out.
        let Ok(address) = text.parse::<IpAddr>() else {
            refused.push((shown(text), "that is no address".to_owned()));
            continue;
        };
        let range = IpNet::from(address.to_canonical());
        if there.contains(&bans::display_range(range)) {
            kept += 1;
        } else if seen.insert(range) {
            new.push((range, BanRow { reason: REASON.to_owned(), ..BanRow::new(String::new(), now, None) }));
        }
    }
    let made = new.len();
    if made > 0 {
        match known.add_all(new, now).context("nothing was imported")? {
            Stored::Yes => {}
            Stored::NotYet(why) => return Err(why).context("bans.json could not be written, so nothing was imported"),
        }
    }
    writeln!(out, "Addresses of LanTalk's list that are banned now: {made}; banned already: {kept}.")?;
    tell_refused(&refused, out)?;
    Ok(())
}
