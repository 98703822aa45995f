//! `start_command`, `read_command`, `stop_command`: programs that stay up, and what ends them.

use std::{path::Path, time::Duration};

use serde_json::{Value, json};

use crate::{desk::Desk, fake_vault::FakeVault};

const CANARY: &str = "canary-7Q2-do-not-repeat";

fn stripe() -> FakeVault {
    FakeVault::new()
        .vault("Dev")
        .item("Stripe", &[("secret key", "CONCEALED", CANARY)])
}

fn script(script: &str) -> Value {
    json!({ "command": ["sh", "-c", script], "env": { "KEY": "op://Dev/Stripe/secret key" } })
}

async fn start(desk: &Desk, text: &str) -> String {
    let answer = desk.answer("start_command", script(text)).await;
    answer["handle"].as_str().unwrap().to_owned()
}

async fn read(desk: &Desk, handle: &str) -> Value {
    desk.answer("read_command", json!({ "handle": handle }))
        .await
}

/// Reads until something holds of the answer; a loaded machine is slow, a hang is for ever.
async fn until(desk: &Desk, handle: &str, holds: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..500 {
        let answer = read(desk, handle).await;
        if holds(&answer) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not come to that");
}

fn shows(text: &'static str) -> impl Fn(&Value) -> bool {
    move |answer| answer["stdout"].as_str().unwrap().contains(text)
}

fn lives(file: &Path) -> bool {
    let pid = std::fs::read_to_string(file).unwrap();
    Path::new("/proc").join(pid.trim()).exists()
}

#[tokio::test]
async fn a_program_stays_up_and_is_read_while_it_runs() {
    let desk = Desk::open(stripe());

    let handle = start(
        &desk,
        "echo first $KEY; while ! test -e go; do sleep 0.02; done; echo second; exit 7",
    )
    .await;
    let first = until(&desk, &handle, shows("first")).await;
    std::fs::write(desk.server.root.join("go"), "").unwrap();
    let end = until(&desk, &handle, |answer| answer["running"] == false).await;

    assert_eq!(first["running"], true);
    assert_eq!(first["ok"], false);
    assert!(first.get("exit_code").is_none(), "{first}");
    assert_eq!(
        first["stdout"],
        "first <concealed:op://Dev/Stripe/secret key>\n"
    );
    assert_eq!(first["concealed"]["op://Dev/Stripe/secret key"], 1);
    assert_eq!(end["exit_code"], 7);
    assert!(end["stdout"].as_str().unwrap().ends_with("\nsecond\n"));
}

#[tokio::test]
async fn a_look_in_the_middle_of_a_value_shows_nothing_of_it() {
    let desk = Desk::open(stripe());

    let handle = start(
        &desk,
        "echo begin; printf '%s' \"${KEY%repeat}\"; : >half; while ! test -e go; do sleep 0.02; done; echo repeat; sleep 60",
    )
    .await;
    let half = desk.server.root.join("half");
    until(&desk, &handle, |_| half.exists()).await;
    let middle = read(&desk, &handle).await;
    std::fs::write(desk.server.root.join("go"), "").unwrap();
    let whole = until(&desk, &handle, shows("concealed")).await;

    assert_eq!(middle["stdout"], "begin\n");
    assert_eq!(
        whole["stdout"],
        "begin\n<concealed:op://Dev/Stripe/secret key>\n"
    );
}

#[tokio::test]
async fn a_value_in_disguise_and_one_in_pieces_are_withheld_here_too() {
    let desk = Desk::open(stripe());

    let handle = start(&desk, "printf %s \"$KEY\" | fold -w 5; sleep 60").await;
    let answer = until(&desk, &handle, |answer| answer.get("withheld").is_some()).await;

    assert_eq!(answer["stdout"], "");
    assert_eq!(answer["running"], true);
}

#[tokio::test]
async fn only_the_last_lines_are_told_and_only_so_much_is_kept() {
    let desk = Desk::open(stripe());

    let handle = start(
        &desk,
        "i=0; while test $i -lt 30000; do echo line $i; i=$((i+1)); done; echo end; sleep 60",
    )
    .await;
    let all = until(&desk, &handle, shows("end")).await;
    let last = desk
        .answer("read_command", json!({ "handle": handle, "tail_lines": 2 }))
        .await;

    assert!(all["stdout"].as_str().unwrap().len() <= 48 * 1024);
    assert_eq!(
        (&last["stdout"], &last["truncated"]),
        (&json!("line 29999\nend\n"), &json!(true))
    );
}

#[tokio::test]
async fn stopping_asks_first_and_then_nothing_of_it_lives() {
    let desk = Desk::open(stripe());
    let gentle = start(
        &desk,
        "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.02; done",
    )
    .await;
    let stubborn = start(
        &desk,
        "trap '' TERM; setsid sleep 600 & echo $! >child; echo up; while :; do sleep 0.1; done",
    )
    .await;
    until(&desk, &gentle, shows("up")).await;
    until(&desk, &stubborn, shows("up")).await;
    assert!(lives(&desk.server.root.join("child")), "the control");

    let gentle = desk
        .answer("stop_command", json!({ "handle": gentle }))
        .await;
    let again = json!({ "handle": stubborn });
    let stubborn = desk.answer("stop_command", again.clone()).await;
    let twice = desk.answer("stop_command", again).await;

    assert_eq!(
        (&gentle["running"], &gentle["exit_code"], &gentle["stdout"]),
        (&json!(false), &json!(0), &json!("up\nbye\n"))
    );
    assert_eq!(
        (&stubborn["running"], &stubborn["signal"]),
        (&json!(false), &json!(9))
    );
    assert_eq!(twice["signal"], 9);
    assert!(!lives(&desk.server.root.join("child")));
}

#[tokio::test]
async fn what_can_not_be_started_is_said_at_once_and_a_refusal_is_one() {
    let desk = Desk::open(stripe());

    let missing = desk
        .refusal("start_command", json!({ "command": ["no-such-program"] }))
        .await;
    let no_exec = {
        std::fs::write(desk.server.root.join("text"), "no program").unwrap();
        desk.refusal("start_command", json!({ "command": ["./text"] }))
            .await
    };

    assert!(missing.contains("no-such-program"), "{missing}");
    assert!(no_exec.contains("text"), "{no_exec}");
}

#[tokio::test]
async fn only_so_many_are_up_at_a_time() {
    let desk = Desk::open(stripe());
    let mut handles = Vec::new();
    for _ in 0..8 {
        handles.push(start(&desk, "sleep 60").await);
    }

    let refused = desk.refusal("start_command", script("sleep 60")).await;
    desk.answer("stop_command", json!({ "handle": handles[0] }))
        .await;
    start(&desk, "sleep 60").await;

    assert!(refused.contains("stop one of them"), "{refused}");
}
