//! A broker over a real store, a real policy and a real audit log, in a directory of its own.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use hushkey::{
    access::{Agent, AgentName, Caller},
    approvals::Approvals,
    audit::AuditLog,
    backend::{
        connect::{ConnectVault, Limits, Server},
        local::{EnvironmentFile, LocalVault},
    },
    broker::{
        ASK_LASTS, Approved, Broker, BrokerError, CreateItem, Grounds, ItemView, NewField,
        OwnPaths, People, PolicySource, RunAnswer, RunRequest, Source,
    },
    keys::KeySource,
    launch,
    policy::Policy,
    vault::{Environments, Secret, Vault},
};

use crate::{BACKEND, fake_connect::FakeConnect};

/// Where a house keeps its secrets: each test program says so once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code)]
pub enum Backend {
    Connect,
    Local,
}

/// A broker with everything real behind it.
pub struct House {
    /// Holds the store; goes when the house goes.
    pub home: PathBuf,
    /// Where agents work: their only root.
    pub work: PathBuf,
    pub broker: Broker,
    policy: Arc<Mutex<String>>,
    environment: Vec<(String, String)>,
    /// The server that is behind it, if one is.
    pub server: Option<FakeConnect>,
    _dir: tempfile::TempDir,
}

struct Text(Arc<Mutex<String>>);

impl PolicySource for Text {
    fn current(&self) -> Result<Policy, String> {
        Policy::parse(&self.0.lock().unwrap(), None).map_err(|error| error.to_string())
    }
}

impl House {
    /// Builds a house with the vaults `Dev`, `Lax` and `Board` under a policy.
    pub async fn new(policy: &str) -> Self {
        Self::with_environment(policy, &[]).await
    }

    /// As [`House::new`], with a server's environment.
    pub async fn with_environment(policy: &str, environment: &[(&str, &str)]) -> Self {
        launch::reexecute(env!("CARGO_BIN_EXE_hushkey").into());
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        let (home, work) = (base.join("home"), base.join("work"));
        hushkey::private_file::ensure_private_dir(&home).unwrap();
        std::fs::create_dir(&work).unwrap();
        let text = Arc::new(Mutex::new(policy.to_owned()));
        let server = (BACKEND == Backend::Connect).then(FakeConnect::new);
        const VAULTS: [&str; 3] = ["Dev", "Lax", "Board"];
        // A token of our own server is for the vaults that there are.
        for (server, name) in server.iter().flat_map(|it| VAULTS.map(|name| (it, name))) {
            server.vault(name);
        }
        let broker =
            open(&home, &text, pairs(environment), server.as_ref()).with_people(people(&home));
        if server.is_none() {
            for name in VAULTS {
                broker.create_vault(&Caller::Owner, name, "").await.unwrap();
            }
        }
        Self {
            home,
            work,
            broker,
            policy: text,
            environment: pairs(environment),
            server,
            _dir: dir,
        }
    }

    /// Another broker over the same files, as another process would open it.
    #[allow(dead_code)]
    pub fn reopen(&self) -> Broker {
        open(&self.home, &self.policy, vec![], self.server.as_ref()).with_people(people(&self.home))
    }

    /// The file of requests and decisions, as another process opens it.
    #[allow(dead_code)]
    pub fn approvals(&self) -> Approvals {
        approvals(&self.home)
    }

    /// Persons have so long to decide.
    #[allow(dead_code)]
    pub fn patience(&mut self, patience: Duration) {
        self.broker = self.without_people().with_people(People {
            patience,
            ..people(&self.home)
        });
    }

    /// A decision needs a proof.
    #[allow(dead_code)]
    pub fn proving(&mut self, proof: impl Fn(&[u8], &[u8; 64]) -> bool + Send + Sync + 'static) {
        let environment = self.environment.clone();
        let policy = &self.policy;
        self.broker = open_proving(
            &self.home,
            policy,
            environment,
            self.server.as_ref(),
            Some(Box::new(proof)),
        )
        .with_people(people(&self.home));
    }

    /// A broker that can ask nobody.
    #[allow(dead_code)]
    pub fn without_people(&self) -> Broker {
        let environment = self.environment.clone();
        open(&self.home, &self.policy, environment, self.server.as_ref())
    }

    /// The same house with a broker that has read nothing yet.
    #[allow(dead_code)]
    pub async fn broker_anew(mut self) -> Self {
        self.broker = self.reopen();
        self
    }

    /// The vaults themselves, as somebody else would open them.
    pub fn vault(&self) -> Arc<dyn Vault> {
        vault(&self.home, self.server.as_ref())
    }

    /// An agent that works in [`House::work`].
    pub fn agent(&self, name: &str) -> Caller {
        Caller::Agent(Agent {
            name: AgentName::parse(name).unwrap(),
            default_roots: vec![self.work.clone()],
            client: None,
            standing: hushkey::access::Standing::default(),
        })
    }

    /// Puts another policy in force.
    #[allow(dead_code)]
    pub fn set_policy(&self, text: &str) {
        *self.policy.lock().unwrap() = text.to_owned();
    }

    /// The owner makes an item with concealed fields.
    pub async fn item(&self, vault: &str, title: &str, fields: &[(&str, &str)]) -> ItemView {
        let fields = fields
            .iter()
            .map(|(label, value)| field(label, Source::Text(Secret::new((*value).to_owned()))))
            .map(|field| NewField {
                kind: Some(hushkey::vault::FieldType::Concealed),
                ..field
            })
            .collect();
        let new = create(vault, title, fields);
        self.broker
            .create_item(&Caller::Owner, new, std::future::pending())
            .await
            .unwrap()
    }

    /// Makes an item for a caller.
    pub async fn create(&self, caller: &Caller, new: CreateItem) -> Result<ItemView, BrokerError> {
        self.broker
            .create_item(caller, new, std::future::pending())
            .await
    }

    /// Runs a program for a caller, in the work directory.
    pub async fn run(
        &self,
        caller: &Caller,
        command: &[&str],
        env: &[(&str, &str)],
    ) -> Result<RunAnswer, BrokerError> {
        let request = RunRequest {
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            env: pairs(env),
            ..RunRequest::default()
        };
        self.request(caller, request).await
    }

    /// Runs a request for a caller.
    pub async fn request(
        &self,
        caller: &Caller,
        request: RunRequest,
    ) -> Result<RunAnswer, BrokerError> {
        self.broker
            .run(caller, request, std::future::pending())
            .await
    }

    /// The sentences that the owner's log has about an agent.
    pub async fn log(&self, agent: &str) -> Vec<String> {
        let wanted = hushkey::broker::ActivityWanted {
            agent: Some(agent.to_owned()),
            ..Default::default()
        };
        let entries = self.broker.activity(&Caller::Owner, &wanted).await.unwrap();
        entries.into_iter().map(|entry| entry.sentence).collect()
    }

    /// Writes a file into the work directory.
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.work.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

fn open(
    home: &Path,
    policy: &Arc<Mutex<String>>,
    environment: Vec<(String, String)>,
    server: Option<&FakeConnect>,
) -> Broker {
    open_proving(home, policy, environment, server, None)
}

fn open_proving(
    home: &Path,
    policy: &Arc<Mutex<String>>,
    environment: Vec<(String, String)>,
    server: Option<&FakeConnect>,
    approved: Option<Approved>,
) -> Broker {
    let key = KeySource::File(home.join("key")).load_or_create().unwrap();
    let vault = vault(home, server);
    let audit = AuditLog::open(&home.join("audit.db"), &key).unwrap();
    let grounds = Grounds {
        environment,
        owner_path: vec!["/usr/bin".into(), "/bin".into()],
        own_paths: OwnPaths::new([home]),
        own_secrets: key
            .redactable()
            .into_iter()
            .map(|form| ("hushkey's own key".to_owned(), form))
            .collect(),
        approved,
        ..Grounds::default()
    };
    let policy = Box::new(Text(Arc::clone(policy)));
    Broker::new(vault, policy, audit, grounds).with_environments(environments(home, server))
}

fn environments(home: &Path, server: Option<&FakeConnect>) -> Arc<dyn Environments> {
    let key = KeySource::File(home.join("key")).load_or_create().unwrap();
    match server {
        Some(_) => {
            let file = EnvironmentFile::open_or_create(&home.join("environments.db"), &key);
            Arc::new(file.unwrap())
        }
        None => Arc::new(LocalVault::open_or_create(&home.join("store.db"), &key).unwrap()),
    }
}

fn people(home: &Path) -> People {
    let home = home.to_owned();
    People {
        open: Box::new(move || Ok(approvals(&home))),
        tell: Box::new(|_| {}),
        patience: Duration::from_secs(30),
        typing: ASK_LASTS,
    }
}

fn approvals(home: &Path) -> Approvals {
    let key = KeySource::File(home.join("key")).load_or_create().unwrap();
    Approvals::open(&home.join("approvals.db"), &key).unwrap()
}

fn vault(home: &Path, server: Option<&FakeConnect>) -> Arc<dyn Vault> {
    let key = KeySource::File(home.join("key")).load_or_create().unwrap();
    match server {
        Some(server) => Arc::new(connected(server)),
        None => Arc::new(LocalVault::open_or_create(&home.join("store.db"), &key).unwrap()),
    }
}

/// A client of a server, with short pauses.
pub fn connected(server: &FakeConnect) -> ConnectVault {
    let [(_, host), (_, token)] = server.variables();
    let place = Server {
        host,
        token: Secret::new(token),
        authority: None,
    };
    let limits = Limits {
        pause: std::time::Duration::from_millis(10),
        ..Limits::default()
    };
    ConnectVault::new(place, limits).unwrap()
}

/// A field from a source, of no stated type.
pub fn field(label: &str, source: Source) -> NewField {
    NewField {
        label: label.to_owned(),
        section: None,
        kind: None,
        purpose: None,
        source: Some(source),
    }
}

/// An item to make.
pub fn create(vault: &str, title: &str, fields: Vec<NewField>) -> CreateItem {
    CreateItem {
        vault: vault.to_owned(),
        title: title.to_owned(),
        category: None,
        fields,
        tags: vec![],
        urls: vec![],
        favorite: false,
    }
}

/// Names and texts, owned.
pub fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

/// The error's text.
pub fn said<T>(result: Result<T, BrokerError>) -> String {
    match result {
        Ok(_) => panic!("this should have been refused"),
        Err(error) => error.to_string(),
    }
}

/// A path as text.
#[allow(dead_code)]
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
