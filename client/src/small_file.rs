//! The program's own small files: read within a bound, written as a whole.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// What is in a file, of which only the first `most` bytes are read.
///
/// # Errors
/// It cannot be read, or is no text.
pub fn read(file: &Path, most: u64) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(file)?.take(most).read_to_string(&mut text)?;
    Ok(text)
}

/// Puts `text` in the place of what was there: two programs at once leave one of both, never half of each.
///
/// # Errors
/// It cannot be written; what was there is still there.
pub fn replace(file: &Path, text: &str) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let new = folder.join(format!("{name}.{}.new", std::process::id()));
    fs::write(&new, text)?;
    fs::rename(&new, file).inspect_err(|_| _ = fs::remove_file(&new))
}
