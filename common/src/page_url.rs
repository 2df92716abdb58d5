//! The address of the web page in a room: `http://192.168.1.20:8080/#ops/deploy`.

use std::fmt::Write as _;

/// Returns the address of the page at `origin` (`http://HOST:PORT`), opened in `room` if there is one.
///
/// All characters of a room beyond letters and digits of ASCII, `-` and `/` are percent-encoded (RFC 3986, section 2.1),
/// so every program that finds links in a text finds the whole address.
#[must_use]
pub fn page_url(origin: &str, room: Option<&str>) -> String {
    let mut url = format!("{origin}/");
    if let Some(room) = room {
        url.push('#');
        for byte in room.bytes() {
            if byte.is_ascii_alphanumeric() || b"-/".contains(&byte) {
                url.push(char::from(byte));
            } else {
                // Cannot fail: a String takes everything.
                let _ = write!(url, "%{byte:02X}");
            }
        }
    }
    url
}

/// Decodes the percent-encoding of a URL. `None` if a `%` is not in front of two hexadecimal digits, or if the bytes are
/// not UTF-8.
#[must_use]
pub fn percent_decode(text: &str) -> Option<String> {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.as_bytes().split_at_checked(2)?;
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        bytes.push(digit(digits[0])? << 4 | digit(digits[1])?);
        bytes.extend_from_slice(rest);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_percent_encoded_and_decoded() {
        for (room, expected) in [
            ("lobby", "http://10.0.0.5:8080/#lobby"),
            ("ops/deploy-2", "http://10.0.0.5:8080/#ops/deploy-2"),
            ("café", "http://10.0.0.5:8080/#caf%C3%A9"),
            ("会议", "http://10.0.0.5:8080/#%E4%BC%9A%E8%AE%AE"),
            ("a#b%20\"<", "http://10.0.0.5:8080/#a%23b%2520%22%3C"),
        ] {
            let url = page_url("http://10.0.0.5:8080", Some(room));
            assert_eq!(url, expected);
            assert_eq!(percent_decode(url.split_once('#').unwrap().1).as_deref(), Some(room));
        }
        assert_eq!(page_url("https://box", None), "https://box/");
    }

    #[test]
    fn malformed_encoding_is_refused() {
        for text in ["%", "%4", "a%", "%zz", "%+1", "%C3", "%é1", "x%80y"] {
            assert_eq!(percent_decode(text), None, "{text}");
        }
        assert_eq!(percent_decode("%41%2f+").as_deref(), Some("A/+"));
        assert_eq!(percent_decode("").as_deref(), Some(""));
    }
}
