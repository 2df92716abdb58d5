//! The program `landline-server`: arguments, logging and signals. The server itself is in the library.

use anyhow::Context;
use clap::Parser;
use landline_common::clean::clean;
use landline_server::banner::Banner;
use landline_server::config::tasks::{Export, ServerTask};
use landline_server::config::{Args, Config, DEFAULT_DATA, limits_help};
use landline_server::logging::Screen;
use landline_server::reload::Reload;
use landline_server::server::Server;
use landline_server::store::messages::{self, TransferError};
use landline_server::store::{LockFile, exposure};
use landline_server::{console, import, signals};
use rustix::termios::OptionalActions;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

const BAD_USAGE: u8 = 2;

fn main() -> ExitCode {
    let args = Args::parse();
    if args.wants_limits() {
        print!("{}", limits_help());
        return ExitCode::SUCCESS;
    }
    match &args.task {
        None => args.config().map_or_else(|error| bad_usage(&error), |config| exit_code(run(&args, &config))),
        Some(ServerTask::Export(task)) => exit_code(export(task)),
        Some(ServerTask::Import(task)) => task.limits().map_or_else(
            |error| bad_usage(&error),
            |limits| exit_code(import::run(&task.file, &task.data, &limits, &mut io::stdout())),
        ),
    }
}

fn bad_usage(error: &anyhow::Error) -> ExitCode {
    print_error(error);
    ExitCode::from(BAD_USAGE)
}

fn exit_code(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&error);
            ExitCode::FAILURE
        }
    }
}

/// Prints an error in one line. Control characters are removed: the text may quote a file of unknown origin.
fn print_error(error: &anyhow::Error) {
    eprintln!("landline-server: {}", clean(&format!("{error:#}")));
}

fn export(task: &Export) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match messages::export(&task.data, task.since, &mut out) {
        // The reading program, such as `head`, has closed the pipe: no error.
        Err(TransferError::Write(why)) if why.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(why) => Err(why.into()),
        Ok(written) => {
            eprintln!("Messages written: {written}.");
            Ok(())
        }
    }
}

fn run(args: &Args, config: &Config) -> anyhow::Result<()> {
    let lock = LockFile::take(&config.data)?;
    let log_file = args.log_file();
    let (screen, log) = landline_server::logging::start(&log_file).context("cannot start the log")?;
    let mut reload = Reload::default();
    reload.add("the log file is opened anew", move || log.reopen().map_err(|why| why.to_string()));
    std::panic::set_hook(Box::new(|panic| log::error!("{panic}")));
    let served = serve(args, config, lock, &screen, reload);
    screen.finish();
    served
}

fn serve(args: &Args, config: &Config, lock: LockFile, screen: &Screen, reload: Reload) -> anyhow::Result<()> {
    let (request_stop, stop) = crossbeam_channel::bounded(1);
    signals::listen(reload, request_stop.clone())?;
    // Any other folder may be shared on purpose, for example with the group that makes the backups.
    if config.data == Path::new(DEFAULT_DATA)
        && let Some(mode) = exposure::close_folder(&config.data)
    {
        log::info!(
            "data: other users of this machine could access {DEFAULT_DATA} (mode {mode:03o}); now they cannot (700)"
        );
    }
    for warning in exposure::warnings(&config.data, args.password_file()) {
        log::warn!("data: {warning}");
    }
    let server = Server::start(config, lock)?;
    let banner = Banner::of(&server, config, !args.no_console()).to_string();
    // Waits until the log lines so far are shown, so that none appears inside the banner.
    screen.finish();
    // A closed standard output does not stop the server.
    let _ = io::stdout().write_all(banner.as_bytes());
    log::info!("server: {} is open on {:?}", config.name, server.addresses());
    let terminal = rustix::termios::tcgetattr(io::stdin()).ok();
    if !args.no_console() {
        let moderator = server.moderator();
        let screen = screen.clone();
        std::thread::Builder::new()
            .name("console".into())
            .spawn(move || console::run(&moderator, &screen, &request_stop))
            .context("cannot start a thread")?;
    }
    let _ = stop.recv();
    screen.redirect(None);
    if let Some(modes) = terminal {
        // The console's thread may still be editing a line, with the terminal in raw mode.
        let _ = rustix::termios::tcsetattr(io::stdin(), OptionalActions::Now, &modes);
    }
    log::info!("server: stopping");
    server.stop();
    Ok(())
}
