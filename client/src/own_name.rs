//! The name of the user of this machine, as a name to be called by: from the environment, or, where cron or a container
//! sets none, from the system's list of users.

use landline_common::UserName;
use landline_common::limits::NAME_CHARS;

/// The name where the machine has none for its user, as in a container that runs under a bare number.
const NAMELESS: &str = "guest";

/// A name that may be taken at any server; or the machine's own one, which may not.
///
/// # Errors
/// The machine's own name for its user.
pub fn from_system_account() -> Result<UserName, String> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let name = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(variable).or_else(from_system);
    let name = name.unwrap_or_else(|| NAMELESS.into());
    fitting(&name).ok_or(name)
}

/// The name that is nearest to one that may not be taken: `john.doe` → `john-doe`.
#[must_use]
pub fn suggestion(name: &str) -> Option<UserName> {
    let words = name.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    let joined = words.collect::<Vec<_>>().join("-");
    let short: String = joined.chars().take(NAME_CHARS).collect();
    let near = short.trim_end_matches('-');
    // A word that is reserved is free with a number behind it.
    fitting(near).or_else(|| fitting(&format!("{near}-1")).filter(|_| !near.is_empty()))
}

fn fitting(name: &str) -> Option<UserName> {
    UserName::parse(name).ok().filter(|name| name.check_new().is_ok())
}

#[cfg(unix)]
fn from_system() -> Option<String> {
    use nix::unistd::{User, geteuid};
    User::from_uid(geteuid()).ok().flatten().map(|user| user.name).filter(|name| !name.is_empty())
}

#[cfg(not(unix))]
fn from_system() -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a16_a_name_that_may_not_be_taken_has_one_near_it() {
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
    fn a16_the_system_knows_its_user() {
        let expected = std::process::Command::new("id").arg("-un").output().map(|out| out.stdout).unwrap_or_default();
        assert_eq!(from_system().unwrap_or_default(), String::from_utf8_lossy(&expected).trim());
    }
}
