//! Derives a user name from the account on this machine: from the environment, or from the system's list of users where
//! cron or a container sets no variable.

use landline_common::UserName;
use landline_common::limits::NAME_CHARS;

/// The name if the system has none, as in a container that runs under a numeric user id.
const FALLBACK: &str = "guest";

/// Returns the name of this machine's user, if it is valid at any server.
///
/// # Errors
/// The name is not valid at a server; the error is that name.
pub fn from_system_account() -> Result<UserName, String> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let name = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(variable).or_else(system_user_name);
    let name = name.unwrap_or_else(|| FALLBACK.into());
    valid_name(&name).ok_or(name)
}

/// Returns a valid name similar to `name`: `john.doe` → `john-doe`.
#[must_use]
pub fn suggestion(name: &str) -> Option<UserName> {
    let words = name.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    let joined = words.collect::<Vec<_>>().join("-");
    let short: String = joined.chars().take(NAME_CHARS).collect();
    let near = short.trim_end_matches('-');
    // A reserved word becomes valid with a number behind it.
    valid_name(near).or_else(|| valid_name(&format!("{near}-1")).filter(|_| !near.is_empty()))
}

fn valid_name(name: &str) -> Option<UserName> {
    UserName::parse(name).ok().filter(|name| name.check_new().is_ok())
}

#[cfg(unix)]
fn system_user_name() -> Option<String> {
    use nix::unistd::{User, geteuid};
    User::from_uid(geteuid()).ok().flatten().map(|user| user.name).filter(|name| !name.is_empty())
}

#[cfg(not(unix))]
fn system_user_name() -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a16_an_invalid_name_leads_to_a_similar_valid_one() {
        for (name, near) in [
            ("john.doe", Some("john-doe")),
            ("Ann Lee", Some("Ann-Lee")),
            ("DOMAIN\\ann", Some("DOMAIN-ann")),
            ("ann@example.org", Some("ann-example-org")),
            ("server", Some("server-1")),
            ("日本", Some("日本")),
            ("a.very.long.name.of.one.user", Some("a-very-long-name-of-one")),
            ("...", None),
            ("", None),
        ] {
            assert_eq!(suggestion(name).as_ref().map(UserName::as_str), near, "{name}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a16_the_system_names_its_user() {
        let expected = std::process::Command::new("id").arg("-un").output().map(|out| out.stdout).unwrap_or_default();
        assert_eq!(system_user_name().unwrap_or_default(), String::from_utf8_lossy(&expected).trim());
    }
}
