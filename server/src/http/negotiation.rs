//! The form in which a client gets a body: compressed or not, or not at all if the client has it already (RFC 9110,
//! sections 8.8, 12.5.3 and 13.1.2).

use super::headers::Headers;
use super::request::Request;
use super::response::{Response, Status};

/// A body that a client may keep and ask for again.
pub(super) struct Content<'a> {
    /// The type.
    pub content_type: &'static str,
    /// The bytes.
    pub plain: &'a [u8],
    /// The digest of the bytes.
    pub digest: &'a str,
}

impl Content<'_> {
    /// Makes the response: the bytes that `gzip` returns if the client takes them, else the plain ones, or 304 if the client
    /// has what it would get.
    pub(super) fn respond<Compressed: Into<Vec<u8>>>(
        &self,
        request: &Request,
        gzip: impl FnOnce() -> Compressed,
    ) -> Response {
        let is_compressed = accepts_gzip(&request.headers);
        // The two forms are different bytes, so they have different tags.
        let tag = format!("\"{}{}\"", self.digest, if is_compressed { "-gzip" } else { "" });
        let response = match (has_tag(&request.headers, &tag), is_compressed) {
            (true, _) => Response::new(Status::NotModified, "", Vec::new()),
            (false, true) => {
                Response::new(Status::Ok, self.content_type, gzip().into()).with_header("Content-Encoding", "gzip")
            }
            (false, false) => Response::new(Status::Ok, self.content_type, self.plain.to_vec()),
        };
        response.with_header("ETag", tag).with_header("Vary", "Accept-Encoding").revalidated()
    }
}

/// Returns true if `Accept-Encoding` names gzip, by its name or by `*`, with a weight above 0.
fn accepts_gzip(headers: &Headers) -> bool {
    let weight_of = |wanted: &str| {
        headers.list("Accept-Encoding").find_map(|element| {
            let (name, parameter) = element.split_once(';').unwrap_or((element, ""));
            name.trim().eq_ignore_ascii_case(wanted).then(|| is_weight_above_zero(parameter))
        })
    };
    weight_of("gzip").or_else(|| weight_of("*")).unwrap_or(false)
}

/// Reads `q=0.5`. No parameter means 1, and a malformed one 0.
fn is_weight_above_zero(parameter: &str) -> bool {
    let parameter = parameter.trim();
    let weight = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="));
    parameter.is_empty()
        || weight.and_then(|weight| weight.trim().parse::<f32>().ok()).is_some_and(|weight| weight > 0.0)
}

/// Returns true if `If-None-Match` names `tag`, or all of them. A proxy may have made the tag weak.
fn has_tag(headers: &Headers, tag: &str) -> bool {
    headers.list("If-None-Match").any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::reader::tests::request;

    fn respond(headers: &str) -> Response {
        let content = Content { content_type: "text/css", plain: b"plain", digest: "abc" };
        let request = request(&format!("GET /x HTTP/1.1\r\nHost: h\r\n{headers}\r\n"));
        content.respond(&request, || b"compressed")
    }

    #[test]
    fn gzip_is_sent_to_clients_that_take_it() {
        for (accepted, is_compressed) in [
            ("gzip", true),
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP ; q=0.1", true),
            ("*", true),
            ("*;q=0.5, br", true),
            ("gzip;q=0", false),
            ("gzip;q=0.000, *", false),
            ("gzip;q=x", false),
            ("gzip;q=nan", false),
            ("*;q=0", false),
            ("identity", false),
            ("xgzip, gzipx", false),
            ("", false),
        ] {
            let response = respond(&format!("Accept-Encoding: {accepted}\r\n"));
            assert_eq!(response.header("Content-Encoding"), is_compressed.then_some("gzip"), "{accepted}");
            let bytes = response.to_bytes();
            assert!(
                bytes.ends_with(if is_compressed { b"\r\n\r\ncompressed" } else { b"\r\n\r\nplain" }),
                "{accepted}"
            );
            assert_eq!(response.header("ETag"), Some(if is_compressed { "\"abc-gzip\"" } else { "\"abc\"" }));
            assert_eq!(response.header("Vary"), Some("Accept-Encoding"));
            assert!(String::from_utf8(bytes).unwrap().contains("\r\nCache-Control: no-cache\r\n"));
        }
        assert_eq!(respond("").header("Content-Encoding"), None);
    }

    #[test]
    fn client_that_has_the_form_gets_304() {
        for (headers, status) in [
            ("If-None-Match: \"abc\"\r\n", Status::NotModified),
            ("If-None-Match: W/\"abc\"\r\n", Status::NotModified),
            ("If-None-Match: \"old\", \"abc\"\r\n", Status::NotModified),
            ("If-None-Match: *\r\n", Status::NotModified),
            ("If-None-Match: \"abc-gzip\"\r\nAccept-Encoding: gzip\r\n", Status::NotModified),
            ("If-None-Match: \"abc\"\r\nAccept-Encoding: gzip\r\n", Status::Ok),
            ("If-None-Match: \"abc-gzip\"\r\n", Status::Ok),
            ("If-None-Match: abc\r\n", Status::Ok),
            ("If-None-Match: \"ab\"\r\n", Status::Ok),
        ] {
            let response = respond(headers);
            assert_eq!(response.status(), status, "{headers}");
            assert!(response.header("ETag").is_some() && response.header("Vary").is_some());
            let text = String::from_utf8(response.to_bytes()).unwrap();
            assert_eq!(text.ends_with("\r\n\r\n"), status == Status::NotModified, "{text}");
        }
    }
}
