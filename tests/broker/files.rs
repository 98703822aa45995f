//! Items' files: to disk and from disk, beneath the agent's roots, by the right `files`.

use std::os::unix::fs::{PermissionsExt, symlink};

use hushkey::{
    access::Caller,
    broker::{AttachFile, RunRequest, SaveFile},
    vault::SecretReference,
};

use crate::{
    BACKEND, WIDE,
    house::{Backend, House, said},
};

const CONTENT: &[u8] = b"canary-certificate-90aa\n";

fn save(file: &str, out_file: &str) -> SaveFile {
    SaveFile {
        item: "Stripe".into(),
        vault: None,
        file: file.into(),
        out_file: out_file.into(),
        mode: 0o600,
        overwrite: false,
    }
}

fn attach(path: &str) -> AttachFile {
    AttachFile {
        item: "Stripe".into(),
        vault: None,
        path: path.into(),
        name: None,
    }
}

/// `Stripe` in `Dev`, with the file `cert.pem`.
async fn house(policy: &str, content: &[u8]) -> House {
    let house = House::new(policy).await;
    let made = house.item("Dev", "Stripe", &[("key", "canary-1")]).await;
    match &house.server {
        Some(server) => {
            let item = made.metadata.overview.id.as_str();
            server.file(item, "cert.pem", content);
            // What was read a moment ago is kept for a moment.
            house.broker_anew().await
        }
        None => {
            std::fs::write(house.work.join("cert.pem"), content).unwrap();
            let path = house.work.join("cert.pem");
            let wanted = AttachFile { path, ..attach("") };
            let attached = house.broker.attach_file(&Caller::Owner, &wanted).await;
            attached.unwrap();
            std::fs::remove_file(house.work.join("cert.pem")).unwrap();
            house
        }
    }
}

#[tokio::test]
async fn a_file_is_saved_whole_and_private_and_never_over_another() {
    let house = house(WIDE, CONTENT).await;
    let codex = house.agent("codex");

    let saved = house
        .broker
        .save_file(&codex, &save("cert.pem", "out.pem"))
        .await
        .unwrap();
    let again = said(
        house
            .broker
            .save_file(&codex, &save("cert.pem", "out.pem"))
            .await,
    );
    let missing = said(
        house
            .broker
            .save_file(&codex, &save("nothing", "other.pem"))
            .await,
    );

    assert_eq!(saved.size, CONTENT.len() as u64);
    let out = house.work.join("out.pem");
    assert_eq!(std::fs::read(&out).unwrap(), CONTENT);
    assert_eq!(
        std::fs::metadata(&out).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(again.contains("is there already"), "{again}");
    assert!(missing.contains("no file `nothing`"), "{missing}");
    assert_eq!(
        std::fs::read_dir(&house.work).unwrap().count(),
        1,
        "nothing half-written stays"
    );
}

#[tokio::test]
async fn a_file_of_many_pieces_comes_back_as_it_was() {
    let content: Vec<u8> = (0..3_500_001_u32).map(|n| (n % 253) as u8).collect();
    let house = house(WIDE, &content).await;
    let codex = house.agent("codex");

    house
        .broker
        .save_file(&codex, &save("cert.pem", "big.bin"))
        .await
        .unwrap();

    assert!(
        std::fs::read(house.work.join("big.bin")).unwrap() == content,
        "the content differs"
    );
    let report = house.broker.check().await.unwrap();
    assert_eq!(report.faults, [] as [String; 0]);
}

#[tokio::test]
async fn a_file_is_saved_beneath_the_agents_roots_and_nowhere_else() {
    let house = house(WIDE, CONTENT).await;
    let codex = house.agent("codex");
    let outside = house.work.parent().unwrap().join("outside");
    std::fs::create_dir(&outside).unwrap();
    symlink(&outside, house.work.join("link")).unwrap();
    symlink("../outside/target", house.work.join("dangling")).unwrap();
    let absolute = outside.join("x").display().to_string();
    let own = house.home.join("policy.toml").display().to_string();

    for path in [
        "../outside/x",
        "link/x",
        absolute.as_str(),
        own.as_str(),
        "dangling",
        "sub/",
        "..",
    ] {
        said(
            house
                .broker
                .save_file(&codex, &save("cert.pem", path))
                .await,
        );
    }

    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    assert!(!house.home.join("policy.toml").exists());
}

#[tokio::test]
async fn files_need_the_right_files_both_ways() {
    let house = house(
        r#"
        path = ["/usr/bin", "/bin"]
        [agents.codex.vaults]
        Dev = "write"
        "#,
        CONTENT,
    )
    .await;
    let codex = house.agent("codex");
    house.file("other.pem", "x");

    said(
        house
            .broker
            .save_file(&codex, &save("cert.pem", "out.pem"))
            .await,
    );
    said(house.broker.attach_file(&codex, &attach("other.pem")).await);

    assert!(!house.work.join("out.pem").exists());
    let log = house.log("codex").await.join("\n");
    assert!(
        log.contains("denied saving a file") && log.contains("denied attaching a file"),
        "{log}"
    );
}

#[tokio::test]
async fn a_file_tells_its_name_size_type_and_id_as_attributes() {
    let house = house(WIDE, CONTENT).await;
    let read = async |attribute: &str| {
        let text = format!("op://Dev/Stripe/cert.pem?attribute={attribute}");
        let reference = SecretReference::parse(&text).unwrap();
        let value = house.broker.reveal(&Caller::Owner, &reference).await;
        value.map(|value| value.expose_secret().to_owned())
    };

    assert_eq!(read("name").await.unwrap(), "cert.pem");
    assert_eq!(read("size").await.unwrap(), CONTENT.len().to_string());
    assert_eq!(read("type").await.unwrap(), "file");
    assert_eq!(read("id").await.unwrap().len(), 26);
    assert!(said(read("purpose").await).contains("no purpose"));
}

#[tokio::test]
async fn a_reference_to_a_file_means_its_content() {
    let house = house(WIDE, CONTENT).await;
    let codex = house.agent("codex");

    for reference in [
        "op://Dev/Stripe/cert.pem",
        "op://Dev/Stripe/cert.pem?attribute=content",
    ] {
        let parsed = SecretReference::parse(reference).unwrap();
        let value = house.broker.reveal(&Caller::Owner, &parsed).await.unwrap();
        assert_eq!(value.expose_secret().as_bytes(), CONTENT);
        let request = RunRequest {
            command: vec!["sh".into(), "-c".into(), "cat $CERT".into()],
            files: vec![("CERT".into(), reference.into())],
            ..RunRequest::default()
        };
        let answer = house.request(&codex, request).await.unwrap();
        assert!(
            answer
                .stdout
                .starts_with("<concealed:op://Dev/Stripe/cert.pem>"),
            "{}",
            answer.stdout
        );
    }
    let field = SecretReference::parse("op://Dev/Stripe/key?attribute=content").unwrap();
    let refused = said(house.broker.reveal(&Caller::Owner, &field).await);
    assert!(refused.contains("is for files"), "{refused}");
}

#[tokio::test]
async fn a_file_is_attached_from_beneath_the_roots_once_by_its_name() {
    let house = House::new(WIDE).await;
    house.item("Dev", "Stripe", &[("key", "canary-1")]).await;
    let codex = house.agent("codex");
    house.file("cert.pem", "canary-certificate");
    if BACKEND == Backend::Connect {
        let refused = said(house.broker.attach_file(&codex, &attach("cert.pem")).await);
        assert!(refused.contains("can't take files"), "{refused}");
        return;
    }

    let view = house
        .broker
        .attach_file(&codex, &attach("cert.pem"))
        .await
        .unwrap();
    let again = said(house.broker.attach_file(&codex, &attach("cert.pem")).await);
    said(
        house
            .broker
            .attach_file(&codex, &attach("../home/key"))
            .await,
    );
    said(
        house
            .broker
            .attach_file(&codex, &attach("/etc/passwd"))
            .await,
    );

    assert_eq!(
        (view.metadata.files.len(), view.metadata.files[0].size),
        (1, 18)
    );
    assert!(
        again.contains("another file is called `cert.pem`"),
        "{again}"
    );
    let view = house
        .broker
        .detach_file(&Caller::Owner, "Stripe", None, "cert.pem")
        .await
        .unwrap();
    assert_eq!(view.metadata.files.len(), 0);
}
