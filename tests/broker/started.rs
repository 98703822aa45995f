//! Programs that stay up: whose they are, and that a right that was taken away counts at once.

use hushkey::broker::{BrokerError, RunRequest};

use crate::{
    WIDE,
    house::{House, said},
};

fn request(script: &str) -> RunRequest {
    RunRequest {
        command: ["sh", "-c", script].map(str::to_owned).to_vec(),
        env: vec![("KEY".into(), "op://Dev/Stripe/key".into())],
        ..RunRequest::default()
    }
}

async fn house(policy: &str) -> House {
    let house = House::new(policy).await;
    house
        .item("Dev", "Stripe", &[("key", "canary-Vq7rT2mXk9LzPw4s")])
        .await;
    house
}

#[tokio::test]
async fn a_handle_is_its_agents_alone_and_another_reads_like_one_that_is_gone() {
    let policy = format!(
        "{WIDE}\n{}",
        WIDE.replace("agents.codex", "agents.other")
            .replace("path = [\"/usr/bin\", \"/bin\"]", "")
    );
    let house = house(&policy).await;
    let (codex, other) = (house.agent("codex"), house.agent("other"));
    let handle = house
        .broker
        .start_command(&codex, request("sleep 60"))
        .await
        .unwrap();

    let read = said(house.broker.read_command(&other, &handle, None).await);
    let stopped = said(house.broker.stop_command(&other, &handle).await);
    let unknown = said(house.broker.read_command(&other, "nothing", None).await);
    let own = house.broker.read_command(&codex, &handle, None).await;

    assert_eq!((&read, &stopped), (&unknown, &unknown));
    assert!(unknown.contains("no command with that handle"), "{unknown}");
    assert_eq!(own.unwrap().status, None);
    house.broker.end_started().await;
}

#[tokio::test]
async fn who_lost_the_right_reads_no_more_but_may_stop() {
    let house = house(WIDE).await;
    let codex = house.agent("codex");
    let handle = house
        .broker
        .start_command(&codex, request("echo up; sleep 60"))
        .await
        .unwrap();

    house.set_policy("[agents.codex.vaults]\nDev = [\"metadata\"]\n");
    let read = house.broker.read_command(&codex, &handle, None).await;
    let stopped = house.broker.stop_command(&codex, &handle).await;
    house.set_policy(WIDE);
    let after = house.broker.read_command(&codex, &handle, None).await;

    assert!(matches!(read, Err(BrokerError::Denied { .. })), "{read:?}");
    assert!(matches!(stopped, Err(BrokerError::Denied { .. })));
    assert!(after.unwrap().status.is_some());
}

#[tokio::test]
async fn a_start_each_look_and_the_end_are_in_the_log() {
    let house = house(WIDE).await;
    let codex = house.agent("codex");
    let handle = house
        .broker
        .start_command(&codex, request("sleep 60"))
        .await
        .unwrap();
    house
        .broker
        .read_command(&codex, &handle, None)
        .await
        .unwrap();
    house.broker.stop_command(&codex, &handle).await.unwrap();

    let log = house.log("codex").await;

    for told in [
        "codex ran `sh` with Dev/Stripe/key: allowed by rule 1",
        "codex read the output of `sh` with Dev/Stripe/key: allowed by its rights",
        "codex stopped `sh` with Dev/Stripe/key: allowed by its rights",
        "codex ran `sh` with Dev/Stripe/key: killed by signal 15",
    ] {
        assert!(
            log.iter().any(|line| line.starts_with(told)),
            "{told}: {log:#?}"
        );
    }
}
