//! How servers prove themselves; and `landline trust`, which lists, shows and forgets the servers that were met with TLS.

use crate::cli::args::{Args, TrustAction};
use crate::cli::config::Config;
use crate::connection::Security;
use crate::encryption::{Fingerprint, TlsMode};
use crate::known_servers::{KnownServer, KnownServers, is_at, is_same_host, local_time};
use crate::paths::known_servers_file;
use crate::server_address::with_port;
use crate::table::aligned;
use crate::usage_error::UsageError;
use anyhow::bail;

/// Returns how servers prove themselves to a chat with these arguments.
///
/// # Errors
/// The user demands a key, and no TLS.
pub fn security(args: &Args, config: &Config) -> Result<Security, UsageError> {
    let mode = args.tls.or(config.tls).unwrap_or_default();
    if mode == TlsMode::Off && args.fingerprint.is_some() {
        let why = "--fingerprint needs TLS; leave out --tls off (in the configuration: tls = \"off\")";
        return Err(UsageError::new(why));
    }
    Ok(Security { mode, fingerprint: args.fingerprint.clone(), known: KnownServers::new(known_servers_file()) })
}

/// Carries out the action. Returns the text for standard output, or `None` if there is no such server.
///
/// # Errors
/// The address cannot be one, or the file of known servers cannot be read or written.
pub fn run(action: Option<&TrustAction>, known: &KnownServers) -> anyhow::Result<Option<String>> {
    let (text, missing) = match action {
        None => (table(&known.list()?), "no server was met with TLS yet".to_owned()),
        Some(TrustAction::Show { address }) => {
            let rows = known.list()?;
            let address = meant(address, &rows)?;
            let rows = rows.iter().filter(|row| is_at(row, &address));
            (rows.map(|row| shown(row, known)).collect(), unknown(&address))
        }
        Some(TrustAction::Forget { server }) => {
            let server = server.join(" ");
            let forgotten = match server.parse::<Fingerprint>() {
                Ok(fingerprint) => known.forget(|row| fingerprint.is_of(&row.key))?,
                Err(_) => {
                    let address = meant(&server, &known.list()?)?;
                    known.forget(|row| is_at(row, &address))?
                }
            };
            let line = |row: &KnownServer| format!("forgotten: {} with key {}\n", row.address, row.key.fingerprint());
            (forgotten.iter().map(line).collect(), unknown(&server))
        }
    };
    if text.is_empty() {
        eprintln!("{missing}");
        return Ok(None);
    }
    Ok(Some(text))
}

/// Returns the address that the user means. Without a port, it is the one with the default port if that is known, and
/// else the only known one of the host.
///
/// # Errors
/// The text cannot be an address, or the host is known at several ports.
fn meant(typed: &str, rows: &[KnownServer]) -> anyhow::Result<String> {
    let address = with_port(typed)?;
    let has_port = address == typed.trim();
    if has_port || rows.iter().any(|row| is_at(row, &address)) {
        return Ok(address);
    }
    let mut at_host: Vec<&str> =
        rows.iter().filter(|row| is_same_host(row, &address)).map(|row| &*row.address).collect();
    at_host.sort_unstable();
    at_host.dedup();
    match at_host[..] {
        [] => Ok(address),
        [only] => Ok(only.to_owned()),
        _ => bail!("{} is known at several ports: name one of {}", typed.trim(), at_host.join(", ")),
    }
}

fn unknown(server: &str) -> String {
    format!("{server} is not known (landline trust lists the known servers)")
}

/// Formats a table with one row per address; empty without rows.
fn table(rows: &[KnownServer]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let row = |row: &KnownServer| {
        [row.address.clone(), row.key.fingerprint(), local_time(&row.first_met), local_time(&row.last_met)]
    };
    aligned(["ADDRESS", "KEY", "FIRST MET", "LAST MET"], rows.iter().map(row))
}

fn shown(row: &KnownServer, known: &KnownServers) -> String {
    format!(
        "{}\n  key        {}\n  SHA-256    {}\n  first met  {}\n  last met   {}\n  stored in  {}\n",
        row.address,
        row.key.fingerprint(),
        row.key,
        local_time(&row.first_met),
        local_time(&row.last_met),
        known.path_text()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use landline_common::tls::ServerKey;
    use tempfile::TempDir;

    #[test]
    fn known_servers_are_listed_shown_and_forgotten() {
        let folder = TempDir::new().unwrap();
        let known = KnownServers::new(Some(folder.path().join("known_servers.toml")));
        assert_eq!(run(None, &known).unwrap(), None);
        let keys: [ServerKey; 2] = [1, 2].map(|n: u8| format!("{n:02x}").repeat(32).parse().unwrap());
        for (address, key) in [("10.0.0.1:12345", keys[0]), ("[::1]:7", keys[0]), ("room12:12345", keys[1])] {
            known.record(address, &key, Timestamp::from_second(1_795_269_600).unwrap()).unwrap();
        }
        let list = run(None, &known).unwrap().unwrap();
        assert!(list.starts_with("ADDRESS") && list.lines().count() == 4, "{list}");
        let show = |address: &str| run(Some(&TrustAction::Show { address: address.into() }), &known).unwrap();
        let text = show("10.0.0.1").unwrap();
        for part in [&keys[0].fingerprint(), &keys[0].to_string(), "known_servers.toml", "2026-11-2"] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(show("10.0.0.9"), None);
        let forget = |words: &str| {
            let server = words.split(' ').map(str::to_owned).collect();
            run(Some(&TrustAction::Forget { server }), &known).unwrap()
        };
        assert!(forget("ROOM12").unwrap().contains(&keys[1].fingerprint()));
        assert_eq!(forget("room12"), None);
        assert_eq!(forget(&keys[0].fingerprint()).unwrap().lines().count(), 2);
        assert!(known.list().unwrap().is_empty());
        for address in ["room12:7", "[::1]:7", "two:1", "two:2"] {
            known.record(address, &keys[0], Timestamp::UNIX_EPOCH).unwrap();
        }
        assert!(show("ROOM12").unwrap().starts_with("room12:7\n"), "the only port of the host");
        assert_eq!((show("room12:8"), show("room1")), (None, None));
        assert!(show("::1").unwrap().starts_with("[::1]:7\n") && show("[::1]").is_some());
        let several = run(Some(&TrustAction::Show { address: "two".into() }), &known).unwrap_err().to_string();
        assert_eq!(several, "two is known at several ports: name one of two:1, two:2");
        assert!(forget("room12").unwrap().starts_with("forgotten: room12:7 "));
        let wrong = run(Some(&TrustAction::Show { address: "a b".into() }), &known).unwrap_err();
        assert!(wrong.is::<UsageError>());
    }
}
