//! Opens one of hushkey's own SQLite files: private, durable, and shared with other processes.
//!
//! Knows SQLite's settings and the file system; not what the tables hold.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{
    Connection, OpenFlags, Transaction, TransactionBehavior, backup::Backup, config::DbConfig,
};

use crate::{
    private_file::{self, PrivateFileError},
    seal::random_bytes,
};

mod aside;

use aside::Aside;

/// How long a writer waits for others before it gives up.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest pause between two attempts to get the lock.
const LONGEST_PAUSE: Duration = Duration::from_millis(8);

/// Settings that are not SQLite's defaults, or must not depend on them.
///
/// A commit is on the disk before it is told (`synchronous`). Deleted ciphertext is overwritten. A damaged
/// page is noticed as it is read. Nothing is ever put into a temporary file. The write-ahead log is folded
/// back every 64 pages and cut when it has grown: the next process to open has to read it all.
const SETTINGS: &str = "
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
PRAGMA cell_size_check = ON;
PRAGMA temp_store = MEMORY;
PRAGMA wal_autocheckpoint = 64;
PRAGMA journal_size_limit = 1048576;
";

/// Bytes of a write-ahead log that no process should have to read at each start: the limit above.
const LONG: u64 = 1 << 20;

/// On macOS, fsync leaves data in the drive's cache unless told otherwise.
const APPLE_SETTINGS: &str = "
PRAGMA fullfsync = ON;
PRAGMA checkpoint_fullfsync = ON;
";

/// Why a file is not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteFileError {
    /// The log of a file that was removed lies beside it: SQLite would mix the two.
    #[error("`{}` was left behind by a file that is gone; put that file back, or remove this one", log.display())]
    Leftover {
        /// The log.
        log: PathBuf,
    },

    /// It is on a file system where SQLite's shared memory is not shared between machines.
    #[error("`{}` is on a network file system ({name}), where two machines would destroy it; keep it on a local disk", path.display())]
    Network {
        /// The file's directory.
        path: PathBuf,
        /// What kind of file system.
        name: &'static str,
    },

    /// Others can reach it, or the system refused.
    #[error(transparent)]
    Private(#[from] PrivateFileError),

    /// SQLite refused.
    #[error("the database can't be opened")]
    Sqlite(#[from] rusqlite::Error),
}

/// Opens a file that is there.
///
/// # Errors
/// [`SqliteFileError`]; a missing file is [`PrivateFileError::Missing`].
pub fn open(path: &Path) -> Result<Connection, SqliteFileError> {
    connect(&checked(path)?)
}

/// How much a process writes into a file.
#[derive(Debug, Default)]
pub struct Habit {
    written: u32,
}

impl Habit {
    /// A process that has written so often will write on.
    const MUCH: u32 = 16;

    /// Notes that something was written. A process that writes much has the write-ahead log folded back more seldom: each time
    /// costs two syncs, and what it spares those that open the file counts for less then.
    pub fn wrote(&mut self, connection: &Connection) {
        self.written = self.written.saturating_add(1);
        if self.written == Self::MUCH {
            // Where that can't be set, it goes on as before.
            let _ = connection.pragma_update(None, "wal_autocheckpoint", 250);
        }
    }
}

/// Folds the write-ahead log back and cuts it when one large change has made it long: else every process that opens the file
/// would read it all, until somebody writes again. Nobody is waited for: while others read, it stays.
pub fn fold_if_long(connection: &mut Connection) {
    let log = connection
        .path()
        .map(|path| with_suffix(path.as_ref(), "-wal"));
    if log
        .and_then(|log| std::fs::metadata(log).ok())
        .is_none_or(|log| log.len() <= LONG)
    {
        return;
    }
    // What can't be folded now is whole where it is.
    let _ = connection.busy_timeout(Duration::ZERO);
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()));
    let _ = connection.busy_handler(Some(waiting(PATIENCE)));
}

/// Makes a file of mode 0600, all at once: whoever looks sees none, or one that is complete. Does nothing if there is
/// one already. The directory is made if it is missing, with mode 0700.
///
/// # Errors
/// What `fill` says, or a [`SqliteFileError`]; then nothing is left behind.
pub fn create<E: From<SqliteFileError>>(
    path: &Path,
    fill: impl FnOnce(&Transaction<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let draft = Draft::begin(path)?;
    let mut connection = draft.connect()?;
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(SqliteFileError::from)?;
    fill(&transaction)?;
    transaction.commit().map_err(SqliteFileError::from)?;
    Ok(draft.publish(connection)?)
}

/// A whole copy of a file, in a private directory of its own until it is published.
pub struct Copy {
    aside: Aside,
}

impl Copy {
    /// Copies the file at `path`, as it stands at one moment, next to where it will be published.
    ///
    /// # Errors
    /// [`SqliteFileError`]
    pub fn of(path: &Path, to: &Path) -> Result<Self, SqliteFileError> {
        let copy = Self::begin(to)?;
        let from = open(path)?;
        // SQLite would make a file that others can read; an empty one it takes.
        private_file::create_private(&copy.path(), b"")?;
        let name = copy.path().display().to_string();
        from.execute("VACUUM INTO ?1", [name])?;
        Ok(copy)
    }

    /// Copies the bytes of a file that nobody writes to, next to where they will be put.
    ///
    /// # Errors
    /// [`SqliteFileError`]
    pub fn taken(from: &Path, to: &Path) -> Result<Self, SqliteFileError> {
        private_file::ensure_private_dir(private_file::directory_of(to))?;
        let copy = Self::begin(to)?;
        private_file::create_private(&copy.path(), b"")?;
        let taken = || {
            let mut source = std::fs::File::open(from)?;
            let mut file = std::fs::OpenOptions::new().write(true).open(copy.path())?;
            io::copy(&mut source, &mut file)?;
            file.sync_all()
        };
        taken().map_err(|e| failed("read", from, e))?;
        Ok(copy)
    }

    /// Where the copy is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.aside.file("copy.db")
    }

    /// Gives the copy its name, in place of what is there.
    ///
    /// # Errors
    /// [`SqliteFileError`]
    pub fn publish(self, to: &Path) -> Result<(), SqliteFileError> {
        let publish = || {
            std::fs::File::open(self.path())?.sync_all()?;
            std::fs::rename(self.path(), to)
        };
        publish().map_err(|e| failed("made", to, e))?;
        Ok(private_file::sync_directory(private_file::directory_of(
            to,
        ))?)
    }

    /// Puts the copy's content in the place of a file that others may have open, in one transaction; or makes the file.
    ///
    /// # Errors
    /// [`SqliteFileError`]; the file is as it was then.
    pub fn put_in_place(self, path: &Path) -> Result<(), SqliteFileError> {
        let source = connect(&self.path())?;
        if !path.exists() {
            refuse_leftover(path)?;
            source.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
            source.pragma_update(None, "journal_mode", "WAL")?;
            source.close().map_err(|(_, e)| e)?;
            return self.publish(path);
        }
        let mut file = open(path)?;
        let pages = Backup::new(&source, &mut file)?;
        pages.run_to_completion(i32::MAX, LONGEST_PAUSE, None)?;
        drop(pages);
        fold_if_long(&mut file);
        Ok(())
    }

    fn begin(beside: &Path) -> Result<Self, SqliteFileError> {
        let aside = Aside::beside(beside).map_err(|e| failed("made", beside, e))?;
        Ok(Self { aside })
    }
}

/// A file in the making: built aside, so that neither a second maker nor a sudden end can leave half of one.
struct Draft<'p> {
    path: &'p Path,
    aside: Aside,
}

impl<'p> Draft<'p> {
    fn begin(path: &'p Path) -> Result<Self, SqliteFileError> {
        let directory = private_file::directory_of(path);
        private_file::ensure_private_dir(directory)?;
        refuse_network(directory)?;
        refuse_leftover(path)?;
        let aside = Aside::beside(path).map_err(|e| failed("made", path, e))?;
        Ok(Self { path, aside })
    }

    fn file(&self) -> PathBuf {
        self.aside.file("draft.db")
    }

    fn connect(&self) -> Result<Connection, SqliteFileError> {
        private_file::create_private(&self.file(), b"")?;
        let connection = connect(&self.file())?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        Ok(connection)
    }

    /// Gives the file its name, unless there is one of that name by now.
    fn publish(self, connection: Connection) -> Result<(), SqliteFileError> {
        connection.close().map_err(|(_, e)| e)?;
        let draft = tempfile::TempPath::try_from_path(self.file());
        let draft = draft.map_err(|e| failed("made", self.path, e))?;
        match draft.persist_noclobber(self.path) {
            Ok(()) => Ok(private_file::sync_directory(private_file::directory_of(
                self.path,
            ))?),
            Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(e) => Err(failed("made", self.path, e.error)),
        }
    }
}

/// The path with its directory resolved, after making sure that nobody else can reach the files.
fn checked(path: &Path) -> Result<PathBuf, SqliteFileError> {
    let directory = private_file::directory_of(path);
    let missing = || PrivateFileError::Missing {
        path: path.to_owned(),
    };
    let name = path.file_name().ok_or_else(missing)?;
    let names = ["", "-wal", "-shm", "-journal"].map(|suffix| with_suffix(name, suffix));
    private_file::check_private_files(directory, &names)?;
    if !path.exists() {
        return Err(missing().into());
    }
    refuse_network(directory)?;
    // SQLite refuses links anywhere in the path; those above the directory are the owner's affair.
    let directory = directory.canonicalize();
    Ok(directory.map_err(|e| failed("opened", path, e))?.join(name))
}

fn refuse_leftover(path: &Path) -> Result<(), SqliteFileError> {
    let log = PathBuf::from(with_suffix(path.as_os_str(), "-wal"));
    // In this order: whoever makes a file at this moment has it before its log.
    if log.exists() && !path.exists() {
        return Err(SqliteFileError::Leftover { log });
    }
    Ok(())
}

fn with_suffix(name: &OsStr, suffix: &str) -> OsString {
    let mut name = name.to_owned();
    name.push(suffix);
    name
}

fn connect(path: &Path) -> Result<Connection, SqliteFileError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_handler(Some(waiting(PATIENCE)))?;
    connection.set_prepared_statement_cache_capacity(64);
    for (setting, on) in [
        // Measured: 1.3 ms less for each short command. The next process reads the log instead.
        (DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true),
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true),
    ] {
        connection.set_db_config(setting, on)?;
    }
    connection.execute_batch(SETTINGS)?;
    if cfg!(target_vendor = "apple") {
        connection.execute_batch(APPLE_SETTINGS)?;
    }
    Ok(connection)
}

/// Waits for another process's lock in short pauses of random length, so that of many writers none starves.
fn waiting(patience: Duration) -> impl FnMut(i32) -> bool + Send {
    let mut since = Instant::now();
    move |attempt| {
        if attempt == 0 {
            since = Instant::now();
        }
        let share = f64::from(u16::from_le_bytes(random_bytes())) / f64::from(u16::MAX);
        std::thread::sleep(LONGEST_PAUSE.mul_f64(share));
        since.elapsed() < patience
    }
}

/// Refuses file systems on which SQLite's shared memory is not shared between machines.
#[cfg(target_os = "linux")]
fn refuse_network(directory: &Path) -> Result<(), SqliteFileError> {
    const NETWORKS: [(u32, &str); 5] = [
        (0x6969, "NFS"),
        (0x517B, "SMB"),
        (0xFE53_4D42, "SMB"),
        (0xFF53_4D42, "CIFS"),
        (0x5346_414F, "AFS"),
    ];

    let found = rustix::fs::statfs(directory).map_err(|e| failed("opened", directory, e.into()))?;
    // The kernel's numbers have 32 bits; the field's width and sign differ between machines.
    match NETWORKS
        .iter()
        .find(|(magic, _)| *magic == found.f_type as u32)
    {
        Some((_, name)) => Err(SqliteFileError::Network {
            path: directory.to_owned(),
            name,
        }),
        None => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
fn refuse_network(_directory: &Path) -> Result<(), SqliteFileError> {
    Ok(())
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> SqliteFileError {
    PrivateFileError::Io {
        action,
        path: path.to_owned(),
        source,
    }
    .into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_log_that_one_change_made_long_is_cut_unless_somebody_reads() {
        let home = tempfile::tempdir().unwrap();
        std::fs::set_permissions(home.path(), PermissionsExt::from_mode(0o700)).unwrap();
        let path = home.path().join("a.db");
        create(&path, |transaction| {
            transaction.execute_batch("CREATE TABLE t (b BLOB)")?;
            Ok::<_, SqliteFileError>(())
        })
        .unwrap();
        let mut connection = open(&path).unwrap();
        let log = || {
            std::fs::metadata(home.path().join("a.db-wal"))
                .unwrap()
                .len()
        };
        let mut write = || {
            let transaction = connection.transaction().unwrap();
            let insert = "INSERT INTO t VALUES (randomblob(2 << 20))";
            transaction.execute(insert, ()).unwrap();
            transaction.commit().unwrap();
            let since = Instant::now();
            fold_if_long(&mut connection);
            assert!(since.elapsed() < PATIENCE);
        };

        write();
        assert_eq!(log(), 0);

        let reader = open(&path).unwrap();
        reader
            .execute_batch("BEGIN; SELECT count(*) FROM t")
            .unwrap();
        write();
        assert!(log() > LONG);

        drop(reader);
        write();
        assert_eq!(log(), 0);
    }

    #[test]
    fn waiting_for_a_lock_ends_and_begins_anew_with_the_next_lock() {
        // So long that a busy machine leaves time for more than one pause.
        let mut wait = waiting(Duration::from_millis(400));

        for _ in 0..2 {
            let started = Instant::now();
            let pauses = (0..).take_while(|attempt| wait(*attempt)).count();

            assert!(pauses > 1);
            let waited = started.elapsed();
            assert!(waited >= Duration::from_millis(400), "{waited:?}");
        }
    }
}
