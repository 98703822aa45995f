//! How a server ends.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::client::{House, bearer};

#[test]
fn an_idle_server_ends_at_once_though_streams_and_connections_stand_open() {
    for signal in [Signal::TERM, Signal::INT] {
        let house = House::open();
        let codex = house.agent("codex");
        let session = codex.session("2025-11-25");
        let token = bearer(&codex.token);
        let mut stream = house.wire();
        stream.send(
            "GET",
            "/mcp",
            &[("authorization", &token), ("mcp-session-id", &session)],
            "",
        );
        assert_eq!(stream.head().status, 200);
        let mut idle = house.wire();
        idle.modern(&codex.token, "tools/list", json!({}));

        let (took, said, _) = house.ends(signal);

        // It takes some milliseconds (`cargo bench --bench http`); a loaded machine gets time.
        assert!(took < Duration::from_secs(2), "{signal:?}: {took:?}");
        assert!(!said.contains("panicked"), "{said}");
        assert!(idle.is_closed());
    }
}

#[test]
fn what_is_in_flight_is_answered_before_the_end() {
    let house = House::open();
    let codex = house.agent("codex");
    let mark = house.person.path("begun");
    let script = format!("touch {}; sleep 1; echo done", mark.display());
    let work = house.work();
    let asking = std::thread::spawn(move || {
        codex.call(
            "run_command",
            json!({ "command": ["sh", "-c", script], "cwd": work }),
        )
    });
    let begun = std::time::Instant::now();
    while !mark.exists() {
        assert!(begun.elapsed() < crate::client::SOON, "it did not begin");
        std::thread::sleep(Duration::from_millis(5));
    }

    house.ends(Signal::TERM);

    let answer = asking.join().unwrap();
    assert_eq!(answer["structuredContent"]["stdout"], "done\n", "{answer}");
}

#[test]
fn health_tells_without_a_token_that_requests_are_answered() {
    let house = House::open();

    let well = house.wire().request("GET", "/health", &[], "");
    let nothing = house.wire().request("GET", "/", &[], "");

    assert_eq!(well.status, 200);
    assert!(well.body.contains("\"status\":\"ok\""), "{well:?}");
    assert_eq!(well.header("cache-control"), Some("no-store"));
    assert_eq!(nothing.status, 404);
}
