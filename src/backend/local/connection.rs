//! Opens the store's file: safely, durably, and together with other processes.
//!
//! Knows SQLite's settings and the file system; not what the tables hold.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, config::DbConfig};

use crate::{
    backend::local::schema,
    keys::Kek,
    private_file::{self, PrivateFileError},
    seal::random_bytes,
    vault::VaultError,
};

/// How long a writer waits for others before it gives up.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest pause between two attempts to get the lock.
const LONGEST_PAUSE: Duration = Duration::from_millis(8);

/// Settings that are not SQLite's defaults, or must not depend on them.
///
/// A commit is on the disk before it is told (`synchronous`). Deleted ciphertext is overwritten. A damaged
/// page is noticed as it is read. Nothing is ever put into a temporary file. The write-ahead log is folded
/// back every 250 pages and cut when it has grown: the next process to open has to read it all.
const SETTINGS: &str = "
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
PRAGMA cell_size_check = ON;
PRAGMA temp_store = MEMORY;
PRAGMA wal_autocheckpoint = 250;
PRAGMA journal_size_limit = 1048576;
";

/// On macOS, fsync leaves data in the drive's cache unless told otherwise.
const APPLE_SETTINGS: &str = "
PRAGMA fullfsync = ON;
PRAGMA checkpoint_fullfsync = ON;
";

/// Opens the store at this path.
pub(super) fn open(path: &Path) -> Result<Connection, VaultError> {
    let path = checked(path)?;
    let connection = connect(&path)?;
    schema::check(&connection)?;
    Ok(connection)
}

/// Makes a store at this path, all at once: whoever looks sees none, or one that is complete. Does nothing
/// if there is one already.
pub(super) fn create(path: &Path, kek: &Kek) -> Result<(), VaultError> {
    let directory = private_file::directory_of(path);
    private_file::ensure_private_dir(directory)?;
    refuse_network(directory)?;
    // Built aside, so that neither a second maker nor a sudden end can leave half a store.
    let aside = tempfile::Builder::new()
        .prefix(".hushkey-new-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(directory.canonicalize().map_err(|e| failed(path, e))?)
        .map_err(|e| failed(path, e))?;
    let draft = aside.path().join("store.db");
    private_file::create_private(&draft, b"")?;
    let mut connection = connect(&draft)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    schema::create(&transaction, kek)?;
    transaction.commit()?;
    connection.close().map_err(|(_, e)| e)?;
    let draft = tempfile::TempPath::try_from_path(draft).map_err(|e| failed(path, e))?;
    match draft.persist_noclobber(path) {
        Ok(()) => Ok(private_file::sync_directory(directory)?),
        Err(e) if e.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(failed(path, e.error)),
    }
}

/// The path with its directory resolved, after making sure that nobody else can reach the files.
fn checked(path: &Path) -> Result<PathBuf, VaultError> {
    let directory = private_file::directory_of(path);
    let Some(name) = path.file_name() else {
        let message = format!("`{}` is no name for a store", path.display());
        return Err(unavailable(message));
    };
    let names = ["", "-wal", "-shm", "-journal"].map(|suffix| {
        let mut name = name.to_owned();
        name.push(suffix);
        name
    });
    match private_file::check_private_files(directory, &names) {
        Ok(()) if path.exists() => {}
        Err(e) if !e.is_missing() => return Err(e.into()),
        _ => {
            return Err(unavailable(format!(
                "there is no store at `{}`; run `hushkey init`",
                path.display()
            )));
        }
    }
    refuse_network(directory)?;
    // SQLite refuses links anywhere in the path; those above the directory are the owner's affair.
    let directory = directory.canonicalize().map_err(|e| failed(path, e))?;
    Ok(directory.join(name))
}

fn connect(path: &Path) -> Result<Connection, VaultError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_handler(Some(waiting()))?;
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
fn waiting() -> impl FnMut(i32) -> bool + Send {
    let mut since = Instant::now();
    move |attempt| {
        if attempt == 0 {
            since = Instant::now();
        }
        let share = f64::from(u16::from_le_bytes(random_bytes())) / f64::from(u16::MAX);
        std::thread::sleep(LONGEST_PAUSE.mul_f64(share));
        since.elapsed() < PATIENCE
    }
}

/// Refuses file systems on which SQLite's shared memory is not shared between machines.
#[cfg(target_os = "linux")]
fn refuse_network(directory: &Path) -> Result<(), VaultError> {
    const NETWORKS: [(u32, &str); 5] = [
        (0x6969, "NFS"),
        (0x517B, "SMB"),
        (0xFE53_4D42, "SMB"),
        (0xFF53_4D42, "CIFS"),
        (0x5346_414F, "AFS"),
    ];

    let found = rustix::fs::statfs(directory).map_err(|e| failed(directory, e.into()))?;
    // The kernel's numbers have 32 bits; the field's width and sign differ between machines.
    match NETWORKS
        .iter()
        .find(|(magic, _)| *magic == found.f_type as u32)
    {
        Some((_, name)) => Err(unavailable(format!(
            "`{}` is on a network file system ({name}), where two machines would destroy the store; keep it on a \
             local disk",
            directory.display()
        ))),
        None => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
fn refuse_network(_directory: &Path) -> Result<(), VaultError> {
    Ok(())
}

fn failed(path: &Path, error: std::io::Error) -> VaultError {
    PrivateFileError::Io {
        action: "opened",
        path: path.to_owned(),
        source: error,
    }
    .into()
}

fn unavailable(message: String) -> VaultError {
    VaultError::Unavailable {
        message,
        source: None,
    }
}
