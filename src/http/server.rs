//! A server from its start to its end.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::{MethodRouter, any, get},
};
use http::{StatusCode, header};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{
    admin,
    agents::Agents,
    answer::sealed,
    arrival::{Address, Arrival},
    connect_api::{self, ConnectApi},
    connections::{self, Way},
    door::{self, Door},
    entrance::Entrance,
    limits::Limits,
    listener::{Listen, Listener},
    origin::Site,
    tls::Tls,
    vitals::{self, Vitals},
};
use crate::{
    broker::{Broker, LazyBroker},
    mcp::{OptionsError, ServerOptions, VaultServer},
    registry::{Registry, connect::ConnectRegistry},
};

/// How often minutes that are over are looked for.
const TICK: Duration = Duration::from_secs(1);
/// How long connections get to go once nothing is in flight any more.
const LAST_BYTES: Duration = Duration::from_millis(50);

/// What may be done with what everybody may read.
const READ: &str = "GET, HEAD, OPTIONS";

/// What to serve, and where.
#[derive(Debug, Default)]
pub struct Plan {
    /// Where to listen.
    pub listens: Vec<Listen>,
    /// TLS for the addresses (a Unix socket needs none).
    pub tls: Option<Tls>,
    /// Whether a proxy stands before it that does TLS, and says who is behind it.
    pub behind_proxy: bool,
    /// Names by which it is addressed, besides those of loopback.
    pub hosts: Vec<String>,
    /// Which tools are offered.
    pub options: ServerOptions,
    /// How much is taken.
    pub limits: Limits,
    /// Whether agents are left out.
    pub without_mcp: bool,
    /// Whether programs with a Connect server's token are left out.
    pub without_connect_api: bool,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address can't be had.
    #[error("cannot listen at {listen}: {why}")]
    Bind {
        /// Where.
        listen: Listen,
        /// What the system says.
        why: String,
    },

    /// Nobody could address it.
    #[error("say by which name {0} is addressed: --allow-host vault.example.com")]
    Nameless(SocketAddr),

    /// Tokens and answers could be read on their way.
    #[error(
        "{0} can be reached from beyond this machine, and tokens would travel in clear: give --tls-cert and --tls-key, or say \
         --behind-proxy if a proxy does TLS, or listen on 127.0.0.1"
    )]
    Open(SocketAddr),

    /// The options make no server.
    #[error(transparent)]
    Options(#[from] OptionsError),
}

/// A server that listens; [`Server::run`] answers.
pub struct Server {
    listeners: Vec<(Listener, Way)>,
    addresses: Vec<String>,
    entrance: Arc<Entrance>,
    stop: CancellationToken,
}

impl Server {
    /// Begins to listen; nobody is answered yet. Without agents, nothing is served to any.
    ///
    /// # Errors
    /// [`StartError`] when it can't listen there, or must not.
    pub async fn start(
        plan: Plan,
        broker: Broker,
        agents: Option<Registry>,
        connect: ConnectRegistry,
    ) -> Result<Self, StartError> {
        if let Some(tls) = &plan.tls {
            broker.conceal_always("the server's TLS key", tls.key_text());
        }
        let broker = Arc::new(LazyBroker::of(broker));
        // A handle lives with one process, and over HTTP the next request may go to another.
        let mut options = plan.options.clone();
        options.without_handles = true;
        VaultServer::check(&options)?;
        let stop = CancellationToken::new();
        let limits = plan.limits.clone();
        let entrance = Arc::new(Entrance::new(Arc::clone(&broker), limits.clone()));
        let agents = agents.map(Arc::new);
        let connect = Arc::new(connect);
        let vitals = Arc::new(Vitals::new(Arc::clone(&entrance), agents.clone()));
        let mut router = Router::new()
            .route("/health", open(get(vitals::health)))
            .with_state(Arc::clone(&vitals));
        if let Some(agents) = agents.filter(|_| !plan.without_mcp) {
            let door = Arc::new(Door {
                agents: Agents::new(broker, options, limits.clone(), stop.clone()),
                entrance: Arc::clone(&entrance),
                registry: agents,
            });
            router = router.merge(Router::new().route("/mcp", any(door::mcp)).with_state(door));
        }
        if !plan.without_connect_api {
            let inline = limits.inline_bytes;
            // A copy takes no changes, so that there is nothing to manage.
            if !connect.is_copy() {
                router = router.merge(admin::routes(Arc::clone(&entrance), Arc::clone(&connect)));
            }
            let api = ConnectApi::new(Arc::clone(&entrance), connect, vitals, inline);
            router = router.merge(connect_routes(Arc::new(api)));
        }
        let router = router.fallback(nothing_here);
        let mut listeners = Vec::new();
        let mut addresses = Vec::new();
        for listen in &plan.listens {
            plan.check(listen)?;
            let failed = |error: io::Error| StartError::Bind {
                listen: listen.clone(),
                why: told(&error),
            };
            let listener = Listener::bind(listen).await.map_err(failed)?;
            let listen = listener.listen().map_err(failed)?;
            addresses.push(plan.address(&listen));
            let way = Way {
                arrival: plan.arrival(&listen),
                tls: plan.acceptor(&listen),
                router: router.clone(),
                entrance: Arc::clone(&entrance),
            };
            listeners.push((listener, way));
        }
        Ok(Self {
            listeners,
            addresses,
            entrance,
            stop,
        })
    }

    /// The addresses under which it is served: `http://127.0.0.1:8970`, to which `/mcp` is added for agents.
    #[must_use]
    pub fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// Answers until `end`; then nothing new is begun, what is in flight may finish for a while, and the rest is cancelled.
    pub async fn run(self, end: impl Future<Output = ()>) {
        let Self {
            listeners,
            entrance,
            stop,
            ..
        } = self;
        let room = Arc::new(Semaphore::new(entrance.limits.connections));
        let watch = Arc::new(GracefulShutdown::new());
        let mut accepting = JoinSet::new();
        for (listener, way) in listeners {
            let (room, watch) = (Arc::clone(&room), Arc::clone(&watch));
            accepting.spawn(connections::accept(
                listener,
                way,
                room,
                watch,
                entrance.closing.clone(),
            ));
        }
        let telling = tokio::spawn(tell_of_minutes(Arc::clone(&entrance)));

        end.await;
        entrance.closing.cancel();
        while accepting.join_next().await.is_some() {}
        if let Some(watch) = Arc::into_inner(watch) {
            let mut gone = std::pin::pin!(watch.shutdown());
            let drained = tokio::time::timeout(entrance.limits.drain_time, &mut gone).await;
            stop.cancel();
            if drained.is_err() {
                let _ = tokio::time::timeout(LAST_BYTES, gone).await;
            }
        }
        // Each write has its outcome on record, also where nobody waits for its answer.
        entrance.writes.close();
        let _ = tokio::time::timeout(entrance.limits.drain_time, entrance.writes.wait()).await;
        telling.abort();
        for report in entrance.brake.over(Instant::now(), true) {
            entrance.record(&report).await;
        }
    }
}

impl Plan {
    /// Beyond loopback, nothing in clear.
    fn check(&self, listen: &Listen) -> Result<(), StartError> {
        let Listen::Tcp(address) = listen else {
            return Ok(());
        };
        if !address.ip().is_loopback() && self.tls.is_none() && !self.behind_proxy {
            return Err(StartError::Open(*address));
        }
        if address.ip().is_unspecified() && self.hosts.is_empty() {
            return Err(StartError::Nameless(*address));
        }
        Ok(())
    }

    fn address(&self, listen: &Listen) -> String {
        match listen {
            Listen::Tcp(address) if self.tls.is_some() => format!("https://{address}"),
            Listen::Tcp(address) => format!("http://{address}"),
            Listen::Unix(_) => listen.to_string(),
        }
    }

    fn acceptor(&self, listen: &Listen) -> Option<tokio_rustls::TlsAcceptor> {
        match listen {
            Listen::Tcp(_) => self.tls.as_ref().map(|tls| tls.acceptor.clone()),
            Listen::Unix(_) => None,
        }
    }

    fn arrival(&self, listen: &Listen) -> Arrival {
        let (distant, site) = match listen {
            Listen::Tcp(address) => {
                let distant = self.behind_proxy || !address.ip().is_loopback();
                (distant, Some(Arc::new(self.site(*address))))
            }
            Listen::Unix(_) => (false, None),
        };
        Arrival {
            address: Address::Others,
            distant,
            site,
            proxied: self.behind_proxy && matches!(listen, Listen::Tcp(_)),
            tls: self.acceptor(listen).is_some(),
        }
    }

    /// The names by which a listener is addressed.
    fn site(&self, address: SocketAddr) -> Site {
        let port = address.port();
        let mut names = self.hosts.clone();
        if address.ip().is_loopback() {
            names.push("localhost".to_owned());
        }
        if !address.ip().is_unspecified() {
            let own = match address {
                SocketAddr::V4(address) => address.ip().to_string(),
                SocketAddr::V6(address) => format!("[{}]", address.ip()),
            };
            names.push(own);
        }
        // A proxy or a scheme's own port leaves the port out.
        let bare = self.behind_proxy || matches!(port, 80 | 443);
        let with_port = names.iter().map(|name| format!("{name}:{port}"));
        let all = with_port.chain(
            names
                .iter()
                .filter(|name| bare || name.contains(':'))
                .cloned(),
        );
        Site::at(all.collect::<Vec<_>>())
    }
}

/// Tells of the minutes that are over, as they end.
async fn tell_of_minutes(entrance: Arc<Entrance>) {
    loop {
        tokio::time::sleep(TICK).await;
        for report in entrance.brake.over(Instant::now(), false) {
            entrance.record(&report).await;
        }
    }
}

/// Every address beneath `/v1`, and what Connect serves beside it.
fn connect_routes(api: Arc<ConnectApi>) -> Router {
    Router::new()
        .route("/v1", any(connect_api::answer))
        .route("/v1/", any(connect_api::answer))
        .route("/v1/{*rest}", any(connect_api::answer))
        .route("/heartbeat", open(get(connect_api::heartbeat)))
        .route("/metrics", open(get(connect_api::metrics_text)))
        .route("/openapi.json", open(get(connect_api::description)))
        .with_state(api)
}

async fn nothing_here() -> Response {
    let told = "there is nothing here; MCP is at /mcp, the Connect API beneath /v1";
    plain_failure(StatusCode::NOT_FOUND, told)
}

/// What everybody may read, and do nothing else with.
fn open<S: Clone + Send + Sync + 'static>(read: MethodRouter<S>) -> MethodRouter<S> {
    read.options(allowed).fallback(not_so)
}

async fn allowed() -> Response {
    sealed((StatusCode::NO_CONTENT, [(header::ALLOW, READ)]).into_response())
}

async fn not_so() -> Response {
    let told = plain_failure(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    ([(header::ALLOW, READ)], told).into_response()
}

/// In the forms of both kinds of clients: nobody knows here which one it is.
fn plain_failure(status: StatusCode, told: &str) -> Response {
    let body = serde_json::json!({
        "status": status.as_u16(),
        "message": told,
        "error": { "message": told },
    });
    let headers = [(header::CONTENT_TYPE, "application/json")];
    sealed((status, headers, body.to_string()).into_response())
}

/// What the system said, and what helps.
fn told(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "something else listens there; choose another with --listen".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "the system does not allow it; choose a port above 1023, or another directory"
                .to_owned()
        }
        kind => kind.to_string(),
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}
