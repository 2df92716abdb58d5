//! Questions on standard error before the chat starts: for the passphrase of a mesh, and for a name.

use crate::cli::args::{MeshArgs, first_line};
use crate::password_prompt;
use crate::usage_error::UsageError;
use anyhow::{Context, bail};
use landline_common::UserName;
use std::io::{self, IsTerminal};

/// Returns the passphrase of the mesh, if the user wants one.
pub(super) fn passphrase(args: &MeshArgs) -> anyhow::Result<Option<String>> {
    if let Some(file) = &args.passphrase_file {
        return Ok(Some(first_line("--passphrase-file", file)?));
    }
    let variable = std::env::var("LANDLINE_PASSPHRASE").ok().filter(|text| !text.trim().is_empty());
    if variable.is_some() || !args.passphrase {
        return Ok(variable.map(|text| text.trim().to_owned()));
    }
    if !io::stdin().is_terminal() {
        bail!(UsageError::new(
            "cannot ask for a passphrase: standard input is no terminal; use LANDLINE_PASSPHRASE or --passphrase-file"
        ));
    }
    let typed = password_prompt::ask("Passphrase of the mesh")?.map(|text| text.trim().to_owned());
    match typed.filter(|text| !text.is_empty()) {
        Some(text) => Ok(Some(text)),
        None => bail!(UsageError::new("no passphrase entered; omit --passphrase to join an open mesh")),
    }
}

/// Asks for a name on standard error.
pub(super) fn ask_name(proposal: &str) -> anyhow::Result<UserName> {
    let shown = if proposal.is_empty() { String::new() } else { format!(" [{proposal}]") };
    loop {
        eprint!("Your name{shown}: ");
        let mut line = String::new();
        if io::stdin().read_line(&mut line).context("cannot read a name from standard input")? == 0 {
            bail!(UsageError::new("no name entered: standard input has ended; give one with --name"));
        }
        let typed = if line.trim().is_empty() { proposal } else { line.trim() };
        match UserName::parse(typed).and_then(|name| name.check_new().map(|()| name)) {
            Ok(name) => return Ok(name),
            Err(why) => eprintln!("! {why}"),
        }
    }
}
