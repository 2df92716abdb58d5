//! `landline-server`: arguments, logging and signals. Everything else is in the library.

use anyhow::Context;
use clap::Parser;
use landline_server::config::{Args, limits_help};
use landline_server::server::{Server, print_banner};
use landline_server::store::LockFile;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// As shells have it for a program ended by Ctrl-C.
const INTERRUPTED: i32 = 130;
const BAD_USAGE: u8 = 2;

fn main() -> ExitCode {
    let args = Args::parse();
    if args.wants_limits() {
        print!("{}", limits_help());
        return ExitCode::SUCCESS;
    }
    let config = match args.config() {
        Ok(config) => config,
        Err(error) => {
            eprintln!("landline-server: {error:#}");
            return ExitCode::from(BAD_USAGE);
        }
    };
    match run(&args, &config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("landline-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args, config: &landline_server::config::Config) -> anyhow::Result<()> {
    let lock = LockFile::take(&config.data)?;
    let log_file = args.log_file();
    landline_server::logging::start(&log_file).with_context(|| format!("the log {}", log_file.display()))?;
    std::panic::set_hook(Box::new(|panic| log::error!("{panic}")));
    let stop = stop_signal()?;
    let server = Server::start(config, lock)?;
    // A closed standard output is no reason to stop.
    let _ = print_banner(&server, config, &mut std::io::stdout());
    log::info!("{} is open on {:?}", config.name, server.addresses());
    let _ = stop.recv();
    log::info!("stopping");
    server.stop();
    Ok(())
}

/// Receives once at the first Ctrl-C or SIGTERM; the second ends the program at once.
fn stop_signal() -> anyhow::Result<crossbeam_channel::Receiver<()>> {
    let (tell, stop) = crossbeam_channel::bounded(1);
    let told = AtomicBool::new(false);
    ctrlc::set_handler(move || {
        if told.swap(true, SeqCst) {
            std::process::exit(INTERRUPTED);
        }
        let _ = tell.send(());
    })
    .context("handling Ctrl-C")?;
    Ok(stop)
}
