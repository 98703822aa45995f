//! The hijack table: each way to be somebody else, refused and on record; and nothing of a token in what is told.

use rustix::process::Signal;
use serde_json::json;

use crate::client::{Agent, House, Reply, Wire, bearer, meta, turned_away};

/// A request that would be answered if it were let in.
fn list(house: &House, path: &str, headers: &[(&str, &str)]) -> Reply {
    let usual = [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/list"),
    ];
    let message =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "_meta": meta() } });
    let headers = [&usual[..], headers].concat();
    house
        .wire()
        .request("POST", path, &headers, &message.to_string())
}

fn lists_tools(reply: &Reply) -> bool {
    reply.status == 200 && reply.message()["result"]["tools"].is_array()
}

/// A token with the right form and check that nobody made.
fn forged() -> String {
    let home = crate::binary::Person::with_stripe();
    let made = home.types(["agent", "create", "x"]).succeeds();
    made.stdout.trim_end().to_owned()
}

#[test]
fn every_way_to_be_somebody_else_is_refused_and_on_record() {
    let house = House::open();
    let codex = house.agent("codex");
    let old = house.bare_agent("old", &["--expires-in", "1s"]);
    let gone = house.agent("gone");
    house.person.types(["agent", "revoke", "gone"]).succeeds();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let forged = forged();
    let [codex, old, gone, forged] =
        [&codex.token, &old.token, &gone.token, &forged].map(|token| bearer(token));
    let own = format!("http://{}", house.address);
    let rebinding = format!("evil.example:{}", house.address.split(':').nth(1).unwrap());
    let in_address = format!("/mcp?access_token={}", &codex["Bearer ".len()..]);

    for (headers, path, status, told) in [
        (vec![], "/mcp", 401, "without a token"),
        (
            vec![("authorization", &*forged)],
            "/mcp",
            401,
            "with a token that was not made here",
        ),
        (
            vec![("authorization", &*old)],
            "/mcp",
            401,
            "with a token that has expired",
        ),
        (
            vec![("authorization", &*gone)],
            "/mcp",
            401,
            "with a token that was revoked",
        ),
        (
            vec![("authorization", "Bearer hka_abc")],
            "/mcp",
            401,
            "with something that is no token",
        ),
        (
            vec![("authorization", "Basic aGk6aGk=")],
            "/mcp",
            401,
            "with something that is no token",
        ),
        (
            vec![("authorization", &*codex), ("authorization", &*codex)],
            "/mcp",
            401,
            "with something that is no token",
        ),
        (vec![], &*in_address, 400, "with a token in the address"),
        (
            vec![("authorization", &*codex)],
            &*in_address,
            400,
            "with a token in the address",
        ),
        (
            vec![
                ("authorization", &*codex),
                ("origin", "https://evil.example"),
            ],
            "/mcp",
            403,
            "made by a page of somebody else's",
        ),
        (
            vec![("authorization", &*codex), ("origin", "null")],
            "/mcp",
            403,
            "made by a page of somebody else's",
        ),
        (
            vec![("authorization", &*codex), ("host", &*rebinding)],
            "/mcp",
            403,
            "addressed to a name that is not this server's",
        ),
    ] {
        let reply = list(&house, path, &headers);

        assert_eq!(reply.status, status, "{told}: {reply:?}");
        assert!(!reply.body.contains("hka_"), "{reply:?}");
        assert_eq!(reply.header("www-authenticate").is_some(), status == 401);
        let log = house.turned_away();
        assert!(
            log.iter().any(|line| line.contains(told)),
            "{told}: {log:?}"
        );
    }
    let good = list(
        &house,
        "/mcp",
        &[("authorization", &codex), ("origin", &own)],
    );
    assert!(lists_tools(&good), "the control: {good:?}");

    let (_, said, person) = house.ends(Signal::TERM);
    let log = person.types(["log"]).succeeds().stdout;
    assert!(
        said.contains("hushkey"),
        "the control: something was logged"
    );
    for text in [said, log] {
        for token in [&codex, &old, &gone, &forged] {
            let secret = &token["Bearer ".len() + 8..];
            assert!(!text.contains(secret), "a token is in a log");
        }
    }
}

#[test]
fn another_agents_session_is_as_unknown_as_one_that_never_was() {
    let house = House::open();
    let (codex, other) = (house.agent("codex"), house.agent("other"));
    let session = codex.session("2025-11-25");
    assert_eq!(codex.ask_in(&session, "tools/list", json!({})).status, 200);

    let stolen = other.ask_in(&session, "tools/list", json!({}));
    let invented = other.ask_in(
        "00000000-0000-4000-8000-000000000000",
        "tools/list",
        json!({}),
    );
    let (token, mut wire) = (bearer(&other.token), house.wire());
    let headers = [("authorization", &*token), ("mcp-session-id", &session)];
    let stream = wire.request("GET", "/mcp", &headers, "");
    let resumed = house.wire().request(
        "GET",
        "/mcp",
        &[headers[0], headers[1], ("last-event-id", "0")],
        "",
    );
    house.wire().request("DELETE", "/mcp", &headers, "");

    assert_eq!(stolen.status, 404, "{stolen:?}");
    assert_eq!(
        (stolen.status, &stolen.body),
        (invented.status, &invented.body)
    );
    assert_eq!((stream.status, resumed.status), (404, 404));
    let alive = codex.ask_in(&session, "tools/list", json!({}));
    assert_eq!(alive.status, 200, "its owner's session lives on");
    let log = house.turned_away();
    let told =
        "other was denied signing in: 1 request from 127.0.0.1 with the session of another agent";
    assert_eq!(log.len(), 1, "{log:?}");
    assert!(log[0].starts_with(told), "{log:?}");
}

#[test]
fn in_a_session_too_each_request_is_its_tokens_own() {
    let house = House::open();
    let codex = house.agent("codex");
    let session = codex.session("2025-11-25");

    let nobody = house.wire().post(
        &[("mcp-session-id", &session)],
        &json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} }),
    );
    house.person.types(["agent", "revoke", "codex"]).succeeds();
    let revoked = codex.ask_in(&session, "tools/list", json!({}));

    assert_eq!((nobody.status, revoked.status), (401, 401));
}

#[test]
fn a_revocation_ends_what_stands_open() {
    let house = House::open();
    let codex = house.agent("codex");
    let session = codex.session("2025-11-25");
    let token = bearer(&codex.token);
    let mut wire = house.wire();
    wire.send(
        "GET",
        "/mcp",
        &[("authorization", &token), ("mcp-session-id", &session)],
        "",
    );
    assert_eq!(wire.head().status, 200);

    house.person.types(["agent", "revoke", "codex"]).succeeds();

    while wire.chunk().is_some() {}
    let again = codex.ask("tools/list", json!({}));
    assert_eq!(again.status, 401);
}

#[test]
fn a_hundred_thousand_wrong_tokens_are_each_refused_and_all_on_record() {
    let house = House::open();
    let codex = house.agent("codex");
    let wrong: Vec<Agent> = (0..8)
        .map(|_| Agent {
            token: forged(),
            address: house.address.clone(),
        })
        .collect();

    let statuses: Vec<[u32; 2]> = std::thread::scope(|scope| {
        let threads: Vec<_> = wrong
            .iter()
            .map(|agent| {
                scope.spawn(|| {
                    let mut wire = Wire::to(&agent.address);
                    let mut seen = [0; 2];
                    for _ in 0..12_500 {
                        match wire.modern(&agent.token, "tools/list", json!({})).status {
                            401 => seen[0] += 1,
                            429 => seen[1] += 1,
                            other => panic!("{other}"),
                        }
                    }
                    seen
                })
            })
            .collect();
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let let_in = codex.ask("tools/list", json!({}));
    let again = wrong[0].ask("tools/list", json!({}));

    assert!(lists_tools(&let_in), "whoever has a token is never held up");
    let told: u32 = statuses.iter().map(|it| it[0]).sum();
    let braked: u32 = statuses.iter().map(|it| it[1]).sum();
    assert_eq!(told + braked, 100_000);
    assert!(told <= 30 * 3 && braked > 0, "told {told}, braked {braked}");
    assert!(
        again.status == 429 && again.header("retry-after").is_some(),
        "{again:?}"
    );
    let (_, _, person) = house.ends(Signal::TERM);
    let log = turned_away(&person);
    let sum: u64 = log.iter().map(|line| count(line)).sum();
    assert_eq!(sum, 100_001, "{log:?}");
    assert!(log.len() < 20, "{log:?}");
}

/// How many requests a sentence tells of.
fn count(sentence: &str) -> u64 {
    let (_, rest) = sentence.split_once(": ").unwrap();
    rest.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_persons_yes_is_good_for_its_own_call_of_its_own_agent_once() {
    let house = House::open();
    let (codex, other) = (house.agent("codex"), house.agent("other"));
    let policy = house.person.home().join("policy.toml");
    let text = std::fs::read_to_string(&policy).unwrap();
    let asking = text.replace(
        "run = [\"**\"]",
        "run = [\"touch\", \"*\"]\napprove = \"always\"",
    );
    assert_ne!(asking, text);
    house.person.writes("home/policy.toml", &asking);
    let touch = |name: &str| {
        json!({ "name": "run_command", "arguments": {
        "command": ["touch", name], "cwd": house.work() } })
    };
    let ask = |agent: &Agent, mut call: serde_json::Value, state: Option<&serde_json::Value>| {
        let mut meta = meta();
        meta["io.modelcontextprotocol/clientCapabilities"] =
            json!({ "elicitation": { "form": {} } });
        call["_meta"] = meta;
        if let Some(state) = state {
            call["requestState"] = state.clone();
            call["inputResponses"] =
                json!({ "approval": { "action": "accept", "content": { "answer": "allow" } } });
        }
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call });
        let token = bearer(&agent.token);
        let headers = [
            ("authorization", &*token),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", "run_command"),
        ];
        let reply = house.wire().post(&headers, &message);
        reply.message()["result"].take()
    };
    let question = ask(&codex, touch("mine"), None);
    assert_eq!(question["resultType"], "input_required", "{question}");
    let state = Some(&question["requestState"]);

    let of_another = ask(&other, touch("mine"), state);
    let of_another_call = ask(&codex, touch("more"), state);
    assert!(!house.person.path("mine").exists() && !house.person.path("more").exists());
    let own = ask(&codex, touch("mine"), state);
    let ran = house.person.path("mine").exists();
    std::fs::remove_file(house.person.path("mine")).unwrap();
    let replayed = ask(&codex, touch("mine"), state);

    assert_eq!(own["structuredContent"]["ok"], true, "{own}");
    assert!(ran);
    for refused in [&of_another, &of_another_call, &replayed] {
        assert_ne!(refused["structuredContent"]["ok"], true, "{refused}");
    }
    assert!(!house.person.path("mine").exists() && !house.person.path("more").exists());
    let log = house
        .person
        .types(["log", "--agent", "other"])
        .succeeds()
        .stdout;
    assert!(
        log.contains("touch"),
        "{of_another} {of_another_call} {replayed} {log}"
    );
}
