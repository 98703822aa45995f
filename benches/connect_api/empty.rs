//! The server to compare with: axum with one route, which answers the same bytes from memory, as its own documentation puts
//! it together.

use axum::{Router, body::Bytes, routing::get};

/// Serves on a port of the system's choice, and prints its address. The second word is how many bytes an answer has.
#[tokio::main]
pub(crate) async fn serve() {
    let size = std::env::args().nth(2).and_then(|text| text.parse().ok());
    let body = Bytes::from(vec![b' '; size.expect("a size")]);
    let answer = move || {
        let body = body.clone();
        async move { ([("content-type", "application/json")], body) }
    };
    let router = Router::new().route("/v1/vaults/{vault}/items/{item}", get(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let address = listener.local_addr().expect("an address");
    println!("http://{address}/");
    axum::serve(listener, router).await.expect("it serves");
}
