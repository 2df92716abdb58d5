use super::*;
use proptest::prelude::*;
use rustls::RootCertStore;
use rustls::pki_types::PrivateKeyDer;

/// Both sides of a connection. The client trusts the server's certificate.
fn sides() -> [TlsSession; 2] {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let server = ServerConfig::builder().with_no_client_auth();
    let server = without_resumption(server.with_single_cert(vec![made.cert.der().clone()], key).unwrap());
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    [TlsSession::client(&Arc::new(client), name).unwrap(), TlsSession::server(&Arc::new(server)).unwrap()]
}

/// Passes on what both sides send until neither sends anything, in pieces of at most `piece` bytes. Returns the
/// plaintext that each side received.
fn exchange(sides: &mut [TlsSession; 2], piece: usize) -> [Vec<u8>; 2] {
    let mut received = [vec![], vec![]];
    loop {
        let mut is_quiet = true;
        for from in 0..2 {
            let mut sent = Vec::new();
            sides[from].take_output(&mut sent);
            is_quiet &= sent.is_empty();
            for part in sent.chunks(piece) {
                sides[1 - from].receive(part, &mut received[1 - from]).unwrap();
            }
        }
        if is_quiet {
            return received;
        }
    }
}

#[test]
fn handshake_and_messages_pass_in_pieces_of_any_size() {
    for piece in [1, 2, 7, 100, usize::MAX] {
        let mut sides = sides();
        assert!(sides[0].is_handshaking() && sides[1].is_handshaking());
        // Waits inside until the handshake is complete.
        let mut early = Vec::new();
        sides[0].encrypt(&[IoSlice::new(b"early")], &mut early);
        assert!(early.starts_with(&FIRST_BYTES));
        let mut plaintext = Vec::new();
        early.chunks(piece).for_each(|part| sides[1].receive(part, &mut plaintext).unwrap());
        let [_, at_server] = exchange(&mut sides, piece);
        assert_eq!([plaintext, at_server].concat(), b"early", "{piece}");
        assert!(!sides[0].is_handshaking() && !sides[1].is_handshaking());

        let long = vec![b'x'; 100_000];
        let mut records = Vec::new();
        sides[1].encrypt(&[IoSlice::new(b"one "), IoSlice::new(b""), IoSlice::new(&long)], &mut records);
        let mut plaintext = Vec::new();
        records.chunks(piece).for_each(|part| sides[0].receive(part, &mut plaintext).unwrap());
        assert_eq!(plaintext, [b"one ", &long[..]].concat());
    }
}

#[test]
fn slices_share_records() {
    let mut sides = sides();
    exchange(&mut sides, usize::MAX);
    let slices = [&[b'a'; 100][..], &[b'b'; 200], &[b'c'; 300]];
    let mut records = Vec::new();
    sides[1].encrypt(&slices.map(IoSlice::new), &mut records);
    let header_type_and_tag = 5 + 1 + 16;
    assert_eq!(records.len(), 600 + header_type_and_tag);
}

#[test]
fn an_end_in_order_is_told() {
    let mut sides = sides();
    exchange(&mut sides, usize::MAX);
    let (mut last, mut plaintext) = (Vec::new(), Vec::new());
    sides[1].encrypt(&[IoSlice::new(b"bye")], &mut last);
    assert!(!sides[0].is_closed_by_peer());
    sides[1].close(&mut last);
    last.extend_from_slice(b"junk behind the end");
    sides[0].receive(&last, &mut plaintext).unwrap();
    assert_eq!(plaintext, b"bye");
    assert!(sides[0].is_closed_by_peer() && !sides[1].is_closed_by_peer());
}

#[test]
fn a_client_learns_the_key_of_the_certificate() {
    let mut sides = sides();
    assert_eq!(sides[0].server_key(), None);
    exchange(&mut sides, usize::MAX);
    let key = sides[0].server_key().unwrap();
    assert_eq!(key.to_string().parse(), Ok(key));
    assert_eq!(key.fingerprint().split(' ').map(str::len).collect::<Vec<_>>(), [5; 8]);
    assert_eq!(format!("{key:?}").len(), 64);
    assert_eq!("ab".parse::<ServerKey>(), Err(ParseKeyError));
    assert_eq!(ServerKey::of_certificate(&CertificateDer::from(vec![1, 2, 3])), None);
    assert_eq!(
        ServerKey([0; 32]).fingerprint(),
        "00000 00000 00000 00000 00000 00000 00000 00000",
        "the fingerprint of a key must never change"
    );
}

proptest! {
    #[test]
    fn random_bytes_get_no_answer_but_an_alert(junk in prop::collection::vec(any::<u8>(), 0..400)) {
        let [_, mut server] = sides();
        let mut plaintext = Vec::new();
        let received = server.receive(&[&FIRST_BYTES[..], &[1, 0, 50, 9], &junk].concat(), &mut plaintext);
        let mut answer = Vec::new();
        server.take_output(&mut answer);
        prop_assert!(plaintext.is_empty() && server.is_handshaking());
        // The only answer is an alert (content type 21).
        prop_assert!(answer.is_empty() || (received.is_err() && answer[0] == 21), "{:?} {:?}", received, answer);
    }
}
