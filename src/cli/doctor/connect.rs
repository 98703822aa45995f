//! Which backend is chosen, and whether a Connect server answers.

use std::time::Duration;

use reqwest::redirect::Policy;

use super::Finding;
use crate::{
    cli::{failure::Failure, session::wait},
    config::{Backend, Config},
};

/// How long the server may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Names the backend; asks a Connect server for its heartbeat, which needs no token and is sent none.
pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let Backend::Connect(connect) = &config.backend else {
        return vec![Finding::good(
            "backend",
            "local: the encrypted store on this machine",
        )];
    };
    let url = format!("{}/heartbeat", connect.host);
    vec![
        Finding::good("backend", format!("connect: {}", connect.host)),
        match wait(heartbeat(&url)) {
            Ok(()) => Finding::good("connect", "the server answers"),
            Err(error) => Finding::bad("connect", error.to_string()),
        },
    ]
}

async fn heartbeat(url: &str) -> Result<(), Failure> {
    // Whoever came first has installed one, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .redirect(Policy::none())
        .timeout(PATIENCE)
        .build()
        .map_err(|_| Failure::Failed("no HTTP client can be made here".to_owned()))?;
    let answer = client.get(url).send().await.map_err(|error| {
        Failure::Unavailable(if error.is_timeout() {
            format!(
                "the server does not answer within {} seconds",
                PATIENCE.as_secs()
            )
        } else {
            "the server can't be reached; check the address and the network".to_owned()
        })
    })?;
    if answer.status().is_success() {
        return Ok(());
    }
    Err(Failure::Unavailable(format!(
        "the server answers its heartbeat with status {}; is it a Connect server?",
        answer.status().as_u16()
    )))
}
