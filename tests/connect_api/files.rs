//! Items' files, as programs fetch them.

use serde_json::json;

use crate::served::{Program, Served, text};

/// `Stripe` with a small and a large file, whoever reads it, and `…/items/{item}`.
fn with_files() -> (Served, Program, String) {
    let served = Served::open();
    let person = &served.house.person;
    person.writes("a \"key\".pem", "what only the file knows");
    person.writes("large.bin", &"x".repeat(150 * 1024));
    for file in ["a \"key\".pem", "large.bin"] {
        person
            .types(["file", "attach", "Stripe", file, "--vault", "Dev"])
            .succeeds();
    }
    let program = served.program("r");
    let items = served.items("Dev");
    let listed = program.get(&items).is(200).json();
    let own = format!("{items}/{}", text(&listed[0]["id"]));
    (served, program, own)
}

#[test]
fn a_file_is_listed_described_and_fetched() {
    let (served, program, own) = with_files();

    let files = program.get(&format!("{own}/files/")).is(200).json();
    let [small, large] = &files.as_array().unwrap()[..] else {
        panic!("{files}")
    };
    let path = text(&small["content_path"]);
    let content = program.get(&path).is(200);

    assert_eq!(small["size"], json!(24));
    assert!(small.get("content").is_none());
    assert_eq!(path, format!("{own}/files/{}/content", text(&small["id"])));
    assert_eq!(content.body, "what only the file knows");
    assert_eq!(
        content.header("content-type"),
        Some("application/octet-stream")
    );
    assert_eq!(content.header("content-length"), Some("24"));
    let disposition = content.header("content-disposition").unwrap();
    assert!(
        disposition.starts_with("attachment; filename=\"a _key_.pem\""),
        "{disposition}"
    );

    let described = program.get(&format!(
        "{own}/files/{}?inline_files=true",
        text(&small["id"])
    ));
    assert_eq!(
        described.is(200).json()["content"],
        json!("d2hhdCBvbmx5IHRoZSBmaWxlIGtub3dz")
    );
    program
        .get(&format!("{own}/files?inline_files=true"))
        .is(413);
    program
        .get(&format!(
            "{own}/files/{}?inline_files=true",
            text(&large["id"])
        ))
        .is(413);
    assert_eq!(
        program
            .get(&text(&large["content_path"]))
            .is(200)
            .body
            .len(),
        150 * 1024
    );
    for bad in ["1", "yes", ""] {
        program
            .get(&format!("{own}/files?inline_files={bad}"))
            .is(400);
    }
    program
        .get(&format!("{own}/files/{}", "a".repeat(26)))
        .is(404);
    program
        .get(&format!("{own}/files/{}/content", "a".repeat(26)))
        .is(404);
    served.program("w").get(&path).is(403);
    let item = program.get(&own).is(200).json();
    assert_eq!(item["files"].as_array().unwrap().len(), 2);
}

#[test]
fn a_file_that_is_too_large_to_lie_in_memory_is_not_sent() {
    let served = Served::open();
    let person = &served.house.person;
    for (name, bytes) in [("fits.bin", 16 << 20), ("large.bin", (16 << 20) + 1)] {
        person.writes(name, &"x".repeat(bytes));
        person
            .types(["file", "attach", "Stripe", name, "--vault", "Dev"])
            .succeeds();
    }
    let program = served.program("r");
    let items = served.items("Dev");
    let item = text(&program.get(&items).is(200).json()[0]["id"]);
    let files = program.get(&format!("{items}/{item}/files")).is(200).json();

    let fits = program.get(&text(&files[0]["content_path"])).is(200);
    let told = program.get(&text(&files[1]["content_path"])).fails(413);

    assert_eq!(fits.body.len(), 16 << 20);
    assert!(told.contains("16 MiB"), "{told}");
}

#[test]
fn how_much_comes_along_is_the_owners_to_say() {
    let served = Served::serving(&["--max-inline-file-size-kb", "1"]);
    let person = &served.house.person;
    person.writes("two.bin", &"x".repeat(2048));
    person
        .types(["file", "attach", "Stripe", "two.bin", "--vault", "Dev"])
        .succeeds();
    let program = served.program("r");
    let items = served.items("Dev");
    let own = format!(
        "{items}/{}",
        text(&program.get(&items).is(200).json()[0]["id"])
    );

    program
        .get(&format!("{own}/files?inline_files=true"))
        .is(413);
    program
        .get(&format!("{own}/files?inline_files=false"))
        .is(200);
}
