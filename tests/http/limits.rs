//! Too much, too long, too slow.

use std::time::{Duration, Instant};

use hushkey::http::Limits;
use serde_json::json;

use crate::{
    client::{House, Wire, bearer, initialize},
    small::Small,
};

/// So long that nobody takes it for the limit, which is a fraction of it.
const MUCH_LONGER: Duration = Duration::from_secs(10);

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

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let small = Small::with(Limits {
        body_time: Duration::from_millis(300),
        ..Limits::default()
    });
    let token = bearer(&small.codex.token);
    let mut wire = Wire::to(&small.codex.address);
    let begun = Instant::now();

    let unfinished = [("authorization", &*token), ("content-length", "100")];
    wire.send("POST", "/mcp", &unfinished, "{\"jsonrpc\":");
    let reply = wire.reply();

    assert_eq!(reply.status, 408, "{reply:?}");
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert!(begun.elapsed() < MUCH_LONGER);
    assert!(!reply.body.contains("jsonrpc"), "{reply:?}");
    assert_eq!(small.codex.ask("tools/list", json!({})).status, 200);
}

#[test]
fn a_connection_on_which_nothing_is_asked_is_closed() {
    let small = Small::with(Limits {
        head_time: Duration::from_millis(300),
        ..Limits::default()
    });
    let begun = Instant::now();
    let mut silent = Wire::to(&small.codex.address);
    let mut halfway = Wire::to(&small.codex.address);
    let mut used = Wire::to(&small.codex.address);

    halfway.raw(b"POST /mcp HTTP/1.1\r\nhost: x");
    let reply = used.modern(&small.codex.token, "tools/list", json!({}));

    assert_eq!(reply.status, 200, "{reply:?}");
    for idle in [&mut silent, &mut halfway, &mut used] {
        assert!(idle.is_closed());
    }
    assert!(begun.elapsed() < MUCH_LONGER);
}

#[test]
fn whoever_leaves_sessions_behind_waits_and_nobody_else() {
    let small = Small::with(Limits {
        sessions_each: 3,
        ..Limits::default()
    });
    let [codex, other] = [&small.codex, &small.other];
    let begin = |agent: &crate::client::Agent| {
        let hello = initialize("2025-11-25");
        Wire::to(&agent.address).legacy(&agent.token, None, "initialize", hello)
    };
    let sessions: Vec<String> = (0..3).map(|_| codex.session("2025-11-25")).collect();

    let one_more = begin(codex);
    let of_another = begin(other);
    let modern = codex.ask("tools/list", json!({}));
    let in_one = codex.ask_in(&sessions[0], "tools/list", json!({}));
    let token = bearer(&codex.token);
    let ended = Wire::to(&codex.address).request(
        "DELETE",
        "/mcp",
        &[("authorization", &token), ("mcp-session-id", &sessions[0])],
        "",
    );
    let after = begin(codex);

    assert_eq!(one_more.status, 429, "{one_more:?}");
    assert!(one_more.header("retry-after").is_some());
    assert_eq!(
        (of_another.status, modern.status, in_one.status),
        (200, 200, 200)
    );
    assert_eq!(ended.status, 204, "{ended:?}");
    assert_eq!(after.status, 200, "{after:?}");
}

#[test]
fn more_connections_than_there_is_room_for_wait_until_one_has_gone() {
    let small = Small::with(Limits {
        connections: 2,
        ..Limits::default()
    });
    let first = Wire::to(&small.codex.address);
    let _second = Wire::to(&small.codex.address);
    let codex = small.codex.clone();
    // Callers are let in one after the other, in their order.
    std::thread::sleep(Duration::from_millis(100));
    let waiting = std::thread::spawn(move || codex.ask("tools/list", json!({})).status);
    std::thread::sleep(Duration::from_millis(300));
    let waited = !waiting.is_finished();

    drop(first);

    assert!(waited, "it was let in");
    assert_eq!(waiting.join().unwrap(), 200);
}

#[test]
fn all_agents_together_have_only_so_much_in_flight() {
    let small = Small::with(Limits {
        in_flight: 4,
        ..Limits::default()
    });
    let token = bearer(&small.codex.token);
    let unfinished = [("authorization", &*token), ("content-length", "10")];
    let mut open: Vec<_> = (0..4)
        .map(|_| {
            let mut wire = Wire::to(&small.codex.address);
            wire.send("POST", "/mcp", &unfinished, "");
            wire
        })
        .collect();
    let begun = Instant::now();
    let refused = loop {
        let reply = small.other.ask("tools/list", json!({}));
        if reply.status != 200 {
            break reply;
        }
        assert!(begun.elapsed() < MUCH_LONGER, "no limit");
        // The place of an unfinished one may have been held by this request, so that it was turned away.
        let mut wire = Wire::to(&small.codex.address);
        wire.send("POST", "/mcp", &unfinished, "");
        open.push(wire);
        std::thread::sleep(Duration::from_millis(5));
    };

    drop(open);

    assert_eq!(refused.status, 429, "{refused:?}");
    assert_eq!(refused.header("retry-after"), Some("1"));
    let begun = Instant::now();
    while small.other.ask("tools/list", json!({})).status != 200 {
        assert!(begun.elapsed() < MUCH_LONGER, "places are not given back");
        std::thread::sleep(Duration::from_millis(10));
    }
}
