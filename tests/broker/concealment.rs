//! What of a program's output is masked, shown or withheld, by the kind of its values and by policy.

use hushkey::{
    access::Caller,
    broker::{CreateItem, Source},
    vault::{FieldType, Secret},
};

use crate::{
    WIDE,
    house::{House, create, field},
};

const PASSWORD: &str = "Vq7rT2mXk9LzPw4sNc8bHd3y";

/// An item as databases have it: a host, a user, a port, a password.
fn database() -> CreateItem {
    let of = |label: &str, kind: FieldType, value: &str| {
        let mut field = field(label, Source::Text(Secret::new(value.into())));
        field.kind = Some(kind);
        field
    };
    create(
        "Dev",
        "DB",
        vec![
            of("host", FieldType::String, "db.internal"),
            of("user", FieldType::String, "app"),
            of("port", FieldType::String, "5432"),
            of("password", FieldType::Concealed, PASSWORD),
            of("pin", FieldType::Concealed, "4711"),
            of("digit", FieldType::Concealed, "7"),
        ],
    )
}

async fn house(rule: &str) -> House {
    let house = House::new(&format!("{WIDE}{rule}")).await;
    house.create(&Caller::Owner, database()).await.unwrap();
    house
}

/// What an agent sees of a script that gets the named fields in variables of their names.
async fn seen(house: &House, script: &str, fields: &[&str]) -> hushkey::broker::RunAnswer {
    let env: Vec<_> = fields
        .iter()
        .map(|field| (field.to_uppercase(), format!("op://Dev/DB/{field}")))
        .collect();
    let env: Vec<_> = env.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let codex = house.agent("codex");
    house
        .run(&codex, &["sh", "-c", script], &env)
        .await
        .unwrap()
}

#[tokio::test]
async fn values_of_fields_that_are_no_secrets_are_masked_where_they_stand_as_whole_words() {
    let house = house("").await;

    let answer = seen(
        &house,
        "echo $USER@$HOST:$PORT; echo an application at mydb.internals port 54321",
        &["host", "user", "port"],
    )
    .await;

    assert_eq!(
        answer.stdout,
        "<concealed:op://Dev/DB/user>@<concealed:op://Dev/DB/host>:<concealed:op://Dev/DB/port>\n\
         an application at mydb.internals port 54321\n"
    );
    assert_eq!(answer.withheld, None);
}

#[tokio::test]
async fn a_field_that_is_no_secret_never_withholds_an_output() {
    let house = house("").await;

    let answer = seen(
        &house,
        "echo $HOST | fold -w 1; echo $PORT | od -An -tx1; echo $USER | rev",
        &["host", "user", "port"],
    )
    .await;

    assert_eq!(answer.withheld, None);
    assert!(answer.stdout.contains("ppa"), "{}", answer.stdout);
}

#[tokio::test]
async fn policy_may_let_values_come_back_that_are_no_secrets() {
    let house = house("plain = [\"op://Dev/DB/**\"]\n").await;

    let answer = seen(
        &house,
        "echo $USER@$HOST:$PORT $PASSWORD",
        &["host", "user", "port", "password"],
    )
    .await;

    assert_eq!(
        answer.stdout,
        "app@db.internal:5432 <concealed:op://Dev/DB/password>\n"
    );
}

#[tokio::test]
async fn output_beside_a_short_secret_is_withheld_and_the_model_is_told_why() {
    let house = house("").await;

    let answer = seen(&house, "echo nothing of it", &["pin"]).await;

    assert_eq!((answer.stdout.as_str(), answer.ok()), ("", true));
    assert!(
        answer
            .withheld
            .as_deref()
            .unwrap()
            .contains("op://Dev/DB/pin is too short"),
        "{:?}",
        answer.withheld
    );
}

#[tokio::test]
async fn policy_may_have_short_secrets_masked_unless_they_are_too_short_for_that() {
    let house = house("short_values = \"mask\"\n").await;

    let masked = seen(&house, "echo the pin is $PIN", &["pin"]).await;
    let withheld = seen(&house, "echo the digit is $DIGIT", &["digit"]).await;

    assert_eq!(masked.stdout, "the pin is <concealed:op://Dev/DB/pin>\n");
    assert_eq!(withheld.stdout, "");
    assert!(withheld.withheld.is_some());
}

#[tokio::test]
async fn pieces_of_a_value_add_up_over_runs_and_then_output_is_withheld() {
    let house = house("").await;
    let mut shown = Vec::new();

    for at in (1..=21).step_by(4) {
        let script = format!("echo $PASSWORD | cut -c{at}-{}", at + 3);
        shown.push(seen(&house, &script, &["password"]).await.stdout);
    }
    let harmless = seen(&house, "echo done", &["password"]).await;

    assert_eq!(shown, ["Vq7r\n", "T2mX\n", "k9Lz\n", "", "", ""]);
    assert_eq!(harmless.stdout, "done\n");
    let log = house.log("codex").await;
    assert!(
        log.iter().any(|line| line.contains("output withheld")),
        "{log:?}"
    );
}
