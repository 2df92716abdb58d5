use super::*;
use proptest::prelude::*;
use std::os::unix::net::UnixStream;

/// Runs a handshake over a socket pair and returns the result at each end.
fn shake(
    dialing: (&Keys, ExpectedPeer<'_>, &str),
    answering: (&Keys, ExpectedPeer<'_>, &str),
) -> [Result<(EncryptedLink, UnixStream), LinkError>; 2] {
    let (dialing_end, answering_end) = UnixStream::pair().unwrap();
    let run = |mut stream: UnixStream, side, (keys, whom, purpose): (&Keys, ExpectedPeer<'_>, &str)| {
        let opened = open(&mut stream, (side, purpose), keys, whom)?;
        Ok((opened, stream))
    };
    std::thread::scope(|scope| {
        let dialing = scope.spawn(|| run(dialing_end, Side::Dialled, dialing));
        let answering = scope.spawn(|| run(answering_end, Side::Answered, answering));
        [dialing.join().unwrap(), answering.join().unwrap()]
    })
}

fn keys() -> Keys {
    Keys::generate().unwrap()
}

#[test]
fn both_ends_learn_the_peers_key_and_messages_arrive_in_order() {
    let [alice, bob] = [keys(), keys()];
    let secret = [7; 32];
    let ways = [
        (ExpectedPeer::Known(&bob.public), ExpectedPeer::Known(&alice.public)),
        (ExpectedPeer::Any(None), ExpectedPeer::Any(None)),
        (ExpectedPeer::Any(Some(&secret)), ExpectedPeer::Any(Some(&secret))),
    ];
    for (to_bob, to_alice) in ways {
        let [one, other] = shake((&alice, to_bob, "direct"), (&bob, to_alice, "direct"));
        let (mut one, mut one_stream) = one.unwrap();
        let (mut other, mut other_stream) = other.unwrap();
        assert_eq!((one.peer, other.peer), (bob.public, alice.public));
        for text in ["hello", "", "bob"] {
            one.sealer.send(&mut one_stream, text.as_bytes()).unwrap();
            assert_eq!(other.opener.receive(&mut other_stream).unwrap().unwrap(), text.as_bytes());
        }
        other.sealer.send(&mut other_stream, &[1; 9_000]).unwrap();
        assert_eq!(one.opener.receive(&mut one_stream).unwrap().unwrap(), [1; 9_000]);
        drop(one_stream);
        assert!(other.opener.receive(&mut other_stream).unwrap().is_none());
    }
}

#[test]
fn a_peer_with_another_key_secret_or_purpose_is_refused() {
    let [alice, bob, eve] = [keys(), keys(), keys()];
    let fails = |ends: [Result<(EncryptedLink, UnixStream), LinkError>; 2]| assert!(ends.iter().any(Result::is_err));
    // A peer with an unexpected key answers, then dials.
    fails(shake(
        (&alice, ExpectedPeer::Known(&bob.public), "direct"),
        (&eve, ExpectedPeer::Known(&alice.public), "direct"),
    ));
    fails(shake(
        (&eve, ExpectedPeer::Known(&bob.public), "direct"),
        (&bob, ExpectedPeer::Known(&alice.public), "direct"),
    ));
    fails(shake(
        (&alice, ExpectedPeer::Any(Some(&[1; 32])), "mesh"),
        (&bob, ExpectedPeer::Any(Some(&[2; 32])), "mesh"),
    ));
    fails(shake((&alice, ExpectedPeer::Any(Some(&[1; 32])), "mesh"), (&bob, ExpectedPeer::Any(None), "mesh")));
    fails(shake((&alice, ExpectedPeer::Any(None), "mesh"), (&bob, ExpectedPeer::Any(None), "direct")));
}

#[test]
fn the_dialing_side_can_tell_a_refusal_from_a_closed_connection() {
    let [alice, bob, eve] = [keys(), keys(), keys()];
    let one = [1; 32];
    let other = [2; 32];
    for (to_bob, to_alice) in [
        (ExpectedPeer::Any(Some(&one)), ExpectedPeer::Any(Some(&other))),
        (ExpectedPeer::Any(Some(&one)), ExpectedPeer::Any(None)),
        (ExpectedPeer::Any(None), ExpectedPeer::Any(Some(&other))),
        (ExpectedPeer::Known(&eve.public), ExpectedPeer::Known(&alice.public)),
    ] {
        let [dialled, _] = shake((&alice, to_bob, "mesh"), (&bob, to_alice, "mesh"));
        assert!(matches!(dialled, Err(LinkError::Unauthenticated)), "{dialled:?}");
    }
    for side in [Side::Dialled, Side::Answered] {
        let (mut stream, busy_peer) = UnixStream::pair().unwrap();
        drop(busy_peer);
        let closed = open(&mut stream, (side, "mesh"), &alice, ExpectedPeer::Any(Some(&one)));
        assert!(matches!(closed, Err(LinkError::Stream(_))), "{closed:?}");
    }
}

#[test]
fn a_changed_skipped_repeated_or_shortened_message_is_damaged() {
    let [alice, bob] = [keys(), keys()];
    let sealed = |opened: &mut EncryptedLink, text: &[u8]| {
        let mut frame = Vec::new();
        opened.sealer.send(&mut frame, text).unwrap();
        frame
    };
    for attack in 0..4 {
        let [one, other] = shake((&alice, ExpectedPeer::Any(None), "mesh"), (&bob, ExpectedPeer::Any(None), "mesh"));
        let (mut one, _) = one.unwrap();
        let (mut other, _) = other.unwrap();
        let mut first = sealed(&mut one, b"first");
        let second = sealed(&mut one, b"second");
        let received = match attack {
            0 => {
                first[5] ^= 1;
                first
            }
            1 => second,
            2 => {
                other.opener.receive(&mut &first[..]).unwrap();
                first
            }
            _ => [&first[..first.len() - 1], &second].concat(),
        };
        assert!(matches!(other.opener.receive(&mut &received[..]), Err(LinkError::Damaged)), "{attack}");
    }
}

#[test]
fn the_length_of_a_message_is_bounded() {
    let [alice, bob] = [keys(), keys()];
    let [one, other] = shake((&alice, ExpectedPeer::Any(None), "mesh"), (&bob, ExpectedPeer::Any(None), "mesh"));
    let (mut one, _) = one.unwrap();
    let (mut other, _) = other.unwrap();
    let mut frame = Vec::new();
    assert!(matches!(one.sealer.send(&mut frame, &[0; MESSAGE_BYTES + 1]), Err(LinkError::TooLong)));
    one.sealer.send(&mut frame, &[3; MESSAGE_BYTES]).unwrap();
    assert_eq!(other.opener.receive(&mut &frame[..]).unwrap().unwrap(), [3; MESSAGE_BYTES]);
}

#[test]
fn keys_survive_both_written_forms() {
    let keys = keys();
    let again = Keys::from_bytes(&keys.to_bytes());
    assert_eq!(again.public, keys.public);
    assert_eq!(keys.public.to_string().parse(), Ok(keys.public));
    assert!(
        !format!("{keys:?}").contains(&format!("{:02x}{:02x}", keys.private[0], keys.private[1])[..])
            || keys.private[..2] == keys.public.0[..2]
    );
    for wrong in ["", "ab", &"g".repeat(64), &"a".repeat(65), &"é".repeat(32)] {
        assert_eq!(wrong.parse::<PublicKey>(), Err(ParseKeyError));
    }
}

#[test]
fn a_fingerprint_is_the_same_at_both_ends_and_differs_for_other_keys() {
    let [alice, bob, eve] = [keys(), keys(), keys()].map(|keys| keys.public);
    let shown = alice.fingerprint_with(&bob);
    assert_eq!(shown, bob.fingerprint_with(&alice));
    assert_ne!(shown, alice.fingerprint_with(&eve));
    assert_ne!(alice.fingerprint(), bob.fingerprint());
    assert_eq!(shown.split(' ').map(str::len).collect::<Vec<_>>(), [5; 8]);
    let zero = PublicKey([0; 32]);
    assert_eq!(
        zero.fingerprint(),
        "04187 61407 95561 51877 51098 06383 94476 45937",
        "the fingerprint of a key must never change"
    );
}

proptest! {
    #[test]
    fn random_bytes_never_complete_a_handshake(junk in prop::collection::vec(any::<u8>(), 0..400)) {
        struct Junk<'j>(&'j [u8]);
        impl Read for Junk<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> { self.0.read(buffer) }
        }
        impl Write for Junk<'_> {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> { Ok(bytes.len()) }
            fn flush(&mut self) -> io::Result<()> { Ok(()) }
        }
        let keys = Keys::generate().unwrap();
        for side in [Side::Dialled, Side::Answered] {
            prop_assert!(open(&mut Junk(&junk), (side, "mesh"), &keys, ExpectedPeer::Any(None)).is_err());
        }
    }
}
