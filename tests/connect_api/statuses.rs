//! What is no success: always JSON with a status and a message, and never anything of the request.

use serde_json::json;

use crate::{
    client::Wire,
    served::{Served, login, text},
};

const CANARY: &str = "canary-9f3b7a21c4";

#[test]
fn whatever_cannot_be_meant_is_refused_without_a_word_of_it() {
    let served = Served::open();
    let program = served.program("rw");
    let items = served.items("Dev");
    let made = program.creates(&items, &login("Shop", served.vault("Dev")));
    let own = format!("{items}/{}", text(&made["id"]));
    let vault = json!({ "id": served.vault("Dev") });
    let item = |more: serde_json::Value| {
        let mut item = json!({ "title": "T", "category": "LOGIN", "vault": vault });
        for (name, value) in more.as_object().unwrap() {
            item[name] = value.clone();
        }
        item
    };

    for body in [
        item(json!({ "category": "HOVERCRAFT" })),
        item(json!({ "category": "CUSTOM" })),
        item(json!({ "category": "DOCUMENT" })),
        item(json!({ "category": "" })),
        item(json!({ "title": "" })),
        item(json!({ "title": 7 })),
        item(json!({ "vault": { "id": served.vault("CI") } })),
        item(json!({ "fields": [{ "type": "TOTP", "value": CANARY }] })),
        item(json!({ "fields": [{ "type": "QUANTUM", "value": CANARY }] })),
        item(json!({ "fields": [{ "purpose": CANARY }] })),
        item(
            json!({ "fields": [{ "purpose": "PASSWORD" }, { "purpose": "PASSWORD", "value": CANARY }] }),
        ),
        item(json!({ "fields": [{ "id": CANARY }, { "id": CANARY }] })),
        item(json!({ "fields": [{ "type": "DATE", "value": CANARY }] })),
        item(json!({ "fields": [{ "type": "MONTH_YEAR", "value": CANARY }] })),
        item(json!({ "fields": [{ "generate": true, "recipe": { "length": 65 } }] })),
        item(json!({ "fields": [{ "generate": true, "recipe": { "characterSets": [CANARY] } }] })),
        item(json!({ "fields": [[]] })),
        item(json!({ "fields": [{ "value": { "a": CANARY } }] })),
        item(json!({ "sections": [{ "id": CANARY }, { "id": CANARY }] })),
        item(json!({ "favorite": CANARY })),
        json!([]),
        json!(CANARY),
        json!(null),
    ] {
        let told = program.post(&items, &body).is(400);
        assert!(!told.body.contains(CANARY), "{body}: {told:?}");
    }

    let mut other = made.clone();
    other["id"] = json!("a".repeat(26));
    program.put(&own, &other).is(400);
    let mut elsewhere = made.clone();
    elsewhere["vault"] = json!({});
    program.put(&own, &elsewhere).is(400);
    let mut moved = made.clone();
    moved["category"] = json!("SERVER");
    program.put(&own, &moved).is(400);

    for body in [
        &format!("{{\"title\": \"{CANARY}\"")[..],
        CANARY,
        "",
        "{\"a\":1}{}",
        "{\"title\":\"a\",\"title\":\"b\"}",
        "{\"version\":-1}",
        "{\"version\":1e999}",
    ] {
        let told = program.asks("POST", &items, body).is(400);
        assert!(!told.body.contains(CANARY), "{told:?}");
    }
    let mut wire = Wire::to(&served.house.address);
    let head = format!(
        "POST {items} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-length: 14\r\n\r\n",
        served.house.address, program.token
    );
    wire.raw(&[head.as_bytes(), b"{\"title\":\"\xff\xfe\"}".as_slice()].concat());
    assert_eq!(wire.reply().status, 400);
    assert_eq!(program.get(&own).is(200).json(), made);
}

#[test]
fn each_place_says_what_may_be_done_there() {
    let served = Served::open();
    let program = served.program("rw");
    let nobody = served.bearing("");
    let items = served.items("Dev");

    let places = [
        ("/v1/vaults".to_owned(), "GET, HEAD, OPTIONS"),
        (items.clone(), "GET, HEAD, OPTIONS, POST"),
        (
            format!("{items}/{}", "a".repeat(26)),
            "DELETE, GET, HEAD, OPTIONS, PATCH, PUT",
        ),
        ("/v1/activity/".to_owned(), "GET, HEAD, OPTIONS"),
    ];
    for (place, allow) in places {
        let told = nobody.asks("OPTIONS", &place, "").is(204);
        assert_eq!(told.header("allow"), Some(allow));
        for method in ["TRACE", "CANARY", "CONNECT_"] {
            let told = program.asks(method, &place, "").is(405);
            assert_eq!(told.header("allow"), Some(allow));
        }
        nobody.asks("TRACE", &place, "").is(401);
    }
    for place in ["/heartbeat", "/health", "/metrics", "/openapi.json"] {
        assert_eq!(
            nobody.asks("OPTIONS", place, "").is(204).header("allow"),
            Some("GET, HEAD, OPTIONS")
        );
        let told = nobody.asks("POST", place, "{}").is(405);
        assert_eq!(told.header("allow"), Some("GET, HEAD, OPTIONS"));
        nobody.asks("HEAD", place, "").is(200);
    }
    let head = program.asks("HEAD", "/v1/vaults", "").is(200);
    assert_eq!(head.body, "");
    for path in [
        "/v1",
        "/v1/",
        "/v1/vault",
        "/v1/vaults/x/y",
        "/v2/vaults",
        "//v1/vaults",
        "/",
    ] {
        program.get(path).is(404);
    }
}

#[test]
fn addresses_that_are_made_to_slip_through_are_read_as_what_they_are() {
    let served = Served::open();
    let program = served.program("rw");
    let items = served.items("Dev");

    for id in [
        "..",
        "%2e%2e",
        "%2E%2E%2Fvaults",
        "a%2fb",
        "%00",
        "%",
        "%zz",
        "%c0%af",
        "%f5%80%80%80",
        &"a".repeat(27),
        &"A".repeat(26),
        &"%61".repeat(25),
        &"\u{202e}%41".repeat(3).replace('\u{202e}', "%E2%80%AE"),
    ] {
        for path in [
            format!("/v1/vaults/{id}"),
            format!("{items}/{id}"),
            format!("{items}/{id}/files"),
        ] {
            let told = program.get(&path).fails(400);
            assert!(!told.contains(id), "{told}");
        }
    }
    let encoded: String = served
        .vault("Dev")
        .bytes()
        .map(|b| format!("%{b:02X}"))
        .collect();
    program.get(&format!("/v1/vaults/{encoded}")).is(200);

    for filter in [
        "%22",
        "title%20eq%20%22x",
        "title%20eq%20%22x%5C",
        "value%20eq%20%22x%22",
        "title%20eq%20%22x%22)",
        "title%20eq%20%22x%22%20or%20",
        "title%20eq%20%22%ff%22",
        "title%20eq%20%",
        "1%20eq%201",
        &format!("{}title%20eq%20%22x%22", "(".repeat(3000)),
        "title%20eq%20%22x%22%20and%20title%20eq%20*",
    ] {
        let told = program.get(&format!("{items}?filter={filter}")).fails(400);
        assert!(!told.contains("eq *"), "{told}");
    }
    // A title that looks like a filter is a title.
    let odd = r#"x" or title co ""#;
    program.creates(&items, &login(odd, served.vault("Dev")));
    let asked = format!("{items}?filter=title%20eq%20%22x%5C%22%20or%20title%20co%20%5C%22%22");
    let found = program.get(&asked).is(200).json();
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["title"], json!(odd));
}

#[test]
fn what_is_too_much_is_refused_and_the_server_goes_on() {
    let served = Served::open();
    let program = served.program("rw");
    let items = served.items("Dev");

    program
        .asks(
            "POST",
            &items,
            &format!("{{\"title\":\"{}\"}}", "x".repeat(1100 * 1024)),
        )
        .is(413);
    for body in [
        format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("{{\"a\":{}1{}}}", "{\"a\":".repeat(1000), "}".repeat(1000)),
        format!("{{\"fields\":[{}]}}", vec!["{}"; 20_000].join(",")),
        format!(
            "{{\"title\":\"a\",\"category\":\"LOGIN\",\"fields\":[{}]}}",
            vec!["{}"; 201].join(",")
        ),
        format!(
            "{{\"title\":\"a\",\"category\":\"LOGIN\",\"tags\":[{}]}}",
            vec!["\"t\""; 201].join(",")
        ),
        format!(
            "{{{}}}",
            (0..20_000)
                .map(|n| format!("\"m{n}\":0"))
                .collect::<Vec<_>>()
                .join(",")
        ),
        format!("{{\"title\":{}}}", "9".repeat(100_000)),
    ] {
        program.asks("POST", &items, &body).is(400);
    }
    let change = format!(
        "[{}]",
        vec![r#"{"op":"add","path":"/tags/-","value":"t"}"#; 15_000].join(",")
    );
    let made = program.creates(&items, &login("Shop", served.vault("Dev")));
    let own = format!("{items}/{}", text(&made["id"]));
    program.asks("PATCH", &own, &change).is(400);
    program.get(&own).is(200);
}
