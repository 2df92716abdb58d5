//! The program `landline-server`: arguments, logging and signals. The server itself is in the library.

use anyhow::Context;
use clap::Parser;
use landline_common::clean::clean;
use landline_server::banner::Banner;
use landline_server::config::tasks::{Export, ServerTask};
use landline_server::config::{Args, Config, DEFAULT_DATA, TlsMode, limits_help};
use landline_server::logging::Screen;
use landline_server::reload::Reload;
use landline_server::server::Server;
use landline_server::store::certificate::KEY_FILE;
use landline_server::store::messages::{self, TransferError};
use landline_server::store::{LockFile, exposure};
use landline_server::tls::ServerTls;
use landline_server::{console, import, signals};
use rustix::termios::OptionalActions;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

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

/// Returns the file with the private key for TLS.
fn key_file(config: &Config) -> Option<PathBuf> {
    match &config.tls {
        TlsMode::Off => None,
        TlsMode::Own => Some(config.data.join(KEY_FILE)),
        TlsMode::Files { key, .. } => Some(key.clone()),
    }
}

fn serve(args: &Args, config: &Config, lock: LockFile, screen: &Screen, mut reload: Reload) -> anyhow::Result<()> {
    // Signals are handled before the server starts, so its TLS comes later.
    let tls = Arc::new(OnceLock::<Arc<ServerTls>>::new());
    if matches!(config.tls, TlsMode::Files { .. }) {
        let tls = tls.clone();
        reload.add("the files of --tls-cert and --tls-key are read anew", move || {
            tls.get().map_or(Ok(()), |tls| tls.reload().map_err(|why| why.to_string()))
        });
    }
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
    let key_file = key_file(config);
    let password = args.password_file().map(|file| ("the server's password", file));
    let secrets = password.into_iter().chain(key_file.as_deref().map(|file| ("the server's key for TLS", file)));
    for warning in exposure::warnings(&config.data, &secrets.collect::<Vec<_>>()) {
        log::warn!("data: {warning}");
    }
    let server = Server::start(config, lock)?;
    if let Some(current) = &server.context().tls {
        let _ = tls.set(current.clone());
    }
    let columns = console::columns().filter(|_| !args.no_qr());
    let banner = Banner::of(&server, config, !args.no_console(), columns).to_string();
    // Waits until the log lines so far are shown, so that none appears inside the banner.
    screen.finish();
    // A closed standard output does not stop the server.
    let _ = io::stdout().write_all(banner.as_bytes());
    let addresses: Vec<_> = server.addresses().into_iter().chain(server.web_address()).collect();
    log::info!("server: {} is open on {addresses:?}", config.name);
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
