//! Methods, and the headers of a request.

use std::fmt;

/// The methods of RFC 9110, section 9, and of RFC 5789.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    Trace,
    Connect,
}

/// The methods with their names.
pub const METHODS: [(Method, &str); 9] = [
    (Method::Get, "GET"),
    (Method::Head, "HEAD"),
    (Method::Post, "POST"),
    (Method::Put, "PUT"),
    (Method::Patch, "PATCH"),
    (Method::Delete, "DELETE"),
    (Method::Options, "OPTIONS"),
    (Method::Trace, "TRACE"),
    (Method::Connect, "CONNECT"),
];

impl Method {
    /// Returns the method with this name, which is case-sensitive.
    #[must_use]
    pub fn parse(name: &str) -> Option<Method> {
        METHODS.iter().find(|(_, known)| *known == name).map(|(method, _)| *method)
    }

    /// Returns true if requests of this method change nothing (RFC 9110, section 9.2.1).
    #[must_use]
    pub fn is_safe(self) -> bool {
        matches!(self, Method::Get | Method::Head | Method::Options | Method::Trace)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(METHODS.iter().find(|(method, _)| method == self).map_or("", |(_, name)| name))
    }
}

/// A header that may come once came several times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeated;

/// The headers of a request in their order. Names are compared without case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// Adds a header behind the others.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// Returns the value of each header called `name`, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Returns true if a header is called `name`.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// Returns the value of the only header called `name`, or `None` without one.
    ///
    /// # Errors
    /// There are several, also if their values are equal: another program may believe another one of them.
    pub fn only<'a>(&'a self, name: &'a str) -> Result<Option<&'a str>, Repeated> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() { Err(Repeated) } else { Ok(first) }
    }

    /// Returns the elements of the lists in all headers called `name`, without blanks around them and without empty ones
    /// (RFC 9110, section 5.6.1).
    pub fn list<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
        self.all(name).flat_map(|value| value.split(',')).map(str::trim).filter(|element| !element.is_empty())
    }

    /// Returns true if a list called `name` has the element `token`, in any case.
    #[must_use]
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.list(name).any(|element| element.eq_ignore_ascii_case(token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_tokens_have_no_case() {
        let mut headers = Headers::default();
        headers.push("Connection", "keep-alive,, Upgrade ");
        headers.push("connection", "x");
        headers.push("Host", "h");
        assert_eq!(headers.list("CONNECTION").collect::<Vec<_>>(), ["keep-alive", "Upgrade", "x"]);
        assert!(headers.has_token("connection", "upgrade") && !headers.has_token("connection", "keep"));
        assert_eq!(headers.only("Connection"), Err(Repeated));
        assert_eq!(headers.only("host"), Ok(Some("h")));
        assert_eq!(headers.only("Origin"), Ok(None));
        assert!(headers.has("HOST") && !headers.has("Origin"));
    }

    #[test]
    fn methods_have_a_case_and_only_four_change_nothing() {
        for (method, name) in METHODS {
            assert_eq!(Method::parse(name), Some(method));
            assert_eq!(method.to_string(), name);
        }
        assert_eq!(Method::parse("get"), None);
        let safe: Vec<String> =
            METHODS.iter().filter(|(m, _)| m.is_safe()).map(|(_, name)| (*name).to_owned()).collect();
        assert_eq!(safe, ["GET", "HEAD", "OPTIONS", "TRACE"]);
    }
}
