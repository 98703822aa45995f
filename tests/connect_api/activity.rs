//! What was asked for, as programs and the owner read it.

use serde_json::json;

use crate::served::{Served, login, text};

#[test]
fn each_request_is_in_the_activity_with_who_asked_and_what_came_of_it() {
    let served = Served::open();
    let (program, writer) = (served.program("rw"), served.program("w"));
    let items = served.items("Dev");
    let made = program.creates(&items, &login("Shop", served.vault("Dev")));
    let own = format!("{items}/{}", text(&made["id"]));
    program.get(&own).is(200);
    writer.get(&own).is(403);
    program.get(&served.items("Private")).is(403);
    program.delete(&own).is(204);

    let page = program.get("/v1/activity?limit=3").is(200);
    let rest = program.get("/v1/activity/?limit=3&offset=4").is(200);

    assert_eq!(page.header("content-range"), Some("1-3/6"));
    assert_eq!(rest.header("content-range"), Some("5-7/7"));
    let told: Vec<_> = page.json().as_array().unwrap().clone();
    assert_eq!(told[0]["action"], json!("READ"));
    assert_eq!(told[1]["action"], json!("DELETE"));
    assert_eq!(told[1]["resource"]["item"]["id"], made["id"]);
    assert_eq!(told[2]["result"], json!("DENY"));
    assert_eq!(
        told[2]["resource"]["vault"]["id"],
        json!(served.vault("Private"))
    );
    for entry in &told {
        assert_eq!(entry["actor"]["id"], json!(served.server.as_str()));
        assert_eq!(entry["actor"]["userAgent"], json!("tests/1"));
        assert_eq!(entry["actor"]["requestIp"], json!("127.0.0.1"));
        assert_eq!(text(&entry["requestId"]).len(), 36);
    }
    let rest: Vec<_> = rest.json().as_array().unwrap().clone();
    assert_eq!(rest[0]["result"], json!("DENY"));
    assert_eq!(rest[1]["result"], json!("SUCCESS"));
    assert_eq!(rest[2]["action"], json!("CREATE"));
    for bad in ["limit=0", "limit=1001", "limit=x", "offset=-1"] {
        program.get(&format!("/v1/activity?{bad}")).is(400);
    }
}

#[test]
fn what_another_token_reached_is_told_to_those_who_reach_it_too() {
    let served = Served::open();
    let (wide, narrow) = (
        served.program_for(&[("Dev", "rw"), ("CI", "rw")], None),
        served.program_for(&[("CI", "r")], None),
    );
    let newest = |index: usize| narrow.get("/v1/activity").is(200).json()[index].clone();
    for vault in ["Dev", "CI"] {
        let items = served.items(vault);
        let made = wide.creates(&items, &login("Shop", served.vault(vault)));
        wide.get(&format!("{items}/{}", text(&made["id"]))).is(200);
    }
    narrow.get(&served.items("Private")).is(403);

    let own = newest(1);
    let in_ci = newest(3);
    let in_dev = newest(6);

    let private = json!(served.vault("Private"));
    assert_eq!(
        own["resource"]["vault"]["id"], private,
        "it named it itself"
    );
    assert_eq!(in_ci["resource"]["vault"]["id"], json!(served.vault("CI")));
    assert_eq!(text(&in_ci["resource"]["item"]["id"]).len(), 26);
    assert_eq!(in_dev["action"], json!("READ"));
    assert_eq!(in_dev["resource"], json!({ "type": "ITEM" }));
}

#[test]
fn the_owners_log_has_the_names_that_were_read_last() {
    let served = Served::open();
    let program = served.program("rw");
    let items = served.items("Dev");
    let made = program.creates(&items, &login("Shop", served.vault("Dev")));
    let own = format!("{items}/{}", text(&made["id"]));
    program.get(&own).is(200);
    let title = json!([{ "op": "replace", "path": "/title", "value": "Kiosk" }]);
    program.patch(&own, &title).is(200);
    program.get(&own).is(200);

    let log = served.house.person.types(["log"]).succeeds().stdout;

    assert!(log.contains("revealed Dev/Shop: allowed"), "{log}");
    assert!(log.contains("changed Dev/Shop: allowed"), "{log}");
    assert!(log.contains("revealed Dev/Kiosk: allowed"), "{log}");
}
