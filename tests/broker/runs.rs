//! Running programs: values arrive in the child, and marks come back.

use hushkey::{
    broker::{RunRequest, Source},
    policy::OutputMode,
    vault::Secret,
};

use crate::{
    WIDE,
    house::{House, create, field, pairs, said},
};

const CANARY: &str = "canary-Value+with/odd=chars-42";

async fn house() -> House {
    let house = House::new(WIDE).await;
    house.item("Dev", "Stripe", &[("secret key", CANARY)]).await;
    house
}

#[tokio::test]
async fn a_value_reaches_the_program_and_not_the_answer() {
    let house = house().await;
    let codex = house.agent("codex");
    let script =
        "printf %s \"$K\" | sha256sum; echo \"got $K\"; printf %s \"$K\" | base64; echo \"$K\" >&2";

    let answer = house
        .run(
            &codex,
            &["sh", "-c", script],
            &[("K", "op://Dev/Stripe/secret key")],
        )
        .await
        .unwrap();

    use sha2::Digest;
    let digest = data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(CANARY));
    let mark = "<concealed:op://Dev/Stripe/secret key>";
    assert!(answer.ok());
    assert!(answer.stdout.starts_with(&digest), "{}", answer.stdout);
    assert!(
        answer.stdout.contains(&format!("got {mark}\n")),
        "{}",
        answer.stdout
    );
    assert_eq!(answer.stderr, format!("{mark}\n"));
    assert!(!answer.stdout.contains(CANARY));
    assert!(
        !answer
            .stdout
            .contains(&data_encoding::BASE64.encode(CANARY.as_bytes()))
    );
}

#[tokio::test]
async fn a_value_arrives_in_a_file_and_on_standard_input() {
    let house = house().await;
    let codex = house.agent("codex");
    let request = RunRequest {
        command: ["sh", "-c", "cat \"$F\" | wc -c; wc -c; stat -c %a \"$F\""]
            .map(str::to_owned)
            .to_vec(),
        files: pairs(&[("F", "op://Dev/Stripe/secret key")]),
        stdin: Some("op://Dev/Stripe/secret key".into()),
        ..RunRequest::default()
    };

    let answer = house.request(&codex, request).await.unwrap();

    assert_eq!(answer.stdout, format!("{0}\n{0}\n600\n", CANARY.len()));
}

#[tokio::test]
async fn a_line_may_put_a_secret_into_its_own_text() {
    let house = house().await;
    let codex = house.agent("codex");
    house.file(
        ".env",
        "PW='op://Dev/Stripe/secret key'\nDSN=postgres://app:${PW}@db/app\nPLAIN=yes\n",
    );
    let request = RunRequest {
        command: [
            "sh",
            "-c",
            "printf %s \"$DSN\" | wc -c; echo \"$DSN $PLAIN\"",
        ]
        .map(str::to_owned)
        .to_vec(),
        env_files: vec![".env".into()],
        ..RunRequest::default()
    };

    let answer = house.request(&codex, request).await.unwrap();

    let length = "postgres://app:@db/app".len() + CANARY.len();
    let mark = "<concealed:op://Dev/Stripe/secret key>";
    assert_eq!(
        answer.stdout,
        format!("{length}\npostgres://app:{mark}@db/app yes\n")
    );
}

#[tokio::test]
async fn a_failing_program_is_an_answer() {
    let house = house().await;
    let codex = house.agent("codex");

    let answer = house
        .run(&codex, &["sh", "-c", "echo no; exit 3"], &[])
        .await
        .unwrap();

    assert!(!answer.ok());
    assert_eq!(answer.status, Some(hushkey::launch::Status::Exited(3)));
    assert_eq!(answer.stdout, "no\n");
}

#[tokio::test]
async fn the_stricter_of_rule_and_request_decides_how_much_is_shown() {
    let house = House::new(&WIDE.replace("env = [\"*\"]", "output = \"summary\"")).await;
    let codex = house.agent("codex");
    let run = |output| RunRequest {
        command: ["echo", "hello"].map(str::to_owned).to_vec(),
        output,
        ..RunRequest::default()
    };

    let full = house
        .request(&codex, run(Some(OutputMode::Full)))
        .await
        .unwrap();
    assert_eq!(full.mode, OutputMode::Summary);
    assert!(!full.stdout.contains("hello"), "{}", full.stdout);
    let none = house
        .request(&codex, run(Some(OutputMode::None)))
        .await
        .unwrap();
    assert_eq!((none.mode, none.stdout.as_str()), (OutputMode::None, ""));
}

#[tokio::test]
async fn hushkeys_own_key_is_concealed_in_what_a_program_prints() {
    let house = house().await;
    let codex = house.agent("codex");
    let key = std::fs::read_to_string(house.home.join("key")).unwrap();
    let path = house.home.join("key");

    let answer = house
        .run(&codex, &["cat", path.to_str().unwrap()], &[])
        .await
        .unwrap();

    assert!(!answer.stdout.contains(key.trim()), "the key came out");
    assert!(
        answer.stdout.contains("<concealed:hushkey's own key>"),
        "{}",
        answer.stdout
    );
}

#[tokio::test]
async fn an_empty_field_is_said_to_be_empty_and_nothing_runs() {
    let house = house().await;
    let codex = house.agent("codex");
    let mut empty = field("token", Source::Text(Secret::new(String::new())));
    empty.source = None;
    house
        .create(&codex, create("Dev", "Empty", vec![empty]))
        .await
        .unwrap();

    let told = said(
        house
            .run(&codex, &["touch", "ran"], &[("K", "op://Dev/Empty/token")])
            .await,
    );

    assert!(told.contains("is empty"), "{told}");
    assert!(!house.work.join("ran").exists());
}

#[tokio::test]
async fn a_program_that_is_not_there_is_said_by_name() {
    let house = house().await;
    let codex = house.agent("codex");

    let told = said(house.run(&codex, &["no-such-program"], &[]).await);

    assert!(told.contains("no program `no-such-program`"), "{told}");
}
