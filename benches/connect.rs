//! How fast a Connect server's secrets are found and fetched, with a server that takes 30 ms for each answer.
//!
//! `cargo bench --bench connect` starts the tests' fake server on loopback and prints one Markdown table. A run without
//! anything kept asks in rounds that each wait for the one before: vaults, list, items, and after the decision items with
//! values; what is asked in one round is asked at the same time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use hushkey::{
    access::{Agent, AgentName, Caller},
    audit::AuditLog,
    backend::connect::{ConnectVault, Limits, Server},
    broker::{Broker, Grounds, PolicySource, RunRequest},
    keys::KeySource,
    launch,
    policy::Policy,
    vault::{ItemId, ItemState, Secret, Vault, VaultId},
};
use tokio::runtime::Runtime;

#[path = "../tests/support/fake_connect.rs"]
mod fake_connect;
#[path = "measure.rs"]
mod measure;

use fake_connect::{FakeConnect, TOKEN};
use measure::{Times, head};

const LATENCY: Duration = Duration::from_millis(30);
const POLICY: &str = "path = [\"/usr/bin\", \"/bin\"]\n[agents.bench.vaults]\nDev = \"use\"\n[[agents.bench.commands]]\nrun = [\"**\"]\nsecrets = [\"op://**\"]\n";

struct Fixed;

impl PolicySource for Fixed {
    fn current(&self) -> Result<Policy, String> {
        Policy::parse(POLICY, None).map_err(|error| error.to_string())
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    let ids: Vec<ItemId> = (0..20)
        .map(|n| {
            let title = format!("Item {n}");
            let values = ["a", "b", "c"].map(|label| format!("canary-{label}-{n:02}-5f2e9b"));
            let fields = [
                ("a", "CONCEALED", values[0].as_str()),
                ("b", "CONCEALED", values[1].as_str()),
                ("c", "CONCEALED", values[2].as_str()),
            ];
            ItemId::parse(&server.item(&dev, &title, &fields)).expect("an id")
        })
        .collect();
    server.latency(LATENCY);
    let dev = VaultId::parse(&dev).expect("an id");

    head();
    let bench = Bench {
        runtime: &runtime,
        server: &server,
    };
    bench
        .one(&dev, &ids[0])
        .row("one item, connection open", "30 ms");
    bench
        .twenty(&dev, &ids)
        .row("20 items at once, connections open", "");
    bench.runs(Duration::ZERO).row(
        "`run_command` of `true`, 50 references over 20 items, `--refresh`",
        "",
    );
    bench
        .runs(Duration::from_secs(60))
        .row("the same, lists and metadata kept", "");

    let large = FakeConnect::new();
    let many = large.vault("Many");
    for n in 0..1000 {
        large.item(&many, &format!("Item {n}"), &[("a", "CONCEALED", "x")]);
    }
    large.latency(LATENCY);
    let bench = Bench {
        runtime: &runtime,
        server: &large,
    };
    let many = VaultId::parse(&many).expect("an id");
    bench.list(&many).row("list 1,000 items", "");
    let requests = large.requests().len();
    println!("\n1,000 items were listed {LISTS} times with {requests} requests.");
    assert_eq!(requests, LISTS);
}

const LISTS: usize = 20;

struct Bench<'a> {
    runtime: &'a Runtime,
    server: &'a FakeConnect,
}

impl Bench<'_> {
    fn vault(&self, kept: Duration) -> ConnectVault {
        let server = Server {
            host: self.server.url(),
            token: Secret::new(TOKEN.to_owned()),
            authority: None,
        };
        let limits = Limits {
            kept,
            ..Limits::default()
        };
        ConnectVault::new(server, limits).expect("a client")
    }

    fn one(&self, dev: &VaultId, id: &ItemId) -> Times {
        let vault = self.vault(Duration::ZERO);
        let fetch = || {
            let fetched = self.runtime.block_on(vault.item(dev, id));
            fetched.expect("an item");
        };
        fetch();
        Times::measure(30, |_| fetch())
    }

    fn twenty(&self, dev: &VaultId, ids: &[ItemId]) -> Times {
        let vault = self.vault(Duration::ZERO);
        let fetch = || {
            let all = join_all(ids.iter().map(|id| vault.item(dev, id)));
            for fetched in self.runtime.block_on(all) {
                fetched.expect("an item");
            }
        };
        fetch();
        Times::measure(30, |_| fetch())
    }

    fn list(&self, vault_id: &VaultId) -> Times {
        let vault = self.vault(Duration::ZERO);
        Times::measure(LISTS, |_| {
            let listed = self
                .runtime
                .block_on(vault.items(vault_id, ItemState::Active));
            assert_eq!(listed.expect("a list").len(), 1000);
        })
    }

    /// Whole runs: names, decision, record, values, program. The first, which opens connections, is not counted.
    fn runs(&self, kept: Duration) -> Times {
        launch::reexecute(env!("CARGO_BIN_EXE_hushkey").into());
        let place = tempfile::tempdir().expect("a directory");
        let home = place.path().join("home");
        hushkey::private_file::ensure_private_dir(&home).expect("a private directory");
        let key = KeySource::File(home.join("key"));
        let key = key.load_or_create().expect("a key");
        let audit = AuditLog::open(&home.join("audit.db"), &key).expect("a log");
        let grounds = Grounds::default();
        let vault = Arc::new(self.vault(kept));
        let broker = Broker::new(vault, Box::new(Fixed), audit, grounds);
        let caller = Caller::Agent(Agent {
            name: AgentName::parse("bench").expect("a name"),
            default_roots: vec![place.path().into()],
            client: None,
            standing: hushkey::access::Standing::default(),
        });
        let run = || {
            let env = (0..50).map(|n| {
                let field = ["a", "b", "c"][n / 20];
                (format!("V{n}"), format!("op://Dev/Item {}/{field}", n % 20))
            });
            let request = RunRequest {
                command: vec!["true".into()],
                env: env.collect(),
                ..RunRequest::default()
            };
            let begun = Instant::now();
            let ran = broker.run(&caller, request, std::future::pending());
            assert!(self.runtime.block_on(ran).expect("an answer").ok());
            begun.elapsed()
        };
        run();
        Times::of((0..20).map(|_| run()).collect())
    }
}
