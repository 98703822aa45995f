//! What needs no token: whether the server runs, how it is, what was counted, and its own description.

use serde_json::{Value, json};

use crate::{
    binary::Person,
    client::House,
    served::{Served, login, text},
};

#[test]
fn the_server_tells_how_it_is() {
    let served = Served::open();
    let nobody = served.bearing("");

    let beat = nobody.get("/heartbeat").is(200);
    let health = nobody.get("/health").is(200).json();

    assert_eq!(beat.body, ".");
    assert_eq!(beat.header("1password-connect-version"), Some("1.8.1"));
    assert_eq!(health["name"], json!("hushkey"));
    assert_eq!(
        health["dependencies"],
        json!([{ "service": "sqlite", "status": "ACTIVE" }, { "service": "audit", "status": "ACTIVE" }])
    );
}

#[test]
fn a_store_that_is_locked_is_not_well_and_opens_nothing() {
    let person = Person::new();
    person.writes("passphrase", "correct horse battery staple\n");
    let file = person.path("passphrase").display().to_string();
    let with = [("HUSHKEY_PASSPHRASE_FILE", &*file)];
    person
        .types_with(&with, ["init", "--passphrase"])
        .succeeds();
    person.types_with(&with, ["unlock"]).succeeds();
    let served = House::of(person, &[]);
    let mut wire = crate::client::Wire::to(&served.address);
    assert_eq!(wire.request("GET", "/health", &[], "").status, 200);

    served.person.types(["lock"]).succeeds();
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let health = wire.request("GET", "/health", &[], "");

    assert_eq!(health.status, 503);
    let told: Value = serde_json::from_str(&health.body).unwrap();
    assert_eq!(told["dependencies"][0]["status"], json!("LOCKED"));
}

#[test]
fn what_was_counted_has_no_names() {
    let served = Served::open();
    let program = served.program("rw");
    let items = served.items("Dev");
    let made = program.creates(&items, &login("Shop-canary", served.vault("Dev")));
    let own = format!("{items}/{}", text(&made["id"]));
    program.get(&own).is(200);
    program.get(&format!("{own}/canary")).is(404);
    program.get("/v1/vaults/canary").is(400);

    let plain = served.bearing("").get("/metrics").is(200);
    let open = served.bearing("").asks_with(
        "GET",
        "/metrics",
        &[(
            "accept",
            "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
        )],
        "",
    );

    assert_eq!(
        plain.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    assert!(
        open.header("content-type")
            .unwrap()
            .starts_with("application/openmetrics-text")
    );
    assert!(open.body.ends_with("# EOF\n"));
    for line in [
        r#"hushkey_connect_requests_total{method="GET",route="/v1/vaults/{vault}/items/{item}",status="200"} 1"#,
        r#"hushkey_connect_requests_total{method="POST",route="/v1/vaults/{vault}/items",status="200"} 1"#,
        r#"hushkey_connect_requests_total{method="GET",route="/v1/*",status="404"} 1"#,
        "hushkey_vaults 3",
        "hushkey_items 2",
    ] {
        assert!(plain.body.contains(line), "{line} is not in {}", plain.body);
    }
    for id in [
        "canary",
        "Shop",
        "Dev",
        served.vault("Dev"),
        &text(&made["id"]),
        "shop",
    ] {
        assert!(!plain.body.contains(id), "{id} in {}", plain.body);
    }
}
