//! The color palettes that a user can choose. The full screen turns one into styles.

/// A color palette.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Palette {
    /// For a dark background.
    Dark,
    /// For a light background.
    Light,
    /// Without colors.
    Mono,
}
