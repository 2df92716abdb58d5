//! `messages.db`: its tables, opening it, bringing an older one up to date.

use super::{fold, index};
use crate::store::FileError;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// "LAND", in the header of every database of this server.
const APPLICATION: u32 = 0x4c41_4e44;
/// Bytes of the log beside the database that stay on the disk between two transactions.
pub(super) const LOG_BYTES: u64 = 32 << 20;
/// The circle that everybody is in.
pub(super) const EVERYBODY: i64 = 1;
/// How long a connection waits for another one's transaction: only an import holds one for longer than a moment.
const PATIENCE: Duration = Duration::from_secs(2);

/// What brings a database from each version to the next; the first makes an empty file version 1.
pub(super) const MIGRATIONS: [&str; 3] =
    [include_str!("version_1.sql"), include_str!("version_2.sql"), include_str!("version_3.sql")];

/// The database's name in the data folder.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("messages.db")
}

/// The log that SQLite keeps beside a database.
pub(super) fn log_path(database: &Path) -> PathBuf {
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// Opens the database for writing: makes it if it is missing, checks it if it was not closed, brings it up to date.
///
/// # Errors
/// Names the file and says what to do: it is another program's, a newer server's, or damaged. It is then as it was.
pub(super) fn open(folder: &Path) -> Result<Connection, FileError> {
    let path = path(folder);
    let connection = open_version(&path, &MIGRATIONS)?;
    let settings = "
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL;
        PRAGMA cache_size = -8192;
        PRAGMA temp_store = MEMORY;
        UPDATE meta SET value = 0 WHERE name = 'clean';";
    connection.execute_batch(settings).map_err(refused(&path))?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES).map_err(refused(&path))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Opens the database for reading only.
///
/// No connection maps the file into memory (`mmap_size`): a disk that fails would end the server by a signal.
pub(super) fn open_to_read(folder: &Path) -> Result<Connection, FileError> {
    let path = path(folder);
    check_header(&path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags).map_err(refused(&path))?;
    let set = connection.busy_timeout(PATIENCE).and_then(|()| connection.pragma_update(None, "cache_size", -4_096));
    let set = set.and_then(|()| fold::register(&connection));
    set.map_err(refused(&path))?;
    let (found, known) = (version(&connection).map_err(refused(&path))?, MIGRATIONS.len() as u32);
    if found == known { Ok(connection) } else { Err(FileError::Version { path, found, known }) }
}

/// Like [`open`], without the settings and with any table of migrations.
pub(super) fn open_version(path: &Path, migrations: &[&str]) -> Result<Connection, FileError> {
    check_header(path)?;
    let create = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    create.map_err(FileError::io(path, "open"))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(refused(path))?;
    prepare(&connection, path, migrations)?;
    Ok(connection)
}

fn prepare(connection: &Connection, path: &Path, migrations: &[&str]) -> Result<(), FileError> {
    let refused = || refused(path);
    connection.busy_timeout(PATIENCE).and_then(|()| fold::register(connection)).map_err(refused())?;
    let found = version(connection).map_err(refused())?;
    let known = migrations.len();
    if usize::try_from(found).is_ok_and(|found| found > known) {
        return Err(FileError::Version {
            path: path.to_owned(),
            found,
            known: u32::try_from(known).unwrap_or(u32::MAX),
        });
    }
    let found = found as usize;
    if found > 0 {
        check(connection, path)?;
        if found < known {
            back_up(connection, path, found)?;
        }
    }
    if (1..known).contains(&found) {
        log::info!("{} is brought up to date: for a million messages, that takes some ten seconds", path.display());
    }
    for (migration, version) in migrations.iter().zip(1..).skip(found) {
        upgrade(connection, migration, version).map_err(refused())?;
    }
    Ok(())
}

/// One step, whole or not at all.
fn upgrade(connection: &Connection, migration: &str, version: u32) -> rusqlite::Result<()> {
    let step = connection.unchecked_transaction()?;
    step.execute_batch(migration)?;
    step.pragma_update(None, "application_id", APPLICATION)?;
    step.pragma_update(None, "user_version", version)?;
    step.commit()
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// A value of the table `meta`.
pub(super) fn meta(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?.query_row([name], |row| row.get(0))
}

/// Sets a value of the table `meta`.
pub(super) fn set_meta(connection: &Connection, name: &str, value: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("UPDATE meta SET value = ?2 WHERE name = ?1")?.execute((name, value))?;
    Ok(())
}

/// Reads the header without SQLite, which would begin to recover another program's database.
fn check_header(path: &Path) -> Result<(), FileError> {
    let mut header = Vec::new();
    match File::open(path) {
        // A kill between making the file and its first table leaves it empty.
        Ok(file) => file.take(100).read_to_end(&mut header).map_err(FileError::io(path, "read"))?,
        Err(e) if e.kind() == io::ErrorKind::NotFound => 0,
        Err(e) => return Err(FileError::io(path, "read")(e)),
    };
    let foreign = |why| Err(FileError::Foreign { path: path.to_owned(), why });
    match header.as_slice() {
        [] => Ok(()),
        bytes if bytes.len() < 100 || !bytes.starts_with(b"SQLite format 3\0") => foreign("it is no SQLite database"),
        bytes if bytes[68..72] != APPLICATION.to_be_bytes() => foreign("another program made it"),
        bytes => check_length(path, bytes),
    }
}

/// A file that was cut has fewer pages than its header says, and SQLite would notice that only when somebody asks for
/// one of those. With a log beside it, which may have them all, SQLite is right.
fn check_length(path: &Path, header: &[u8]) -> Result<(), FileError> {
    let number = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    // Written as 1, as it takes one bit more than there are.
    let page = match number(&header[16..18]) {
        1 => 65_536,
        page => page,
    };
    let size = |path: &Path| fs::metadata(path).map_or(0, |about| about.len());
    if size(path) < number(&header[28..32]) * page && size(&log_path(path)) == 0 {
        return Err(FileError::Broken { path: path.to_owned(), why: "it is shorter than it says".to_owned() });
    }
    Ok(())
}

/// Checks every page, which takes seconds for a million messages, only if the last server did not close the file.
fn check(connection: &Connection, path: &Path) -> Result<(), FileError> {
    if meta(connection, "clean").map_err(refused(path))? != 0 {
        return Ok(());
    }
    log::info!("{} was not closed: checking it", path.display());
    let mut found = integrity(connection).map_err(refused(path))?;
    if found.to_lowercase().contains("fts5") {
        log::warn!("{}: the index of words is damaged; it is made anew", path.display());
        index::rebuild(connection).map_err(refused(path))?;
        found = integrity(connection).map_err(refused(path))?;
    }
    if found == "ok" { Ok(()) } else { Err(FileError::Broken { path: path.to_owned(), why: found }) }
}

/// "ok", or the first thing that is damaged.
fn integrity(connection: &Connection) -> rusqlite::Result<String> {
    match connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)) {
        Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => Ok(e.to_string()),
        found => found,
    }
}

/// Copies the database to `messages.db.vN.bak` before it is changed for good.
fn back_up(connection: &Connection, path: &Path, version: usize) -> Result<(), FileError> {
    // A name that is cleared away with what else a kill leaves behind.
    let fresh = path.with_file_name(".landline-messages.tmp");
    let backup = path.with_file_name(format!("messages.db.v{version}.bak"));
    let copied = (|| {
        File::create(&fresh)?.set_len(0)?;
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(&fresh, private)?;
        let name = fresh.to_str().ok_or_else(|| io::Error::other("the folder's name is not UTF-8"))?;
        connection.execute("VACUUM INTO ?1", [name]).map_err(io::Error::other)?;
        File::open(&fresh)?.sync_all()?;
        fs::rename(&fresh, &backup)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    })();
    copied.map_err(FileError::io(&backup, "write the backup"))?;
    log::info!("{} is from an older server; it was copied to {}", path.display(), backup.display());
    Ok(())
}

/// For `map_err`: what SQLite's error about the file at `path` means.
pub(super) fn refused(path: &Path) -> impl FnOnce(rusqlite::Error) -> FileError {
    move |error| {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt) => FileError::Broken { path, why: error.to_string() },
            Some(ErrorCode::NotADatabase) => FileError::Foreign { path, why: "it is no SQLite database" },
            _ => FileError::Io { path, doing: "open", why: io::Error::other(error) },
        }
    }
}
