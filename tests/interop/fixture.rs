//! The server that the protocol's own conformance suite asks for: tools, prompts and resources with the names and answers
//! that its scenarios expect, behind hushkey's own endpoint and its own checks of Host and Origin.
//!
//! What passes here is the transport. Vaults, tokens and policy have no place in it: hushkey's own tools are tried by
//! the scenarios that need none of these. It is built for tests and is no part of the product.
//!
//! Usage: `conformance_fixture`; it prints its address and serves until it is ended.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::any,
};
use http::{StatusCode, header};
use hushkey::{http::origin::Site, mcp::Endpoint};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use handler::Fixture;

#[path = "fixture/content.rs"]
mod content;
#[path = "fixture/dialogues.rs"]
mod dialogues;
#[path = "fixture/handler.rs"]
mod handler;
#[path = "fixture/prompts.rs"]
mod prompts;
#[path = "fixture/resources.rs"]
mod resources;
#[path = "fixture/rounds.rs"]
mod rounds;
#[path = "fixture/tools.rs"]
mod tools;

/// Bytes of a request's body, as hushkey has it.
const MOST_BYTES: usize = 1024 * 1024;

struct Served {
    endpoint: Endpoint<Fixture>,
    site: Site,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let served = Served {
        endpoint: Endpoint::of_others(Fixture::new(), MOST_BYTES, CancellationToken::new()),
        site: Site::at([format!("127.0.0.1:{port}"), format!("localhost:{port}")]),
    };
    let router = Router::new()
        .route("/mcp", any(answer))
        .with_state(Arc::new(served));
    println!("http://127.0.0.1:{port}/mcp");
    axum::serve(listener, router).await
}

async fn answer(State(served): State<Arc<Served>>, request: Request) -> Response {
    let (site, headers) = (&served.site, request.headers());
    let from_elsewhere = headers.contains_key(header::ORIGIN) && !site.is_origin_of(headers);
    if !site.is_addressed_by(headers) || from_elsewhere {
        return StatusCode::FORBIDDEN.into_response();
    }
    let (parts, body) = served.endpoint.answer(request).await.into_parts();
    Response::from_parts(parts, Body::new(body))
}
