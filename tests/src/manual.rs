//! The man pages, made from the definitions of the command lines and from the tables of commands.

use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};
use landline_common::command::TOPICS;
use landline_server::console;
use std::io;

/// Rows of a list: what is written, and what it does.
type Rows = Vec<(String, String)>;

/// A section of a page.
struct Section {
    heading: &'static str,
    about: &'static str,
    rows: Rows,
}

/// Both pages: their names and their texts.
///
/// # Errors
/// None that could happen: writing to memory does not fail.
pub fn pages() -> io::Result<[(&'static str, String); 2]> {
    let client = page(landline::command(), "landline-server(1)", &client_sections())?;
    let server = page(landline_server_command(), "landline(1)", &server_sections())?;
    Ok([("landline.1", client), ("landline-server.1", server)])
}

fn landline_server_command() -> Command {
    use clap::CommandFactory;
    landline_server::config::Args::command()
}

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
        let rows = task.get_arguments().filter(|arg| arg.get_id() != "help").map(option).collect();
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

/// What is written as it is, is bold; what stands for something is not.
fn term(text: &str) -> Vec<Inline> {
    let word = |(at, word): (usize, &str)| {
        let space = if at == 0 { "" } else { " " };
        let stands_for = word.chars().any(char::is_uppercase) && !word.starts_with("LANDLINE");
        [roman(space), if stands_for { italic(word) } else { bold(word) }]
    };
    text.split(' ').enumerate().flat_map(word).collect()
}

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
    let commands = TOPICS.iter().map(|topic| {
        let also = if topic.also.is_empty() { String::new() } else { format!(" (also: {})", topic.also) };
        (topic.usage.to_owned(), format!("{}{also}", topic.help))
    });
    vec![
        Section {
            heading: "COMMANDS",
            about: "What is typed is said in the current room, unless it is one of these. F1 shows the keys of the full screen.",
            rows: commands.collect(),
        },
        Section {
            heading: "FULL SCREEN",
            about: "On the full screen there are these as well. Tab completes them, names, rooms and paths.",
            rows: landline::own_commands().map(|(usage, help)| (usage.to_owned(), help.to_owned())).collect(),
        },
        Section {
            heading: "PIPES",
            about: "Where standard input or output is no terminal, landline takes and gives lines. It ends when its \
                    input ends and the server has every line. Lines go out no faster than a server takes them. With \
                    --json each event is passed on as the server sent it, one's own messages with their id; only \
                    answers to what landline asks by itself, such as signs of life, are left out.",
            rows: Rows::new(),
        },
        Section {
            heading: "ENVIRONMENT",
            about: "",
            rows: rows(&[
                ("LANDLINE_PASSWORD", "the password of your account; empty is none"),
                ("LANDLINE_SERVER_PASSWORD", "the server's own password; empty is none"),
                ("LANDLINE_PASSPHRASE", "the passphrase of the mesh; empty is none"),
                ("NO_COLOR", "no colours, whatever it is set to"),
                ("RUST_LOG", "how much goes to the file behind --log: off, error, warn, info (the default), debug"),
            ]),
        },
        Section {
            heading: "FILES",
            about: "",
            rows: rows(&[
                ("$XDG_CONFIG_HOME/landline/config.toml", "what you choose; landline config prints one with every key"),
                (
                    "$XDG_CONFIG_HOME/landline/mesh.key",
                    "your key, by which others in a mesh know you again; keep it to yourself",
                ),
                ("$XDG_STATE_HOME/landline/last.toml", "the last server, name and room; never a password"),
                ("$XDG_STATE_HOME/landline/known_peers.toml", "the keys of those you met in a mesh, a line for each"),
            ]),
        },
        Section {
            heading: "EXIT STATUS",
            about: "",
            rows: rows(&[
                ("0", "you left, the server has everything that was piped in, or what was looked for was found"),
                ("1", "refused, unreachable, lines were not sent, or nothing was found"),
                ("2", "arguments or a configuration that make no sense"),
            ]),
        },
    ]
}

fn server_sections() -> Vec<Section> {
    vec![
        Section {
            heading: "CONSOLE",
            about: "What is typed at the server's keyboard is said to everybody, unless it is one of these.",
            rows: console::commands().map(|(usage, help)| (usage, help.to_owned())).collect(),
        },
        Section {
            heading: "ENVIRONMENT",
            about: "",
            rows: rows(&[
                ("LANDLINE_PASSWORD", "the password that everybody is asked for; empty is none"),
                ("LANDLINE_LOG", "how much is logged: error, warn, info, debug"),
            ]),
        },
        Section {
            heading: "EXIT STATUS",
            about: "",
            rows: rows(&[("0", "stopped in order"), ("1", "it could not start, or broke"), ("2", "bad usage")]),
        },
    ]
}
