//! What to do when a server does not let the user in: its cause → the words of this program's command line.

use landline_common::Cause;

/// A refusal, with what to do about it.
#[must_use]
pub fn with_advice(why: &str, cause: Option<Cause>) -> String {
    let advice = match cause {
        Some(Cause::NameRegistered) => {
            ": if it is yours, give its password in LANDLINE_PASSWORD or with --password-file"
        }
        Some(Cause::WrongServerPassword | Cause::ServerPasswordNeeded) => {
            ": give it in LANDLINE_SERVER_PASSWORD or with --server-password"
        }
        Some(Cause::WrongPassword) => ": look at --name and at the password; --register makes a new account",
        Some(Cause::AlreadyHere) => ": leave there first, or come in as a guest under another --name",
        Some(Cause::AliasTaken) => ": if it is yours, leave --register out",
        Some(Cause::NameTaken | Cause::NameReserved | Cause::NameOfServer) => " with --name",
        Some(Cause::PasswordLength | Cause::PasswordUnusable) => ": choose another password",
        _ => "",
    };
    format!("{why}{advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_to_do_by_its_cause() {
        assert_eq!(with_advice("xq wvzt", Some(Cause::NameTaken)), "xq wvzt with --name");
        assert!(with_advice("no", Some(Cause::WrongServerPassword)).contains("LANDLINE_SERVER_PASSWORD"));
        assert_eq!(with_advice("no server answers at x", None), "no server answers at x");
    }
}
