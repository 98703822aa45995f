//! A server in this process that takes little, so that its limits can be met without waiting for long.

use std::{sync::Arc, thread::JoinHandle};

use hushkey::{
    access::AgentName,
    audit::AuditLog,
    broker::{Broker, Grounds, PolicySource},
    http::{Limits, Plan, Server},
    keys::KeySource,
    policy::Policy,
    private_file::ensure_private_dir,
    registry::{Registry, connect::ConnectRegistry},
};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::{client::Agent, fake_vault::FakeVault};

/// A running server, and two agents that may see its vault.
pub struct Small {
    pub codex: Agent,
    pub other: Agent,
    end: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<()>>,
    _home: TempDir,
}

struct Fixed;

impl PolicySource for Fixed {
    fn current(&self) -> Result<Policy, String> {
        let text = "[agents.codex.vaults]\nDev = \"read\"\n[agents.other.vaults]\nDev = \"read\"\n";
        Policy::parse(text, None).map_err(|error| error.to_string())
    }
}

impl Small {
    pub fn with(limits: Limits) -> Self {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join("home");
        ensure_private_dir(&place).unwrap();
        let key = KeySource::File(place.join("key")).load_or_create().unwrap();
        let audit = AuditLog::open(&place.join("audit.db"), &key).unwrap();
        let registry = Registry::open(&place.join("agents.db"), &key).unwrap();
        let connect = ConnectRegistry::open(&place.join("connect.db"), &key).unwrap();
        let token = |name: &str| {
            let name = AgentName::parse(name).unwrap();
            let made = registry.create(&name, None, Timestamp::now()).unwrap();
            made.expose_secret().to_owned()
        };
        let (codex, other) = (token("codex"), token("other"));
        let vault = Arc::new(FakeVault::new().vault("Dev"));
        let broker = Broker::new(vault, Box::new(Fixed), audit, Grounds::default());
        let plan = Plan {
            listens: vec!["127.0.0.1:0".parse().unwrap()],
            limits,
            ..Plan::default()
        };
        let (tell, address) = std::sync::mpsc::channel();
        let (end, ended) = oneshot::channel();
        let served = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let server = Server::start(plan, broker, Some(registry), connect)
                    .await
                    .unwrap();
                tell.send(server.addresses()[0].clone()).unwrap();
                server.run(async { drop(ended.await) }).await;
            });
        });
        let address = address.recv().unwrap();
        let address = address
            .trim_start_matches("http://")
            .trim_end_matches("/mcp");
        let agent = |token| Agent {
            token,
            address: address.to_owned(),
        };
        Self {
            codex: agent(codex),
            other: agent(other),
            end: Some(end),
            served: Some(served),
            _home: home,
        }
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(served) = self.served.take() {
            let _ = served.join();
        }
    }
}
