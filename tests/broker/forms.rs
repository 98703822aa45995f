//! A value in another form than its field holds: one-time passwords, private keys for SSH.

use hushkey::{
    access::Caller,
    broker::{CreateItem, RunRequest, Source, UpdateItem},
    generate::{Kind, Recipe},
    otp,
    vault::{Category, FieldType, Secret, SecretReference},
};

use crate::{
    WIDE,
    house::{House, create, field, pairs, said},
};

const SEED: &str =
    "otpauth://totp/GitHub:ops?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=GitHub";
const CODE: &str = "op://Dev/GitHub/one-time password?attribute=otp";
const KEY: &str = "op://Dev/Deploy/private key";
const OPENSSH: &str = "op://Dev/Deploy/private key?ssh-format=openssh";

/// A house with `GitHub`, which has a field for one-time passwords.
async fn house(rule: &str, seed: &str) -> House {
    let house = House::new(&format!("{WIDE}{rule}")).await;
    let mut otp = field("one-time password", Source::Text(Secret::new(seed.into())));
    otp.kind = Some(FieldType::Otp);
    let mut user = field("user", Source::Text(Secret::new("ops".into())));
    user.kind = Some(FieldType::String);
    let item = create("Dev", "GitHub", vec![otp, user]);
    house.create(&Caller::Owner, item).await.unwrap();
    house
}

async fn read(house: &House, reference: &str) -> Result<String, hushkey::broker::BrokerError> {
    let reference = SecretReference::parse(reference).unwrap();
    let value = house.broker.reveal(&Caller::Owner, &reference).await?;
    Ok(value.expose_secret().to_owned())
}

fn code_now() -> String {
    let now = jiff::Timestamp::now().as_second().try_into().unwrap();
    let code = otp::code(&Secret::new(SEED.into()), now).unwrap();
    code.expose_secret().to_owned()
}

#[tokio::test]
async fn a_one_time_password_is_the_one_of_this_moment() {
    let house = house("", SEED).await;

    let before = code_now();
    let read = read(&house, CODE).await.unwrap();

    assert!(read == before || read == code_now());
}

#[tokio::test]
async fn a_program_gets_the_code_in_each_way_and_its_output_is_withheld() {
    let house = house("", SEED).await;
    let request = RunRequest {
        command: [
            "sh",
            "-c",
            "echo $CODE; [ ${#CODE} = 6 ] && [ $(wc -c) = 6 ] && [ $(wc -c < $FILE) = 6 ]",
        ]
        .map(str::to_owned)
        .to_vec(),
        env: pairs(&[("CODE", CODE)]),
        files: pairs(&[("FILE", CODE)]),
        stdin: Some(CODE.into()),
        ..RunRequest::default()
    };

    let answer = house.request(&house.agent("codex"), request).await.unwrap();

    assert_eq!((answer.ok(), answer.stdout.as_str()), (true, ""));
    let why = answer.withheld.unwrap();
    assert!(why.contains(&format!("{CODE} is too short")), "{why}");
}

#[tokio::test]
async fn policy_may_have_codes_masked() {
    let house = house("short_values = \"mask\"\n", SEED).await;
    let codex = house.agent("codex");

    let answer = house
        .run(
            &codex,
            &["sh", "-c", "echo the code is $CODE"],
            &[("CODE", CODE)],
        )
        .await
        .unwrap();

    assert_eq!(answer.stdout, format!("the code is <concealed:{CODE}>\n"));
}

#[tokio::test]
async fn the_secret_for_codes_stays_concealed_beside_a_code() {
    let house = house("short_values = \"mask\"\n", SEED).await;
    let codex = house.agent("codex");
    let seed = "op://Dev/GitHub/one-time password";

    let answer = house
        .run(
            &codex,
            &["sh", "-c", "echo $CODE $SEED"],
            &[("CODE", CODE), ("SEED", seed)],
        )
        .await
        .unwrap();

    // What an address says in clear is no secret.
    assert_eq!(
        answer.stdout,
        format!(
            "<concealed:{CODE}> otpauth://totp/GitHub:ops?secret=<concealed:{seed}>&issuer=GitHub\n"
        )
    );
}

#[tokio::test]
async fn what_is_no_secret_for_codes_is_named_and_not_repeated() {
    let house = house("", "https://canary.example/?secret=CANARY").await;

    let refused = said(
        house
            .run(&house.agent("codex"), &["true"], &[("CODE", CODE)])
            .await,
    );

    assert!(
        refused.starts_with(
            "op://Dev/GitHub/one-time password: it holds no secret for one-time passwords"
        ),
        "{refused}"
    );
    assert!(!refused.to_lowercase().contains("canary"), "{refused}");
}

#[tokio::test]
async fn an_attribute_that_a_field_does_not_have_is_refused_and_tells_a_blind_agent_nothing() {
    let house = house("", SEED).await;
    house.set_policy(&WIDE.replace("\"full\"", "[\"use\"]"));
    let codex = house.agent("codex");
    let user = "op://Dev/GitHub/user?attribute=otp";

    let owner = read(&house, user).await.unwrap_err().to_string();
    let size = read(&house, "op://Dev/GitHub/user?attribute=size").await;
    let there = said(house.run(&codex, &["true"], &[("A", user)]).await);
    let missing = said(
        house
            .run(
                &codex,
                &["true"],
                &[("A", "op://Dev/GitHub/none?attribute=otp")],
            )
            .await,
    );

    assert!(owner.contains("fields of type OTP"), "{owner}");
    assert!(said(size.map(drop)).contains("for files"));
    assert_eq!(there.replace("/user?", "/none?"), missing);
}

#[tokio::test]
async fn a_copy_takes_what_the_field_holds_and_no_code() {
    let house = house("", SEED).await;
    let copied = create(
        "Dev",
        "Copy",
        vec![field("code", Source::Copy(CODE.into()))],
    );

    let refused = said(house.create(&Caller::Owner, copied).await);

    assert!(
        refused.contains("leave out what stands after `?`"),
        "{refused}"
    );
}

fn key_pair() -> Source {
    Source::Generate(Recipe {
        kind: Kind::SshKey,
        ..Recipe::default()
    })
}

fn deploy() -> CreateItem {
    CreateItem {
        category: Some(Category::SshKey),
        ..create("Dev", "Deploy", vec![field("private key", key_pair())])
    }
}

#[tokio::test]
async fn a_new_key_pair_has_its_public_half_beside_it_in_the_clear() {
    let house = House::new(WIDE).await;

    let made = house.create(&house.agent("codex"), deploy()).await.unwrap();

    let fields: Vec<_> = made
        .metadata
        .fields
        .iter()
        .map(|it| (it.label.as_str(), it.kind.as_str(), it.concealed()))
        .collect();
    assert_eq!(
        fields,
        [
            ("private key", "SSHKEY", true),
            ("public key", "STRING", false),
            ("fingerprint", "STRING", false),
            ("key type", "STRING", false),
        ]
    );
    let read = async |name: &str| {
        read(&house, &format!("op://Dev/Deploy/{name}"))
            .await
            .unwrap()
    };
    assert!(read("public key").await.starts_with("ssh-ed25519 AAAA"));
    assert!(read("fingerprint").await.starts_with("SHA256:"));
    assert_eq!(read("key type").await, "ed25519");
    assert!(
        read("private key")
            .await
            .starts_with("-----BEGIN PRIVATE KEY-----\n")
    );
    assert!(
        read("private key?ssh-format=openssh")
            .await
            .starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    );
}

#[tokio::test]
async fn a_key_pair_is_rotated_as_a_whole() {
    let house = House::new(WIDE).await;
    house.create(&Caller::Owner, deploy()).await.unwrap();
    let before = read(&house, "op://Dev/Deploy/public key").await.unwrap();
    let update = UpdateItem {
        item: "Deploy".into(),
        set: vec![("private key".into(), key_pair())],
        ..UpdateItem::default()
    };

    let updated = house
        .broker
        .update_item(&house.agent("codex"), update, std::future::pending())
        .await
        .unwrap();

    let house = house.broker_anew().await;
    assert_eq!(updated.metadata.fields.len(), 4);
    assert_ne!(
        read(&house, "op://Dev/Deploy/public key").await.unwrap(),
        before
    );
}

#[tokio::test]
async fn a_private_key_is_concealed_in_both_forms_line_by_line() {
    let house = House::new(WIDE).await;
    house.create(&Caller::Owner, deploy()).await.unwrap();
    let codex = house.agent("codex");

    for reference in [KEY, OPENSSH] {
        let value = read(&house, reference).await.unwrap();
        let script = "cat $F; sed -n 2p $F; tr -d '\\n' < $F; grep -v KEY $F";
        let request = RunRequest {
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            files: pairs(&[("F", reference)]),
            ..RunRequest::default()
        };

        let answer = house.request(&codex, request).await.unwrap();

        assert!(
            answer.stdout.contains(&format!("<concealed:{reference}>")),
            "{}",
            answer.stdout
        );
        let shown = answer
            .stdout
            .replace(&format!("<concealed:{reference}>"), "");
        for line in value.lines().filter(|line| !line.contains("-----")) {
            for window in line.as_bytes().windows(12) {
                let window = std::str::from_utf8(window).unwrap();
                assert!(!shown.contains(window), "{reference} shows {window}");
            }
        }
    }
}

#[tokio::test]
async fn a_private_key_is_never_made_into_a_plain_field() {
    let house = House::new(WIDE).await;
    let mut plain = field("private key", key_pair());
    plain.kind = Some(FieldType::String);

    let refused = said(
        house
            .create(&house.agent("codex"), create("Dev", "K", vec![plain]))
            .await,
    );

    assert!(refused.contains("a type of its own"), "{refused}");
}
