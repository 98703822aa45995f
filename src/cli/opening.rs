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
    backend::{
        connect::{ConnectVault, Limits, Server},
        local::{self, EnvironmentFile, LentKeys, LocalVault},
    },
    broker::{Broker, BrokerError, Grounds, OwnPaths},
    cli::session::{OWNER, wait},
    config::{Backend, Config, Connect},
    keys::{Approval, Kek, KeyError, KeyFile, KeySource, Passphrase},
    policy::edit,
    policy_file::PolicyFile,
    private_file::{self, PrivateFileError},
    registry::connect::Lender,
    vault::{Secret, StoreHead, VaultError, VaultOverview},
};

mod copy;
pub(super) mod key;
mod people;
mod registries;

pub(super) use copy::open_copy;
use key::OwnerKey;
pub(super) use registries::{
    Registries, open_with_agents, open_with_connect, open_with_registries,
};

/// How long a start waits for another process that makes what is missing.
const PATIENCE: Duration = Duration::from_secs(5);

/// How an agent's token is called where it is concealed.
const AN_AGENTS_TOKEN: &str = "an agent's token";

/// What is made where nothing is.
#[derive(Debug)]
pub(super) struct Beginnings {
    /// The first vault's name.
    pub(super) vault: String,
    /// Whether the policy grants nothing to anybody.
    pub(super) strict: bool,
    /// What locks the key, if anything.
    pub(super) passphrase: Option<Passphrase>,
}

impl Default for Beginnings {
    fn default() -> Self {
        Self {
            vault: "Dev".to_owned(),
            strict: false,
            passphrase: None,
        }
    }
}

impl Beginnings {
    /// What is made when nobody asked for it. A team's vaults are nobody's to give away in passing: with a Connect server
    /// the policy grants nothing.
    pub(super) fn on_first_use(config: &Config) -> Self {
        Self {
            strict: is_connect(config),
            ..Self::default()
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

/// Tells whether a store was made here already; with a Connect server, what belongs to one: policy and audit log.
pub(super) fn is_made(config: &Config) -> bool {
    let places = &config.places;
    match config.backend {
        Backend::Connect(_) => places.audit.exists() || places.policy.exists(),
        Backend::Local => places.store.exists(),
    }
}

/// Tells whether the secrets lie on a Connect server.
pub(super) fn is_connect(config: &Config) -> bool {
    matches!(config.backend, Backend::Connect(_))
}

/// Makes what is missing of key, policy, audit log, store and first vault.
pub(super) fn make(config: &Config, beginnings: &Beginnings) -> anyhow::Result<Made> {
    for directory in config.places.directories() {
        private_file::ensure_private_dir(directory).map_err(unavailable)?;
    }
    let _making = lock(config, FlockOperation::NonBlockingLockExclusive);
    let key = make_key(config, beginnings)?;
    refuse_orphans(config, &key.kek)?;
    let policy = make_policy(&config.places.policy, beginnings)?;
    let broker = assemble(config, key, LocalVault::open_or_create)?;
    if is_connect(config) {
        // Its vaults are made in 1Password.
        return Ok(Made {
            policy,
            vault: None,
        });
    }
    let vault = if wait(broker.vaults(&OWNER))?.is_empty() {
        Some(wait(broker.create_vault(&OWNER, &beginnings.vault, ""))?)
    } else {
        None
    };
    Ok(Made { policy, vault })
}

/// Opens key, policy, audit log and store, which have to be there.
pub(super) fn open(config: &Config) -> Result<Broker, BrokerError> {
    drop(lock(config, FlockOperation::NonBlockingLockShared));
    open_with(config, key::owner_key(config)?)
}

/// Opens policy, audit log and store with a key that was got otherwise.
pub(super) fn open_with(config: &Config, key: OwnerKey) -> Result<Broker, BrokerError> {
    if !config.places.audit.exists() {
        return Err(unavailable_text(format!(
            "the audit log `{}` is gone, and nothing is released without one; put it back, or begin a new one with \
             `hushkey init --if-missing`",
            config.places.audit.display()
        )));
    }
    assemble(config, key, LocalVault::open)
}

/// Opens the audit log alone: it has to be readable when the store is not.
pub(super) fn open_audit(config: &Config) -> Result<AuditLog, BrokerError> {
    drop(lock(config, FlockOperation::NonBlockingLockShared));
    let key = key::owner_key(config)?;
    AuditLog::open(&config.places.audit, &key.kek).map_err(unavailable)
}

/// Copies the sealed store into a file.
pub(super) fn backup(config: &Config, to: &Path) -> Result<StoreHead, BrokerError> {
    let key = key::owner_key(config)?;
    Ok(local::backup(&config.places.store, &key.kek, to)?)
}

/// Puts a copy in the store's place.
pub(super) fn restore(config: &Config, from: &Path) -> Result<StoreHead, BrokerError> {
    let key = key::owner_key(config)?;
    let _alone = lock(config, FlockOperation::NonBlockingLockExclusive);
    Ok(local::restore(&config.places.store, &key.kek, from)?)
}

/// Locks the store's directory: whoever makes what is missing is alone, and whoever opens it waits until all of it is
/// there. Only for a while, and not if the system has no such locks: a process that was stopped must not stop all others,
/// and two may take each step at once.
pub(super) fn lock(config: &Config, operation: FlockOperation) -> Option<File> {
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
    key: OwnerKey,
    open: impl Fn(&Path, &Kek) -> Result<LocalVault, VaultError>,
) -> Result<Broker, BrokerError> {
    let places = &config.places;
    let people = people::people(config, &key.kek);
    let rest = |key: OwnerKey| {
        let policy = PolicyFile::new(places.policy.clone(), std::env::home_dir());
        let audit = AuditLog::open(&places.audit, &key.kek).map_err(unavailable)?;
        Ok::<_, BrokerError>((Box::new(policy), audit, grounds(config, key)))
    };
    // The store first: an audit log without a store tells that the store was removed.
    match &config.backend {
        Backend::Connect(connect) => {
            let vault = connected(connect)?;
            let were_kept = places.environments.exists();
            let environments = EnvironmentFile::open_or_create(&places.environments, &key.kek)?;
            let (policy, audit, grounds) = rest(key)?;
            if !were_kept && audit.knows_environments().map_err(unavailable)? {
                tracing::warn!(
                    target: "hushkey",
                    "`{}` was gone with the environments in it, and is made anew, empty; `hushkey environment import` makes one from a .env",
                    places.environments.display()
                );
            }
            Ok(Broker::new(Arc::new(vault), policy, audit, grounds)
                .with_environments(Arc::new(environments))
                .with_people(people))
        }
        Backend::Local => {
            let vault = Arc::new(open(&places.store, &key.kek)?);
            let environments = Arc::clone(&vault);
            let (policy, audit, grounds) = rest(key)?;
            Ok(Broker::new(vault, policy, audit, grounds)
                .with_environments(environments)
                .with_people(people))
        }
    }
}

/// A copy of a store, with keys of some vaults that were lent.
fn copied(path: &Path, lent: &[u8]) -> Result<Arc<LocalVault>, BrokerError> {
    let lent = LentKeys::from_bytes(lent)
        .map_err(|_| unavailable_text("the copy was made by another hushkey; update this one"))?;
    Ok(Arc::new(LocalVault::open_copy(path, lent)?))
}

/// Takes vaults' keys from the store, which is opened for that: it happens when a vault is granted, and seldom.
fn lender(store: PathBuf, kek: Kek) -> Lender {
    Box::new(move |vaults| {
        let store = LocalVault::open(&store, &kek)?;
        Ok(store.lend(vaults).to_bytes())
    })
}

/// Prepares for a Connect server; nothing is sent yet.
fn connected(connect: &Connect) -> Result<ConnectVault, BrokerError> {
    let authority = match &connect.authority {
        None => None,
        Some(path) => Some(std::fs::read(path).map_err(|error| {
            unavailable_text(format!(
                "the certificates in `{}` can't be read: {}",
                path.display(),
                error.kind()
            ))
        })?),
    };
    let server = Server {
        host: connect.host.clone(),
        token: connect.token.clone(),
        authority,
    };
    let mut limits = Limits::default();
    if connect.refresh {
        limits.kept = Duration::ZERO;
    }
    Ok(ConnectVault::new(server, limits)?)
}

/// What the broker has to know of this process.
fn grounds(config: &Config, key: OwnerKey) -> Grounds {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Grounds {
        environment: std::env::vars_os()
            .filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)))
            .collect(),
        owner_path: std::env::split_paths(&path).collect(),
        own_paths: OwnPaths::new(config.own_paths()),
        own_secrets: own_secrets(config, &key.kek),
        approved: key.approvals.map(|verifier| {
            let check = move |message: &[u8], signature: &[u8; 64]| {
                let approval = Approval::from_bytes(*signature);
                verifier.verify(message, &approval).is_ok()
            };
            Box::new(check) as _
        }),
        unlocked: key
            .watch
            .map(|watch| Box::new(move || watch.is_unlocked()) as _),
    }
}

/// What no agent's program may print: the key in its spellings, the Connect server's token, and the agent's own.
fn own_secrets(config: &Config, kek: &Kek) -> Vec<(String, Secret)> {
    let key = kek.redactable().into_iter();
    let key = key.map(|spelling| ("hushkey's own key".to_owned(), spelling));
    let token = match &config.backend {
        Backend::Connect(connect) => Some((
            "the Connect server's token".to_owned(),
            connect.token.clone(),
        )),
        Backend::Local => None,
    };
    let agent_token = config.agent_token.as_ref();
    let agent_token = agent_token.map(|token| (AN_AGENTS_TOKEN.to_owned(), token.text.clone()));
    key.chain(token).chain(agent_token).collect()
}

/// Every file that has a key of its own; one that is missing is made later.
fn rewrap(config: &Config, old: &Kek, new: &Kek) -> Result<(), BrokerError> {
    let places = &config.places;
    if places.store.exists() {
        LocalVault::rewrap(&places.store, old, new)?;
    }
    if places.audit.exists() && AuditLog::open(&places.audit, new).is_err() {
        let audit = AuditLog::open(&places.audit, old).map_err(unavailable)?;
        audit.rewrap(old, new).map_err(unavailable)?;
    }
    registries::rewrap(config, old, new)?;
    if places.environments.exists() {
        LocalVault::rewrap(&places.environments, old, new)?;
    }
    people::rewrap(config, old, new).map_err(unavailable)
}

/// The key that is there, or a new one, with the passphrase that was asked for.
fn make_key(config: &Config, beginnings: &Beginnings) -> Result<OwnerKey, BrokerError> {
    match (&beginnings.passphrase, &config.key) {
        (Some(_), KeySource::Command(_)) => Err(unavailable_text(
            "a key command gives the key here, and a passphrase would lock nothing; use one of the two",
        )),
        (Some(passphrase), KeySource::File(path)) => {
            match KeyFile::create_locked(path, passphrase) {
                Err(KeyError::File(PrivateFileError::Exists { .. })) => {
                    Ok(key::open_locked(config, passphrase)?.into())
                }
                made => Ok(made.map_err(unavailable)?.into()),
            }
        }
        (None, _) => match config.key.load_or_create() {
            Ok(kek) => Ok(OwnerKey::open(kek)),
            Err(KeyError::Locked) => key::owner_key(config),
            Err(error) => Err(unavailable(error)),
        },
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
fn refuse_orphans(config: &Config, kek: &Kek) -> Result<(), BrokerError> {
    let places = &config.places;
    if is_connect(config) || !places.audit.exists() || places.store.exists() {
        return Ok(());
    }
    // A log that was begun with a Connect server never knew a store.
    let audit = AuditLog::open(&places.audit, kek).map_err(unavailable)?;
    if audit.knows_a_store().map_err(unavailable)? {
        return Err(unavailable_text(format!(
            "the store `{}` is gone though the audit log `{}` is there; put the store back, or move the audit log away to \
             begin anew",
            places.store.display(),
            places.audit.display()
        )));
    }
    Ok(())
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
