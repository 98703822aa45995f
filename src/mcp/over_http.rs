//! MCP over streamable HTTP, for one agent: sessions of the older versions, single requests of the newest.
//!
//! Each agent has an [`Endpoint`] of its own, and so sessions of its own: an id that another agent brings is as unknown
//! here as one that nobody has. Who calls is settled before a request comes here, from that request alone. What
//! leaves is looked over like over stdio, whatever kind of answer it is.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::combinators::BoxBody;
use rmcp::{
    ServerHandler,
    transport::streamable_http_server::{
        SessionManager, StreamableHttpServerConfig, StreamableHttpService,
        session::local::LocalSessionManager,
    },
};
use tokio_util::sync::CancellationToken;

use super::{
    VaultServer,
    boundary::{self, Net},
    eras::EachEra,
};

/// How long a session without a request lives: some clients never end theirs.
const IDLE_SESSION: Duration = Duration::from_secs(10 * 60);

/// One agent's tools behind an address; or other tools, for seeing how the transport itself does.
pub struct Endpoint<S: ServerHandler = VaultServer> {
    service: StreamableHttpService<EachEra<S>, LocalSessionManager>,
    sessions: Arc<LocalSessionManager>,
    net: Net,
}

/// From where a request came, as the log has it: `http 127.0.0.1`. An extension of the request.
#[derive(Clone, Debug)]
pub struct Way(pub Arc<str>);

impl Endpoint {
    /// Serves one agent until `stop`; then all its sessions and streams end.
    #[must_use]
    pub fn new(server: VaultServer, most_bytes: usize, stop: CancellationToken) -> Self {
        let net = Net::of(&server);
        Self::serving(server, net, most_bytes, stop)
    }
}

impl<S: ServerHandler + Clone> Endpoint<S> {
    /// Serves tools that are not hushkey's, in just the same way: for the protocol's own suite and for measuring what
    /// is the transport's. There is nothing to conceal.
    #[must_use]
    pub fn of_others(tools: S, most_bytes: usize, stop: CancellationToken) -> Self {
        Self::serving(tools, Net::of_nothing(), most_bytes, stop)
    }

    fn serving(server: S, net: Net, most_bytes: usize, stop: CancellationToken) -> Self {
        let mut sessions = LocalSessionManager::default();
        sessions.session_config.keep_alive = Some(IDLE_SESSION);
        let sessions = Arc::new(sessions);
        // Host and Origin are checked before a request comes here, for all that is served.
        let config = StreamableHttpServerConfig::default()
            .disable_allowed_hosts()
            .with_json_response(true)
            .with_max_request_body_bytes(most_bytes)
            .with_cancellation_token(stop);
        let each = EachEra(server);
        let service =
            StreamableHttpService::new(move || Ok(each.clone()), Arc::clone(&sessions), config);
        Self {
            service,
            sessions,
            net,
        }
    }

    /// Answers one request of this agent.
    pub async fn answer<B>(&self, request: Request<B>) -> Response<BoxBody<Bytes, Infallible>>
    where
        B: Body + Send + 'static,
        B::Error: std::fmt::Display,
    {
        let ends_a_session = request.method() == Method::DELETE;
        let mut response = self.service.handle(request).await;
        if ends_a_session && response.status() == StatusCode::ACCEPTED {
            // It has ended by now; some clients take "accepted" for a failure.
            *response.status_mut() = StatusCode::NO_CONTENT;
        }
        boundary::overlook(response, self.net.clone()).await
    }

    /// Tells whether a session of this agent has this id.
    pub async fn has_session(&self, id: &str) -> bool {
        matches!(self.sessions.has_session(&id.into()).await, Ok(true))
    }

    /// How many sessions this agent has.
    pub async fn session_count(&self) -> usize {
        self.sessions.sessions.read().await.len()
    }
}

impl<S: ServerHandler> std::fmt::Debug for Endpoint<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Endpoint(..)")
    }
}
