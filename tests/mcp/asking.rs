//! What only a person knows is typed where no model looks: in both eras, and where the client has no dialogue.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    browser::Window,
    desk::{Desk, Setup},
    fake_vault::FakeVault,
};

pub const CANARY: &str = "canary-7Q2 ö+&=% \"do not\" repeat";

pub fn vault() -> FakeVault {
    FakeVault::new().vault("Dev").item(
        "Portal",
        &[
            ("username", "STRING", "ops"),
            ("password", "CONCEALED", "old-and-known-to-nobody"),
        ],
    )
}

/// What a client says of itself that can show an address.
fn shows_addresses() -> Value {
    json!({ "elicitation": { "form": {}, "url": {} } })
}

pub fn asks_for_a_token() -> Value {
    json!({
        "vault": "Dev", "title": "Stripe",
        "fields": [{ "label": "user", "text": "ops" }, { "label": "secret key", "ask": true }],
    })
}

/// A call of the newer era by a client that can show addresses.
pub async fn call(desk: &Desk, tool: &str, arguments: &Value, again: Value) -> Value {
    let mut params = json!({
        "name": tool, "arguments": arguments,
        "_meta": { "io.modelcontextprotocol/clientCapabilities": shows_addresses() },
    });
    for (name, value) in again.as_object().unwrap() {
        params[name] = value.clone();
    }
    desk.result("tools/call", params).await
}

/// The code and the address of the one dialogue that is wanted.
pub fn dialogue(result: &Value) -> (String, String) {
    assert_eq!(result["resultType"], "input_required", "{result}");
    let requests = result["inputRequests"].as_object().unwrap();
    assert_eq!(requests.len(), 1);
    let (code, request) = requests.iter().next().unwrap();
    assert_eq!(request["method"], "elicitation/create");
    assert_eq!(request["params"]["mode"], "url");
    let message = request["params"]["message"].as_str().unwrap();
    assert!(message.contains(code.as_str()) && message.contains("Dev/"));
    let address = request["params"]["url"].as_str().unwrap();
    (code.clone(), address.to_owned())
}

pub fn answered(result: &Value, code: &str, action: &str) -> Value {
    json!({
        "requestState": result["requestState"],
        "inputResponses": { code: { "action": action } },
    })
}

/// The value of a field, as a program gets it: its length, and whether it is the canary.
pub async fn is_in_the_vault(desk: &Desk, reference: &str, value: &str) -> bool {
    let answer = desk
        .answer(
            "run_command",
            json!({
                "command": ["sh", "-c", "[ \"$TYPED\" = \"$WANTED\" ]"],
                "env": { "TYPED": reference, "WANTED": value },
            }),
        )
        .await;
    answer["ok"] == true
}

pub fn the_only_ask(item: &Value) -> &Value {
    let asked = item["asked"].as_array().unwrap();
    assert_eq!(asked.len(), 1);
    &asked[0]
}

#[tokio::test]
async fn what_a_person_types_reaches_the_vault_and_no_answer() {
    let desk = Setup::of(vault()).start();
    let arguments = asks_for_a_token();
    let first = call(&desk, "create_item", &arguments, json!({})).await;
    let (code, address) = dialogue(&first);

    let page = Window::at(&address).look().await;
    let done = Window::at(&address)
        .submit(&[("hidden", CANARY), ("answer", "save")])
        .await;
    let second = call(
        &desk,
        "create_item",
        &arguments,
        answered(&first, &code, "accept"),
    )
    .await;

    assert_eq!((page.status, done.status), (200, 200), "{done:?}");
    assert!(page.body.contains(&code) && page.body.contains("secret key"));
    assert!(done.body.contains("It is stored"));
    let item = &second["structuredContent"];
    assert_eq!(the_only_ask(item)["state"], "set");
    assert_eq!(item["fields"][1]["set"], true);
    for shown in [
        &page.body,
        &done.body,
        &first.to_string(),
        &second.to_string(),
    ] {
        assert!(!shown.contains("canary-7Q2"), "{shown}");
    }
    assert!(is_in_the_vault(&desk, "op://Dev/Stripe/secret key", CANARY).await);
    assert!(!is_in_the_vault(&desk, "op://Dev/Stripe/secret key", "other").await);
}

#[tokio::test]
async fn in_a_session_the_server_asks_and_waits_for_the_typing() {
    let desk = Setup::of(vault()).legacy().start();
    let hello = json!({
        "protocolVersion": "2025-11-25", "clientInfo": { "name": "old", "version": "1" },
        "capabilities": shows_addresses(),
    });
    desk.result("initialize", hello).await;
    let arguments = json!({ "item": "Portal", "set": [{ "field": "password", "ask": true }] });
    let id = desk
        .begin(
            "tools/call",
            json!({ "name": "update_item", "arguments": arguments }),
        )
        .await;

    let asked = desk.receive().await.unwrap();
    let address = asked["params"]["url"].as_str().unwrap().to_owned();
    desk.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": { "action": "accept" } }))
        .await;
    let done = Window::at(&address)
        .submit(&[("shown", CANARY), ("answer", "save")])
        .await;
    let answer = desk.receive().await.unwrap();

    assert_eq!(asked["method"], "elicitation/create");
    assert_eq!(asked["params"]["mode"], "url");
    assert_eq!(done.status, 200);
    assert_eq!(answer["id"], id);
    let item = &answer["result"]["structuredContent"];
    assert_eq!(the_only_ask(item)["state"], "set", "{answer}");
    assert!(!answer.to_string().contains("canary-7Q2"));
    assert!(is_in_the_vault(&desk, "op://Dev/Portal/password", CANARY).await);
}

#[tokio::test]
async fn whoever_types_before_the_dialogue_is_answered_is_not_waited_for() {
    let desk = Setup::of(vault()).legacy().start();
    let hello = json!({
        "protocolVersion": "2025-11-25", "clientInfo": { "name": "old", "version": "1" },
        "capabilities": shows_addresses(),
    });
    desk.result("initialize", hello).await;
    desk.begin(
        "tools/call",
        json!({ "name": "create_item", "arguments": asks_for_a_token() }),
    )
    .await;
    let asked = desk.receive().await.unwrap();
    let address = asked["params"]["url"].as_str().unwrap();

    Window::at(address).submit(&[("hidden", CANARY)]).await;
    let answer = loop {
        let message = desk.receive().await.unwrap();
        if message.get("result").is_some() {
            break message;
        }
    };

    assert_eq!(
        the_only_ask(&answer["result"]["structuredContent"])["state"],
        "set"
    );
}

#[tokio::test]
async fn a_client_without_dialogues_is_told_at_once_what_a_person_can_do() {
    let desk = Setup::of(vault()).start();

    let item = desk.answer("create_item", asks_for_a_token()).await;

    let asked = the_only_ask(&item);
    assert_eq!(asked["state"], "waiting");
    let code = asked["code"].as_str().unwrap();
    let next = asked["next"].as_str().unwrap();
    assert!(next.contains(&format!("`hushkey approve {code}`")) && next.contains("get_item"));
    assert_eq!(item["fields"][1]["set"], false);
    let address = asked["address"].as_str().unwrap();
    let done = Window::at(address).submit(&[("hidden", CANARY)]).await;
    assert_eq!(done.status, 200);
    let item = desk.answer("get_item", json!({ "item": "Stripe" })).await;
    assert_eq!(item["fields"][1]["set"], true);
}

#[tokio::test]
async fn a_client_that_declines_is_not_asked_again_and_nothing_can_be_typed() {
    let desk = Setup::of(vault()).start();
    let arguments = asks_for_a_token();
    let first = call(&desk, "create_item", &arguments, json!({})).await;
    let (code, address) = dialogue(&first);

    let second = call(
        &desk,
        "create_item",
        &arguments,
        answered(&first, &code, "decline"),
    )
    .await;
    let late = Window::at(&address).look().await;

    let item = &second["structuredContent"];
    assert_eq!(the_only_ask(item)["state"], "declined");
    assert_eq!(item["fields"][1]["set"], false);
    assert_eq!(late.status, 410);
    assert!(!late.body.contains("<form"));
}

#[tokio::test]
async fn a_client_that_cancels_leaves_it_to_a_person_elsewhere() {
    let desk = Setup::of(vault()).start();
    let arguments = asks_for_a_token();
    let first = call(&desk, "create_item", &arguments, json!({})).await;
    let (code, address) = dialogue(&first);

    let second = call(
        &desk,
        "create_item",
        &arguments,
        answered(&first, &code, "cancel"),
    )
    .await;

    assert_eq!(
        the_only_ask(&second["structuredContent"])["state"],
        "waiting"
    );
    let done = Window::at(&address).submit(&[("hidden", CANARY)]).await;
    assert_eq!(done.status, 200);
}

#[tokio::test]
async fn a_round_is_bound_to_its_request_and_good_for_one_answer() {
    let desk = Setup::of(vault()).start();
    let arguments = asks_for_a_token();
    let first = call(&desk, "create_item", &arguments, json!({})).await;
    let (code, _) = dialogue(&first);
    let other =
        json!({ "vault": "Dev", "title": "Other", "fields": [{ "label": "x", "ask": true }] });
    let again = answered(&first, &code, "cancel");
    let mut forged = again.clone();
    forged["requestState"] = json!("AAAA");

    let elsewhere = call(&desk, "create_item", &other, again.clone()).await;
    let made_up = call(&desk, "create_item", &arguments, forged).await;
    let good = call(&desk, "create_item", &arguments, again.clone()).await;
    let replayed = call(&desk, "create_item", &arguments, again).await;

    for refused in [&elsewhere, &made_up, &replayed] {
        assert_eq!(refused["isError"], true, "{refused}");
        assert!(
            refused["content"][0]["text"]
                .as_str()
                .unwrap()
                .contains("answered already")
        );
    }
    assert_eq!(good["isError"], false, "{good}");
    let items = desk.answer("list_items", json!({})).await;
    let titles: Vec<_> = items["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["title"])
        .collect();
    assert_eq!(
        titles,
        ["Portal", "Stripe"],
        "nothing was made twice, nor for a forged round"
    );
}

#[tokio::test]
async fn a_round_without_its_answers_asks_again() {
    let desk = Setup::of(vault()).start();
    let arguments = asks_for_a_token();
    let first = call(&desk, "create_item", &arguments, json!({})).await;

    let again = json!({ "requestState": first["requestState"] });
    let second = call(&desk, "create_item", &arguments, again).await;

    assert_eq!(dialogue(&first).1, dialogue(&second).1);
}

#[tokio::test]
async fn nobody_gets_longer_than_five_minutes_to_type() {
    let desk = Setup::of(vault()).typing(Duration::from_secs(3600)).start();

    desk.answer("create_item", asks_for_a_token()).await;

    let pending = desk.server.approvals().pending(jiff::Timestamp::now());
    let request = pending.unwrap().remove(0);
    let lasts = request.expires.duration_since(request.created);
    assert_eq!(lasts.as_secs(), 300);
}

#[tokio::test]
async fn only_what_is_concealed_is_typed_by_a_person() {
    let desk = Setup::of(vault()).start();

    let plain = desk
        .refusal(
            "create_item",
            json!({ "vault": "Dev", "title": "x", "fields": [{ "label": "host", "type": "STRING", "ask": true }] }),
        )
        .await;
    let user = desk
        .refusal(
            "update_item",
            json!({ "item": "Portal", "set": [{ "field": "username", "ask": true }] }),
        )
        .await;

    assert!(plain.contains("`host` is not concealed"), "{plain}");
    assert!(user.contains("`username` is not concealed"), "{user}");
}

#[tokio::test]
async fn each_ticket_is_recorded_when_it_is_opened_used_and_refused() {
    let desk = Setup::of(vault()).start();
    let item = desk.answer("create_item", asks_for_a_token()).await;
    let window = Window::at(the_only_ask(&item)["address"].as_str().unwrap());
    window.submit(&[("hidden", CANARY)]).await;
    let set = json!({ "item": "Portal", "set": [{ "field": "password", "ask": true }] });
    let item = desk.answer("update_item", set).await;
    let window = Window::at(the_only_ask(&item)["address"].as_str().unwrap());
    window.submit(&[("answer", "no")]).await;

    let log = desk.server.sentences().await;

    let told: Vec<&str> = log
        .iter()
        .map(String::as_str)
        .filter(|it| it.contains("typ"))
        .collect();
    assert_eq!(told.len(), 6, "{log:#?}");
    assert!(told[0].starts_with("tester asked a person to type Dev/Stripe/secret key: allowed"));
    assert!(told[1].starts_with("owner typed Dev/Stripe/secret key"));
    assert!(told[1].contains("tester asked for it") && told[1].contains("(page, request "));
    assert!(told[2].starts_with("owner typed Dev/Stripe/secret key: done"));
    assert!(told[3].starts_with("tester asked a person to type Dev/Stripe/secret key: done"));
    assert!(told[4].starts_with("tester asked a person to type Dev/Portal/password: allowed"));
    assert!(told[5].starts_with("tester asked a person to type Dev/Portal/password: cancelled"));
    assert!(log.iter().all(|line| !line.contains("canary-7Q2")));
}

#[tokio::test]
async fn a_policy_that_changed_meanwhile_holds_for_what_is_typed() {
    let setup = Setup::of(vault());
    let policy = setup.policy();
    let desk = setup.start();
    let item = desk.answer("create_item", asks_for_a_token()).await;
    let window = Window::at(the_only_ask(&item)["address"].as_str().unwrap());

    policy.write("[agents.tester.vaults]\nDev = \"read\"\n");
    let refused = window.submit(&[("hidden", CANARY)]).await;

    assert_eq!(refused.status, 409, "{refused:?}");
    let item = desk.answer("get_item", json!({ "item": "Stripe" })).await;
    assert_eq!(item["fields"][1]["set"], false);
}
