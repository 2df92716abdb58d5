//! QR codes, read back by a decoder of another project.

use crate::fetch::{get, request};
use landline_tests::TestServer;
use rqrr::PreparedImage;

/// Pixels of a module in the picture that the decoder gets.
const SCALE: usize = 4;

/// Reads the code in a picture of `width` times `height` modules.
pub fn decode(width: usize, height: usize, is_dark: impl Fn(usize, usize) -> bool) -> String {
    try_decode(width, height, is_dark).expect("a picture with one code that can be read")
}

/// Reads the code in a picture. Returns `None` if there is none, or several.
pub fn try_decode(width: usize, height: usize, is_dark: impl Fn(usize, usize) -> bool) -> Option<String> {
    let mut picture =
        PreparedImage::prepare_from_bitmap(width * SCALE, height * SCALE, |x, y| is_dark(x / SCALE, y / SCALE));
    match &*picture.detect_grids() {
        [code] => code.decode().ok().map(|(_, text)| text),
        _ => None,
    }
}

/// Reads the code in an SVG picture: black runs of modules on a white square.
pub fn decode_svg(svg: &str) -> String {
    let value = |name: &str| svg.split_once(&format!(" {name}=\"")).expect(name).1.split_once('"').expect(name).0;
    let size: usize = value("viewBox").rsplit_once(' ').expect("a size").1.parse().expect("a number");
    assert!(svg.contains(&format!("<path fill=\"#fff\" d=\"M0 0h{size}v{size}H0z\"/>")), "{svg}");
    let path = svg.split_once("<path fill=\"#000\" d=\"").expect("black").1.split_once('"').expect("its end").0;
    let mut dark = vec![false; size * size];
    for run in path.split('M').skip(1) {
        let (start, rest) = run.split_once('h').expect("a run");
        let (x, y) = start.split_once(' ').expect("a start");
        let length = rest.split_once('v').expect("a length").0;
        let [x, y, length] = [x, y, length].map(|number| number.parse::<usize>().expect("a number"));
        assert!(y >= 4 && x >= 4 && x + length <= size - 4 && y < size - 4, "{run} lies in the quiet zone");
        dark[y * size + x..][..length].fill(true);
    }
    decode(size, size, |x, y| dark[y * size + x])
}

#[test]
fn picture_leads_to_the_room_by_the_address_of_the_browser() {
    let server = TestServer::default();
    let web = server.web_address();
    for (address, path, url) in [
        (web, "/qr.svg?room=ops/deploy", format!("http://{web}/#ops/deploy")),
        (web, "/qr.svg?room=caf%C3%A9", format!("http://{web}/#caf%C3%A9")),
        (web, "/qr.svg", format!("http://{web}/")),
        (server.address(), "/qr.svg?room=lobby", format!("http://{web}/#lobby")),
    ] {
        let picture = get(address, path);
        assert_eq!((picture.status, picture.header("Content-Type")), (200, Some("image/svg+xml")), "{path}");
        assert_eq!(decode_svg(picture.text()), url, "{path}");
    }
    let longest = format!("/qr.svg?room={}", "%E4%BC%9A".repeat(32));
    assert!(decode_svg(get(web, &longest).text()).ends_with(&"%E4%BC%9A".repeat(32)));
}

#[test]
fn picture_is_the_same_each_time_and_is_not_sent_again() {
    let server = TestServer::default();
    let web = server.web_address();
    let first = get(web, "/qr.svg?room=ops");
    let tag = first.header("ETag").expect("a tag");
    let second = get(web, "/qr.svg?room=ops");
    assert_eq!((&second.body, second.header("ETag")), (&first.body, Some(tag)));
    assert_eq!(first.header("Cache-Control"), Some("no-cache"));
    assert_eq!(first.header("Cross-Origin-Resource-Policy"), Some("same-origin"));
    let again = request(web, "GET", "/qr.svg?room=ops", &format!("If-None-Match: {tag}\r\n"));
    assert_eq!((again.status, again.body.len()), (304, 0));
    // More rooms than the server keeps pictures of: each gets its own, also a room whose picture was forgotten.
    for room in 0..70 {
        let picture = get(web, &format!("/qr.svg?room=r{room}"));
        assert_eq!(decode_svg(picture.text()), format!("http://{web}/#r{room}"));
        assert_ne!(picture.header("ETag"), Some(tag), "{room}");
    }
    assert_eq!(get(web, "/qr.svg?room=ops").body, first.body);
}

#[test]
fn picture_of_no_room_is_refused() {
    let server = TestServer::default();
    for path in ["/qr.svg?room=a%20b", "/qr.svg?room=%", "/qr.svg?room=a&room=b", "/qr.svg?room=private"] {
        let refused = get(server.web_address(), path);
        assert_eq!(refused.status, 400, "{path}");
        assert!(refused.text().starts_with("400 no QR code: "), "{}", refused.text());
    }
}
