//! Too much, too long, too slow.

use std::time::Duration;

use serde_json::json;

use crate::client::{House, bearer};

#[test]
fn what_is_too_long_is_refused_before_it_is_read() {
    let house = House::open();
    let codex = house.agent("codex");
    let long = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "x": "x".repeat(2 << 20) } });
    let token = bearer(&codex.token);

    let body = house.wire().post(&[("authorization", &token)], &long);
    let head = house
        .wire()
        .request("POST", "/mcp", &[("x-long", &"x".repeat(64 << 10))], "");

    assert_eq!(body.status, 413, "{body:?}");
    assert_eq!(head.status, 431, "{head:?}");
    assert_eq!(codex.ask("tools/list", json!({})).status, 200);
}

#[test]
fn whoever_has_too_much_in_flight_waits_and_nobody_else() {
    let house = House::open();
    let (codex, other) = (house.agent("codex"), house.agent("other"));
    let token = bearer(&codex.token);
    // A request takes its place before its body is read.
    let unfinished = [("authorization", &*token), ("content-length", "10")];
    let begin = || {
        let mut wire = house.wire();
        wire.send("POST", "/mcp", &unfinished, "");
        wire
    };
    let mut open: Vec<_> = (0..256).map(|_| begin()).collect();
    // An answered request may have held the place of an unfinished one, which was then turned away.
    let first_refused = loop {
        let reply = codex.ask("tools/list", json!({}));
        if reply.status != 200 {
            break reply;
        }
        open.push(begin());
        assert!(open.len() < 2000, "no limit");
        std::thread::sleep(Duration::from_millis(5));
    };

    assert_eq!(first_refused.status, 429);
    assert_eq!(first_refused.header("retry-after"), Some("1"));
    assert_eq!(other.ask("tools/list", json!({})).status, 200);
    open.clear();
    let begun = std::time::Instant::now();
    while codex.ask("tools/list", json!({})).status != 200 {
        assert!(
            begun.elapsed() < crate::client::SOON,
            "places are not given back"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_program_is_ended_when_its_client_goes_away() {
    let house = House::open();
    let codex = house.agent("codex");
    let pid = house.person.path("pid");
    let script = format!("echo $$ >{}; exec sleep 600", pid.display());
    let mut wire = house.wire();
    let mut params = json!({ "name": "run_command", "arguments": { "command": ["sh", "-c", script], "cwd": house.work() } });
    params["_meta"] = crate::client::meta();
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let token = bearer(&codex.token);
    let headers = [
        ("authorization", &*token),
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "run_command"),
    ];
    wire.send("POST", "/mcp", &headers, &message.to_string());
    let begun = std::time::Instant::now();
    let process = loop {
        let written = std::fs::read_to_string(&pid).unwrap_or_default();
        if written.ends_with('\n') {
            break std::path::Path::new("/proc").join(written.trim());
        }
        assert!(begun.elapsed() < crate::client::SOON, "it did not start");
        std::thread::sleep(Duration::from_millis(5));
    };

    drop(wire);

    let begun = std::time::Instant::now();
    while process.exists() {
        assert!(begun.elapsed() < crate::client::SOON, "it lives on");
        std::thread::sleep(Duration::from_millis(5));
    }
}
