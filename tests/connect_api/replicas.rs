//! Two processes on one store: each sees at once what the other has done.

use hushkey::vault::TokenId;
use jiff::Timestamp;
use serde_json::json;

use crate::{
    client::Wire,
    served::{Program, Served, field, login, text},
};

#[test]
fn two_servers_on_one_store_see_each_others_changes_at_once() {
    let served = Served::open();
    let other = served.replica();
    let here = served.program("rw");
    let there = here.at(&other.address);
    let items = served.items("Dev");

    let made = here.creates(&items, &login("Shop", served.vault("Dev")));
    let own = format!("{items}/{}", text(&made["id"]));
    assert_eq!(there.get(&own).is(200).json(), made);
    for n in 0..20 {
        let (writes, reads) = if n % 2 == 0 {
            (&here, &there)
        } else {
            (&there, &here)
        };
        let change =
            json!([{ "op": "replace", "path": "/fields/pin/value", "value": format!("{n}") }]);
        writes.patch(&own, &change).is(200);
        let item = reads.get(&own).is(200).json();
        assert_eq!(field(&item, "pin")["value"], json!(format!("{n}")));
    }
    there.delete(&own).is(204);
    here.get(&own).is(404);

    let token = served.registry.tokens().unwrap();
    let ids: Vec<TokenId> = token.into_iter().map(|token| token.id).collect();
    served
        .registry
        .revoke_token(&ids[0], Timestamp::now())
        .unwrap();
    here.get("/v1/vaults").is(401);
    there.get("/v1/vaults").is(401);
}

#[test]
fn changes_of_many_at_once_are_all_made_and_none_is_lost() {
    let served = Served::open();
    let other = served.replica();
    let here = served.program("rw");
    let programs = [here.clone(), here.at(&other.address)];
    let items = served.items("Dev");
    let made = here.creates(&items, &login("Shop", served.vault("Dev")));
    let own = format!("{items}/{}", text(&made["id"]));

    let threads: Vec<_> = (0..4)
        .map(|thread: usize| {
            let (program, own): (Program, String) = (programs[thread % 2].clone(), own.clone());
            std::thread::spawn(move || {
                let mut done = 0;
                for n in 0..5 {
                    let field = json!({ "id": format!("f{thread}-{n}"), "value": "x" });
                    let change = json!([{ "op": "add", "path": "/fields", "value": field }]);
                    let answer = program.patch(&own, &change);
                    assert!(matches!(answer.status, 200 | 409), "{answer:?}");
                    done += usize::from(answer.status == 200);
                }
                done
            })
        })
        .collect();
    let done: usize = threads.into_iter().map(|it| it.join().unwrap()).sum();

    let item = here.get(&own).is(200).json();
    assert_eq!(item["fields"].as_array().unwrap().len(), 3 + done);
    assert_eq!(item["version"], json!(1 + done));
    assert!(done >= 10, "{done}");
}

#[test]
fn a_client_that_hangs_up_leaves_no_write_without_its_outcome() {
    let served = Served::open();
    let program = served.program("rw");
    let items = served.items("Dev");

    for n in 0..20 {
        let body = login(&format!("Gone {n}"), served.vault("Dev")).to_string();
        let mut wire = Wire::to(&served.house.address);
        let bearer = crate::client::bearer(&program.token);
        wire.send("POST", &items, &[("authorization", &bearer)], &body);
        drop(wire);
    }
    let (_, _, person) = served.house.ends(rustix::process::Signal::TERM);

    let log = person.types(["log", "--json"]).succeeds().json();
    let made = log.as_array().unwrap().iter().filter(|entry| {
        entry["action"] == "create_item" && text(&entry["agent"]).starts_with("connect:")
    });
    let (allowed, ended): (Vec<_>, Vec<_>) = made.partition(|it| it["decision"] == "allowed");
    assert_eq!(allowed.len(), ended.len(), "{log}");
}
