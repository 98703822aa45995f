//! The page on which a person types for an agent: what it takes, refuses and shows.

use std::time::Duration;

use serde_json::json;

use crate::{
    asking::{
        CANARY, answered, asks_for_a_token, call, dialogue, is_in_the_vault, the_only_ask, vault,
    },
    browser::{Seen, Window, token},
    desk::Setup,
};

#[tokio::test]
async fn a_ticket_is_good_for_one_answer_in_whatever_window() {
    let desk = Setup::of(vault()).start();
    let item = desk.answer("create_item", asks_for_a_token()).await;
    let window = Window::at(the_only_ask(&item)["address"].as_str().unwrap());
    let other = token(&window.look().await.body);

    let first = window.submit(&[("hidden", CANARY)]).await;
    let second = window
        .post(&[("token", &other), ("hidden", "another")])
        .await;
    let third = window.look().await;

    assert_eq!((first.status, second.status, third.status), (200, 410, 410));
    assert!(third.body.contains("This link was used") && !third.body.contains("<form"));
    assert!(is_in_the_vault(&desk, "op://Dev/Stripe/secret key", CANARY).await);
}

#[tokio::test]
async fn a_ticket_that_ran_out_writes_nothing_and_the_page_says_what_to_do() {
    let desk = Setup::of(vault()).typing(Duration::from_secs(3)).start();
    let item = desk.answer("create_item", asks_for_a_token()).await;
    let window = Window::at(the_only_ask(&item)["address"].as_str().unwrap());
    let token = token(&window.look().await.body);
    let approvals = desk.server.approvals();
    let code = hushkey::approvals::Code::read(the_only_ask(&item)["code"].as_str().unwrap());
    let code = code.unwrap();
    while approvals.find(&code, jiff::Timestamp::now()).is_ok() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let late = window
        .post(&[("token", &token), ("hidden", CANARY), ("answer", "save")])
        .await;
    let looked = window.look().await;

    for page in [&late, &looked] {
        assert_eq!(page.status, 410, "{page:?}");
        assert!(page.body.contains("This link is too old"), "{page:?}");
        assert!(page.body.contains("Have the agent ask again"), "{page:?}");
        assert!(!page.body.contains("<form") && !page.body.contains("canary-7Q2"));
    }
    let item = desk.answer("get_item", json!({ "item": "Stripe" })).await;
    assert_eq!(item["fields"][1]["set"], false);
    let mut log = Vec::new();
    let told = "tester asked a person to type Dev/Stripe/secret key: timed out";
    for _ in 0..100 {
        log = desk.server.sentences().await;
        if log.iter().any(|line| line.starts_with(told)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{log:#?}");
}

#[tokio::test]
async fn a_person_can_say_no_on_the_page() {
    let desk = Setup::of(vault()).start();
    let arguments = asks_for_a_token();
    let first = call(&desk, "create_item", &arguments, json!({})).await;
    let (code, address) = dialogue(&first);

    let done = Window::at(&address)
        .submit(&[("hidden", CANARY), ("answer", "no")])
        .await;
    let second = call(
        &desk,
        "create_item",
        &arguments,
        answered(&first, &code, "accept"),
    )
    .await;

    assert!(done.body.contains("You said no"), "{done:?}");
    assert!(done.body.contains("nothing was stored"), "{done:?}");
    assert_eq!(
        the_only_ask(&second["structuredContent"])["state"],
        "declined"
    );
    assert_eq!(second["structuredContent"]["fields"][1]["set"], false);
}

#[tokio::test]
async fn what_was_typed_wrongly_is_asked_again_and_never_shown() {
    let desk = Setup::of(vault()).start();
    let item = desk.answer("create_item", asks_for_a_token()).await;
    let window = Window::at(the_only_ask(&item)["address"].as_str().unwrap());

    let nothing = window.submit(&[("hidden", "")]).await;
    let two = window
        .submit(&[("hidden", CANARY), ("shown", CANARY)])
        .await;
    let long = window
        .submit(&[("lines", &"canary-7Q2".repeat(7000))])
        .await;
    let huge = window
        .submit(&[("lines", &"canary-7Q2".repeat(70_000))])
        .await;
    let good = window
        .submit(&[("lines", "-----BEGIN A-----\r\nx\r\n-----END A-----")])
        .await;

    assert_eq!(
        [&nothing, &two, &long, &huge, &good].map(|it| it.status),
        [422, 422, 422, 413, 200]
    );
    for page in [&nothing, &two, &long, &huge] {
        assert!(!page.body.contains("canary-7Q2"));
    }
    assert!(nothing.body.contains("role=\"alert\""));
    let key = "-----BEGIN A-----\nx\n-----END A-----\n";
    assert!(is_in_the_vault(&desk, "op://Dev/Stripe/secret key", key).await);
}

#[tokio::test]
async fn other_sites_frames_scripts_and_names_get_no_page() {
    let desk = Setup::of(vault()).start();
    let item = desk.answer("create_item", asks_for_a_token()).await;
    let window = Window::at(the_only_ask(&item)["address"].as_str().unwrap());
    let token = token(&window.look().await.body);
    let host = window.host.as_str();
    let own = format!("http://{host}");
    let form = [("token", token.as_str()), ("hidden", "from elsewhere")];

    let mut refused: Vec<Seen> = Vec::new();
    for headers in [
        vec![("Host", "rebound.example")],
        vec![("Host", host), ("Sec-Fetch-Dest", "iframe")],
        vec![
            ("Host", host),
            ("Sec-Fetch-Mode", "cors"),
            ("Sec-Fetch-Dest", "empty"),
        ],
    ] {
        refused.push(window.send("GET", &window.path, &headers, "").await);
    }
    for headers in [
        vec![("Host", host)],
        vec![("Host", host), ("Origin", "null")],
        vec![("Host", host), ("Origin", "http://evil.example")],
        vec![
            ("Host", "rebound.example"),
            ("Origin", "http://rebound.example"),
        ],
        vec![
            ("Host", host),
            ("Origin", &own),
            ("Sec-Fetch-Site", "cross-site"),
        ],
    ] {
        refused.push(window.post_with(&headers, &form).await);
    }
    refused.push(window.post(&[("hidden", "no token")]).await);
    refused.push(
        window
            .post(&[("token", "00"), ("hidden", "a wrong token")])
            .await,
    );

    for seen in &refused {
        assert_eq!(seen.status, 403, "{seen:?}");
        assert!(!seen.body.contains("<form"));
    }
    let item = desk.answer("get_item", json!({ "item": "Stripe" })).await;
    assert_eq!(item["fields"][1]["set"], false);
    assert_eq!(window.look_at("/type/unknown").await.status, 404);
    assert_eq!(window.look_at("/").await.status, 404);
}

#[tokio::test]
async fn each_page_is_kept_out_of_caches_frames_and_scripts() {
    let desk = Setup::of(vault()).start();
    let item = desk.answer("create_item", asks_for_a_token()).await;
    let window = Window::at(the_only_ask(&item)["address"].as_str().unwrap());

    for seen in [
        window.look().await,
        window.look_at("/").await,
        window.look_at("/type/x").await,
    ] {
        let policy = seen.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(
            !policy.contains("script-src") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(seen.header("cache-control").unwrap(), "no-store");
        assert_eq!(seen.header("referrer-policy").unwrap(), "same-origin");
        assert_eq!(seen.header("x-content-type-options").unwrap(), "nosniff");
        assert!(!seen.body.contains("<script") && !seen.body.contains("://"));
    }
}

#[tokio::test]
async fn names_that_an_agent_chose_stay_text_on_the_page() {
    let desk = Setup::of(vault()).start();
    let nasty = "<script>alert(1)</script>\u{202e}\u{200b}\"'&";
    let item = desk
        .answer(
            "create_item",
            json!({ "vault": "Dev", "title": nasty, "fields": [{ "label": nasty, "ask": true }] }),
        )
        .await;

    let page = Window::at(the_only_ask(&item)["address"].as_str().unwrap())
        .look()
        .await;

    assert!(page.body.contains("&lt;script&gt;"));
    assert!(!page.body.contains("<script") && !page.body.contains('\u{202e}'));
}
