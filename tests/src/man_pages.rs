//! Generates the man pages from the definitions of the command lines and the tables of commands.

use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};
use landline_common::command::commands;
use landline_server::console;
use std::io;

/// Rows of a list: a term, and its description.
type Rows = Vec<(String, String)>;

/// A section of a page, after the generated ones.
struct Section {
    heading: &'static str,
    about: &'static str,
    rows: Rows,
}

/// Returns the file names and texts of both pages.
///
/// # Errors
/// Never in practice, since writing to memory does not fail.
pub fn pages() -> io::Result<[(&'static str, String); 2]> {
    let client = page(landline::command(), "landline-server(1)", &client_sections())?;
    let server = page(landline_server_command(), "landline(1)", &server_sections())?;
    Ok([("landline.1", client), ("landline-server.1", server)])
}

fn landline_server_command() -> Command {
    use clap::CommandFactory;
    landline_server::config::Args::command()
}

/// Formats one page. `also` is the text of its section SEE ALSO.
fn page(mut command: Command, also: &str, sections: &[Section]) -> io::Result<String> {
    command.build();
    let usage = command.render_usage().to_string();
    let tasks: Vec<Command> = command.get_subcommands().cloned().collect();
    let man = Man::new(command).source("Landline");
    let mut out = Vec::new();
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    for line in usage.trim_start_matches("Usage: ").lines() {
        roff.text(term(line.trim()));
        roff.control("br", []);
    }
    roff.to_writer(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    let mut roff = Roff::new();
    for task in &tasks {
        let name = task.get_bin_name().unwrap_or(task.get_name()).to_uppercase();
        let about = task.get_about().map(ToString::to_string).unwrap_or_default();
        let options = task.get_arguments().filter(|arg| arg.get_id() != "help").map(option);
        let rows =
            options.chain(task.get_subcommands().filter(|action| action.get_name() != "help").map(action)).collect();
        section(&mut roff, &name, &about, &rows);
    }
    for Section { heading, about, rows } in sections {
        section(&mut roff, heading, about, rows);
    }
    roff.control("SH", ["SEE ALSO"]);
    roff.text([roman(also)]);
    roff.to_writer(&mut out)?;
    String::from_utf8(out).map_err(io::Error::other)
}

/// Returns the row of an action of a task: its usage and its description.
fn action(action: &Command) -> (String, String) {
    let values = action.get_positionals().flat_map(|arg| arg.get_value_names().unwrap_or_default());
    let words = std::iter::once(action.get_name()).chain(values.map(|value| value.as_str()));
    (words.collect::<Vec<_>>().join(" "), action.get_about().map(ToString::to_string).unwrap_or_default())
}

fn section(roff: &mut Roff, heading: &str, about: &str, rows: &Rows) {
    roff.control("SH", [heading]);
    if !about.is_empty() {
        roff.text([roman(about)]);
    }
    for (left, right) in rows {
        roff.control("TP", []);
        roff.text(term(left));
        roff.text([roman(right)]);
    }
}

/// Formats a term: literal words are bold, placeholders (with upper-case letters) are italic.
fn term(text: &str) -> Vec<Inline> {
    let word = |(at, word): (usize, &str)| {
        let space = if at == 0 { "" } else { " " };
        let stands_for = word.chars().any(char::is_uppercase) && !word.starts_with("LANDLINE");
        [roman(space), if stands_for { italic(word) } else { bold(word) }]
    };
    text.split(' ').enumerate().flat_map(word).collect()
}

/// Returns the row of a command line option: flags and value, then help and default.
fn option(arg: &Arg) -> (String, String) {
    let value = arg.get_value_names().unwrap_or_default().join(" ");
    let flags = [arg.get_short().map(|c| format!("-{c}")), arg.get_long().map(|long| format!("--{long}"))];
    let flags: Vec<String> = flags.into_iter().flatten().collect();
    let takes = arg.get_action().takes_values();
    let left = match (flags.is_empty(), takes) {
        (true, _) => value.to_uppercase(),
        (false, true) => format!("{} {}", flags.join(", "), value.to_uppercase()),
        (false, false) => flags.join(", "),
    };
    let defaults: Vec<String> = arg.get_default_values().iter().map(|v| v.to_string_lossy().into_owned()).collect();
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let default =
        if takes && !defaults.is_empty() { format!(" [default: {}]", defaults.join(" ")) } else { String::new() };
    (left, format!("{help}{default}"))
}

fn rows(rows: &[(&str, &str)]) -> Rows {
    rows.iter().map(|(left, right)| ((*left).to_owned(), (*right).to_owned())).collect()
}

fn client_sections() -> Vec<Section> {
    let commands = commands().map(|topic| {
        let also = if topic.also.is_empty() { String::new() } else { format!(" (also: {})", topic.also) };
        (topic.usage.to_owned(), format!("{}{also}", topic.help))
    });
    vec![
        Section {
            heading: "COMMANDS",
            about: "A line is sent to the current room, unless it is one of these commands. F1 shows the keys of the full screen.",
            rows: commands.collect(),
        },
        Section {
            heading: "FULL SCREEN",
            about: "The full screen has these commands as well. Tab completes commands, names, rooms and paths.",
            rows: landline::local_commands().map(|(usage, help)| (usage.to_owned(), help.to_owned())).collect(),
        },
        Section {
            heading: "PIPES",
            about: "If standard input or output is not a terminal, landline reads and prints plain lines. It ends when \
                    its input has ended and the server has every line. Lines are sent no faster than the server \
                    accepts them. With --json each event is printed as the server sent it, your own messages with \
                    their id; only answers to requests of landline itself, such as pings, are left out.",
            rows: Rows::new(),
        },
        Section {
            heading: "ENVIRONMENT",
            about: "",
            rows: rows(&[
                ("LANDLINE_PASSWORD", "the password of your account; empty is none"),
                ("LANDLINE_SERVER_PASSWORD", "the server's own password; empty is none"),
                ("LANDLINE_PASSPHRASE", "the passphrase of the mesh; empty is none"),
                ("NO_COLOR", "turns colors off, whatever its value"),
                ("RUST_LOG", "level of the log file (--log): off, error, warn, info (the default), debug"),
            ]),
        },
        Section {
            heading: "FILES",
            about: "",
            rows: rows(&[
                ("$XDG_CONFIG_HOME/landline/config.toml", "your settings; landline config prints a template"),
                (
                    "$XDG_CONFIG_HOME/landline/mesh.key",
                    "your private key, by which other members of a mesh recognize you; keep it to yourself",
                ),
                ("$XDG_STATE_HOME/landline/last.toml", "the last server, name and room; never a password"),
                (
                    "$XDG_STATE_HOME/landline/name_tokens.toml",
                    "secrets by which servers keep your names as a guest; keep it to yourself",
                ),
                ("$XDG_STATE_HOME/landline/known_peers.toml", "the keys of users you met in a mesh, one per line"),
            ]),
        },
        Section {
            heading: "EXIT STATUS",
            about: "",
            rows: rows(&[
                ("0", "you left, the server has all piped lines, or a search found something"),
                ("1", "refused, unreachable, lines were not sent, or nothing was found"),
                ("2", "wrong arguments or configuration"),
            ]),
        },
    ]
}

fn server_sections() -> Vec<Section> {
    vec![
        Section {
            heading: "CONSOLE",
            about: "The operator types these commands at the server's terminal. Other lines are not sent to users.",
            rows: console::commands().map(|(usage, help)| (usage, help.to_owned())).collect(),
        },
        Section {
            heading: "ENVIRONMENT",
            about: "",
            rows: rows(&[
                ("LANDLINE_PASSWORD", "the password that all users must enter; empty is none"),
                ("LANDLINE_LOG", "log level: error, warn, info, debug"),
            ]),
        },
        Section {
            heading: "EXIT STATUS",
            about: "",
            rows: rows(&[("0", "stopped in order"), ("1", "could not start, or failed"), ("2", "wrong arguments")]),
        },
    ]
}
