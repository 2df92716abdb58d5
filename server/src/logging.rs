//! The server's own log: to stderr and to a file. Only `main` starts it.
//!
//! Messages pass through [`landline_common::clean`]: text of clients must not forge a line, or send control sequences
//! to the terminal that shows the log. A thread of its own writes to stderr, so that logging never waits for a
//! terminal.

use crossbeam_channel::{Sender, bounded};
use jiff::Zoned;
use landline_common::clean::clean;
use log::{Level, LevelFilter};
use parking_lot::Mutex;
use std::env;
use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Size in bytes at which the log file is rotated; the old file is kept as `NAME.1`.
const FILE_BYTES: u64 = 10 << 20;
/// Most lines that wait to be written to stderr; further ones are in the file only.
const STDERR_QUEUE: usize = 1_000;
/// Time that [`Screen::finish`] waits for stderr to take a line, and then for all lines to be shown.
const FINISH_TIME: Duration = Duration::from_secs(1);
/// Most characters of one message; the rest is cut off.
const MESSAGE_CHARS: usize = 1_000;

/// Starts logging to stderr and to `file`, which is appended to and created with mode 0600. The environment variable
/// `LANDLINE_LOG` selects what is logged: `info` (the default) or another level, also `TARGET=LEVEL`, separated by
/// commas. Returns the handle of the stderr side, and a handle that reopens the file after a log rotation.
///
/// # Errors
/// The file cannot be opened, `LANDLINE_LOG` is not understood, or logging was started before.
pub fn start(file: &Path) -> io::Result<(Screen, Reopener)> {
    let spec = match env::var("LANDLINE_LOG") {
        Ok(spec) => spec,
        Err(env::VarError::NotPresent) => String::new(),
        Err(env::VarError::NotUnicode(_)) => return Err(not_understood("it is not text")),
    };
    let mut builder = env_logger::Builder::new();
    for (target, level) in filters(&spec)? {
        builder.filter(target, level);
    }
    let screen = Screen::on(io::stderr())?;
    let file = Arc::new(Mutex::new(LogFile::open(file, FILE_BYTES)?));
    let tee = Tee(screen.clone(), Shared(file.clone()));
    builder.target(env_logger::Target::Pipe(Box::new(tee)));
    builder.format(|out, record| writeln!(out, "{}", line(&Zoned::now(), record.level(), record.args())));
    builder.try_init().map_err(io::Error::other)?;
    Ok((screen, Reopener(file)))
}

/// A function that prints lines above the one being typed.
type Printer = Box<dyn FnMut(String) + Send>;

/// The stderr side of the log, until a console that edits lines takes over.
///
/// Only a thread of its own waits for stderr, since its reader may have stopped. Lines that do not fit into the queue
/// are in the file only.
#[derive(Clone)]
pub struct Screen {
    printer: Arc<Mutex<Option<Printer>>>,
    stderr: Sender<StderrItem>,
}

enum StderrItem {
    Text(Vec<u8>),
    /// Report that everything before this item is written.
    Finish(Sender<()>),
}

impl Screen {
    fn on(mut out: impl Write + Send + 'static) -> io::Result<Screen> {
        let (stderr, lines) = bounded(STDERR_QUEUE);
        let show = move || {
            for line in lines {
                match line {
                    StderrItem::Text(bytes) => drop(out.write_all(&bytes)),
                    StderrItem::Finish(told) => drop(told.try_send(())),
                }
            }
        };
        thread::Builder::new().name("screen".into()).spawn(show)?;
        Ok(Screen { printer: Arc::default(), stderr })
    }

    /// Shows lines with `printer` from now on; `None` returns to stderr.
    pub fn redirect(&self, printer: Option<Printer>) {
        *self.printer.lock() = printer;
    }

    /// Waits until all lines so far are shown, for at most twice [`FINISH_TIME`].
    pub fn finish(&self) {
        let (tell, told) = bounded(1);
        if self.stderr.send_timeout(StderrItem::Finish(tell), FINISH_TIME).is_ok() {
            let _ = told.recv_timeout(FINISH_TIME);
        }
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *self.printer.lock() {
            Some(printer) => printer(String::from_utf8_lossy(bytes).into_owned()),
            None => drop(self.stderr.try_send(StderrItem::Text(bytes.to_vec()))),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Parses `LANDLINE_LOG`. The parser of env_logger would take a misspelled level for a target.
fn filters(spec: &str) -> io::Result<Vec<(Option<&str>, LevelFilter)>> {
    let mut filters = vec![(None, LevelFilter::Info)];
    for part in spec.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (target, level) = match part.split_once('=') {
            Some((target, level)) => (Some(target.trim()), level.trim()),
            None => (None, part),
        };
        let level = level.parse().map_err(|_| not_understood(&format!("{level:?} is not a level")))?;
        if target == Some("") {
            return Err(not_understood("there is no target in front of a ="));
        }
        filters.push((target, level));
    }
    Ok(filters)
}

fn not_understood(why: &str) -> io::Error {
    let how = "use off, error, warn, info, debug or trace, also as TARGET=LEVEL, separated by commas";
    io::Error::new(io::ErrorKind::InvalidInput, format!("LANDLINE_LOG is not understood: {why} ({how})"))
}

/// Formats one line of the log, without its line end.
fn line(now: &Zoned, level: Level, message: &impl Display) -> String {
    let message = message.to_string();
    let cleaned = clean(&message);
    let cut = cleaned.char_indices().nth(MESSAGE_CHARS).map_or(&*cleaned, |(at, _)| &cleaned[..at]);
    format!("{} {level:<5} {cut}", now.strftime("%Y-%m-%d %H:%M:%S"))
}

/// Writes to both targets and ignores their errors: a full disk or a closed terminal must not end the server.
struct Tee<A, B>(A, B);

impl<A: Write, B: Write> Write for Tee<A, B> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.write_all(bytes);
        let _ = self.1.write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        let _ = self.1.flush();
        Ok(())
    }
}

/// Reopens the log file after a log rotation has moved it away.
pub struct Reopener(Arc<Mutex<LogFile>>);

impl Reopener {
    /// Opens the file of that name again; creates it with mode 0600 if it does not exist.
    ///
    /// # Errors
    /// The file cannot be opened. The log then continues in the old file.
    pub fn reopen(&self) -> io::Result<()> {
        let mut file = self.0.lock();
        *file = LogFile::open(&file.path, file.max_bytes)?;
        Ok(())
    }
}

/// The log file, which may be reopened between two lines.
struct Shared(Arc<Mutex<LogFile>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().flush()
    }
}

/// A file that is rotated when it is full. Each `write` must be whole lines and is never split over two files.
struct LogFile {
    path: PathBuf,
    max_bytes: u64,
    /// `None` if a new file could not be opened: the next line tries again.
    file: Option<File>,
    len: u64,
}

impl LogFile {
    fn open(path: &Path, max_bytes: u64) -> io::Result<LogFile> {
        let opened = open_to_append(path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (len, file) = opened
            .map_err(|e| io::Error::new(e.kind(), format!("cannot open the log file {}: {e}", path.display())))?;
        Ok(LogFile { path: path.to_owned(), max_bytes, file: Some(file), len })
    }

    fn rotate(&mut self) {
        let mut old = self.path.clone().into_os_string();
        old.push(".1");
        // If the rename fails, the old file continues. The next attempt comes after another `max_bytes`, not at every
        // line.
        if fs::rename(&self.path, old).is_ok() {
            self.file = None;
        }
        self.len = 0;
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let added = bytes.len() as u64;
        if self.len > 0 && self.len + added > self.max_bytes {
            self.rotate();
        }
        // A file that was removed is created again. One that was moved away continues: log rotation moves it, then asks
        // for a reload.
        if self.file.as_ref().is_some_and(|file| file.metadata().is_ok_and(|metadata| metadata.nlink() == 0)) {
            self.file = None;
            self.len = 0;
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(open_to_append(&self.path)?),
        };
        file.write_all(bytes)?;
        self.len += added;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
    }
}

fn open_to_append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn shown(message: &str) -> String {
        let now: Zoned = "2026-11-21T08:00:00+01:00[Etc/GMT-1]".parse().unwrap();
        line(&now, Level::Info, &message)
    }

    #[test]
    fn message_becomes_one_bounded_line() {
        assert_eq!(shown("alice signed in"), "2026-11-21 08:00:00 INFO  alice signed in");
        assert_eq!(
            shown("a\n2026-11-21 08:00:00 ERROR x\u{1b}[31m"),
            "2026-11-21 08:00:00 INFO  a 2026-11-21 08:00:00 ERROR x"
        );
        let long = shown(&"é".repeat(5_000));
        assert_eq!(long.chars().filter(|c| *c == 'é').count(), 1_000);
    }

    #[test]
    fn filters_are_parsed_or_refused() {
        use LevelFilter::*;
        assert_eq!(filters("").unwrap(), [(None, Info)]);
        assert_eq!(
            filters("debug, landline_server::net=TRACE,").unwrap(),
            [(None, Info), (None, Debug), (Some("landline_server::net"), Trace)]
        );
        for wrong in ["debgu", "a=b=c", "=debug", "a="] {
            let text = filters(wrong).unwrap_err().to_string();
            assert!(text.contains("LANDLINE_LOG is not understood") && text.contains("use off, error"), "{text}");
        }
    }

    #[test]
    fn full_file_is_kept_and_a_new_one_started() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.log");
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        fs::write(&path, "old\n").unwrap();
        let mut log = LogFile::open(&path, 10).unwrap();
        log.write_all(b"line1\n").unwrap();
        assert_eq!(read("server.log"), "old\nline1\n");
        log.write_all(b"2\n").unwrap();
        assert_eq!((read("server.log.1"), read("server.log")), ("old\nline1\n".to_owned(), "2\n".to_owned()));
        log.write_all(b"longer than all\n").unwrap();
        assert_eq!((read("server.log.1"), read("server.log")), ("2\n".to_owned(), "longer than all\n".to_owned()));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn log_that_was_moved_away_continues_in_a_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.log");
        let moved = folder.path().join("moved.log");
        let file = Arc::new(Mutex::new(LogFile::open(&path, 1 << 20).unwrap()));
        let mut log = Shared(file.clone());
        let reopener = Reopener(file);
        log.write_all(b"1\n").unwrap();
        fs::rename(&path, &moved).unwrap();
        log.write_all(b"2\n").unwrap();
        reopener.reopen().unwrap();
        log.write_all(b"3\n").unwrap();
        assert_eq!((fs::read(&moved).unwrap(), fs::read(&path).unwrap()), (b"1\n2\n".to_vec(), b"3\n".to_vec()));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_file(&path).unwrap();
        log.write_all(b"4\n").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"4\n", "a removed file was not created again");
        fs::rename(&path, &moved).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(reopener.reopen().is_err());
        log.write_all(b"still somewhere\n").unwrap();
    }

    #[test]
    fn one_broken_target_does_not_stop_the_other() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::StorageFull.into())
            }
        }
        let mut tee = Tee(Broken, Tee(Vec::new(), Broken));
        tee.write_all(b"a line\n").unwrap();
        tee.flush().unwrap();
        assert_eq!(tee.1.0, b"a line\n");
    }

    #[test]
    fn file_that_cannot_be_opened_is_named() {
        let error = LogFile::open(Path::new("/nowhere/server.log"), 10).err().unwrap();
        assert!(error.to_string().starts_with("cannot open the log file /nowhere/server.log: "));
    }
}
