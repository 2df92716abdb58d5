use super::paint;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

const WIDTH: usize = 24;

/// How a terminal assigns text to cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WidthModel {
    /// Each code point, also a combining mark, takes one or two cells.
    CodePoints,
    /// Combining marks share the cell before them; any other code point takes cells of its own, as in tmux.
    Marks,
    /// A cluster takes one cell, whatever its width elsewhere.
    Clusters,
}

const ALL: [WidthModel; 3] = [WidthModel::CodePoints, WidthModel::Marks, WidthModel::Clusters];

/// A simulated terminal of one row that does not wrap. The second half of a wide character is an empty string.
struct Row {
    model: WidthModel,
    cells: Vec<String>,
    at: usize,
}

impl Row {
    fn new(model: WidthModel) -> Row {
        Row { model, cells: vec![" ".into(); WIDTH], at: 0 }
    }

    fn take(&mut self, bytes: &[u8]) {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        for (at, part) in text.split('\x1b').enumerate() {
            let text = if at == 0 { part } else { self.sequence(part) };
            let pieces: Vec<&str> = match self.model {
                WidthModel::Clusters => text.graphemes(true).collect(),
                _ => text.split("").filter(|one| !one.is_empty()).collect(),
            };
            pieces.into_iter().for_each(|piece| self.place(piece));
        }
    }

    /// Runs the escape sequence at the start of `part`, and returns the text behind it.
    fn sequence<'t>(&mut self, part: &'t str) -> &'t str {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).unwrap() + 1;
        let (sequence, text) = part.split_at(end);
        let number = |text: &str| text.parse::<usize>().unwrap();
        match (&sequence[1..end - 1], &sequence[end - 1..]) {
            (place, "H") => self.at = number(place.split_once(';').unwrap().1) - 1,
            ("2", "J") => self.cells.fill(" ".into()),
            ("", "K") => (self.at..WIDTH).for_each(|cell| self.erase(cell)),
            (_, "m" | "h" | "l") => {}
            _ => panic!("unknown sequence {sequence:?}"),
        }
        text
    }

    fn place(&mut self, piece: &str) {
        let own = piece.chars().map(|c| c.width().unwrap_or(0)).sum::<usize>();
        let wide = match self.model {
            WidthModel::Clusters => 1,
            WidthModel::CodePoints => own.max(1),
            WidthModel::Marks if own == 0 && self.at > 0 => return self.cells[self.at - 1].push_str(piece),
            WidthModel::Marks => own.max(1),
        };
        // At the right edge, new text replaces the last cells.
        let at = self.at.min(WIDTH - wide);
        for cell in at..at + wide {
            self.erase(cell);
        }
        self.cells[at] = piece.into();
        if wide == 2 {
            self.cells[at + 1] = String::new();
        }
        self.at = at + wide;
    }

    /// Erases a cell. Erasing one half of a wide character erases the other half.
    fn erase(&mut self, cell: usize) {
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

/// Returns the terminal after it has shown frames with these texts.
fn shown(model: WidthModel, texts: &[&str]) -> Row {
    let mut row = Row::new(model);
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
fn d2_no_part_of_an_old_cluster_stays_on_the_screen() {
    for model in ALL {
        for cluster in CLUSTERS {
            let typed = format!("❯ {cluster}");
            assert_eq!(shown(model, &[&typed, "❯ "]).text(), "❯", "{cluster} at {model:?}");
            assert_eq!(shown(model, &["a ascii line", cluster, "a ascii line"]).text(), "a ascii line", "{cluster}");
        }
    }
}

#[test]
fn d2_fields_behind_a_cluster_keep_their_column() {
    for model in ALL {
        for cluster in CLUSTERS {
            for before in ["", "some longer line", "🇩🇪🇩🇪🇩🇪", "a line of the same width"] {
                let last = frame(before);
                let mut row = Row::new(model);
                row.take(&paint(None, &last, None).unwrap());
                let mut next = frame(cluster);
                next.set_string(10, 0, "│ member", Style::new().dim());
                row.take(&paint(Some(&last), &next, None).unwrap());
                let text = row.cells[10..].concat();
                assert_eq!(text.trim_end(), "│ member", "{cluster} after {before} at {model:?}");
            }
        }
    }
}

#[test]
fn d2_text_behind_a_cluster_does_not_overwrite_it() {
    for cluster in ["👍🏽", "សួស្តី", "স্বাগত", "🇩🇪"] {
        let row = shown(WidthModel::Marks, &["some longer line", &format!("{cluster} you")]);
        assert_eq!(row.text(), format!("{cluster} you"));
    }
}

#[test]
fn only_changed_cells_are_written_if_widths_are_certain() {
    let bytes = paint(Some(&frame("hello there")), &frame("hallo there"), None).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("\x1b[1;2H") && text.contains('a') && !text.contains("llo"), "{text:?}");
    assert!(!text.contains("\x1b[2K"), "{text:?}");
    let same = paint(Some(&frame("日本")), &frame("日本"), None).unwrap();
    assert!(!String::from_utf8(same).unwrap().contains('日'));
}

proptest! {
    #[test]
    fn d2_no_part_of_earlier_frames_stays(
        texts in proptest::collection::vec("([a-c ]|🇩🇪|👍🏽|ทำ|स्ते|ｶﾞ|日|👩‍👩‍👧|⌨️|é|  ){0,12}", 1..6)
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let last = texts.last().unwrap();
        for model in ALL {
            let text = shown(model, &texts).text();
            for c in text.chars().filter(|c| *c != ' ') {
                let there = text.matches(c).count();
                let wanted = last.matches(c).count();
                prop_assert!(there <= wanted, "{:?} of {:?} at {:?}: {:?}", c, &texts, model, &text);
            }
        }
    }
}
