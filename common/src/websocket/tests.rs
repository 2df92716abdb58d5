use super::reader::{MessageReader, Received, Violation};
use super::*;
use crate::lines::ReadMessage;
use proptest::prelude::*;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const TEXT: u8 = 0x81;
const CONTINUED_TEXT: u8 = 0x01;
const CONTINUATION: u8 = 0x00;
const LAST: u8 = 0x80;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// The reference encoder: a client's frame with a given first byte, byte by byte as RFC 6455 has it.
fn client_frame(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let length = payload.len();
    let mut frame = vec![first];
    if length <= 125 {
        frame.push(0x80 | length as u8);
    } else if length <= 0xffff {
        frame.push(0x80 | 126);
        frame.extend([(length >> 8) as u8, length as u8]);
    } else {
        frame.push(0x80 | 127);
        frame.extend((0..8).rev().map(|byte| ((length as u64) >> (8 * byte)) as u8));
    }
    frame.extend(mask);
    frame.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]));
    frame
}

fn frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    client_frame(first, payload.as_ref(), MASK)
}

/// An owned [`Received`].
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Text(String),
    TooLong(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>, String),
    Violation(CloseCode),
}

fn owned(received: Received<'_>) -> Seen {
    match received {
        Received::Message(ReadMessage::Text(text)) => Seen::Text(text.into_owned()),
        Received::Message(ReadMessage::TooLong(beginning)) => Seen::TooLong(beginning.to_vec()),
        Received::Ping(payload) => Seen::Ping(payload.to_vec()),
        Received::Pong => Seen::Pong,
        Received::Close { code, reason } => Seen::Close(code, reason.to_owned()),
        Received::Violation(Violation { code, .. }) => Seen::Violation(code),
    }
}

fn feed(reader: &mut MessageReader, bytes: &[u8]) -> Vec<Seen> {
    reader.append(bytes);
    let mut seen = Vec::new();
    while let Some(received) = reader.next() {
        seen.push(owned(received));
    }
    seen
}

fn read_all(longest: usize, bytes: &[u8]) -> Vec<Seen> {
    feed(&mut MessageReader::new(longest), bytes)
}

fn text(text: &str) -> Seen {
    Seen::Text(text.to_owned())
}

#[test]
fn rfc_6455_section_5_7_examples_are_read() {
    let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(read_all(100, &hello), [text("Hello")]);
    assert_eq!(frame(TEXT, "Hello"), hello, "the reference encoder");
    let pong = [0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(read_all(100, &pong), [Seen::Pong]);
    // The section's other examples are a server's frames, whose masked forms a client sends.
    let fragments = [frame(CONTINUED_TEXT, "Hel"), frame(LAST | CONTINUATION, "lo")].concat();
    assert_eq!(read_all(100, &fragments), [text("Hello")]);
    assert_eq!(read_all(100, &frame(PING, "Hello")), [Seen::Ping(b"Hello".to_vec())]);
}

#[test]
fn rfc_6455_section_5_7_examples_are_written() {
    let written = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut out = b"before".to_vec();
        write(&mut out);
        out.split_off(6)
    };
    assert_eq!(written(&|out| write_text(b"Hello", out)), [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    assert_eq!(written(&|out| write_ping(b"Hello", out)), [0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    assert_eq!(written(&|out| write_pong(b"Hello", out)), [0x8a, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    assert_eq!(written(&|out| write_text(&[b'x'; 256], out))[..4], [0x81, 0x7e, 0x01, 0x00]);
    assert_eq!(written(&|out| write_text(&[b'x'; 65_536], out))[..10], [0x81, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
    assert_eq!(written(&|out| write_close(CloseCode::Normal, "bye", out)), [&[0x88, 5, 3, 0xe8][..], b"bye"].concat());
    assert_eq!(written(&|out| write_close(CloseCode::ResumedElsewhere, "", out)), [0x88, 2, 0x0f, 0xa1]);
    assert_eq!(written(&|out| write_close_answer(Some(3_000), out)), [0x88, 2, 0x0b, 0xb8]);
    assert_eq!(written(&|out| write_close_answer(None, out)), [0x88, 0]);
}

#[test]
fn length_has_the_shortest_form() {
    for (length, header) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
        let payload = vec![b'x'; length];
        let mut out = Vec::new();
        write_text(&payload, &mut out);
        assert_eq!(out.len(), header + length);
        let sent = frame(TEXT, &payload);
        for cut in 0..sent.len().min(16) {
            let mut reader = MessageReader::new(1 << 20);
            assert_eq!(feed(&mut reader, &sent[..cut]), [], "{length} bytes, cut after {cut}");
            assert_eq!(feed(&mut reader, &sent[cut..]).len(), 1, "{length} bytes, cut after {cut}");
        }
        let mut framed = [b"before", &payload[..]].concat();
        frame_text(6, &mut framed);
        assert_eq!(framed, [b"before", &out[..]].concat());
    }
}

#[test]
fn payload_of_a_control_frame_is_cut() {
    let mut out = Vec::new();
    write_ping(&[b'x'; 126], &mut out);
    assert_eq!((out.len(), out[1]), (127, 125));
    out.clear();
    write_pong(&[b'x'; 126], &mut out);
    assert_eq!((out.len(), out[1]), (127, 125));
    out.clear();
    write_close(CloseCode::PolicyViolation, &"ä".repeat(62), &mut out);
    assert_eq!((out.len(), out[1]), (126, 124), "a character of two bytes does not fit into the last byte");
    out.clear();
    write_close(CloseCode::PolicyViolation, &"x".repeat(124), &mut out);
    assert_eq!((out.len(), out[1]), (127, 125));
}

#[test]
fn control_frames_may_stand_between_fragments() {
    let bytes = [
        frame(CONTINUED_TEXT, "a"),
        frame(PING, "1"),
        frame(CONTINUATION, ""),
        frame(PONG, "2"),
        frame(LAST | CONTINUATION, "b"),
        frame(TEXT, ""),
        frame(CLOSE, [&1000_u16.to_be_bytes()[..], b"bye"].concat()),
        frame(TEXT, "never read"),
    ];
    let expected =
        [Seen::Ping(b"1".to_vec()), Seen::Pong, text("ab"), text(""), Seen::Close(Some(1000), "bye".to_owned())];
    assert_eq!(read_all(100, &bytes.concat()), expected);
}

#[test]
fn violations_end_the_connection_with_their_code() {
    use CloseCode::{InvalidText, MessageTooBig, PolicyViolation, ProtocolError, UnsupportedData};
    let begun = |next: Vec<u8>| [frame(CONTINUED_TEXT, "a"), next].concat();
    let long = |second: u8, length: &[u8]| [&[TEXT, second][..], length, &MASK, &[b'x'; 300]].concat();
    let cases = [
        ("unmasked", vec![TEXT, 0x01, b'a'], ProtocolError),
        ("unmasked, from the first two bytes", vec![TEXT, 0x7f], ProtocolError),
        ("first reserved bit", frame(TEXT | 0x40, "a"), ProtocolError),
        ("second reserved bit", frame(TEXT | 0x20, "a"), ProtocolError),
        ("third reserved bit", frame(PING | 0x10, "a"), ProtocolError),
        ("reserved data opcode", frame(0x83, "a"), ProtocolError),
        ("reserved control opcode", frame(0x8b, "a"), ProtocolError),
        ("fragmented ping", frame(0x09, "a"), ProtocolError),
        ("long ping", frame(PING, [b'x'; 126]), ProtocolError),
        ("long close", frame(CLOSE, [b'x'; 126]), ProtocolError),
        ("continuation without a beginning", frame(LAST | CONTINUATION, "a"), ProtocolError),
        ("text inside a message", begun(frame(TEXT, "b")), ProtocolError),
        ("binary inside a message", begun(frame(BINARY, "b")), ProtocolError),
        ("16-bit length that is too small", long(0xfe, &[0, 125]), ProtocolError),
        ("64-bit length that is too small", long(0xff, &[0, 0, 0, 0, 0, 0, 255, 255]), ProtocolError),
        ("64-bit length with the top bit", long(0xff, &[128, 0, 0, 0, 0, 0, 0, 1]), ProtocolError),
        ("close with half a code", frame(CLOSE, [3]), ProtocolError),
        ("close with a reserved code", frame(CLOSE, 1005_u16.to_be_bytes()), ProtocolError),
        ("close with an unknown code", frame(CLOSE, 2999_u16.to_be_bytes()), ProtocolError),
        ("binary", frame(BINARY, "a"), UnsupportedData),
        ("fragmented binary", frame(0x02, "a"), UnsupportedData),
        ("bad text", frame(TEXT, b"\xff"), InvalidText),
        ("text that ends inside a character", frame(TEXT, b"a\xc3"), InvalidText),
        ("bad reason", frame(CLOSE, b"\x03\xe8\xff"), InvalidText),
        ("one byte more than 1 MiB", frame(TEXT, vec![b'x'; (1 << 20) + 1]), MessageTooBig),
        ("1 MiB and a byte", [frame(0x01, vec![b'x'; 1 << 20]), frame(0x80, "x")].concat(), MessageTooBig),
        ("fragmented for ever", [frame(0x01, ""), frame(0x00, "").repeat(1_024)].concat(), PolicyViolation),
    ];
    for (what, bytes, code) in cases {
        let seen = read_all(2 << 20, &[bytes, frame(TEXT, "never read")].concat());
        assert_eq!(seen.last(), Some(&Seen::Violation(code)), "{what}");
        assert!(!seen.contains(&text("never read")), "{what}");
        let is_beginning = |seen: &Seen| matches!(seen, Seen::Violation(_));
        assert_eq!(seen.iter().filter(|seen| is_beginning(seen)).count(), 1, "{what}");
    }
}

#[test]
fn largest_messages_are_no_violations() {
    let seen = read_all(1 << 20, &frame(TEXT, vec![b'x'; 1 << 20]));
    assert!(matches!(&seen[..], [Seen::Text(text)] if text.len() == 1 << 20));
    let fragments = [frame(0x01, ""), frame(0x00, "").repeat(1_022), frame(0x80, "x")].concat();
    let twice = fragments.repeat(2);
    assert_eq!(read_all(100, &twice), [text("x"), text("x")], "the count starts again with each message");
    assert_eq!(read_all(100, &frame(PING, [b'x'; 125])).len(), 1);
}

#[test]
fn codes_that_a_close_may_carry() {
    for (code, is_valid) in [
        (999, false),
        (1000, true),
        (1003, true),
        (1004, false),
        (1006, false),
        (1007, true),
        (1014, true),
        (1015, false),
        (3000, true),
        (4999, true),
        (5000, false),
    ] {
        let expected =
            if is_valid { Seen::Close(Some(code), String::new()) } else { Seen::Violation(CloseCode::ProtocolError) };
        assert_eq!(read_all(100, &frame(CLOSE, code.to_be_bytes())), [expected]);
    }
    assert_eq!(read_all(100, &frame(CLOSE, "")), [Seen::Close(None, String::new())]);
}

#[test]
fn nothing_after_the_end_is_kept() {
    let mut reader = MessageReader::new(100);
    assert_eq!(feed(&mut reader, &frame(CLOSE, "")).len(), 1);
    assert_eq!(feed(&mut reader, &frame(TEXT, "a").repeat(10_000)), []);
    assert_eq!(reader.capacity(), 0);
}

#[test]
fn a_message_over_the_limit_is_reported_once_with_its_beginning() {
    let pieces = [
        frame(CONTINUED_TEXT, "123"),
        frame(PING, ""),
        frame(CONTINUATION, "4567"),
        frame(CONTINUATION, "89"),
        frame(LAST | CONTINUATION, "0"),
        frame(TEXT, "12345"),
        frame(TEXT, "123456"),
        frame(TEXT, "ok"),
    ];
    let too_long = || Seen::TooLong(b"12345".to_vec());
    let expected = [Seen::Ping(Vec::new()), too_long(), text("12345"), too_long(), text("ok")];
    assert_eq!(read_all(5, &pieces.concat()), expected);
    let mut reader = MessageReader::new(5);
    let seen: Vec<_> = pieces.concat().iter().flat_map(|byte| feed(&mut reader, &[*byte])).collect();
    assert_eq!(seen, expected);
}

#[test]
fn the_limit_may_change_inside_a_message() {
    let mut reader = MessageReader::new(2);
    let [first, second] = [frame(CONTINUED_TEXT, "ab"), frame(LAST | CONTINUATION, "cd")];
    assert_eq!(feed(&mut reader, &first), []);
    reader.set_longest(4);
    assert_eq!(feed(&mut reader, &second), [text("abcd")]);
    assert_eq!(feed(&mut reader, &first), []);
    reader.set_longest(1);
    assert_eq!(feed(&mut reader, &frame(LAST | CONTINUATION, "")), [Seen::TooLong(b"ab".to_vec())]);
    assert_eq!(feed(&mut reader, &frame(TEXT, "x")), [text("x")]);
}

#[test]
fn the_buffer_stays_near_the_limit_and_shrinks() {
    let mut reader = MessageReader::new(1_000);
    for _ in 0..200 {
        feed(&mut reader, &frame(CONTINUED_TEXT, [b'x'; 1_000])[..1_003]);
        feed(&mut reader, &frame(CONTINUED_TEXT, [b'x'; 1_000])[1_003..]);
        assert!(reader.capacity() <= 4_000, "{}", reader.capacity());
        assert_eq!(feed(&mut reader, &frame(PING, "")), [Seen::Ping(Vec::new())]);
        assert_eq!(feed(&mut reader, &frame(CONTINUATION, [b'y'; 3_000])).len(), 1);
        for _ in 0..10 {
            assert_eq!(feed(&mut reader, &frame(CONTINUATION, [b'y'; 10_000])), []);
        }
        assert_eq!(feed(&mut reader, &frame(LAST | CONTINUATION, "")), []);
        assert!(reader.capacity() <= 1 << 10, "{}", reader.capacity());
    }
}

#[test]
fn headers_of_fragments_are_not_kept() {
    let mut reader = MessageReader::new(1_000);
    feed(&mut reader, &frame(CONTINUED_TEXT, "x"));
    for _ in 1..1_000 {
        assert_eq!(feed(&mut reader, &frame(CONTINUATION, "x")), []);
    }
    assert!(reader.capacity() <= 2_048, "{} bytes for a message of 1,000", reader.capacity());
    assert_eq!(feed(&mut reader, &frame(LAST | CONTINUATION, "")), [text(&"x".repeat(1_000))]);
    assert!(reader.capacity() > 0, "a small buffer is kept for the next message");
}

/// A message or a control frame of a client.
#[derive(Clone, Debug)]
enum Sent {
    /// The fragments of a text.
    Text(Vec<String>),
    Ping(Vec<u8>),
    Pong,
}

fn sent() -> impl Strategy<Value = Sent> {
    prop_oneof![
        3 => prop::collection::vec("[aä€😀]{0,40}", 1..4).prop_map(Sent::Text),
        1 => prop::collection::vec(any::<u8>(), 0..=125).prop_map(Sent::Ping),
        1 => Just(Sent::Pong),
    ]
}

const LONGEST: usize = 200;

/// Encodes what a client sends, texts cut at any byte into as many frames. Returns also what the server must see.
fn encode(sent: &[Sent], mask: [u8; 4]) -> (Vec<u8>, Vec<Seen>) {
    let mut bytes = Vec::new();
    let mut expected = Vec::new();
    for (number, sent) in sent.iter().enumerate() {
        match sent {
            Sent::Text(fragments) => {
                let whole = fragments.concat();
                // Cuts characters, too: fragments may.
                let size = (whole.len() / fragments.len() + number % 3).max(1);
                let pieces: Vec<&[u8]> =
                    if whole.is_empty() { vec![b""] } else { whole.as_bytes().chunks(size).collect() };
                for (at, piece) in pieces.iter().enumerate() {
                    let opcode = if at == 0 { CONTINUED_TEXT } else { CONTINUATION };
                    let last = if at + 1 == pieces.len() { LAST } else { 0 };
                    bytes.extend(client_frame(last | opcode, piece, mask));
                }
                expected.push(match whole.len() {
                    0..=LONGEST => Seen::Text(whole),
                    _ => Seen::TooLong(whole.as_bytes()[..LONGEST].to_vec()),
                });
            }
            Sent::Ping(payload) => {
                bytes.extend(client_frame(PING, payload, mask));
                expected.push(Seen::Ping(payload.clone()));
            }
            Sent::Pong => {
                bytes.extend(client_frame(PONG, b"x", mask));
                expected.push(Seen::Pong);
            }
        }
    }
    (bytes, expected)
}

proptest! {
    #[test]
    fn any_cut_of_the_bytes_gives_the_same_messages(
        sent in prop::collection::vec(sent(), 0..8),
        mask in any::<[u8; 4]>(),
        mut sizes in prop::collection::vec(1..300_usize, 1..20),
    ) {
        let (bytes, expected) = encode(&sent, mask);
        let mut reader = MessageReader::new(LONGEST);
        let mut seen = Vec::new();
        let mut rest = &bytes[..];
        sizes.reverse();
        let mut sizes = sizes.iter().cycle();
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
            rest = behind;
            seen.extend(feed(&mut reader, piece));
        }
        prop_assert_eq!(&seen, &expected);
        // Also if the caller appends several times before it takes a message.
        let mut reader = MessageReader::new(LONGEST);
        for piece in bytes.chunks(7) {
            reader.append(piece);
        }
        prop_assert_eq!(feed(&mut reader, b""), expected);
    }

    #[test]
    fn any_bytes_are_bounded_and_end_at_most_once(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let seen = read_all(50, &bytes);
        let ends = seen.iter().filter(|seen| matches!(seen, Seen::Close(..) | Seen::Violation(_))).count();
        prop_assert!(ends <= 1);
        prop_assert!(ends == 0 || matches!(seen.last(), Some(Seen::Close(..) | Seen::Violation(_))));
    }
}
