use super::*;
use proptest::prelude::*;

fn feed(input: &mut ReceiveBuffer, mut bytes: &[u8], out: &mut Vec<String>) {
    while !bytes.is_empty() {
        let space = input.space();
        let n = space.len().min(bytes.len());
        space[..n].copy_from_slice(&bytes[..n]);
        input.advance(n);
        bytes = &bytes[n..];
        while let Some(piece) = input.next() {
            out.push(owned(piece));
        }
    }
}

fn owned(piece: ReadMessage<'_>) -> String {
    match piece {
        ReadMessage::Text(text) => text.into_owned(),
        ReadMessage::TooLong(_) => "TOO LONG".into(),
    }
}

fn split(reads: &[&[u8]], max_bytes: usize) -> Vec<String> {
    let mut input = ReceiveBuffer::new(max_bytes);
    let mut out = Vec::new();
    for read in reads {
        feed(&mut input, read, &mut out);
    }
    out.extend(input.finish().map(owned));
    out
}

#[test]
fn a_line_ends_with_lf_or_cr_lf() {
    assert_eq!(split(&[b"a\r\nb\n\nc\rd\nend"], 100), ["a", "b", "", "c\rd", "end"]);
}

#[test]
fn an_overlong_line_is_discarded_to_its_end_without_growing_the_buffer() {
    let mut input = ReceiveBuffer::lines_only(100);
    let mut out = Vec::new();
    for _ in 0..10_000 {
        feed(&mut input, &[b'x'; 1_000], &mut out);
    }
    feed(&mut input, b"\nok\n", &mut out);
    assert_eq!(out, ["TOO LONG", "ok"]);
    assert!(input.buffer.capacity() <= LARGE_BUFFER + SMALL_BUFFER);
}

#[test]
fn f12_the_beginning_of_a_line_that_is_too_long_is_known() {
    for reads in [&[&b"ok\n12345"[..], b"6789"][..], &[b"ok\n12345\n"], &[b"ok\n12345"]] {
        let mut input = ReceiveBuffer::lines_only(4);
        let mut beginnings = Vec::new();
        let mut take = |piece: ReadMessage<'_>| match piece {
            ReadMessage::Text(text) => assert_eq!(text, "ok"),
            ReadMessage::TooLong(beginning) => beginnings.push(beginning.to_vec()),
        };
        for read in reads {
            input.space()[..read.len()].copy_from_slice(read);
            input.advance(read.len());
            while let Some(piece) = input.next() {
                take(piece);
            }
        }
        input.finish().into_iter().for_each(take);
        assert_eq!(beginnings.len(), 1);
        assert!(beginnings[0].starts_with(b"12345"), "{beginnings:?}");
    }
}

#[test]
fn a_line_of_the_longest_length_fits_with_either_line_end() {
    assert_eq!(
        split(&[b"1234\r\n1234\n12345\n12345\r\n1234\r"], 4),
        ["1234", "1234", "TOO LONG", "TOO LONG", "TOO LONG"]
    );
}

#[test]
fn the_buffer_shrinks_after_a_long_line() {
    let mut input = ReceiveBuffer::lines_only(8_192);
    let mut out = Vec::new();
    feed(&mut input, &[b'x'; 6_000], &mut out);
    assert!(input.buffer.len() > SMALL_BUFFER);
    feed(&mut input, b"\n", &mut out);
    input.space();
    assert_eq!((out.len(), input.buffer.len()), (1, SMALL_BUFFER));
}

#[test]
fn a_first_read_without_newline_and_then_silence_means_unframed() {
    let mut input = ReceiveBuffer::new(100);
    let mut out = Vec::new();
    feed(&mut input, b"alice_room", &mut out);
    assert!(out.is_empty() && input.awaits_silence());
    input.report_silence();
    out.extend(input.next().map(owned));
    feed(&mut input, b"hello\nthere", &mut out);
    assert_eq!(out, ["alice_room", "hello\nthere"]);
    assert_eq!(input.framing(), Framing::Unframed);
}

#[test]
fn an_unframed_message_of_the_longest_length_is_not_split() {
    let mut input = ReceiveBuffer::new(8_192);
    let mut out = Vec::new();
    feed(&mut input, b"alice_room", &mut out);
    input.report_silence();
    out.extend(input.next().map(owned));
    for _ in 0..2 {
        feed(&mut input, &[b'x'; 8_192], &mut out);
    }
    assert_eq!(out.iter().map(String::len).collect::<Vec<_>>(), [10, 8_192, 8_192]);
}

#[test]
fn d13_a_telnet_command_means_lines() {
    let mut input = ReceiveBuffer::new(100);
    let mut out = Vec::new();
    feed(&mut input, b"\xff\xfb\x1f\xff\xfd", &mut out);
    assert!(!input.awaits_silence() && input.pending().is_empty());
    feed(&mut input, b"\x01", &mut out);
    assert_eq!(input.telnet_answers(), b"\xff\xfe\x1f\xff\xfc\x01");
    feed(&mut input, b"alice_room\r\n\xff\xf4hi\n", &mut out);
    assert_eq!((out, input.telnet_answers()), (vec!["alice_room".into(), "hi".into()], vec![]));
    // IAC before another byte is data, also where the filter holds it back until the next read.
    assert_eq!(split(&[b"a\xff", b"b\n\xff"], 100), ["a\u{fffd}b", "\u{fffd}"]);
}

#[test]
fn a_first_read_of_one_byte_means_lines() {
    let mut input = ReceiveBuffer::new(100);
    let mut out = Vec::new();
    feed(&mut input, b"a", &mut out);
    assert!(!input.awaits_silence());
    input.report_silence();
    feed(&mut input, b"lice_room\n", &mut out);
    assert_eq!(out, ["alice_room"]);
}

#[test]
fn an_unframed_character_cut_by_a_read_begins_the_next_message() {
    let mut input = ReceiveBuffer::new(100);
    let mut out = Vec::new();
    feed(&mut input, b"al", &mut out);
    input.report_silence();
    out.extend(input.next().map(owned));
    feed(&mut input, b"gr\xc3", &mut out);
    feed(&mut input, b"\xbc\xf0\x9f\x91", &mut out);
    feed(&mut input, b"\x8d", &mut out);
    feed(&mut input, b"\xff\xff", &mut out);
    assert_eq!(out, ["al", "gr", "ü", "👍", "\u{fffd}\u{fffd}"]);
}

proptest! {
    #[test]
    fn the_lines_do_not_depend_on_how_reads_cut_them(
        bytes in prop::collection::vec(prop_oneof![4 => Just(b'x'), 1 => Just(b'\n'), 1 => Just(b'\r'), 1 => any::<u8>()], 0..400),
        cuts in prop::collection::vec(1usize..50, 0..40),
    ) {
        let mut whole = vec![b'\n'];
        whole.extend(&bytes);
        let mut reads = Vec::new();
        let mut rest = &whole[..];
        for cut in cuts {
            let (read, more) = rest.split_at(cut.min(rest.len()));
            reads.push(read);
            rest = more;
        }
        reads.push(rest);
        prop_assert_eq!(split(&reads, 10), split(&[&whole], 10));
    }
}
