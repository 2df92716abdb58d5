//! Python environments, for tests that run the Python clients of the older programs.

use crate::program::skip_if_missing;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Creates a virtual environment below `folder`, installs `package` (a pip requirement), and returns its Python.
/// Returns `None`, with a message, if that fails, so that the caller skips the test.
///
/// # Panics
/// The installation fails in CI, where no test may be skipped.
#[must_use]
pub fn python_with(package: &str, folder: &Path) -> Option<PathBuf> {
    if skip_if_missing("python3") {
        return None;
    }
    let venv = folder.join("venv");
    let python = venv.join("bin/python");
    let mut make = Command::new("python3");
    make.args(["-m", "venv"]).arg(&venv);
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]);
    for step in [&mut make, &mut install] {
        let complaint = match step.output() {
            Ok(output) if output.status.success() => continue,
            Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
            Err(error) => error.to_string(),
        };
        assert!(std::env::var_os("CI").is_none(), "{package} cannot be installed, and in CI it must be: {complaint}");
        eprintln!("skipped: this test needs {package}, which cannot be installed: {complaint}");
        return None;
    }
    Some(python)
}
