//! Vaults and items, made, read, changed and put away.

use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use crate::binary::Person;

#[test]
fn an_item_is_shown_without_its_values() {
    let person = Person::with_stripe();

    let shown = person.types(["item", "get", "Stripe"]).succeeds();
    let json = person
        .types(["item", "get", "stripe", "--format", "json"])
        .succeeds();

    // Connect tells its own user, and ours by which server it came.
    let mask = |shown: String| {
        let shown = shown.replace("FAKEUSER", "owner");
        shown.replace("connect:own", "owner")
    };
    let told = mask(shown.shown());
    assert_snapshot!(told, @"
    ID:       [id]
    Title:    Stripe
    Vault:    Dev ([id])
    Category: LOGIN
    Created:  [time]
    Updated:  [time], version 1, by owner

    FIELD     TYPE       VALUE      REFERENCE
    username  STRING     set        op://Dev/Stripe/username
    password  CONCEALED  concealed  op://Dev/Stripe/password
    ");
    assert_snapshot!(mask(json.shown()), @r#"
    {
      "id": "[id]",
      "title": "Stripe",
      "version": 1,
      "vault": {
        "id": "[id]",
        "name": "Dev"
      },
      "category": "LOGIN",
      "favorite": false,
      "tags": [],
      "urls": [],
      "last_edited_by": "owner",
      "created_at": "[time]",
      "updated_at": "[time]",
      "sections": [],
      "fields": [
        {
          "id": "username",
          "type": "STRING",
          "purpose": "USERNAME",
          "label": "username",
          "concealed": false,
          "set": true,
          "reference": "op://Dev/Stripe/username"
        },
        {
          "id": "password",
          "type": "CONCEALED",
          "purpose": "PASSWORD",
          "label": "password",
          "concealed": true,
          "set": true,
          "reference": "op://Dev/Stripe/password"
        }
      ],
      "files": []
    }
    "#);
    for ran in [shown, json] {
        // As a word: an id may have these letters by chance.
        let mut words = ran.stdout.split(|c: char| !c.is_alphanumeric());
        assert!(
            !ran.stdout.contains("canary") && words.all(|word| word != "ops"),
            "{}",
            ran.stdout
        );
    }
}

#[test]
fn reveal_shows_values_and_fields_chooses_them() {
    let person = Person::with_stripe();

    let all = person
        .types(["item", "get", "Stripe", "--reveal", "--json"])
        .succeeds()
        .json();
    let one = person
        .types([
            "item",
            "get",
            "Stripe",
            "--fields",
            "label=password",
            "--reveal",
        ])
        .succeeds();
    let two = person.types([
        "item",
        "get",
        "Stripe",
        "--fields",
        "label=username,label=password",
        "--reveal",
    ]);

    assert_eq!(all["fields"][1]["value"], Person::PASSWORD);
    assert_eq!(one.stdout, format!("{}\n", Person::PASSWORD));
    assert_eq!(two.stdout, format!("ops,{}\n", Person::PASSWORD));
}

#[test]
fn fields_are_written_as_op_writes_them() {
    let person = Person::with_stripe();

    let made = person
        .types([
            "item",
            "create",
            "--vault",
            "dev",
            "--title",
            "Db",
            "--category",
            "database",
            "--tags",
            "prod,eu",
            "--url",
            "https://db.example.com",
            "hostname=db1",
            "username=app",
            r"Replica\.1.host[text]=db2",
            "Replica\\.1.password=hunter22",
            "--generate-password=letters,digits,40",
        ])
        .succeeds();
    let item = person
        .types(["item", "get", "Db", "--reveal", "--json"])
        .succeeds()
        .json();

    assert_snapshot!(made.said(), @"hushkey: a secret on the command line can be seen by others while this runs, and stays in the shell's history; --ask, --from-file and a JSON item on standard input avoid that");
    let field = |label: &str| {
        let fields = item["fields"].as_array().unwrap();
        fields
            .iter()
            .find(|field| field["label"] == label)
            .unwrap_or_else(|| panic!("{label}"))
            .clone()
    };
    assert_eq!(
        (
            field("hostname")["type"].as_str(),
            field("hostname")["value"].as_str()
        ),
        (Some("STRING"), Some("db1"))
    );
    assert_eq!(field("host")["section"]["label"], "Replica.1");
    let generated = field("password");
    let passwords: Vec<_> = item["fields"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["label"] == "password")
        .collect();
    assert_eq!(passwords.len(), 2, "{generated}");
    assert!(
        passwords
            .iter()
            .any(|f| f["value"] == "hunter22" && f["type"] == "CONCEALED")
    );
    assert!(
        passwords
            .iter()
            .any(|f| f["value"].as_str().unwrap().len() == 40)
    );
    assert_eq!(item["tags"], json!(["prod", "eu"]));
    assert_eq!(
        item["urls"][0],
        json!({ "href": "https://db.example.com", "primary": true })
    );
}

#[test]
fn an_item_comes_as_json_on_standard_input() {
    let person = Person::with_stripe();
    let item = json!({ "title": "Api", "category": "API_CREDENTIAL", "fields": [
        { "id": "credential", "type": "CONCEALED", "label": "credential", "value": "canary-3fZ9" },
        { "section": { "id": "s", "label": "More" }, "label": "pin", "type": "CONCEALED", "generate": true,
          "recipe": { "length": 20, "characterSets": ["DIGITS"] } },
    ]});

    let made = person.feeds(
        &item.to_string(),
        ["item", "create", "--vault", "Dev", "-", "--title", "Api 2"],
    );

    assert_snapshot!(made.succeeds().shown(), @"
    made Api 2 in vault Dev ([id], version 1)
      op://Dev/Api 2/credential
      op://Dev/Api 2/More/pin
    ");
    assert_eq!(
        person
            .types(["read", "-n", "op://Dev/Api 2/credential"])
            .stdout,
        "canary-3fZ9"
    );
}

#[test]
fn a_revealed_item_can_be_made_again_from_its_json() {
    let person = Person::with_stripe();
    let item = person
        .types(["item", "get", "Stripe", "--reveal", "--json"])
        .succeeds()
        .stdout;

    person
        .feeds(
            &item,
            ["item", "create", "--vault", "Dev", "--title", "Copy", "-"],
        )
        .succeeds();

    assert_eq!(
        person
            .types(["read", "-n", "op://Dev/Copy/password"])
            .stdout,
        Person::PASSWORD
    );
}

#[test]
fn malformed_json_is_refused_and_not_repeated() {
    let person = Person::with_stripe();

    let refused = person
        .feeds(
            r#"{"title": "x", "fields": [{"label": "p", "value": ["canary"]}]}"#,
            ["item", "create", "--vault", "Dev", "-"],
        )
        .ends_with(2);

    assert_snapshot!(refused.said(), @"hushkey: standard input does not have an item's shape, at line 1 column 50; it takes an item as `hushkey item get --format json` prints it");
}

#[test]
fn an_edit_sets_adds_and_removes() {
    let person = Person::with_stripe();

    person
        .types([
            "item",
            "edit",
            "Stripe",
            "--title",
            "Stripe live",
            "username=root",
            "note[text]=hi",
            "--favorite",
        ])
        .succeeds();
    person
        .types([
            "item",
            "edit",
            "Stripe live",
            "--generate-password=digits,20",
            "note[delete]",
        ])
        .succeeds();

    let item = person
        .types(["item", "get", "Stripe live", "--reveal", "--json"])
        .succeeds()
        .json();
    let values: Vec<_> = item["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["value"].as_str())
        .collect();
    assert_eq!(values[0], Some("root"));
    assert!(values[1].is_some_and(|password| password.len() == 20 && password != Person::PASSWORD));
    assert_eq!(
        (values.len(), &item["version"], &item["favorite"]),
        (2, &json!(3), &json!(true))
    );
}

#[test]
fn items_are_listed_by_category_and_tag() {
    let person = Person::with_stripe();
    person
        .types([
            "item",
            "create",
            "--vault",
            "Dev",
            "--title",
            "B",
            "--category",
            "server",
            "--tags",
            "prod",
        ])
        .succeeds();

    let titles = |words: &[&str]| {
        let list = person
            .types([&["item", "list", "--json"], words].concat())
            .succeeds()
            .json();
        list.as_array()
            .unwrap()
            .iter()
            .map(|item| item["title"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };

    assert_eq!(titles(&[]), ["B", "Stripe"]);
    assert_eq!(titles(&["--categories", "login,database"]), ["Stripe"]);
    assert_eq!(titles(&["--tags", "PROD"]), ["B"]);
    assert_snapshot!(person.types(["item", "list"]).shown(), @"
    ID                          TITLE   VAULT  CATEGORY  UPDATED
    [id]  B       Dev    SERVER    [day] [clock]
    [id]  Stripe  Dev    LOGIN     [day] [clock]
    ");
}

#[test]
fn a_value_goes_to_standard_output_or_into_a_private_file() {
    let person = Person::with_stripe();

    let line = person
        .types(["read", "op://Dev/Stripe/password"])
        .succeeds();
    let bare = person
        .types(["read", "-n", "op://dev/STRIPE/Password"])
        .succeeds();
    let kind = person
        .types(["read", "op://Dev/Stripe/password?attribute=type"])
        .succeeds();
    let file = person
        .types([
            "read",
            "-o",
            "out.txt",
            "--file-mode",
            "0640",
            "-n",
            "op://Dev/Stripe/password",
        ])
        .succeeds();
    let taken = person.types(["read", "-o", "out.txt", "op://Dev/Stripe/username"]);
    let forced = person
        .types(["read", "-f", "-o", "out.txt", "op://Dev/Stripe/username"])
        .succeeds();

    assert_eq!(line.stdout, format!("{}\n", Person::PASSWORD));
    assert_eq!(bare.stdout, Person::PASSWORD);
    assert_eq!(kind.stdout, "concealed\n");
    assert_eq!(file.shown(), "[dir]/out.txt\n");
    assert_ne!(taken.status, 0);
    assert_eq!(forced.stderr, "");
    assert_eq!(fs::read_to_string(person.path("out.txt")).unwrap(), "ops");
}
