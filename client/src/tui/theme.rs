//! The styles of the full screen: 16 colors by default, 256 if the terminal announces them, none if the user wants none.
//! No information depends on color alone.

use crate::palette::Palette;
use ratatui::style::{Color, Modifier, Style};

/// Number of colors of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The 16 colors of every terminal, in shades that the user can configure.
    Sixteen,
    /// The 256 colors of xterm.
    Many,
}

/// The styles of the parts of the screen.
#[derive(Clone, Debug)]
pub struct Theme {
    /// Messages.
    pub text: Style,
    /// Times, rules and other details.
    pub dim: Style,
    /// The bars above and below the conversation.
    pub bar: Style,
    /// The important part of a bar.
    pub bar_strong: Style,
    /// The entry of the shown conversation in the list.
    pub selected: Style,
    /// Unread conversations, and the rule above new messages.
    pub new: Style,
    /// Messages that mention the user.
    pub mention: Style,
    /// Refused or undelivered messages, and errors.
    pub refused: Style,
    /// Notices of the server or the client.
    pub notice: Style,
    /// The user's own name.
    pub me: Style,
    /// A key in the help or in a question.
    pub key: Style,
    nicks: &'static [Color],
}

const DARK_16: [Color; 10] = [
    Color::Cyan,
    Color::Green,
    Color::Yellow,
    Color::Magenta,
    Color::LightBlue,
    Color::LightRed,
    Color::LightGreen,
    Color::LightCyan,
    Color::LightMagenta,
    Color::LightYellow,
];
const LIGHT_16: [Color; 6] = [Color::Blue, Color::Magenta, Color::Red, Color::Green, Color::Cyan, Color::DarkGray];
/// From xterm's 256 colors: similar lightness, and easy to distinguish.
const DARK_256: [Color; 16] = indexed([39, 43, 77, 114, 141, 147, 173, 178, 180, 204, 209, 213, 75, 80, 149, 216]);
const LIGHT_256: [Color; 14] = indexed([19, 22, 25, 30, 54, 58, 64, 88, 90, 94, 124, 127, 130, 161]);

const fn indexed<const N: usize>(numbers: [u8; N]) -> [Color; N] {
    let mut colors = [Color::Reset; N];
    let mut at = 0;
    while at < N {
        colors[at] = Color::Indexed(numbers[at]);
        at += 1;
    }
    colors
}

impl Theme {
    /// Returns the theme of a palette for a terminal with that number of colors.
    #[must_use]
    pub fn new(palette: Palette, depth: Depth) -> Theme {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let base = Theme {
            text: plain,
            dim: plain.add_modifier(Modifier::DIM),
            bar: plain.add_modifier(Modifier::REVERSED),
            bar_strong: bold.add_modifier(Modifier::REVERSED),
            selected: bold.add_modifier(Modifier::REVERSED),
            new: bold,
            mention: bold,
            refused: bold,
            notice: plain.add_modifier(Modifier::ITALIC),
            me: bold,
            key: bold,
            nicks: &[],
        };
        match palette {
            Palette::Mono => base,
            Palette::Dark => dark(depth, base),
            Palette::Light => light(depth, base),
        }
    }

    /// Returns the style of a user name. A name has the same color at each start and on every machine.
    #[must_use]
    pub fn nick(&self, name: &str) -> Style {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        // FNV-1a of the lower-case name.
        let hash = name
            .to_lowercase()
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let count = self.nicks.len() as u64;
        let color = (hash >> 32).checked_rem(count).and_then(|at| self.nicks.get(usize::try_from(at).unwrap_or(0)));
        color.map_or(bold, |color| bold.fg(*color))
    }
}

fn dark(depth: Depth, base: Theme) -> Theme {
    let (bar, strong, rule): (Style, Style, Color) = match depth {
        Depth::Sixteen => (base.bar, base.bar_strong, Color::DarkGray),
        Depth::Many => {
            let bar = Style::new().bg(Color::Indexed(236)).fg(Color::Indexed(250));
            (bar, bar.fg(Color::Indexed(255)).add_modifier(Modifier::BOLD), Color::Indexed(242))
        }
    };
    Theme {
        dim: Style::new().fg(rule),
        bar,
        bar_strong: strong,
        new: base.new.fg(Color::Yellow),
        mention: base.mention.fg(Color::Yellow),
        refused: base.refused.fg(Color::Red),
        notice: Style::new().fg(Color::Cyan),
        key: base.key.fg(Color::Cyan),
        nicks: if depth == Depth::Many { &DARK_256 } else { &DARK_16 },
        ..base
    }
}

fn light(depth: Depth, base: Theme) -> Theme {
    let (bar, strong, rule): (Style, Style, Color) = match depth {
        Depth::Sixteen => (base.bar, base.bar_strong, Color::DarkGray),
        Depth::Many => {
            let bar = Style::new().bg(Color::Indexed(253)).fg(Color::Indexed(237));
            (bar, bar.fg(Color::Indexed(16)).add_modifier(Modifier::BOLD), Color::Indexed(245))
        }
    };
    Theme {
        dim: Style::new().fg(rule),
        bar,
        bar_strong: strong,
        new: base.new.fg(Color::Red),
        mention: base.mention.fg(Color::Red),
        refused: base.refused.fg(Color::Red),
        notice: Style::new().fg(Color::Blue),
        key: base.key.fg(Color::Blue),
        nicks: if depth == Depth::Many { &LIGHT_256 } else { &LIGHT_16 },
        ..base
    }
}

/// Returns whether a terminal of type `term` can move its cursor, which the full screen needs. Windows sets no type.
#[must_use]
pub fn supports_full_screen(term: Option<&str>) -> bool {
    cfg!(windows) || term.is_some_and(|term| !term.is_empty() && term != "dumb")
}

/// Returns the number of colors by the environment, or `None` if there are none: the user set `NO_COLOR`, or the terminal
/// is monochrome.
#[must_use]
pub fn depth(no_color: Option<&str>, colorterm: Option<&str>, term: Option<&str>) -> Option<Depth> {
    let unwanted = no_color.is_some_and(|set| !set.is_empty());
    let none = term.is_some_and(|term| term == "dumb" || term.ends_with("-m") || term.ends_with("-mono"));
    let many = colorterm.is_some_and(|set| matches!(set, "truecolor" | "24bit"))
        || term.is_some_and(|term| term.contains("256color") || term.contains("direct"));
    (!unwanted && !none).then_some(if many { Depth::Many } else { Depth::Sixteen })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_determines_the_number_of_colors() {
        assert_eq!(depth(None, None, Some("xterm")), Some(Depth::Sixteen));
        assert_eq!(depth(None, None, Some("screen-256color")), Some(Depth::Many));
        assert_eq!(depth(None, Some("truecolor"), Some("xterm")), Some(Depth::Many));
        assert_eq!(depth(Some("1"), Some("truecolor"), None), None);
        assert_eq!(depth(Some(""), None, None), Some(Depth::Sixteen));
        assert_eq!(depth(None, None, Some("vt100-m")), None);
    }

    #[test]
    #[cfg(unix)]
    fn d14_a_dumb_terminal_gets_no_full_screen() {
        assert!(supports_full_screen(Some("xterm")) && supports_full_screen(Some("vt100")));
        assert!(!supports_full_screen(Some("dumb")) && !supports_full_screen(Some("")) && !supports_full_screen(None));
    }

    #[test]
    fn a_name_keeps_its_color() {
        let theme = Theme::new(Palette::Dark, Depth::Sixteen);
        assert_eq!(theme.nick("Alice"), theme.nick("alice"));
        let names: Vec<String> = (0..100).map(|i| format!("user{i}")).collect();
        let used: std::collections::HashSet<_> = names.iter().map(|name| theme.nick(name).fg).collect();
        assert!(used.len() >= 8, "names use most of the colors");
    }

    #[test]
    fn the_mono_palette_has_no_colors() {
        let mono = Theme::new(Palette::Mono, Depth::Many);
        for style in [mono.text, mono.dim, mono.bar, mono.mention, mono.refused, mono.notice, mono.nick("bob")] {
            assert_eq!((style.fg, style.bg), (None, None));
        }
    }
}
