//! The server to compare with: rmcp with one tool that does nothing, as its own documentation puts it together.

use rmcp::{
    ErrorData, RoleServer, ServerHandler, ServiceExt,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ServerCapabilities, ServerConfig,
    },
    service::RequestContext,
    transport::{
        stdio_pipes,
        streamable_http_server::{
            StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
        },
    },
};

#[derive(Clone)]
struct Nothing;

impl ServerHandler for Nothing {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        _: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        Ok(CallToolResult::success(Vec::new()).into())
    }
}

/// Serves on a port of the system's choice, and prints its address.
#[tokio::main]
pub(crate) async fn over_http() {
    let config = StreamableHttpServerConfig::default().with_json_response(true);
    let sessions = LocalSessionManager::default();
    let service = StreamableHttpService::new(|| Ok(Nothing), sessions.into(), config);
    let router = axum::Router::new().route(
        "/mcp",
        axum::routing::any(move |request| {
            let service = service.clone();
            async move { service.handle(request).await.map(axum::body::Body::new) }
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let address = listener.local_addr().expect("an address");
    println!("http://{address}/mcp");
    axum::serve(listener, router).await.expect("it serves");
}

/// Serves on standard input and output.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn over_pipe() {
    let (input, output) = stdio_pipes();
    let running = Nothing.serve((input, output)).await.expect("a client");
    let _ = running.waiting().await;
}
