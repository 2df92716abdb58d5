//! What to do when a server does not let the user in: its cause → the words of this program's command line.

use landline_common::Cause;

/// A refusal, with what to do about it.
#[must_use]
pub fn with_advice(why: &str, cause: Option<Cause>) -> String {
    let advice = match cause {
        Some(Cause::NameRegistered) => {
            " If it is yours, give its password in LANDLINE_PASSWORD or with --password-file, and leave out --register."
        }
        Some(Cause::WrongServerPassword | Cause::ServerPasswordNeeded) => {
            " Give it in LANDLINE_SERVER_PASSWORD or with --server-password."
        }
        Some(Cause::WrongPassword) => ": check --name and the password; --register makes a new account",
        Some(Cause::AlreadyHere) => ": leave there first, or join as a guest under another --name",
        Some(Cause::AliasTaken) => " If it is yours, leave out --register.",
        Some(Cause::NameTaken | Cause::NameReserved | Cause::NameOfServer) => " (--name NAME)",
        Some(Cause::PasswordLength | Cause::PasswordUnusable) => " Choose another password.",
        _ => "",
    };
    format!("{why}{advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_to_do_by_its_cause() {
        assert_eq!(with_advice("xq wvzt", Some(Cause::NameTaken)), "xq wvzt (--name NAME)");
        assert!(with_advice("no", Some(Cause::WrongServerPassword)).contains("LANDLINE_SERVER_PASSWORD"));
        assert_eq!(with_advice("no server answers at x", None), "no server answers at x");
    }
}
