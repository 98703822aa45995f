//! The Model Context Protocol front-end: what a model can call, read and be prompted with.
//!
//! [`VaultServer`] turns requests into calls of the broker, and the broker's answers into JSON that
//! both a model and a person can read. What this module can name holds no value: that is why no answer can.
//! It keeps no state between requests, so that both eras of the protocol and later many machines are served alike; what
//! lasts, such as a program that stays up, is the broker's, and is not offered where another process may be asked next.

use std::sync::{Arc, LazyLock};

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    handler::server::tool::ToolCallContext,
    model::{
        CacheScope, CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult,
        DiscoverResult, GetPromptRequestParams, GetPromptResponse, Implementation,
        InitializeRequestParams, InitializeResult, ListPromptsResult, ListResourceTemplatesResult,
        ListResourcesResult, ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams,
        ReadResourceResponse, ServerCapabilities, ServerConfig, SubscriptionFilter, Tool,
    },
    service::{NotificationContext, RequestContext, SubscriptionContext},
};

use crate::{
    access::Caller,
    broker::{Broker, BrokerError, LazyBroker, TypingPage},
    policy::Scope,
};

mod arguments;
mod asking;
mod boundary;
mod changes;
mod client;
mod completion;
mod dialogue;
mod eras;
mod error;
mod offered;
mod over_http;
mod progress;
mod prompts;
mod resources;
mod schema;
mod server_health;
mod stdio;
mod tools;

pub use boundary::serve;
pub use eras::Eras;
pub use offered::{OptionsError, ServerOptions};
pub use over_http::{Endpoint, Way};
pub use stdio::{ServeError, serve_stdio};
pub use tools::tool_table;

use dialogue::Talk;
use offered::Offered;

/// How long a client may keep lists that only change with hushkey itself, in milliseconds.
const LIST_TTL_MS: u64 = 5 * 60 * 1000;

/// What the model is told once, about all tools.
const INSTRUCTIONS: &str = include_str!("mcp/instructions.md");

/// One agent's view of the vaults, as an MCP server.
#[derive(Clone)]
pub struct VaultServer {
    broker: Arc<LazyBroker>,
    caller: Caller,
    offered: Offered,
    proof: Option<Proof>,
    scope: Option<ScopeOf>,
    page: Option<Arc<dyn TypingPage>>,
}

/// Tells what a caller may do anywhere by what the policy says now; `None` where that can't be read.
pub type ScopeOf = Arc<dyn Fn(&Caller) -> Option<Scope> + Send + Sync>;

/// Tells whether the agent's name is proven, now: its token may be revoked while a session lasts.
pub type Proof = Arc<dyn Fn() -> bool + Send + Sync>;

impl VaultServer {
    /// Makes a server for one agent. The broker is opened by the first request that needs it.
    ///
    /// # Errors
    /// [`OptionsError`] when the options name an unknown tool or leave none.
    pub fn new(
        broker: Arc<LazyBroker>,
        caller: Caller,
        options: &ServerOptions,
    ) -> Result<Self, OptionsError> {
        Ok(Self {
            broker,
            caller,
            offered: Offered::settle(options)?,
            proof: None,
            scope: None,
            page: None,
        })
    }

    /// Tells whether a server can be made of these options.
    ///
    /// # Errors
    /// As [`VaultServer::new`].
    pub fn check(options: &ServerOptions) -> Result<(), OptionsError> {
        Offered::settle(options).map(drop)
    }

    /// Asks here what a caller has use for, before the broker is open as well.
    #[must_use]
    pub fn with_scope(self, scope: ScopeOf) -> Self {
        Self {
            scope: Some(scope),
            ..self
        }
    }

    /// Asks before each request whether the agent's name is still proven.
    #[must_use]
    pub fn proven_by(self, proof: Proof) -> Self {
        Self {
            proof: Some(proof),
            ..self
        }
    }

    /// With a page on which a person types what only a person knows; without one, it is typed in a terminal.
    #[must_use]
    pub fn with_page(self, page: Arc<dyn TypingPage>) -> Self {
        Self {
            page: Some(page),
            ..self
        }
    }

    async fn broker(&self) -> Result<&Broker, BrokerError> {
        self.broker.get().await
    }

    /// Who asks, with what the client of this request calls itself.
    fn caller(&self, context: &RequestContext<RoleServer>) -> Caller {
        let mut caller = self.caller.clone();
        if let Caller::Agent(agent) = &mut caller {
            let said = context.client_info().as_ref().and_then(client::label);
            agent.client = client::on_its_way(said, way(context));
            if let Some(proof) = &self.proof {
                agent.standing.proven = proof();
            }
        }
        caller
    }

    /// The tools that are offered and of any use to the caller by what the policy says; all that are offered, where it
    /// can't be read: then each of them tells why.
    ///
    /// Nothing is opened for that: a key may be behind a person, who is not to be asked for a list.
    fn offered_tools(&self, caller: &Caller) -> Vec<Tool> {
        let scope = match &self.scope {
            Some(scope) => scope(caller),
            None => self.broker.opened().and_then(|it| it.scope(caller).ok()),
        };
        let all = tools::router().list_all().into_iter();
        all.filter(|tool| self.offered.has(&tool.name))
            .filter(|tool| scope.is_none_or(|scope| offered::is_of_use(&tool.name, scope)))
            .collect()
    }
}

/// From where a request came, if it came over HTTP: what was found out before it came here.
fn way(context: &RequestContext<RoleServer>) -> Option<&Way> {
    let parts = context.extensions.get::<http::request::Parts>()?;
    parts.extensions.get::<Way>()
}

/// What the server calls itself.
fn implementation() -> Implementation {
    Implementation::new("hushkey", env!("CARGO_PKG_VERSION")).with_title("hushkey")
}

impl ServerHandler for VaultServer {
    fn get_info(&self) -> ServerConfig {
        static INFO: LazyLock<ServerConfig> = LazyLock::new(|| {
            let capabilities = ServerCapabilities::builder()
                .enable_completions()
                .enable_prompts()
                .enable_resources()
                .enable_resources_subscribe()
                .enable_tools()
                .enable_tool_list_changed()
                .build();
            ServerConfig::new(capabilities)
                .with_server_info(implementation().with_description(env!("CARGO_PKG_DESCRIPTION")))
                .with_instructions(INSTRUCTIONS)
        });
        INFO.clone()
    }

    /// Remembers the version that was agreed on, not the one that was wished for: later requests of a
    /// legacy session are answered in it.
    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        let mut answer = self.negotiate_initialize(&request)?;
        // Sessions of these versions subscribe in a way of their own, which is not there.
        if let Some(resources) = &mut answer.capabilities.resources {
            resources.subscribe = None;
        }
        context
            .peer
            .set_peer_info(request.with_protocol_version(answer.protocol_version.clone()));
        Ok(answer)
    }

    async fn discover(&self, _: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        Ok(DiscoverResult::from_server_info(versions, self.get_info()).with_ttl_ms(LIST_TTL_MS))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = self.offered_tools(&self.caller(&context));
        Ok(ListToolsResult::with_all_items(tools)
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Private))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::router()
            .get(name)
            .filter(|_| self.offered.has(name))
            .cloned()
    }

    async fn call_tool(
        &self,
        mut request: CallToolRequestParams,
        mut context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if !self.offered.has(&request.name) {
            return Err(ErrorData::invalid_params("tool not found", None));
        }
        let talk = Talk::begin(&mut request, &context);
        context.extensions.insert(Arc::clone(&talk));
        let answer = tools::router()
            .call(ToolCallContext::new(self, request, context))
            .await?;
        Ok(talk.question().unwrap_or(answer))
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(self.can_be_told(requested))
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        self.tell_subscriber(context).await
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let telling = self.clone().tell_session(self.caller.clone(), context.peer);
        drop(tokio::spawn(telling));
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(self.offered_prompts())
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        self.prompt(&request).map(GetPromptResponse::from)
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(self.offered_resources())
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(self.offered_templates())
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        self.resource(&request.uri, &context)
            .await
            .map(ReadResourceResponse::from)
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Ok(CompleteResult::new(
            self.completion(&request, &context).await,
        ))
    }
}
