//! The settings of the presenters, from arguments and configuration.

use super::Launch;
use crate::chat::plain::PlainOptions;
use crate::chat::{Bell, Settings};
use crate::palette::Palette;
use crate::tui::theme::{Depth, Theme, depth};

/// Default number of seconds for which a script tries to reconnect.
const DEFAULT_PATIENCE: u64 = 30;

impl Launch<'_> {
    pub(super) fn keepalive_ms(&self) -> u64 {
        self.config.keepalive.map_or(Settings::default().keepalive_ms, |seconds| seconds * 1_000)
    }

    pub(super) fn settings(&self) -> Settings {
        let bell = self.appearance.bell.or(self.config.bell).unwrap_or(Bell::Private);
        Settings {
            bell,
            notify: self.appearance.notify || self.config.notify,
            keepalive_ms: self.keepalive_ms(),
            mesh: false,
        }
    }

    pub(super) fn options(&self) -> PlainOptions {
        PlainOptions {
            interactive: self.interactive,
            json: self.args.json,
            say: self.args.say,
            mesh: false,
            patience_ms: self.args.patience.or(self.config.patience).unwrap_or(DEFAULT_PATIENCE) * 1_000,
            keepalive_ms: self.keepalive_ms(),
        }
    }

    pub(super) fn theme(&self) -> Theme {
        let variable = |name| std::env::var(name).ok();
        let no_color = variable("NO_COLOR");
        let colorterm = variable("COLORTERM");
        let term = variable("TERM");
        match depth(no_color.as_deref(), colorterm.as_deref(), term.as_deref()) {
            Some(depth) if !self.appearance.no_color => {
                Theme::new(self.appearance.theme.or(self.config.theme).unwrap_or(Palette::Dark), depth)
            }
            _ => Theme::new(Palette::Mono, Depth::Sixteen),
        }
    }
}
