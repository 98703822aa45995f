//! Decide, record, act: the only holder of a [`Vault`].
//!
//! Every guarded method takes the caller, resolves names to ids, asks the policy, writes the decision to the
//! audit log and only then touches a value. Front-ends get metadata and redacted output; a value
//! leaves through `reveal` alone, for the owner. The broker knows no protocol and no storage.

use std::{
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::OnceCell;

use crate::{
    access::Caller,
    audit::{AuditLog, Verb},
    policy::{Action, Policy},
    vault::{
        Environment, EnvironmentEdit, EnvironmentId, EnvironmentName, Environments, Secret,
        StoreHead, Vault, VaultError, VaultOverview,
    },
};

mod access;
mod administer;
mod asker;
mod asking;
mod command;
pub mod connect_api;
mod consent;
mod environment;
mod environments;
pub mod error;
mod exchange;
mod explain;
mod fields;
mod files;
mod guard;
mod inject;
mod injected;
mod out_file;
mod pass;
mod paths;
mod people;
mod program;
mod question;
mod read;
mod recorder;
mod released;
pub mod request;
mod resolve;
mod run;
mod run_answer;
mod scope;
mod server;
mod shown;
mod started;
mod turned_away;
mod typed;
mod update;
mod used;
mod value;
mod variables;
mod vitals;
mod wire;
mod write;

pub use administer::Administrator;
pub use asker::{Asker, Dialogue, Reply, Waiting};
pub use asking::{ASK_LASTS, AskState, Asked, TypingPage};
pub use error::{BrokerError, Class};
pub use exchange::{ImportTerms, ImportedVault};
pub use explain::RunInQuestion;
pub use files::{AttachFile, SaveFile, SavedFile};
pub use guard::Ticket;
pub use inject::{FilledTemplate, InjectTemplate, TemplateText};
pub use paths::OwnPaths;
pub use people::People;
pub use question::{Question, Suspended};
pub use request::{
    Activity, ActivityWanted, Checked, CreateItem, Deleted, EnvironmentView, ItemLine, ItemPage,
    ItemView, ItemsWanted, NewField, NewVariable, RunAnswer, RunRequest, SetVariables, Source,
    UpdateItem, VariableLine, VaultView,
};
pub use run::{MAX_TIMEOUT, PreparedRun};
pub use used::Used;
pub use vitals::Vitals;

use resolve::Seen;

/// Decides, records and acts.
pub struct Broker {
    vault: Arc<dyn Vault>,
    environments: Arc<dyn Environments>,
    policy: Box<dyn PolicySource>,
    audit: Arc<AuditLog>,
    /// The way into the log.
    recorder: recorder::Recorder,
    /// What vaults and items are called, for what programs ask for.
    names: connect_api::names::Names,
    grounds: Grounds,
    released: released::Released,
    /// How persons are reached; `None` where nobody can be asked.
    reached: Option<people::Reached>,
    started: started::Started,
    asks: asking::OpenAsks,
}

/// Gives the policy that is in force now, read and checked.
pub trait PolicySource: Send + Sync {
    /// The policy, not yet bound to vaults' ids.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the file and where; then nothing is allowed.
    fn current(&self) -> Result<Policy, String>;

    /// What is wrong with the file though an older policy is in force; each trouble is told once.
    fn trouble(&self) -> Option<String> {
        None
    }
}

/// What the broker has to know of the place where it runs.
#[derive(Default)]
pub struct Grounds {
    /// The server's own environment, of which a program gets a short list.
    pub environment: Vec<(String, String)>,
    /// Where the owner's programs are looked up.
    pub owner_path: Vec<PathBuf>,
    /// Files and directories that no agent may name.
    pub own_paths: OwnPaths,
    /// Hushkey's own key in its written forms: concealed in whatever an agent's program prints.
    pub own_secrets: Vec<(String, Secret)>,
    /// Whether a person approved something; `None` where no passphrase could prove it. Where it can be proven it has to be.
    pub approved: Option<Approved>,
    /// Whether the store is unlocked still, if it can be locked: no request is begun while it is not.
    pub unlocked: Option<Unlocked>,
}

/// Tells whether a signature says that the owner, with the passphrase, approved a message.
pub type Approved = Box<dyn Fn(&[u8], &[u8; 64]) -> bool + Send + Sync>;

/// Tells whether a store that was opened is unlocked still.
pub type Unlocked = Box<dyn Fn() -> bool + Send + Sync>;

/// One request while it is worked on: who asks, under which policy, what they may see.
struct Ask<'a> {
    caller: &'a Caller,
    /// Why, in the caller's words.
    reason: Option<&'a str>,
    /// What persons said to this call already.
    consents: &'a question::Consents,
    policy: Policy,
    seen: Vec<Seen>,
    now: Timestamp,
}

impl Ask<'_> {
    /// Whether the caller says why.
    fn reasoned(&self) -> bool {
        self.reason.is_some_and(|reason| !reason.trim().is_empty())
    }
}

impl Broker {
    /// Puts a broker together.
    #[must_use]
    pub fn new(
        vault: Arc<dyn Vault>,
        policy: Box<dyn PolicySource>,
        audit: AuditLog,
        grounds: Grounds,
    ) -> Self {
        let released = released::Released::default();
        for (name, secret) in &grounds.own_secrets {
            released.keep(name, secret.clone());
        }
        let audit = Arc::new(audit);
        Self {
            vault,
            environments: Arc::new(NoEnvironments),
            policy,
            recorder: recorder::Recorder::new(Arc::clone(&audit)),
            names: connect_api::names::Names::default(),
            audit,
            grounds,
            released,
            reached: None,
            started: started::Started::default(),
            asks: asking::OpenAsks::default(),
        }
    }

    /// Keeps environments here.
    #[must_use]
    pub fn with_environments(self, environments: Arc<dyn Environments>) -> Self {
        Self {
            environments,
            ..self
        }
    }

    /// Compares the store with where it was known to stand. Notes where it stands now when all is well, or when nothing
    /// was known.
    ///
    /// # Errors
    /// [`BrokerError`] when store or audit log do not answer.
    pub async fn anchor(&self) -> Result<Anchor, BrokerError> {
        let Some(StoreHead { store, .. }) = self.head().await? else {
            return Ok(Anchor::Sound);
        };
        // Where it stood comes before where it stands: what others write in between can only move it on.
        let known = self.audit.known_head(&store)?;
        let Some(head) = self.head().await? else {
            return Ok(Anchor::Sound);
        };
        let Some(known) = known else {
            self.audit.note_head(&head)?;
            return Ok(Anchor::Sound);
        };
        let older = head.revision < known.revision
            || (head.revision == known.revision && head.mark != known.mark);
        if older {
            self.audit.part(&head.store)?;
        }
        Ok(if older || self.audit.parted(&head.store)? {
            Anchor::Older { head, known }
        } else {
            Anchor::Sound
        })
    }

    /// Takes the store as it stands: for the owner who put a backup back.
    ///
    /// # Errors
    /// [`BrokerError`] when store or audit log do not answer.
    pub async fn accept_store(&self, caller: &Caller) -> Result<(), BrokerError> {
        let ask = self.ask(caller).await?;
        let deed = guard::Deed::of(Verb::ManageAccess);
        let ticket = self.permit(&ask, &Action::Administer, deed).await?;
        let accepted = match self.head().await? {
            Some(head) => self.audit.accept_head(&head).map_err(BrokerError::from),
            None => Ok(()),
        };
        self.closing(ticket, accepted).await
    }

    /// The vault behind the broker, for a full check by the owner's `doctor`: it reads no value out.
    ///
    /// # Errors
    /// [`BrokerError`] when the store does not answer.
    pub async fn check(&self) -> Result<crate::vault::StoreReport, BrokerError> {
        Ok(self.vault.check().await?)
    }

    /// The policy in force, bound to the vaults that there are: for `policy check` and `policy show`.
    ///
    /// # Errors
    /// [`BrokerError`] when policy or store do not answer.
    pub async fn bound_policy(&self) -> Result<Policy, BrokerError> {
        let vaults = self.vault.vaults().await?;
        let mut policy = self.policy(&vaults)?;
        let environments = self.environments.environments().await?;
        policy.bind_environments(environments.iter().map(environments::named).collect());
        Ok(policy)
    }

    /// The audit log, for the owner's `log`.
    #[must_use]
    pub fn audit(&self) -> &AuditLog {
        &self.audit
    }

    /// For what no person is asked about.
    async fn ask<'a>(&self, caller: &'a Caller) -> Result<Ask<'a>, BrokerError> {
        self.ask_with(caller.into(), question::Consents::none())
            .await
    }

    async fn ask_with<'a>(
        &self,
        asker: Asker<'a>,
        consents: &'a question::Consents,
    ) -> Result<Ask<'a>, BrokerError> {
        let caller = asker.caller;
        let (policy, seen) = self.seen(caller).await?;
        Ok(Ask {
            caller,
            reason: asker.reason,
            consents,
            policy,
            seen,
            now: Timestamp::now(),
        })
    }

    /// Where the store stands; where the vaults are elsewhere, the file with the environments.
    async fn head(&self) -> Result<Option<StoreHead>, BrokerError> {
        match self.vault.head().await? {
            Some(head) => Ok(Some(head)),
            None => Ok(self.environments.environments_head().await?),
        }
    }

    fn policy(&self, vaults: &[VaultOverview]) -> Result<Policy, BrokerError> {
        let mut policy = self
            .policy
            .current()
            .map_err(|message| BrokerError::Unavailable {
                message,
                source: None,
            })?;
        policy.bind(vaults);
        let path = policy.search_path().to_vec();
        policy.pin(&|name| program::find(name, Path::new("/"), &path));
        Ok(policy)
    }
}

/// Where nobody keeps environments.
struct NoEnvironments;

impl NoEnvironments {
    fn refused<T>() -> Result<T, VaultError> {
        Err(VaultError::Unsupported(
            "environments are not kept here".into(),
        ))
    }
}

#[async_trait]
impl Environments for NoEnvironments {
    async fn environments(&self) -> Result<Vec<Environment>, VaultError> {
        Ok(Vec::new())
    }

    async fn create_environment(
        &self,
        _: EnvironmentName,
        _: &str,
    ) -> Result<Environment, VaultError> {
        Self::refused()
    }

    async fn edit_environment(
        &self,
        _: &EnvironmentId,
        _: EnvironmentEdit,
    ) -> Result<Environment, VaultError> {
        Self::refused()
    }

    async fn delete_environment(&self, _: &EnvironmentId) -> Result<(), VaultError> {
        Self::refused()
    }

    async fn environments_head(&self) -> Result<Option<StoreHead>, VaultError> {
        Ok(None)
    }
}

/// What comparing the store with its anchor showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// An older or another copy was put in the store's place.
    Older {
        /// Where the store stands.
        head: StoreHead,
        /// Where it was known to stand.
        known: StoreHead,
    },
    /// The store stands where it was left, or further on.
    Sound,
}

/// Opens a broker when it is first needed, and again after a failure: a server answers its first request at once.
pub struct LazyBroker {
    open: Box<dyn Fn() -> Opening + Send + Sync>,
    cell: OnceCell<Broker>,
}

/// A broker that is being opened.
pub type Opening = Pin<Box<dyn Future<Output = Result<Broker, BrokerError>> + Send>>;

impl LazyBroker {
    /// A broker that is open already.
    #[must_use]
    pub fn of(broker: Broker) -> Self {
        Self {
            open: Box::new(|| Box::pin(async { unreachable!("it is open") })),
            cell: OnceCell::new_with(Some(broker)),
        }
    }

    /// Remembers how to open the broker.
    pub fn new(open: impl Fn() -> Opening + Send + Sync + 'static) -> Self {
        Self {
            open: Box::new(open),
            cell: OnceCell::new(),
        }
    }

    /// The broker, if it was needed already.
    #[must_use]
    pub fn opened(&self) -> Option<&Broker> {
        self.cell.get()
    }

    /// The broker, opened now if it was not.
    ///
    /// # Errors
    /// What opening said; the next call tries again.
    pub async fn get(&self) -> Result<&Broker, BrokerError> {
        self.cell.get_or_try_init(|| (self.open)()).await
    }
}
