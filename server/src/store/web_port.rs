//! The web port that the server used last, in the file `web-port` of the data folder. The next start tries it first, so
//! that links go on working.

use super::json_file::write_bytes;
use std::fs;
use std::path::Path;

const FILE: &str = "web-port";

/// Returns the port that was used last. A missing or damaged file means none: the port is a preference only.
#[must_use]
pub fn remembered(folder: &Path) -> Option<u16> {
    fs::read_to_string(folder.join(FILE)).ok()?.trim().parse().ok().filter(|port| *port != 0)
}

/// Remembers `port`. A failure is logged: the server works without the file.
pub fn remember(folder: &Path, port: u16) {
    if remembered(folder) == Some(port) {
        return;
    }
    if let Err(why) = write_bytes(&folder.join(FILE), format!("{port}\n").as_bytes()) {
        log::warn!(
            "store: {} not written: {why}; the next start may choose another web port, and links with this one end; \
             choose it with --web-port {port}",
            folder.join(FILE).display()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_port_is_remembered_and_damage_means_none() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(remembered(folder.path()), None);
        for port in [8_080, 8_081, 8_081] {
            remember(folder.path(), port);
            assert_eq!(remembered(folder.path()), Some(port));
        }
        for damaged in ["", "0", "http", "70000", "-1", "\u{fffd}"] {
            fs::write(folder.path().join(FILE), damaged).unwrap();
            assert_eq!(remembered(folder.path()), None, "{damaged}");
        }
    }
}
