//! The largest possible answer of every command, in every rendering, with the default limits and with extreme ones.

use super::worst::{self, LargestStorage};
use landline_common::command::{Command, CommandSpec, HistoryQuery, commands, parse};
use landline_common::limits::{LABEL_BYTES, Limits, count};
use landline_common::rendering::RENDERINGS;
use landline_common::{OffsetDateTime, Rendering, RoomName, UserName};
use landline_server::fanout::{Bounds, Flushers, Outbox, Poller};
use landline_server::hub::{Hub, Session, SessionOptions, SignInOptions, SignInRequest, Tag, Token, Transport};
use landline_server::net::Stream;
use landline_tests::DEADLINE;
use std::io::{self, BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

const NOW: OffsetDateTime = OffsetDateTime { unix_ms: 1_795_248_000_000, offset_s: 0 };
/// Users besides the asker, all in one room. With the longest names they exceed one page.
const USERS: usize = 600;
/// Users that are in the maximum number of rooms.
const USERS_IN_MANY_ROOMS: usize = 30;

/// A hub full of users and rooms with the longest names.
struct FullHub {
    hub: Arc<Hub>,
    limits: Limits,
    flushers: Arc<Flushers>,
    poller: Arc<Poller>,
    crowd: Vec<Session>,
}

/// Returns the server's end and the client's end of a connection.
fn connection() -> (Arc<Stream>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    (Arc::new(Stream::new(listener.accept().unwrap().0, 128 << 10).unwrap()), socket)
}

impl FullHub {
    fn new(limits: Limits, of: char) -> FullHub {
        // Presence is not measured here, so the crowd receives none.
        let limits = Limits { rooms_per_address: u64::MAX, presence_hearers: 0, presence_gather_ms: 60_000, ..limits };
        let flushers = Flushers::start(&limits).unwrap();
        let poller = Poller::start(Bounds::of(&limits)).unwrap();
        let storage = Arc::new(LargestStorage::new(&limits, of));
        let hub = Hub::new("Landline", "http://10.0.0.1:8080".into(), &limits, &flushers, &poller, storage, 1);
        let mut full = FullHub { hub, limits, flushers, poller, crowd: Vec::new() };
        let (stream, _) = connection();
        for number in 0..USERS {
            let mut visit = full.enter(number as u64 + 2, &worst::user(number), &stream, Rendering::Text);
            if number < USERS_IN_MANY_ROOMS {
                for room in 0..31 {
                    let join = format!("/join {}", worst::room(1_000 + 31 * number + room));
                    visit.perform(parse(&join, "").unwrap().unwrap(), Tag::default(), NOW);
                }
            }
            full.crowd.push(visit);
            if number == 0 {
                full.fill_rules();
            }
        }
        full.raise_hands();
        assert_eq!(full.hub.rooms().len(), USERS_IN_MANY_ROOMS * 31 + 1, "all rooms are open");
        full
    }

    /// Makes the asker an owner of the server, and fills the lists of the room, which its first member owns.
    fn fill_rules(&mut self) {
        let rule = worst::text(&self.limits, '\\')[..count(self.limits.rule_chars)].to_owned();
        let (stream, _) = connection();
        let mut asker = self.enter(1, "asker", &stream, Rendering::Text);
        self.hub.set_claim_code("code".to_owned());
        let mut lines = vec!["/claim code".to_owned(), format!("/topic {rule}")];
        for number in 0..count(self.limits.room_list) {
            let user = worst::user(700_000 + number);
            lines.extend([format!("/mute {user}"), format!("/ban {user}")]);
        }
        for line in lines {
            asker.perform(parse(&line, "asker").unwrap().unwrap(), Tag::default(), NOW);
        }
    }

    /// Raises as many hands in the room as may be up.
    fn raise_hands(&mut self) {
        let hand = format!("/hand {}", "\u{1f600}".repeat(count(self.limits.rule_chars)));
        for visit in self.crowd.iter_mut().take(count(self.limits.room_list)) {
            visit.perform(parse(&format!("/join {}", worst::room(0)), "").unwrap().unwrap(), Tag::default(), NOW);
            visit.perform(parse(&hand, "").unwrap().unwrap(), Tag::default(), NOW);
        }
    }

    fn enter(&self, client: u64, name: &str, stream: &Arc<Stream>, rendering: Rendering) -> Session {
        self.enter_with(client, name, stream, rendering, SignInOptions::default())
    }

    fn enter_with(
        &self,
        client: u64,
        name: &str,
        stream: &Arc<Stream>,
        rendering: Rendering,
        options: SignInOptions,
    ) -> Session {
        let outbox = Outbox::new(client, stream, &self.poller);
        let room = RoomName::parse(&worst::room(0)).unwrap();
        let newcomer = SignInRequest { outbox, rendering, account: true, room, address: "".into(), options };
        let reserve = self.hub.reserve(UserName::parse(name).unwrap()).unwrap();
        self.hub.sign_in(reserve, newcomer, NOW).unwrap()
    }
}

impl Drop for FullHub {
    fn drop(&mut self) {
        self.crowd.clear();
        self.flushers.stop();
        self.poller.stop();
    }
}

/// Returns lines that get the longest answers of a command.
fn questions(spec: &CommandSpec, limits: &Limits) -> Vec<String> {
    let command = spec.usage.split(' ').next().unwrap();
    let user = worst::user(0);
    let room = worst::room(0);
    let text = worst::text(limits, '\\');
    let key = "0".repeat(64);
    let rule = &text[..count(limits.rule_chars)];
    let absent = worst::user(700_000);
    let most = u64::MAX;
    match command {
        "/say" | "/all" | "/search" | "/ping" => vec![format!("{command} {text}")],
        "/me" => vec![format!("/me {}", &text["/me ".len()..])],
        "/join" => vec![format!("/join {room}"), format!("/join {room} {rule}")],
        "/delete" | "/pin" => vec![command.into(), format!("{command} {most}"), format!("{command} {user}")],
        "/edit" => vec![format!("/edit {text}")],
        "/transcript" => vec![command.into(), format!("{command} after {most}")],
        "/leave" => vec![format!("/leave {room}")],
        "/link" => vec!["/link".into(), format!("/link {room}")],
        "/rooms" | "/users" | "/others" | "/chats" => vec![command.into(), format!("{command} after {user}")],
        "/who" => vec!["/who".into(), format!("/who {room}"), format!("/who {room} after {user}")],
        "/since" => vec![format!("/since {}", u64::MAX), format!("/since {} after {user}", u64::MAX)],
        "/pm" | "/direct-say" => vec![format!("{command} {user} {text}")],
        "/private" => vec![format!("/private {user} {text}"), format!("/private {text}")],
        "/connect" | "/accept" | "/reject" | "/end" | "/direct" | "/direct-stop" | "/unblock" | "/trust" | "/whois" => {
            vec![format!("{command} {user}"), format!("{command} {text}")]
        }
        "/direct-key" => vec![format!("/direct-key {key}"), format!("/direct-key {text}")],
        "/direct-accept" => vec![format!("/direct-accept {user} {key} {text}")],
        "/block" => vec!["/block".into(), format!("/block after {user}"), format!("/block {user}")],
        "/history" => ["", " 1000", " before 99", " after 1", " unread", &format!(" with {user}")]
            .map(|what| format!("/history{what}"))
            .to_vec(),
        "/nick" => vec![format!("/nick {absent}"), format!("/nick {text}")],
        "/format" => vec!["/format text".into()],
        "/topic" | "/hand" | "/key" | "/away" => vec![format!("{command} {rule}"), format!("{command} {text}")],
        "/kick" => vec![format!("/kick {user} {rule}"), format!("/kick {absent} {rule}")],
        "/mute" => vec![format!("/mute {user} {most}")],
        "/floor" => vec!["/floor".into(), format!("/floor {user} {most}")],
        "/unmute" | "/op" | "/deop" | "/invite" => vec![format!("{command} {user}"), format!("{command} {absent}")],
        "/ban" | "/unban" => vec![format!("{command} {absent}"), format!("{command} {absent} everywhere")],
        "/open" => vec!["/open off".into()],
        "/quiet" => vec!["/quiet on".into()],
        "/slow" => vec![format!("/slow {most}")],
        "/claim" => vec![format!("/claim {text}")],
        "/whispers" => vec!["/whispers owners".into(), "/whispers all".into()],
        "/doors" => vec!["/doors closed".into(), "/doors open".into()],
        "/help" => vec!["/help".into(), format!("/help {text}")],
        without_arguments if spec.usage == without_arguments => vec![command.into()],
        other => panic!("{other}: add lines with its longest answers"),
    }
}

/// Returns the label that is longest in JSON, since each character needs an escape.
fn label() -> Option<String> {
    Some("\u{1}".repeat(LABEL_BYTES))
}

/// Reads a whole message: a line with its newline, or a text frame with its header.
fn read_message(rendering: Rendering, reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    if rendering != Rendering::WebSocket {
        reader.read_until(b'\n', &mut message)?;
        return Ok(message);
    }
    reader.take(2).read_to_end(&mut message)?;
    let [0x81, short] = message[..] else { panic!("not the header of a text frame: {message:?}") };
    let bytes_of_length = [(126, 2), (127, 8)].iter().find(|(form, _)| *form == short).map_or(0, |(_, bytes)| *bytes);
    reader.take(bytes_of_length).read_to_end(&mut message)?;
    let length = message[2..].iter().fold(0, |length, byte| length << 8 | u64::from(*byte));
    reader.take(if bytes_of_length == 0 { short.into() } else { length }).read_to_end(&mut message)?;
    Ok(message)
}

/// Reads up to a message that contains `until`. Returns the number of bytes before it.
fn read_to(until: &str, rendering: Rendering, reader: &mut impl BufRead) -> usize {
    let mut bytes = 0;
    loop {
        let message = read_message(rendering, reader).unwrap_or_default();
        assert!(!message.is_empty(), "the connection was reset after {bytes} bytes");
        if String::from_utf8_lossy(&message).contains(until) {
            return bytes;
        }
        bytes += message.len();
    }
}

fn ping(visit: &mut Session, token: &str) {
    visit.perform(Command::Ping(Some(token)), Tag::default(), NOW);
}

/// Returns the length of the answer to a command, in bytes.
fn answer(full: &FullHub, rendering: Rendering, command: Command<'_>) -> usize {
    let (stream, socket) = connection();
    let mut visit = full.enter(1, "asker", &stream, rendering);
    let mut reader = BufReader::new(socket);
    ping(&mut visit, "first");
    read_to("first", rendering, &mut reader);
    visit.perform(command, Tag { label: label(), ..Tag::default() }, NOW);
    visit.flush();
    ping(&mut visit, "second");
    read_to("second", rendering, &mut reader)
}

fn check_commands(full: &FullHub) {
    let backlog = count(full.limits.backlog_bytes);
    let page = count(full.limits.page_bytes).min(backlog / 4);
    for rendering in (0..RENDERINGS).map(Rendering::at) {
        for spec in commands() {
            let word = spec.usage.split(' ').next().unwrap();
            for line in questions(spec, &full.limits) {
                let bytes = answer(full, rendering, parse(&line, "asker").unwrap().unwrap());
                let shown: String = line.chars().take(60).collect();
                assert!(bytes <= backlog / 2, "{rendering:?}, {shown}: {bytes} bytes, with a backlog of {backlog}");
                let is_list =
                    ["/rooms", "/users", "/members", "/who", "/others", "/since", "/block", "/chats"].contains(&word);
                assert!(!is_list || bytes <= page, "{rendering:?}, {shown}: {bytes} bytes on a page");
            }
        }
        let room = worst::room(0);
        let text = worst::text(&full.limits, '\\');
        for command in [
            Command::SayIn { room: &room, text: &text },
            Command::SayIn { room: &text, text: &text },
            Command::HistoryIn { room: &room, ask: HistoryQuery::Last(u64::MAX) },
            Command::HistoryIn { room: "all", ask: HistoryQuery::After(1) },
        ] {
            let bytes = answer(full, rendering, command);
            assert!(bytes <= backlog / 2, "{rendering:?}: {bytes} bytes, with a backlog of {backlog}");
        }
    }
}

/// Checks a sign-in that names as many rooms as fit into a line, all of which have missed messages.
fn check_sign_in(full: &FullHub) {
    let (stream, socket) = connection();
    let rooms: Vec<RoomName> = (0..100).map(|room| RoomName::parse(&worst::room(1_000 + room)).unwrap()).collect();
    let token = Token::from_bits([0xff; 16]);
    let session = Some(SessionOptions { token, transport: Transport::Clear, acks: true, seq: None });
    let options = SignInOptions {
        rooms: rooms.clone(),
        refused_rooms: Vec::new(),
        rate: Some((u64::MAX, u64::MAX)),
        label: label(),
        name_token: Some(token),
        session,
    };
    let mut visit = full.enter_with(1, "asker", &stream, Rendering::Json, options);
    let wanted: Vec<_> = rooms.into_iter().map(|room| (Some(room), None)).collect();
    visit.catch_up(&wanted, NOW);
    ping(&mut visit, "first");
    let bytes = read_to("first", Rendering::Json, &mut BufReader::new(socket));
    let backlog = count(full.limits.backlog_bytes);
    let mail = backlog / 4;
    let sent_again = backlog / 8;
    assert!(bytes + mail + sent_again <= backlog, "{bytes} bytes beside mail, with a backlog of {backlog}");
}

fn check(limits: Limits, of: char) {
    let full = FullHub::new(limits, of);
    check_sign_in(&full);
    check_commands(&full);
}

#[test]
fn x2_no_answer_exceeds_the_backlog() {
    check(Limits::default(), '\u{1f600}');
}

#[test]
fn x2_no_answer_exceeds_the_smallest_backlog() {
    let mut limits = Limits::default();
    for (name, value) in [
        ("backlog-bytes", 128 << 10),
        ("message-chars", 8_000),
        ("history-messages", 100),
        ("list-bytes", 256),
        ("unframed-bytes", 512),
        ("page-names", 100_000),
        ("page-bytes", 1 << 20),
        ("blocks-per-person", 2_000),
        ("rooms-per-person", 10_000),
        ("catch-up-bytes", 64 << 20),
        ("seen-names", 2_000),
        // /rules and /hands have no pages.
        ("room-list", 32),
    ] {
        limits.set(name, value).unwrap();
    }
    assert!(limits.set("backlog-bytes", (128 << 10) - 1).is_err(), "128 KiB is the minimum");
    check(limits.clone(), '\u{1f600}');
    check(limits, '\\');
}
