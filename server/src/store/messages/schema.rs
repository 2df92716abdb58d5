//! The file `messages.db`: opening it, checking it, and migrating it from an older version.
//!
//! The file may be of another program, of a newer server, cut short or damaged. In all these cases it is refused with an
//! error that names it, and left unchanged. Opening takes these steps, cheapest first:
//!
//! 1. Read the header without SQLite: is it a database of this server, and has it all of its pages?
//! 2. Compare the version with the known migrations.
//! 3. If the last server did not close the file, check all pages. A damaged search index is rebuilt.
//! 4. If the version is older, copy the file to `messages.db.vN.bak`, then run the missing migrations.
//!
//! The tables are described in `version_1.sql` and its successors. A released migration is never changed.

use super::meta::meta;
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
/// Bytes to which SQLite shrinks the log beside the database after a checkpoint.
pub(super) const LOG_BYTES: u64 = 32 << 20;
/// SQLite overwrites what it moves within pages that it writes anyway, so that few copies of texts are left there.
pub(super) const SECURE_DELETE: &str = "FAST";
/// Row id in `circle` of the messages to all users online.
pub(super) const GLOBAL: i64 = 1;
/// Longest wait for the transaction of another connection. Only an import holds one for longer than a moment.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// The statements that bring a database from each version to the next. The first one brings an empty file to version 1.
pub(super) const MIGRATIONS: [&str; 4] = [
    include_str!("version_1.sql"),
    include_str!("version_2.sql"),
    include_str!("version_3.sql"),
    include_str!("version_4.sql"),
];

/// Returns the path of the database.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("messages.db")
}

/// Returns the path of the write-ahead log that SQLite keeps beside a database.
pub(super) fn log_path(database: &Path) -> PathBuf {
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// Opens the database for writing, in the steps above. Creates it if it is missing (mode 0600).
///
/// # Errors
/// The file is of another program, of a newer server, damaged, or cannot be opened. It is then unchanged.
pub(super) fn open(folder: &Path) -> Result<Connection, FileError> {
    let path = path(folder);
    let connection = open_version(&path, &MIGRATIONS)?;
    let settings = "
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL;
        PRAGMA cache_size = -8192;
        PRAGMA temp_store = MEMORY;
        UPDATE meta SET value = 0 WHERE name = 'clean';";
    connection.execute_batch(settings).map_err(file_error(&path))?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES).map_err(file_error(&path))?;
    connection.pragma_update(None, "secure_delete", SECURE_DELETE).map_err(file_error(&path))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Opens the database for reading only. Its version must be the current one.
///
/// No connection maps the file into memory (`mmap_size`): an error of the disk would then be a signal that ends the
/// server.
pub(super) fn open_to_read(folder: &Path) -> Result<Connection, FileError> {
    let path = path(folder);
    // SQLite would not say that the file is missing.
    fs::metadata(&path).map_err(FileError::io(&path, "open"))?;
    check_header(&path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags).map_err(file_error(&path))?;
    let set = connection.busy_timeout(BUSY_TIMEOUT).and_then(|()| connection.pragma_update(None, "cache_size", -4_096));
    let set = set.and_then(|()| fold::register(&connection));
    set.map_err(file_error(&path))?;
    let found = version(&connection).map_err(file_error(&path))?;
    let known = MIGRATIONS.len() as u32;
    if found == known { Ok(connection) } else { Err(FileError::Version { path, found, known }) }
}

/// Like [`open`], but without the settings, and with the given migrations.
pub(super) fn open_version(path: &Path, migrations: &[&str]) -> Result<Connection, FileError> {
    check_header(path)?;
    let create = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    create.map_err(FileError::io(path, "open"))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(file_error(path))?;
    prepare(&connection, path, migrations)?;
    Ok(connection)
}

fn prepare(connection: &Connection, path: &Path, migrations: &[&str]) -> Result<(), FileError> {
    let file_error = || file_error(path);
    connection.busy_timeout(BUSY_TIMEOUT).and_then(|()| fold::register(connection)).map_err(file_error())?;
    let found = version(connection).map_err(file_error())?;
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
        log::info!("messages.db: migrating {}; this takes about ten seconds for a million messages", path.display());
    }
    for (migration, version) in migrations.iter().zip(1..).skip(found) {
        migrate(connection, migration, version).map_err(file_error())?;
    }
    Ok(())
}

/// Runs one migration in a transaction.
fn migrate(connection: &Connection, migration: &str, version: u32) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(migration)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", version)?;
    transaction.commit()
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Checks the header without SQLite, which would run recovery on a database of another program and so change it.
fn check_header(path: &Path) -> Result<(), FileError> {
    let mut header = Vec::new();
    match File::open(path) {
        // A kill between the creation of the file and its first table leaves an empty file, which is accepted.
        Ok(file) => file.take(100).read_to_end(&mut header).map_err(FileError::io(path, "read"))?,
        Err(e) if e.kind() == io::ErrorKind::NotFound => 0,
        Err(e) => return Err(FileError::io(path, "read")(e)),
    };
    let foreign = |why| Err(FileError::Foreign { path: path.to_owned(), why });
    match header.as_slice() {
        [] => Ok(()),
        bytes if bytes.len() < 100 || !bytes.starts_with(b"SQLite format 3\0") => {
            foreign("it is not a SQLite database")
        }
        bytes if bytes[68..72] != APPLICATION.to_be_bytes() => foreign("another program made it"),
        bytes => check_length(path, bytes),
    }
}

/// Refuses a file with fewer pages than its header says. SQLite would notice that only when a request needs a missing
/// page. If there is a log beside the file, it may have these pages, so the file is accepted.
fn check_length(path: &Path, header: &[u8]) -> Result<(), FileError> {
    let big_endian = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    // The field has 16 bits: SQLite writes a page size of 65,536 as 1.
    let page = match big_endian(&header[16..18]) {
        1 => 65_536,
        page => page,
    };
    let size = |path: &Path| fs::metadata(path).map_or(0, |about| about.len());
    // The log first: a server that runs may move it into the database now.
    if size(&log_path(path)) == 0 && size(path) < big_endian(&header[28..32]) * page {
        return Err(FileError::Broken { path: path.to_owned(), why: "it is shorter than its header says".to_owned() });
    }
    Ok(())
}

/// Checks every page if the last server did not close the file. Takes seconds for a million messages.
fn check(connection: &Connection, path: &Path) -> Result<(), FileError> {
    if meta(connection, "clean").map_err(file_error(path))? != 0 {
        return Ok(());
    }
    log::info!(
        "messages.db: checking {}, which the last server did not close; this takes seconds for a million messages",
        path.display()
    );
    let mut found = integrity(connection).map_err(file_error(path))?;
    if found.to_lowercase().contains("fts5") {
        log::warn!("messages.db: rebuilding the damaged search index of {}; no message is lost", path.display());
        index::rebuild(connection).map_err(file_error(path))?;
        found = integrity(connection).map_err(file_error(path))?;
    }
    if found == "ok" { Ok(()) } else { Err(FileError::Broken { path: path.to_owned(), why: found }) }
}

/// Returns "ok", or the first error that SQLite finds.
fn integrity(connection: &Connection) -> rusqlite::Result<String> {
    match connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)) {
        Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => Ok(e.to_string()),
        found => found,
    }
}

/// Copies the database to `messages.db.vN.bak` before a migration, which cannot be undone.
fn back_up(connection: &Connection, path: &Path, version: usize) -> Result<(), FileError> {
    // The next start removes files with such names, see `json_file::remove_temporary_files`.
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
    log::info!(
        "messages.db: copied {}, which is from an older server, to {} before migrating it",
        path.display(),
        backup.display()
    );
    Ok(())
}

/// Returns a function for `map_err` that turns an error of SQLite about the file at `path` into a [`FileError`].
pub(super) fn file_error(path: &Path) -> impl FnOnce(rusqlite::Error) -> FileError {
    move |error| {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt) => FileError::Broken { path, why: error.to_string() },
            Some(ErrorCode::NotADatabase) => FileError::Foreign { path, why: "it is not a SQLite database" },
            _ => FileError::Io { path, doing: "open", why: io::Error::other(error) },
        }
    }
}
