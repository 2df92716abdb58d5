//! The address of a server as a user types it.

use crate::usage_error::UsageError;
use landline_common::service::MAIN_PORT;

/// Bytes of an address at most: the longest host name (RFC 1035), a colon and a port, and brackets.
const MAX_BYTES: usize = 253 + 8;

/// Returns `address` as `HOST:PORT`, with the default port if it has none. An IPv6 address needs no brackets.
///
/// # Errors
/// The text cannot be an address.
pub fn with_port(host: &str) -> Result<String, UsageError> {
    let host = host.trim();
    let bare_v6 = host.matches(':').count() > 1 && !host.starts_with('[');
    let whole = match host.rsplit_once(':') {
        _ if bare_v6 => format!("[{host}]:{MAIN_PORT}"),
        Some((name, port)) if !name.is_empty() && port.parse::<u16>().is_ok_and(|port| port != 0) => host.to_owned(),
        None if !host.is_empty() => format!("{host}:{MAIN_PORT}"),
        Some(_) if host.starts_with('[') && host.ends_with(']') => format!("{host}:{MAIN_PORT}"),
        _ => {
            return Err(UsageError::new(format!(
                "{host:?} is not an address: write HOST or HOST:PORT, for example 192.168.1.20"
            )));
        }
    };
    if whole.chars().any(|c| c.is_whitespace() || c.is_control()) || whole.len() > MAX_BYTES {
        return Err(UsageError::new(
            "not an address: it has spaces or is too long; write HOST or HOST:PORT, for example 192.168.1.20",
        ));
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_text_that_cannot_be_an_address() {
        for wrong in ["", "host:", "host:0", "host:70000", "a b", "host:port", ":7", "a\u{1b}[2J"] {
            assert!(with_port(wrong).is_err(), "{wrong:?}");
        }
    }
}
