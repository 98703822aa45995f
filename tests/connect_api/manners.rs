//! What nobody should see: values in logs, counts, activity and errors; and what nobody should be able to hold up.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    client::{Wire, bearer},
    served::{Served, login, text},
};

const CANARY: &str = "canary-5d0e1f-Zq7#wL";

#[test]
fn no_value_is_in_a_log_a_count_an_activity_or_an_error() {
    let served = Served::open();
    let (program, writer) = (served.program("rw"), served.program("w"));
    let items = served.items("Dev");
    let mut item = login("Shop", served.vault("Dev"));
    item["fields"][2]["value"] = json!(CANARY);
    let made = program.creates(&items, &item);
    let own = format!("{items}/{}", text(&made["id"]));
    let password = text(&made["fields"][1]["value"]);
    let mut shown = String::new();
    assert!(
        program.get(&own).is(200).body.contains(CANARY),
        "the control: it is read"
    );

    let change =
        json!([{ "op": "replace", "path": "/fields/pin/value", "value": format!("{CANARY}2") }]);
    program.patch(&own, &change).is(200);
    let bad =
        json!([{ "op": "replace", "path": format!("/fields/{CANARY}/value"), "value": CANARY }]);
    for answer in [
        program.patch(&own, &bad),
        program.patch(
            &own,
            &json!([{ "op": CANARY, "path": "/title", "value": CANARY }]),
        ),
        program.asks(
            "PUT",
            &own,
            &format!("{{\"fields\":[{{\"value\":\"{CANARY}\""),
        ),
        program.asks(
            "PUT",
            &own,
            &format!("{{\"title\":\"{CANARY}\",\"id\":\"{CANARY}\"}}"),
        ),
        program.get(&format!("{items}?filter=title%20eq%20%22{CANARY}")),
        program.get(&format!(
            "{items}?filter=secret%20eq%20%22{}%22",
            CANARY.replace('#', "%23")
        )),
        program.get(&format!("{items}/{}", CANARY.replace('#', "%23"))),
        writer.get(&own),
        writer.patch(&own, &change),
        writer.post(&items, &item),
        program.get("/v1/activity?limit=100"),
        served.bearing("").get("/metrics"),
        served.bearing("").get("/health"),
        served.bearing(CANARY).get("/v1/vaults"),
    ] {
        shown += &format!("{:?}{}", answer.headers, answer.body);
    }
    program.delete(&own).is(204);
    let (_, said, person) = served.house.ends(rustix::process::Signal::TERM);
    let log = person.types(["log", "--json"]).succeeds().stdout;

    assert!(
        said.contains("answered") && log.contains("connect:shop"),
        "the control: there is a log"
    );
    for (what, text) in [
        ("an answer", &shown),
        ("the operator's log", &said),
        ("the audit log", &log),
    ] {
        for secret in [CANARY, &password, &program.token, &writer.token] {
            assert!(!text.contains(secret), "{secret} is in {what}");
        }
    }
}

#[test]
fn each_answer_and_its_line_in_the_log_have_the_requests_id() {
    let served = Served::open();
    let program = served.program("r");

    let answer = program
        .get("/v1/vaults?filter=name%20eq%20%22hidden-name%22")
        .is(200);
    let id = answer.header("x-request-id").unwrap().to_owned();
    let listed = program.get("/v1/activity?limit=2").is(200).json();
    let (_, said, _) = served.house.ends(rustix::process::Signal::TERM);

    assert_eq!(listed[1]["requestId"], json!(id));
    let line = said.lines().find(|line| line.contains(&id)).unwrap();
    assert!(
        line.contains("/v1/vaults") && line.contains("200"),
        "{line}"
    );
    assert!(!said.contains("hidden-name"));
}

#[test]
fn who_is_slow_holds_nobody_up_and_is_cut_off() {
    let served = Served::open();
    let program = served.program("rw");
    let items = served.items("Dev");
    let bearer = bearer(&program.token);

    let mut slow: Vec<_> = (0..200)
        .map(|n| {
            let mut wire = Wire::to(&served.house.address);
            if n % 2 == 0 {
                wire.raw(format!("GET {items} HTTP/1.1\r\nhost: {}\r\nx-", served.house.address).as_bytes());
            } else {
                let head = format!(
                    "POST {items} HTTP/1.1\r\nhost: {}\r\nauthorization: {bearer}\r\ncontent-length: 1000\r\n\r\n{{",
                    served.house.address
                );
                wire.raw(head.as_bytes());
            }
            wire
        })
        .collect();
    for _ in 0..5 {
        for wire in &mut slow {
            wire.raw(b"x");
        }
        let begun = Instant::now();
        program.get("/v1/vaults").is(200);
        assert!(begun.elapsed() < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(100));
    }
    // Twenty seconds for a head, and as many for a body.
    std::thread::sleep(Duration::from_secs(21));
    for pair in slow.chunks_mut(2).take(3) {
        assert!(pair[0].is_closed(), "half a head was waited for");
        assert_eq!(pair[1].reply().status, 408);
    }
}
