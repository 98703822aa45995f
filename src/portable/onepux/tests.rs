//! Archives that are whole, malformed, and hostile; and what is written is read back whole.

use std::io::Write;

use proptest::prelude::*;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::*;
use crate::{
    portable::{PortableFile, PortableItem, PortableVault},
    vault::{
        Field, FieldId, FieldMetadata, FieldType, ItemUrl, NewItem, Purpose, Secret, Section,
        SectionId,
    },
};

const ITEMS: &str = r#"{ "accounts": [{ "attrs": {}, "vaults": [{ "attrs": { "name": "Work", "type": "U" }, "items": [
  { "uuid": "a", "favIndex": 1, "state": "active", "categoryUuid": "001",
    "details": { "loginFields": [
        { "value": "ops", "id": "", "name": "user", "fieldType": "T", "designation": "username" },
        { "value": "canary-1", "id": "", "name": "pass", "fieldType": "P", "designation": "password" },
        { "value": "yes", "id": "", "name": "stay", "fieldType": "C" } ],
      "notesPlain": "canary-2", "passwordHistory": [{ "value": "canary-old", "time": 1 }],
      "sections": [
        { "title": "", "name": "add more", "fields": [
          { "title": "one-time password", "id": "TOTP_1", "value": { "totp": "GEZDGNBV" } },
          { "title": "born", "id": "d", "value": { "date": 1577836800 } } ] },
        { "title": "Security", "name": "Section_x", "fields": [
          { "title": "PIN", "id": "p", "value": { "concealed": "4711" }, "guarded": true },
          { "title": "mail", "id": "m", "value": { "email": { "email_address": "a@example.com", "provider": null } } },
          { "title": "home", "id": "h", "value": { "address": { "street": "1 Road", "city": "Town", "country": "uk" } } },
          { "title": "later", "id": "l", "value": { "hologram": { "deep": [1, 2] } } },
          { "title": "cert", "id": "c", "value": { "file": { "fileName": "a.pem", "documentId": "doc1", "decryptedSize": 3 } } } ] } ] },
    "overview": { "title": "GitHub", "url": "https://github.com", "urls": [{ "label": "website", "url": "https://github.com" }], "tags": ["dev"] } },
  { "state": "archived", "categoryUuid": "114", "details": { "sections": [{ "title": "", "name": "", "fields": [
      { "title": "private key", "id": "private_key", "value": { "sshKey": { "privateKey": "canary-3",
        "metadata": { "publicKey": "ssh-ed25519 A", "fingerprint": "SHA256:x", "keyType": { "t": "ed" } } } } } ] }] },
    "overview": { "title": "Key", "tags": null } },
  { "state": "trashed", "overview": { "title": "Gone" } } ] }] }] }"#;

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        archive.start_file(*name, options).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn shown(item: &PortableItem) -> Vec<String> {
    let fields = item.item.fields.iter().map(|field| {
        let FieldMetadata {
            label,
            kind,
            purpose,
            section,
            ..
        } = &field.metadata;
        let section = section.as_ref().map(|id| {
            let found = item.item.sections.iter().find(|it| it.id == *id);
            format!("{}.", found.unwrap().label)
        });
        let purpose = purpose
            .map(|it| format!(" {}", it.as_str()))
            .unwrap_or_default();
        let value = field
            .value
            .as_ref()
            .map(Secret::expose_secret)
            .unwrap_or_default();
        format!(
            "{}{label} {}{purpose}={value}",
            section.unwrap_or_default(),
            kind.as_str()
        )
    });
    fields.collect()
}

#[test]
fn an_archive_is_read_with_sections_types_files_and_what_was_put_away() {
    let bytes = archive(&[
        ("export.data", ITEMS.as_bytes()),
        ("files/doc1__a.pem", b"pem"),
    ]);

    let portable = read(&bytes).unwrap();

    let [vault] = &portable.vaults[..] else {
        panic!("one vault")
    };
    let [login, key] = &vault.items[..] else {
        panic!("two items")
    };
    assert_eq!(vault.name, "Work");
    assert_eq!(
        shown(login),
        [
            "user STRING USERNAME=ops",
            "pass CONCEALED PASSWORD=canary-1",
            "one-time password OTP=GEZDGNBV",
            "born DATE=1577836800",
            "Security.PIN CONCEALED=4711",
            "Security.mail EMAIL=a@example.com",
            "Security.home ADDRESS=1 Road, Town, uk",
            "notesPlain STRING NOTES=canary-2",
        ]
    );
    assert!(login.item.favorite && !login.archived && key.archived);
    assert_eq!(login.item.urls.len(), 1);
    assert_eq!(*login.files[0].content, b"pem");
    assert_eq!(
        shown(key),
        [
            "private key SSHKEY=canary-3",
            "public key STRING=ssh-ed25519 A",
            "fingerprint STRING=SHA256:x"
        ]
    );
    let left_out: Vec<_> = portable
        .left_out
        .iter()
        .map(|(what, count)| (*what, *count))
        .collect();
    assert_eq!(
        left_out,
        [
            ("buttons and boxes of web pages", 1),
            ("earlier passwords", 1),
            ("fields of a kind that is not known", 1),
            ("items in the bin", 1),
        ]
    );
}

#[test]
fn what_is_malformed_is_refused_by_its_place_and_not_repeated() {
    for data in [
        "canary",
        r#"{ "accounts": "canary" }"#,
        r#"{ "accounts": [{ "vaults": [{ "items": [{ "details": { "notesPlain": 743337 } }] }] }] }"#,
        &"[".repeat(100_000),
    ] {
        let refused = read(&archive(&[("export.data", data.as_bytes())])).unwrap_err();

        let said = format!("{refused} {refused:?}");
        assert!(matches!(refused, PortableError::Json { .. }), "{said}");
        assert!(
            !said.contains("canary") && !said.contains("743337"),
            "{said}"
        );
    }
    assert!(matches!(
        read(&archive(&[])).unwrap_err(),
        PortableError::Missing(_)
    ));
    assert_eq!(read(b"canary").unwrap_err(), PortableError::NoArchive);
    assert_eq!(read(b"").unwrap_err(), PortableError::NoArchive);
}

#[test]
fn every_shortened_or_changed_archive_is_refused_or_read_without_a_panic() {
    let whole = archive(&[
        ("export.data", ITEMS.as_bytes()),
        ("files/doc1__a.pem", b"pem"),
    ]);

    for at in 0..whole.len() {
        let _ = read(&whole[..at]);
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        let _ = read(&changed);
    }
}

#[test]
fn a_small_archive_that_unpacks_to_much_is_cut_off_at_the_limit() {
    let zeros = vec![0; 4 << 20];

    let bomb = archive(&[("export.data", &zeros)]);
    let mut opened = ZipArchive::new(Cursor::new(&bomb[..])).unwrap();

    assert!(bomb.len() < 16 << 10, "{}", bomb.len());
    let cut = unpacked(opened.by_name("export.data").unwrap(), 1 << 20).unwrap();
    assert!(cut.is_none());
}

fn text() -> impl Strategy<Value = String> {
    "[ -~äß\u{1F511}]{1,12}".prop_filter("not blank", |text| text.trim() == text)
}

prop_compose! {
    fn fields()(of in prop::collection::vec((text(), 0..FieldType::KNOWN.len(), prop::option::of(text()), 0..3_usize), 0..6)) -> Vec<Field> {
        of.into_iter().enumerate().map(|(at, (label, kind, value, section))| Field {
            metadata: FieldMetadata {
                id: FieldId::new(format!("f{at}")),
                section: (section > 0).then(|| SectionId::new(format!("s{section}"))),
                label,
                kind: FieldType::read(FieldType::KNOWN[kind]),
                purpose: None,
                set: value.is_some(),
                origins: Vec::new(),
            },
            value: value.map(Secret::new),
        }).collect()
    }
}

prop_compose! {
    fn items()(title in text(), category in 0..Category::KNOWN.len(), tags in prop::collection::vec(text(), 0..3), url in prop::option::of("https://[a-z]{1,8}"),
        favorite: bool, archived: bool, mut fields in fields(), password in prop::option::of(text()), notes in prop::option::of(text()),
        files in prop::collection::vec((text(), prop::collection::vec(any::<u8>(), 0..50)), 0..2)) -> PortableItem {
        let named = |id: &str, kind, purpose, value: Option<String>| Field {
            metadata: FieldMetadata { id: FieldId::new(id), section: None, label: id.into(), kind, purpose: Some(purpose), set: value.is_some(), origins: Vec::new() },
            value: value.map(Secret::new),
        };
        fields.push(named("password", FieldType::Concealed, Purpose::Password, password));
        if notes.is_some() {
            fields.push(named("notesPlain", FieldType::String, Purpose::Notes, notes));
        }
        let section = |at| Section { id: SectionId::new(format!("s{at}")), label: format!("Section {at}") };
        PortableItem {
            item: NewItem {
                title, category: Category::read(Category::KNOWN[category]), tags, favorite,
                urls: url.map(|href| ItemUrl { href, label: None, primary: true }).into_iter().collect(),
                sections: vec![section(1), section(2)],
                fields, created_by: None,
            },
            files: files.into_iter().map(|(name, content)| PortableFile { name: name.replace('/', "_"), section: None, content: content.into() }).collect(),
            archived,
        }
    }
}

/// All that an import can put back, in an order of its own.
fn whole(portable: &Portable) -> Vec<String> {
    let items = portable
        .vaults
        .iter()
        .flat_map(|vault| vault.items.iter().map(|it| (&vault.name, it)));
    items
        .map(|(vault, it)| {
            let new = &it.item;
            let mut fields: Vec<String> = shown(it);
            let ids = new
                .fields
                .iter()
                .map(|it| format!("{} {}", it.metadata.label, it.metadata.id));
            fields.extend(ids);
            fields.sort();
            let files: Vec<_> = it.files.iter().map(|it| (&it.name, &*it.content)).collect();
            format!(
                "{vault} {} {:?} {:?} {:?} {} {} {:?} {fields:?} {files:?}",
                new.title,
                new.category,
                new.tags,
                new.urls,
                new.favorite,
                it.archived,
                new.sections
            )
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_back_whole(items in prop::collection::vec(items(), 0..4)) {
        let portable = Portable {
            vaults: vec![PortableVault { name: "Dev".into(), items }],
            ..Portable::default()
        };

        let back = read(&write(&portable).unwrap()).unwrap();

        prop_assert_eq!(whole(&back), whole(&portable));
        prop_assert!(back.left_out.is_empty());
    }
}
