//! `/qr.svg?room=ROOM`: the QR code of the page's address in a room, for the invitation on the page.

use super::exchange::Exchange;
use super::page::respond_file;
use super::request::Request;
use super::response::{Response, Status, refusal};
use crate::web_files;
use landline_common::page_url::{page_url, percent_decode};
use landline_common::{Report, RoomName};
use std::fmt;

/// Makes the picture, for the host by which the browser has come. Without a room, the code leads to the page itself.
pub(super) fn respond(exchange: Exchange<'_>) -> Response {
    let room = match room_of(exchange.request) {
        Ok(room) => room,
        Err(response) => return response,
    };
    let origin = exchange.address().map(|address| format!("{}://{address}", exchange.scheme()));
    let url = origin.map(|origin| page_url(&origin, room.as_ref().map(RoomName::as_str)));
    match url.and_then(|url| web_files::qr_code(&url)) {
        Some(code) => respond_file(&code, exchange),
        None => bad("the name of this server is too long for one"),
    }
}

/// Returns the room of the query, if it names one.
///
/// # Errors
/// The refusal of a query that names no valid room, or several.
fn room_of(request: &Request) -> Result<Option<RoomName>, Response> {
    let query = request.query.as_deref().unwrap_or_default();
    let mut rooms = query.split('&').filter_map(|pair| pair.strip_prefix("room="));
    let Some(room) = rooms.next() else { return Ok(None) };
    if rooms.next().is_some() {
        return Err(bad("the query names two rooms"));
    }
    let room = percent_decode(room).ok_or_else(|| bad("the percent-encoding of the room is malformed"))?;
    let room = RoomName::parse(&room).map_err(|error| bad(Report::from_room_name_error(error).sentence()))?;
    Ok(Some(room))
}

fn bad(why: impl fmt::Display) -> Response {
    refusal(Status::BadRequest, format_args!("no QR code: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::ConnectionFacts;
    use crate::http::reader::tests::request;
    use crate::http::router::tests::facts;
    use landline_common::qr::QrCode;

    fn respond_on(connection: ConnectionFacts, host: &str, query: &str) -> (Status, String) {
        let request = request(&format!("GET /qr.svg{query} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        let response = respond(Exchange { request: &request, server: &facts(), users: 0, key: None, connection });
        let text = String::from_utf8(response.to_bytes()).unwrap();
        (response.status(), text.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    #[test]
    fn code_has_the_address_by_which_the_browser_came() {
        let plain = ConnectionFacts::default();
        let encrypted = ConnectionFacts { is_encrypted: true, ..plain };
        let main = ConnectionFacts { is_main_port: true, ..plain };
        for (connection, host, query, url) in [
            (plain, "10.0.0.5:8080", "?room=ops/deploy", "http://10.0.0.5:8080/#ops/deploy"),
            (plain, "10.0.0.5:8080", "?room=ops%2Fdeploy&x=1", "http://10.0.0.5:8080/#ops/deploy"),
            (plain, "box", "?x=room=1&room=Caf%C3%A9", "http://box/#Caf%C3%A9"),
            (plain, "[::1]:8080", "", "http://[::1]:8080/"),
            (encrypted, "box:8080", "?room=lobby", "https://box:8080/#lobby"),
            (main, "box:12345", "?room=lobby", "http://box:8080/#lobby"),
        ] {
            let expected = QrCode::new(url).unwrap().to_svg();
            assert_eq!(respond_on(connection, host, query), (Status::Ok, expected), "{host} {query}");
        }
    }

    #[test]
    fn bad_rooms_are_refused_with_the_reason() {
        let too_long = format!("?room={}", "x".repeat(33));
        for (query, why) in [
            ("?room=", "name"),
            ("?room=a%20b", "room name"),
            ("?room=private", "reserved"),
            ("?room=%3Cscript%3E", "room name"),
            (&*too_long, "32 characters"),
            ("?room=%", "percent-encoding"),
            ("?room=%ff", "percent-encoding"),
            ("?room=a&room=b", "two rooms"),
        ] {
            let (status, body) = respond_on(ConnectionFacts::default(), "box", query);
            assert_eq!(status, Status::BadRequest, "{query}");
            assert!(body.starts_with("400 no QR code: ") && body.contains(why), "{query}: {body}");
        }
    }
}
