//! A person decides through the client's dialogue, in both eras, or elsewhere; nothing runs without a yes.

use std::time::Duration;

use hushkey::approvals::{Decision, Person, Request, Verdict, Way};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    desk::{Desk, Setup},
    fake_vault::FakeVault,
};

const ASKING: &str = r#"
[agents.tester]
confirm = ["delete"]
[agents.tester.vaults]
Dev = "full"
[[agents.tester.commands]]
run = "touch *"
secrets = ["op://**"]
approve = "once"
[[agents.tester.commands]]
run = "mkdir *"
approve = "always"
approve_by = "local"
[[agents.tester.commands]]
run = "ls"
require_reason = true
"#;

/// A desk whose persons have so long to decide.
fn desk(patience: Duration) -> Setup {
    let vault = FakeVault::new()
        .vault("Dev")
        .item("DB", &[("password", "CONCEALED", "canary-password-1")]);
    Setup::under(vault, ASKING).patience(patience)
}

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(400);

fn touch() -> Value {
    json!({ "name": "run_command", "arguments": { "command": ["touch", "ran"], "env": { "K": "op://Dev/DB/password" }, "reason": "to see" } })
}

/// A call of the new era, by a client that shows forms.
fn with_forms(mut call: Value) -> Value {
    call["_meta"] =
        json!({ "io.modelcontextprotocol/clientCapabilities": { "elicitation": { "form": {} } } });
    call
}

fn answered(mut call: Value, question: &Value, answer: &Value) -> Value {
    call["requestState"] = question["requestState"].clone();
    call["inputResponses"] = json!({ "approval": answer });
    with_forms(call)
}

fn ran(desk: &Desk) -> bool {
    desk.server.root.join("ran").exists()
}

fn is_refused(result: &Value) -> bool {
    let text = result["content"][0]["text"].as_str().unwrap_or_default();
    result["isError"] == json!(true) && text.starts_with("a person has not allowed it")
}

async fn asked(desk: &Desk) -> Request {
    for _ in 0..1000 {
        if let Some(request) = desk
            .server
            .approvals()
            .pending(Timestamp::now())
            .unwrap()
            .pop()
        {
            return request;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody is asked");
}

async fn decides(desk: &Desk, verdict: Verdict) {
    let request = asked(desk).await;
    let decision = Decision {
        verdict,
        remember: false,
        by: Person {
            name: "ann".into(),
            uid: 1000,
        },
        way: Way::Terminal,
        at: Timestamp::now(),
        proof: None,
    };
    desk.server
        .approvals()
        .decide(&request, &decision, Timestamp::now())
        .unwrap();
}

#[tokio::test]
async fn in_the_new_era_a_call_ends_with_the_question_and_runs_when_it_comes_again_with_a_yes() {
    let desk = desk(LONG).start();

    let question = desk.result("tools/call", with_forms(touch())).await;

    assert_eq!(question["resultType"], "input_required");
    assert!(!ran(&desk));
    let form = &question["inputRequests"]["approval"];
    assert_eq!(form["method"], "elicitation/create");
    let message = form["params"]["message"].as_str().unwrap();
    for part in [
        "tester needs your leave",
        "agent: tester (desk 1)",
        "wants to run: touch ran",
        "gets: op://Dev/DB/password as variable K",
        "its reason: to see",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert!(!message.contains("canary"));
    let words = &form["params"]["requestedSchema"]["properties"]["answer"]["enum"];
    assert_eq!(*words, json!(["deny", "allow", "allow and remember"]));

    let yes = json!({ "action": "accept", "content": { "answer": "allow" } });
    let done = desk
        .result("tools/call", answered(touch(), &question, &yes))
        .await;

    assert_eq!(done["structuredContent"]["ok"], true, "{done}");
    assert!(ran(&desk));
}

#[tokio::test]
async fn an_answer_counts_once_for_its_own_call_and_its_own_agent() {
    let desk = desk(LONG).start();
    let question = desk.result("tools/call", with_forms(touch())).await;
    let yes = json!({ "action": "accept", "content": { "answer": "allow" } });
    let mut other = touch();
    other["arguments"]["command"] = json!(["touch", "other"]);
    let mut forged = question.clone();
    forged["requestState"] = json!(format!("{}x", question["requestState"].as_str().unwrap()));

    for wrong in [
        answered(other, &question, &yes),
        answered(touch(), &forged, &yes),
    ] {
        let refused = desk.result("tools/call", wrong).await;
        assert_eq!(refused["isError"], true, "{refused}");
    }
    assert!(!ran(&desk) && !desk.server.root.join("other").exists());

    let done = desk
        .result("tools/call", answered(touch(), &question, &yes))
        .await;
    assert_eq!(done["structuredContent"]["ok"], true, "{done}");
    std::fs::remove_file(desk.server.root.join("ran")).unwrap();
    let again = desk
        .result("tools/call", answered(touch(), &question, &yes))
        .await;
    assert_eq!(again["isError"], true, "{again}");
    assert!(!ran(&desk));
}

#[tokio::test]
async fn in_the_new_era_a_no_is_a_no_and_silence_waits_for_a_local_word() {
    for (answer, verdict, runs) in [
        (json!({ "action": "decline" }), None, false),
        (
            json!({ "action": "accept", "content": { "answer": "deny" } }),
            None,
            false,
        ),
        (json!({ "action": "cancel" }), Some(Verdict::Yes), true),
        (json!({ "action": "cancel" }), Some(Verdict::No), false),
        (json!({ "action": "accept" }), Some(Verdict::No), false),
    ] {
        let desk = desk(LONG).start();
        let question = desk.result("tools/call", with_forms(touch())).await;

        let call = desk.result("tools/call", answered(touch(), &question, &answer));
        let local = async {
            if let Some(verdict) = verdict {
                decides(&desk, verdict).await;
            }
        };
        let (done, ()) = tokio::join!(call, local);

        assert_eq!(is_refused(&done), !runs, "{answer} {done}");
        assert_eq!(ran(&desk), runs, "{answer}");
    }
}

#[tokio::test]
async fn in_the_new_era_a_call_that_comes_again_without_an_answer_is_asked_again() {
    let desk = desk(LONG).start();
    let question = desk.result("tools/call", with_forms(touch())).await;
    let mut again = with_forms(touch());
    again["requestState"] = question["requestState"].clone();

    let second = desk.result("tools/call", again).await;

    assert_eq!(second["resultType"], "input_required", "{second}");
    let yes = json!({ "action": "accept", "content": { "answer": "allow" } });
    let done = desk
        .result("tools/call", answered(touch(), &second, &yes))
        .await;
    assert_eq!(done["structuredContent"]["ok"], true, "{done}");
}

#[tokio::test]
async fn a_client_without_dialogues_waits_for_a_local_word_and_gets_a_no_without_one() {
    for verdict in [Some(Verdict::Yes), Some(Verdict::No), None] {
        let desk = desk(if verdict.is_some() { LONG } else { SHORT }).start();

        let call = desk.result("tools/call", touch());
        let local = async {
            if let Some(verdict) = verdict {
                decides(&desk, verdict).await;
            }
        };
        let (done, ()) = tokio::join!(call, local);

        assert_eq!(ran(&desk), verdict == Some(Verdict::Yes), "{done}");
        assert_eq!(is_refused(&done), !ran(&desk), "{done}");
    }
}

#[tokio::test]
async fn where_a_local_word_is_wanted_no_dialogue_is_shown() {
    let desk = desk(LONG).start();
    let call = json!({ "name": "run_command", "arguments": { "command": ["mkdir", "made"] } });

    let (done, ()) = tokio::join!(
        desk.result("tools/call", with_forms(call)),
        decides(&desk, Verdict::Yes)
    );

    assert_eq!(done["structuredContent"]["ok"], true, "{done}");
    assert!(desk.server.root.join("made").exists());
}

#[tokio::test]
async fn in_the_old_era_the_server_asks_and_goes_on_with_the_answer() {
    for (answer, verdict, runs) in [
        (
            json!({ "action": "accept", "content": { "answer": "allow and remember" } }),
            None,
            true,
        ),
        (
            json!({ "action": "accept", "content": { "answer": "deny" } }),
            None,
            false,
        ),
        (json!({ "action": "decline" }), None, false),
        (json!({ "action": "cancel" }), Some(Verdict::Yes), true),
        (json!({ "action": "cancel" }), Some(Verdict::No), false),
    ] {
        let desk = old(json!({ "elicitation": {} }), LONG).await;
        let id = desk.begin("tools/call", touch()).await;
        let question = desk.receive().await.unwrap();
        assert_eq!(question["method"], "elicitation/create", "{question}");
        assert!(
            question["params"]["message"]
                .as_str()
                .unwrap()
                .contains("touch ran")
        );
        assert!(!ran(&desk));
        desk.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": answer }))
            .await;
        if let Some(verdict) = verdict {
            decides(&desk, verdict).await;
        }

        let done = desk.receive().await.unwrap();

        assert_eq!(done["id"], json!(id), "{done}");
        assert_eq!(ran(&desk), runs, "{answer} {done}");
        assert_eq!(is_refused(&done["result"]), !runs, "{done}");
        let remembered = desk.server.approvals().lasting().unwrap().grants.len();
        assert_eq!(
            remembered,
            usize::from(answer["content"]["answer"] == "allow and remember")
        );
    }
}

#[tokio::test]
async fn in_the_old_era_a_client_without_forms_is_never_asked() {
    for capabilities in [json!({}), json!({ "elicitation": { "url": {} } })] {
        let desk = old(capabilities, SHORT).await;

        let done = desk.result("tools/call", touch()).await;

        assert!(is_refused(&done), "{done}");
        assert!(!ran(&desk));
    }
}

#[tokio::test]
async fn a_call_that_is_cancelled_while_a_person_looks_is_a_no() {
    let desk = desk(LONG).start();
    let id = desk.begin("tools/call", touch()).await;
    let request = asked(&desk).await;

    desk.send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } })).await;

    for _ in 0..500 {
        if desk.server.approvals().look(&request.id).is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(
        desk.server
            .approvals()
            .find(&request.code, Timestamp::now())
            .is_err()
    );
    assert!(!ran(&desk));
}

#[tokio::test]
async fn a_delete_is_confirmed_and_a_reason_is_wanted_where_the_policy_says_so() {
    let desk = desk(SHORT).start();
    let delete = json!({ "item": "DB", "vault": "Dev" });

    assert!(is_refused(&desk.call("delete_item", delete).await));
    let still = desk.answer("get_item", json!({ "item": "DB" })).await;
    assert_eq!(still["title"], "DB");

    let silent = desk
        .refusal("run_command", json!({ "command": ["ls"] }))
        .await;
    assert!(silent.contains("say in `reason`"), "{silent}");
    desk.answer(
        "run_command",
        json!({ "command": ["ls"], "reason": "to look" }),
    )
    .await;
}

#[tokio::test]
async fn a_request_for_access_is_put_before_the_owner_once_and_answered_at_once() {
    let desk = desk(LONG).start();
    let wanted = json!({ "command": ["npm", "test"], "references": ["op://Dev/DB/password"], "reason": "tests" });

    for _ in 0..3 {
        let answer = desk.answer("request_access", wanted.clone()).await;
        assert_eq!(answer, json!({ "asked": true }));
    }

    let pending = desk.server.approvals().pending(Timestamp::now()).unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!(
        pending[0].summary(),
        "may run `npm test` with op://Dev/DB/password"
    );
    let mut asked = 1;
    while desk
        .call(
            "request_access",
            json!({ "vault": format!("V{asked}"), "level": "use", "reason": "x" }),
        )
        .await["isError"]
        == false
    {
        asked += 1;
        assert!(asked < 50, "there is no limit");
    }
    for wrong in [
        json!({ "reason": "x" }),
        json!({ "vault": "Dev", "reason": "x" }),
        json!({ "vault": "Dev", "level": "use", "command": ["x"], "reason": "x" }),
        json!({ "command": ["x"], "references": ["op://Dev/**"], "reason": "x" }),
        json!({ "vault": "Dev", "level": "use", "reason": " " }),
    ] {
        desk.refusal("request_access", wrong).await;
    }
}

/// A session of the old era with these capabilities.
async fn old(capabilities: Value, patience: Duration) -> Desk {
    let desk = desk(patience).legacy().start();
    let client = json!({ "name": "old", "version": "1" });
    let params = json!({ "protocolVersion": "2025-11-25", "clientInfo": client, "capabilities": capabilities });
    desk.result("initialize", params).await;
    desk.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))
        .await;
    desk
}
