//! What to do when a server does not let one in: its words → the words of this program's command line.

/// What stands in a refusal, and what helps. The first that fits counts.
const ADVICE: [(&str, &str); 7] = [
    ("belongs to an account", ": if it is yours, give its password in LANDLINE_PASSWORD or with --password-file"),
    ("this server's password", ": give it in LANDLINE_SERVER_PASSWORD or with --server-password"),
    ("this server has a password", ": give it in LANDLINE_SERVER_PASSWORD or with --server-password"),
    ("Invalid alias or password", ": look at --name and at the password; --register makes a new account"),
    ("already logged in", ": leave there first, or come in as a guest under another --name"),
    ("choose another", " with --name"),
    ("a password needs", ": choose another password"),
];

/// A refusal, with what to do about it.
#[must_use]
pub fn with_advice(why: &str) -> String {
    let advice = ADVICE.iter().find(|(words, _)| why.contains(words)).map_or("", |(_, advice)| advice);
    format!("{why}{advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_to_do() {
        let why = "that name, or one that looks like it, is in use; choose another";
        assert_eq!(with_advice(why), format!("{why} with --name"));
        assert!(with_advice("that is not this server's password").contains("LANDLINE_SERVER_PASSWORD"));
        assert_eq!(with_advice("no server answers at x"), "no server answers at x");
    }
}
