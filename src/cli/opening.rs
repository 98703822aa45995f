//! Puts the rooms together: key, policy, audit log and store become a broker.
//!
//! The one place of the command line that names a backend. What is missing is made on first use, in an order
//! that a crash may interrupt anywhere: whatever is there is kept, and the next start makes the rest.

use std::{
    collections::BTreeSet,
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::fs::{FlockOperation, flock};

use crate::{
    audit::AuditLog,
    backend::local::LocalVault,
    broker::{Broker, BrokerError, Grounds, OwnPaths},
    cli::session::{OWNER, wait},
    config::{Backend, Config},
    keys::Kek,
    policy::edit,
    policy_file::PolicyFile,
    private_file::{self, PrivateFileError},
    vault::{VaultError, VaultOverview},
};

/// How long a start waits for another process that makes what is missing.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is made where nothing is.
#[derive(Clone, Debug)]
pub(super) struct Beginnings {
    /// The first vault's name.
    pub(super) vault: String,
    /// Whether the policy grants nothing to anybody.
    pub(super) strict: bool,
}

impl Default for Beginnings {
    fn default() -> Self {
        Self {
            vault: "Dev".to_owned(),
            strict: false,
        }
    }
}

/// What was made.
#[derive(Debug)]
pub(super) struct Made {
    /// Whether the policy was written now, or was there.
    pub(super) policy: bool,
    /// The first vault; `None` where the store had vaults already.
    pub(super) vault: Option<VaultOverview>,
}

/// Tells whether a store was made here already.
pub(super) fn is_made(config: &Config) -> bool {
    config.places.store.exists()
}

/// Makes what is missing of key, policy, audit log, store and first vault.
pub(super) fn make(config: &Config, beginnings: &Beginnings) -> anyhow::Result<Made> {
    refuse_connect(config)?;
    for directory in config.places.directories() {
        private_file::ensure_private_dir(directory).map_err(unavailable)?;
    }
    let _making = lock(config, FlockOperation::NonBlockingLockExclusive);
    refuse_orphans(config)?;
    let kek = config.key.load_or_create().map_err(unavailable)?;
    let policy = make_policy(&config.places.policy, beginnings)?;
    let broker = assemble(config, &kek, LocalVault::open_or_create)?;
    let vault = if wait(broker.vaults(&OWNER))?.is_empty() {
        Some(wait(broker.create_vault(&OWNER, &beginnings.vault, ""))?)
    } else {
        None
    };
    Ok(Made { policy, vault })
}

/// Opens key, policy, audit log and store, which have to be there.
pub(super) fn open(config: &Config) -> Result<Broker, BrokerError> {
    refuse_connect(config)?;
    drop(lock(config, FlockOperation::NonBlockingLockShared));
    let kek = config.key.load().map_err(unavailable)?;
    if !config.places.audit.exists() {
        return Err(unavailable_text(format!(
            "the audit log `{}` is gone, and nothing is released without one; put it back, or begin a new one with \
             `hushkey init --if-missing`",
            config.places.audit.display()
        )));
    }
    assemble(config, &kek, LocalVault::open)
}

/// Opens the audit log alone: it has to be readable when the store is not.
pub(super) fn open_audit(config: &Config) -> Result<AuditLog, BrokerError> {
    drop(lock(config, FlockOperation::NonBlockingLockShared));
    let kek = config.key.load().map_err(unavailable)?;
    AuditLog::open(&config.places.audit, &kek).map_err(unavailable)
}

/// Locks the store's directory: whoever makes what is missing is alone, and whoever opens it waits until all of it is
/// there. Only for a while, and not if the system has no such locks: a process that was stopped must not stop all others,
/// and two may take each step at once.
fn lock(config: &Config, operation: FlockOperation) -> Option<File> {
    let directory = File::open(private_file::directory_of(&config.places.store)).ok()?;
    let until = Instant::now() + PATIENCE;
    loop {
        match flock(&directory, operation) {
            Ok(()) => return Some(directory),
            Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR)
                if Instant::now() < until =>
            {
                std::thread::sleep(Duration::from_millis(2));
            }
            Err(_) => return None,
        }
    }
}

fn assemble(
    config: &Config,
    kek: &Kek,
    open: impl Fn(&Path, &Kek) -> Result<LocalVault, VaultError>,
) -> Result<Broker, BrokerError> {
    let places = &config.places;
    let policy = PolicyFile::new(places.policy.clone(), std::env::home_dir());
    // The store first: an audit log without a store tells that the store was removed.
    let vault = open(&places.store, kek)?;
    let audit = AuditLog::open(&places.audit, kek).map_err(unavailable)?;
    Ok(Broker::new(
        Arc::new(vault),
        Box::new(policy),
        audit,
        grounds(config, kek),
    ))
}

/// What the broker has to know of this process.
fn grounds(config: &Config, kek: &Kek) -> Grounds {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Grounds {
        environment: std::env::vars_os()
            .filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)))
            .collect(),
        owner_path: std::env::split_paths(&path).collect(),
        own_paths: OwnPaths::new(config.own_paths()),
        own_secrets: kek
            .redactable()
            .into_iter()
            .map(|spelling| ("hushkey's own key".to_owned(), spelling))
            .collect(),
    }
}

/// Writes the first policy, unless there is one.
fn make_policy(path: &Path, beginnings: &Beginnings) -> Result<bool, BrokerError> {
    let text = edit::starter(&beginnings.vault, &search_path(), beginnings.strict);
    match private_file::create_private(path, text.as_bytes()) {
        Ok(()) => Ok(true),
        Err(PrivateFileError::Exists { .. }) => Ok(false),
        Err(error) => Err(unavailable(error)),
    }
}

/// Where the first policy looks programs up: the directories of PATH that only we or root can write.
fn search_path() -> Vec<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<String> = std::env::split_paths(&path)
        .filter(|directory: &PathBuf| directory.is_absolute())
        .filter(|directory| private_file::check_trusted_dir(directory).is_ok())
        .filter_map(|directory| directory.into_os_string().into_string().ok())
        .collect();
    let mut seen = BTreeSet::new();
    found.retain(|directory| seen.insert(directory.clone()));
    if found.is_empty() {
        return ["/usr/local/bin", "/usr/bin", "/bin"]
            .map(str::to_owned)
            .into();
    }
    found
}

/// Refuses to make a new store where an audit log knows of another one: it was removed, or lies elsewhere.
fn refuse_orphans(config: &Config) -> Result<(), BrokerError> {
    let places = &config.places;
    if places.audit.exists() && !places.store.exists() {
        return Err(unavailable_text(format!(
            "the store `{}` is gone though the audit log `{}` is there; put the store back, or move the audit log away to \
             begin anew",
            places.store.display(),
            places.audit.display()
        )));
    }
    Ok(())
}

fn refuse_connect(config: &Config) -> Result<(), BrokerError> {
    match config.backend {
        Backend::Local => Ok(()),
        Backend::Connect(_) => Err(unavailable_text(
            "a 1Password Connect server is selected (OP_CONNECT_HOST and OP_CONNECT_TOKEN, or config.toml), which this \
             version can't open yet; use --backend local for the store on this machine",
        )),
    }
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> BrokerError {
    BrokerError::Unavailable {
        message: error.to_string(),
        source: Some(Box::new(error)),
    }
}

fn unavailable_text(message: impl Into<String>) -> BrokerError {
    BrokerError::Unavailable {
        message: message.into(),
        source: None,
    }
}
