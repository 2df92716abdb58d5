//! Adds advice to a refused sign-in: the options of the command line that solve the problem.

use landline_common::Cause;

/// Returns the reason of a refusal with the advice for its cause. `registers` means that the user wanted to create an
/// account.
#[must_use]
pub fn with_hint(why: &str, cause: Option<Cause>, registers: bool) -> String {
    let hint = match cause {
        Some(Cause::AliasTaken | Cause::NameRegistered) if registers => " If it is yours, leave out --register.",
        Some(Cause::NameRegistered) => {
            " If it is yours, give its password in LANDLINE_PASSWORD or with --password-file."
        }
        Some(Cause::WrongServerPassword | Cause::ServerPasswordNeeded) => {
            " Give it in LANDLINE_SERVER_PASSWORD or with --server-password."
        }
        Some(Cause::WrongPassword) => ": check --name and the password; --register makes a new account",
        Some(Cause::AlreadyHere) => ": leave there first, or join as a guest under another --name",
        Some(Cause::NameTaken | Cause::NameKept | Cause::NameReserved | Cause::NameOfServer) => " (--name NAME)",
        Some(Cause::PasswordLength | Cause::PasswordUnusable) => " Choose another password.",
        _ => "",
    };
    format!("{why}{hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_a_hint_for_its_cause() {
        assert_eq!(with_hint("xq wvzt", Some(Cause::NameTaken), false), "xq wvzt (--name NAME)");
        assert!(with_hint("no", Some(Cause::WrongServerPassword), false).contains("LANDLINE_SERVER_PASSWORD"));
        assert_eq!(with_hint("no server answers at x", None, false), "no server answers at x");
        for (registers, hint) in [(false, "LANDLINE_PASSWORD"), (true, "leave out --register")] {
            assert!(with_hint("no", Some(Cause::NameRegistered), registers).contains(hint));
        }
    }
}
