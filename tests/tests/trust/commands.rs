//! `landline trust`.

use crate::{Outcome, World, outcome};
use landline_tests::{Face, TlsProxy};

fn trust(world: &World, args: &[&str]) -> Outcome {
    outcome(&mut world.command(&[&["trust"], args].concat()), "")
}

#[test]
fn servers_are_listed_shown_and_forgotten() {
    let world = World::met();
    let moved = TlsProxy::new(world.server.address(), Face::Tls(world.identity.clone()));
    assert_eq!(outcome(&mut world.landline_at(moved.address(), &[]), "hello\n").code, 0);
    let key = world.identity.key();
    let list = trust(&world, &[]);
    assert_eq!((list.code, list.out.lines().count()), (0, 3), "{list:?}");
    assert!(list.out.contains(&world.address()) && list.out.contains(&key.fingerprint()), "{list:?}");
    let show = trust(&world, &["show", &world.address()]);
    assert!(show.code == 0 && show.out.contains(&key.to_string()) && show.out.contains("first met"), "{show:?}");
    let forget = trust(&world, &["forget", &world.address()]);
    assert!(forget.code == 0 && forget.out.contains(&world.address()), "{forget:?}");
    assert_eq!(trust(&world, &["show", &world.address()]).code, 1);
    // The digits as they are shown: eight words.
    let digits = key.fingerprint();
    let words: Vec<&str> = ["forget"].into_iter().chain(digits.split(' ')).collect();
    assert_eq!(trust(&world, &words).code, 0);
    let empty = trust(&world, &[]);
    assert_eq!((empty.code, &*empty.complaint), (1, "no server was met with TLS yet\n"), "{empty:?}");
    assert_eq!(trust(&world, &["forget"]).code, 2);
    assert_eq!(trust(&world, &["forget", "a b"]).code, 2);
}
