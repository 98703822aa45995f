//! Items: made, changed, listed, put away and brought back.

use hushkey::{
    access::Caller,
    broker::{ItemsWanted, Source, UpdateItem},
    generate::Recipe,
    vault::{Category, Secret},
};

use crate::{
    BACKEND, WIDE,
    house::{Backend, House, create, field, said},
};

fn generated(label: &str) -> hushkey::broker::NewField {
    field(
        label,
        Source::Generate(Recipe::parse("32,letters,digits").unwrap()),
    )
}

#[tokio::test]
async fn an_agent_makes_an_item_whose_value_it_never_sees() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");

    let host = field("host", Source::Text(Secret::new("db.example".into())));
    let made = house
        .create(
            &codex,
            create("Dev", "Database", vec![generated("password"), host]),
        )
        .await
        .unwrap();

    assert_eq!(
        made.field_references,
        ["op://Dev/Database/password", "op://Dev/Database/host"]
    );
    assert!(made.metadata.fields.iter().all(|field| field.set));
    let answer = house
        .run(
            &codex,
            &["sh", "-c", "printf %s \"$P\" | wc -c; echo $H"],
            &[
                ("P", "op://Dev/Database/password"),
                ("H", "op://Dev/Database/host"),
            ],
        )
        .await
        .unwrap();
    assert_eq!(answer.stdout, "32\n<concealed:op://Dev/Database/host>\n");
}

#[tokio::test]
async fn every_reference_that_is_shown_resolves() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    for title in [
        "Twin",
        "twin",
        "Odd/Title & Co",
        "abcdefghijklmnopqrstuvwxyz",
    ] {
        let mut in_section = generated("token");
        in_section.section = Some("Ad/min".into());
        let fields = vec![generated("token"), in_section, generated("a/b")];
        let made = house
            .create(&Caller::Owner, create("Dev", title, fields))
            .await
            .unwrap();

        let references = made.field_references.clone();
        let checked = house
            .broker
            .check_references(&codex, &references, None, None)
            .await
            .unwrap();
        for line in checked {
            assert_eq!(line.reason, None, "{title}: {}", line.reference);
        }
    }
    // Made before its twin, the first one's references are by id by now.
    let first = house
        .broker
        .items(&codex, &ItemsWanted::default())
        .await
        .unwrap();
    for line in first.items {
        let id = line.overview.id.as_str();
        let view = house.broker.item(&codex, id, None).await.unwrap();
        let checked = house
            .broker
            .check_references(&codex, &view.field_references, None, None)
            .await
            .unwrap();
        assert!(
            checked.iter().all(|line| line.reason.is_none()),
            "{checked:?}"
        );
    }
}

#[tokio::test]
async fn an_update_rotates_one_field_and_leaves_the_rest() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    house
        .item(
            "Dev",
            "Stripe",
            &[("key", "canary-old"), ("other", "canary-kept")],
        )
        .await;

    let update = UpdateItem {
        item: "stripe".into(),
        version: Some(1),
        set: vec![("key".into(), Source::Generate(Recipe::parse("40").unwrap()))],
        add: vec![generated("added")],
        tags: Some(vec!["rotated".into()]),
        ..UpdateItem::default()
    };
    let view = house
        .broker
        .update_item(&codex, update, std::future::pending())
        .await
        .unwrap();

    assert_eq!(view.metadata.overview.version, 2);
    assert_eq!(
        view.metadata.overview.last_edited_by.as_deref(),
        // A server tells its own user.
        Some(match BACKEND {
            Backend::Connect => crate::fake_connect::EDITOR,
            Backend::Local => "codex",
        })
    );
    let item = house
        .broker
        .reveal_item(&Caller::Owner, "Stripe", None)
        .await
        .unwrap();
    let value = |label: &str| {
        let field = item
            .fields
            .iter()
            .find(|field| field.metadata.label == label);
        field
            .unwrap()
            .value
            .as_ref()
            .unwrap()
            .expose_secret()
            .to_owned()
    };
    assert_ne!(value("key"), "canary-old");
    assert_eq!(value("other"), "canary-kept");
    assert_eq!(value("added").len(), 32);
}

#[tokio::test]
async fn a_stale_version_changes_nothing() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    house.item("Dev", "Stripe", &[("key", "canary-7")]).await;

    let update = UpdateItem {
        item: "Stripe".into(),
        version: Some(7),
        title: Some("Other".into()),
        ..UpdateItem::default()
    };
    let told = said(
        house
            .broker
            .update_item(&codex, update, std::future::pending())
            .await,
    );

    assert!(told.contains("version 1, not 7"), "{told}");
}

#[tokio::test]
async fn a_deleted_item_is_put_away_and_can_be_brought_back() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    let made = house.item("Dev", "Stripe", &[("key", "canary-8")]).await;
    let by_id = format!("op://Dev/{}/key", made.metadata.overview.id);

    let deleted = house
        .broker
        .delete_item(&codex, "Stripe", None, false)
        .await
        .unwrap();

    assert_eq!(deleted.archived, BACKEND == Backend::Local);
    assert!(said(house.broker.item(&codex, "Stripe", None).await).contains("no item"));
    for reference in ["op://Dev/Stripe/key", &by_id] {
        let told = said(house.run(&codex, &["true"], &[("K", reference)]).await);
        assert!(told.contains("no item"), "{told}");
    }
    said(house.broker.restore_item(&codex, "Stripe", None).await);
    if BACKEND == Backend::Connect {
        // Gone for good.
        return;
    }
    house
        .broker
        .restore_item(&Caller::Owner, "Stripe", None)
        .await
        .unwrap();
    house
        .run(&codex, &["true"], &[("K", "op://Dev/Stripe/key")])
        .await
        .unwrap();
}

#[tokio::test]
async fn pages_follow_one_another_without_gap_or_repeat() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    for n in 0..7 {
        house
            .item("Dev", &format!("Item {n}"), &[("key", "canary-9")])
            .await;
    }
    let mut wanted = ItemsWanted {
        vault: Some("dev".into()),
        limit: Some(3),
        ..ItemsWanted::default()
    };

    let mut titles = Vec::new();
    loop {
        let page = house.broker.items(&codex, &wanted).await.unwrap();
        titles.extend(page.items.into_iter().map(|line| line.overview.title));
        match page.next_cursor {
            Some(cursor) => wanted.cursor = Some(cursor),
            None => break,
        }
    }

    assert_eq!(
        titles,
        (0..7).map(|n| format!("Item {n}")).collect::<Vec<_>>()
    );
    wanted.cursor = Some("nonsense!".into());
    assert!(said(house.broker.items(&codex, &wanted).await).contains("cursor"));
}

#[tokio::test]
async fn lists_are_narrowed_by_text_category_and_tag() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    let mut database = create("Dev", "Orders database", vec![]);
    database.category = Some(Category::Database);
    database.tags = vec!["shop".into()];
    house.create(&codex, database).await.unwrap();
    house.item("Dev", "Stripe", &[]).await;

    let titles = async |wanted: ItemsWanted| {
        let page = house.broker.items(&codex, &wanted).await.unwrap();
        page.items
            .into_iter()
            .map(|line| line.overview.title)
            .collect::<Vec<_>>()
    };

    let wanted = || ItemsWanted::default();
    assert_eq!(
        titles(ItemsWanted {
            query: Some("ORDERS".into()),
            ..wanted()
        })
        .await,
        ["Orders database"]
    );
    assert_eq!(
        titles(ItemsWanted {
            tag: Some("Shop".into()),
            ..wanted()
        })
        .await,
        ["Orders database"]
    );
    assert_eq!(
        titles(ItemsWanted {
            category: Some(Category::Login),
            ..wanted()
        })
        .await,
        ["Stripe"]
    );
}

#[tokio::test]
async fn an_ambiguous_title_is_refused_with_the_candidates() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    let a = house.item("Dev", "Twin", &[]).await;
    let b = house.item("Dev", "twin", &[]).await;
    // The same title in a vault that the agent may not see is no candidate.
    let hidden = house.item("Board", "Twin", &[]).await;

    let told = said(house.broker.item(&codex, "Twin", None).await);

    for view in [a, b] {
        assert!(told.contains(view.metadata.overview.id.as_str()), "{told}");
    }
    assert!(
        !told.contains(hidden.metadata.overview.id.as_str()),
        "{told}"
    );
}

#[tokio::test]
async fn an_agent_cannot_take_a_title_that_is_taken() {
    let house = House::new(WIDE).await;
    let codex = house.agent("codex");
    house.item("Dev", "Stripe", &[]).await;
    house.item("Dev", "Other", &[]).await;

    let made = said(house.create(&codex, create("Dev", " stripe", vec![])).await);
    let rename = |title: &str| UpdateItem {
        item: "Other".into(),
        title: Some(title.into()),
        ..UpdateItem::default()
    };
    let pending = std::future::pending;
    let taken = house
        .broker
        .update_item(&codex, rename("STRIPE"), pending())
        .await;

    assert!(made.contains("another item is called `stripe`"), "{made}");
    assert!(said(taken).contains("another item is called `STRIPE`"));
    let own = house
        .broker
        .update_item(&codex, rename("other"), pending())
        .await;
    assert!(own.is_ok());
}
