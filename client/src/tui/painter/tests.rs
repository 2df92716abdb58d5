use super::paint;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

const WIDTH: usize = 24;

/// How a terminal places text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Places {
    /// Each code point has a cell, or two; marks, too.
    CodePoints,
    /// Marks stand in the cell before them; everything else has cells of its own, as in tmux.
    Marks,
    /// A cluster has one cell, however wide it is elsewhere.
    Clusters,
}

const ALL: [Places; 3] = [Places::CodePoints, Places::Marks, Places::Clusters];

/// A terminal of one row that does not wrap. The second half of a wide character is an empty text.
struct Row {
    places: Places,
    cells: Vec<String>,
    at: usize,
}

impl Row {
    fn new(places: Places) -> Row {
        Row { places, cells: vec![" ".into(); WIDTH], at: 0 }
    }

    fn take(&mut self, bytes: &[u8]) {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        for (at, part) in text.split('\x1b').enumerate() {
            let text = if at == 0 { part } else { self.sequence(part) };
            let pieces: Vec<&str> = match self.places {
                Places::Clusters => text.graphemes(true).collect(),
                _ => text.split("").filter(|one| !one.is_empty()).collect(),
            };
            pieces.into_iter().for_each(|piece| self.place(piece));
        }
    }

    /// Carries a sequence out. The text behind it.
    fn sequence<'t>(&mut self, part: &'t str) -> &'t str {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).unwrap() + 1;
        let (sequence, text) = part.split_at(end);
        let number = |text: &str| text.parse::<usize>().unwrap();
        match (&sequence[1..end - 1], &sequence[end - 1..]) {
            (place, "H") => self.at = number(place.split_once(';').unwrap().1) - 1,
            ("2", "J") => self.cells.fill(" ".into()),
            ("", "K") => (self.at..WIDTH).for_each(|cell| self.wipe(cell)),
            (_, "m" | "h" | "l") => {}
            _ => panic!("unknown sequence {sequence:?}"),
        }
        text
    }

    fn place(&mut self, piece: &str) {
        let own = piece.chars().map(|c| c.width().unwrap_or(0)).sum::<usize>();
        let wide = match self.places {
            Places::Clusters => 1,
            Places::CodePoints => own.max(1),
            Places::Marks if own == 0 && self.at > 0 => return self.cells[self.at - 1].push_str(piece),
            Places::Marks => own.max(1),
        };
        // At the right edge, what comes replaces what is there.
        let at = self.at.min(WIDTH - wide);
        for cell in at..at + wide {
            self.wipe(cell);
        }
        self.cells[at] = piece.into();
        if wide == 2 {
            self.cells[at + 1] = String::new();
        }
        self.at = at + wide;
    }

    /// Overwriting one half of a wide character clears the other half.
    fn wipe(&mut self, cell: usize) {
        if self.cells[cell].is_empty() {
            self.cells[cell - 1] = " ".into();
        } else if self.cells.get(cell + 1).is_some_and(String::is_empty) {
            self.cells[cell + 1] = " ".into();
        }
        self.cells[cell] = " ".into();
    }

    fn text(&self) -> String {
        self.cells.concat().trim_end().to_owned()
    }
}

fn frame(text: &str) -> Buffer {
    let mut frame = Buffer::empty(Rect::new(0, 0, u16::try_from(WIDTH).unwrap(), 1));
    frame.set_string(0, 0, text, Style::new());
    frame
}

/// What a terminal shows after these frames.
fn shown(places: Places, texts: &[&str]) -> Row {
    let mut row = Row::new(places);
    let mut last: Option<Buffer> = None;
    for text in texts {
        let frame = frame(text);
        row.take(&paint(last.as_ref(), &frame, None).unwrap());
        last = Some(frame);
    }
    row
}

const CLUSTERS: [&str; 16] = [
    "🇩🇪 x",
    "ทำงาน",
    "नमस्ते",
    "স্বাগত",
    "សួស្តី",
    "မင်္ဂလာပါ",
    "👍🏽",
    "ｶﾞ",
    "👩‍👩‍👧",
    "⌨️",
    "日本語",
    "é",
    "لا",
    "🇫🇷 vive",
    "1️⃣",
    "한국",
];

#[test]
fn d2_nothing_is_left_of_what_was_there() {
    for places in ALL {
        for cluster in CLUSTERS {
            let typed = format!("❯ {cluster}");
            assert_eq!(shown(places, &[&typed, "❯ "]).text(), "❯", "{cluster} at {places:?}");
            assert_eq!(shown(places, &["a ascii line", cluster, "a ascii line"]).text(), "a ascii line", "{cluster}");
        }
    }
}

#[test]
fn d2_fields_behind_a_cluster_stay_where_they_are() {
    for places in ALL {
        for cluster in CLUSTERS {
            for before in ["", "some longer line", "🇩🇪🇩🇪🇩🇪", "a line of the same width"] {
                let last = frame(before);
                let mut row = Row::new(places);
                row.take(&paint(None, &last, None).unwrap());
                let mut next = frame(cluster);
                next.set_string(10, 0, "│ member", Style::new().dim());
                row.take(&paint(Some(&last), &next, None).unwrap());
                let text = row.cells[10..].concat();
                assert_eq!(text.trim_end(), "│ member", "{cluster} after {before} at {places:?}");
            }
        }
    }
}

#[test]
fn d2_text_behind_a_cluster_covers_no_part_of_it() {
    for cluster in ["👍🏽", "សួស្តី", "স্বাগত", "🇩🇪"] {
        let row = shown(Places::Marks, &["some longer line", &format!("{cluster} you")]);
        assert_eq!(row.text(), format!("{cluster} you"));
    }
}

#[test]
fn only_what_changed_is_written_where_widths_are_certain() {
    let bytes = paint(Some(&frame("hello there")), &frame("hallo there"), None).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("\x1b[1;2H") && text.contains('a') && !text.contains("llo"), "{text:?}");
    assert!(!text.contains("\x1b[2K"), "{text:?}");
    let same = paint(Some(&frame("日本")), &frame("日本"), None).unwrap();
    assert!(!String::from_utf8(same).unwrap().contains('日'));
}

proptest! {
    #[test]
    fn d2_nothing_of_earlier_frames_is_left(
        texts in proptest::collection::vec("([a-c ]|🇩🇪|👍🏽|ทำ|स्ते|ｶﾞ|日|👩‍👩‍👧|⌨️|é|  ){0,12}", 1..6)
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let last = texts.last().unwrap();
        for places in ALL {
            let text = shown(places, &texts).text();
            for c in text.chars().filter(|c| *c != ' ') {
                let (there, wanted) = (text.matches(c).count(), last.matches(c).count());
                prop_assert!(there <= wanted, "{:?} of {:?} at {:?}: {:?}", c, &texts, places, &text);
            }
        }
    }
}
