//! `run_command`: what the program gets, what the model gets, and how a run ends early.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use hushkey::mcp::ServerOptions;
use serde_json::{Value, json};

use crate::{
    desk::{Desk, Setup},
    fake_vault::FakeVault,
};

const CANARY: &str = "canary-7Q2-do-not-repeat";

fn stripe() -> FakeVault {
    FakeVault::new()
        .vault("Dev")
        .item("Stripe", &[("secret key", "CONCEALED", CANARY)])
}

fn script(script: &str) -> Value {
    json!({ "command": ["sh", "-c", script], "env": { "KEY": "op://Dev/Stripe/secret key" } })
}

/// Waits until something holds; a loaded machine is slow, a hang is for ever.
async fn eventually(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what} did not happen");
}

/// The process that a script wrote down with `echo $$`, once it did.
async fn process(written: &Path) -> PathBuf {
    let read = || std::fs::read_to_string(written).unwrap_or_default();
    eventually("writing down the process", || read().ends_with('\n')).await;
    Path::new("/proc").join(read().trim())
}

#[tokio::test]
async fn the_program_gets_the_value_and_the_model_a_mark() {
    let desk = Desk::open(stripe());

    let mut answer = desk
        .answer(
            "run_command",
            script("printf '%s' \"$KEY\" >got; echo \"key is $KEY\"; exit 3"),
        )
        .await;

    let got = std::fs::read_to_string(desk.server.root.join("got")).unwrap();
    assert_eq!(got, CANARY);
    let took = answer["duration_ms"].take();
    assert!(took.as_u64().is_some_and(|it| it < 60_000), "{took}");
    insta::assert_json_snapshot!(answer, @r#"
    {
      "concealed": {
        "op://Dev/Stripe/secret key": 1
      },
      "duration_ms": null,
      "exit_code": 3,
      "ok": false,
      "stderr": "",
      "stdout": "key is <concealed:op://Dev/Stripe/secret key>\n",
      "timed_out": false,
      "truncated": false
    }
    "#);
}

#[tokio::test]
async fn a_missing_program_is_told_in_a_sentence() {
    let desk = Desk::open(stripe());

    let refusal = desk
        .refusal("run_command", json!({ "command": ["no-such-program"] }))
        .await;

    assert!(refusal.contains("no-such-program"), "{refusal}");
}

#[tokio::test]
async fn without_output_only_success_is_told() {
    let desk = Desk::open(stripe());
    let mut run = script("echo $KEY; exit 3");
    run["output"] = json!("none");

    let answer = desk.answer("run_command", run).await;

    assert_eq!(answer, json!({ "ok": false }));
}

#[tokio::test]
async fn progress_tells_the_time_and_nothing_else() {
    let desk = Desk::open(stripe());
    let mut params =
        json!({ "name": "run_command", "arguments": script("echo $KEY; sleep 3; echo $KEY") });
    params["_meta"] = json!({ "progressToken": "token-1" });

    let id = desk.begin("tools/call", params).await;
    let first = desk.receive().await.unwrap();

    assert_eq!(first["method"], "notifications/progress", "{first}");
    assert_eq!(first["params"]["progressToken"], "token-1");
    assert_eq!(first["params"]["message"], "running for 2 s");
    assert_eq!(first["params"]["total"], 60.0);
    let mut last = desk.receive().await.unwrap();
    while last.get("id").is_none() {
        last = desk.receive().await.unwrap();
    }
    assert_eq!(last["id"], json!(id));
    assert!(!last.to_string().contains("canary"));
}

#[tokio::test]
async fn a_cancelled_run_is_ended_and_not_answered() {
    let desk = Desk::open(stripe());
    let run = json!({ "name": "run_command", "arguments": script("echo $$ >pid; sleep 60") });

    let id = desk.begin("tools/call", run).await;
    let process = process(&desk.server.root.join("pid")).await;
    desk.send(&json!({
        "jsonrpc": "2.0",
        "method": "notifications/cancelled",
        "params": { "requestId": id, "reason": "enough" },
    }))
    .await;

    eventually("the end of the program", || !process.exists()).await;
    let next = desk.begin("tools/list", json!({})).await;
    let answered = desk.receive().await.expect("an answer");
    assert_eq!(
        answered["id"],
        json!(next),
        "the cancelled request was answered"
    );
}

#[tokio::test]
async fn a_read_only_server_runs_nothing() {
    let options = ServerOptions {
        read_only: true,
        ..ServerOptions::default()
    };
    let desk = Setup::of(stripe()).options(options).start();

    let response = desk
        .ask(
            "tools/call",
            json!({ "name": "run_command", "arguments": script("touch got") }),
        )
        .await;

    assert_eq!(response["error"]["code"], -32602);
    assert!(!desk.server.root.join("got").exists());
}
