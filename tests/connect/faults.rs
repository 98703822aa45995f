//! The fault table: whatever the server does, there is one clear sentence within a bounded time, and neither token nor value
//! is in any of it.

use std::time::{Duration, Instant};

use hushkey::vault::{ItemId, Vault, VaultError, VaultId};

use super::{
    FakeConnect, TOKEN, fake_connect::Fault, field, item_id, limits, new_item, vault, vault_at,
    vault_id,
};

/// Longer than any limit of these tests, tries and pauses included.
const SOON: Duration = Duration::from_secs(5);

/// What must never be in a sentence or its causes.
fn is_clean(error: &VaultError) -> String {
    let mut told = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        told += &format!(" / {error} / {error:?}");
        cause = error.source();
    }
    for never in ["canary", TOKEN, "Bearer", &TOKEN[40..80]] {
        assert!(!told.contains(never), "{never} in {told}");
    }
    let sentence = error.to_string();
    assert!(
        !sentence.contains('\n') && sentence.len() < 400,
        "{sentence}"
    );
    sentence
}

struct Ground {
    server: FakeConnect,
    dev: VaultId,
    item: ItemId,
}

fn ground() -> Ground {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    let item = server.item(
        &dev,
        "Stripe",
        &[("key", "CONCEALED", "canary-value-of-stripe")],
    );
    Ground {
        dev: vault_id(&dev),
        item: item_id(&item),
        server,
    }
}

/// What reading the item says under a fault, and how many requests it took.
async fn reading(fault: Fault) -> (String, usize) {
    let Ground { server, dev, item } = ground();
    let vault = vault(&server);
    server.plan("GET", "/items/", u32::MAX, fault);

    let began = Instant::now();
    let error = vault.item(&dev, &item).await.unwrap_err();

    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    (is_clean(&error), server.requests().len())
}

fn status(status: u16) -> Fault {
    Fault::Status(status, Vec::new())
}

#[tokio::test]
async fn status_401_says_that_the_token_is_not_taken() {
    let (told, asked) = reading(status(401)).await;

    insta::assert_snapshot!(told, @"the Connect server does not take the token: it has expired, was revoked, or is for another server; make a new one (`op connect token create`) and set OP_CONNECT_TOKEN");
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn status_403_says_that_the_token_is_not_for_this_vault() {
    let (told, asked) = reading(status(403)).await;

    insta::assert_snapshot!(told, @"the Connect token is not made for this vault, or may not read it; ask for a token with read access to it");
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn status_404_is_an_item_that_is_not_there() {
    let (told, asked) = reading(status(404)).await;

    insta::assert_snapshot!(told, @"there is no item `000000000000000000000fake2`; list the items to see what there is");
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn status_409_asks_to_repeat_the_change() {
    let (told, _) = reading(status(409)).await;

    insta::assert_snapshot!(told, @"somebody else is changing this at the Connect server right now; read it again and repeat the change");
}

#[tokio::test]
async fn status_413_names_the_way_that_works() {
    let (told, _) = reading(status(413)).await;

    insta::assert_snapshot!(told, @"that is more than the Connect server takes or gives in one piece (status 413); for a large file use `hushkey file save`, which asks for its content");
}

#[tokio::test]
async fn status_429_is_obeyed_for_a_moment_and_told_otherwise() {
    let Ground { server, dev, .. } = ground();
    let vault = vault(&server);
    let wait = |seconds: &str| Fault::Status(429, vec![("retry-after", seconds.to_owned())]);
    server.plan("GET", "/items", 2, wait("0"));

    vault
        .items(&dev, hushkey::vault::ItemState::Active)
        .await
        .unwrap();
    assert_eq!(server.requests().len(), 3, "two failures, then the list");

    let (told, asked) = reading(wait("3600")).await;
    insta::assert_snapshot!(told, @"the Connect server is asked too often; try again in 3600 seconds");
    assert_eq!(asked, 1, "nobody waits an hour");
    let (told, asked) = reading(wait("Fri, 31 Dec 2100 23:59:59 GMT")).await;
    assert!(
        told.starts_with("the Connect server is asked too often"),
        "{told}"
    );
    assert_eq!(asked, 1, "nor until a date");
}

#[tokio::test]
async fn status_500_and_503_are_tried_again_and_then_told() {
    let Ground { server, dev, .. } = ground();
    server.plan("GET", "/items", 3, status(503));
    vault(&server)
        .items(&dev, hushkey::vault::ItemState::Active)
        .await
        .unwrap();

    let (failed, asked) = reading(status(500)).await;
    let (not_ready, _) = reading(status(503)).await;

    insta::assert_snapshot!(failed, @"the Connect server failed (status 500); its log tells more, `hushkey connect status` shows its state");
    insta::assert_snapshot!(not_ready, @"the Connect server is not ready: it is still syncing, or cannot reach 1Password; `hushkey connect status` shows its state");
    assert_eq!(asked, 4);
}

#[tokio::test]
async fn a_connection_that_is_reset_mid_body_is_tried_again_and_then_told() {
    let (told, asked) = reading(Fault::Reset).await;

    insta::assert_snapshot!(told, @"the Connect server hung up in the middle of its answer; try again, and if it stays so, look at the server's log");
    assert_eq!(asked, 4);
}

#[tokio::test]
async fn one_byte_a_second_is_cut_off() {
    let (told, asked) = reading(Fault::Drip(Duration::from_secs(1))).await;

    insta::assert_snapshot!(told, @"the Connect server did not answer in full within 1 seconds; `hushkey connect status` shows its state");
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn silence_is_cut_off() {
    let (told, _) = reading(Fault::Wait(Duration::from_secs(3))).await;

    insta::assert_snapshot!(told, @"the Connect server did not answer in full within 1 seconds; `hushkey connect status` shows its state");
}

#[tokio::test]
async fn a_web_page_with_status_200_is_no_answer() {
    let (told, _) = reading(Fault::Html).await;

    insta::assert_snapshot!(told, @"the answer is a web page; is OP_CONNECT_HOST the address of a Connect server, and nothing in between?");
}

#[tokio::test]
async fn a_gibibyte_is_refused_by_its_length_and_by_its_bytes() {
    let (told, _) = reading(Fault::Endless).await;
    insta::assert_snapshot!(told, @"the Connect server answered with more than 67108864 bytes, which is refused; is OP_CONNECT_HOST the address of a Connect server?");

    let (told, _) = reading(Fault::Unannounced).await;
    insta::assert_snapshot!(told, @"the Connect server answered with more than 67108864 bytes, which is refused; is OP_CONNECT_HOST the address of a Connect server?");

    // The limit is the limit, for what is well-formed too.
    let Ground { server, dev, .. } = ground();
    let small = vault_at(
        &server.url(),
        TOKEN,
        hushkey::backend::connect::Limits {
            body_bytes: 100,
            ..limits()
        },
    );
    let error = small
        .items(&dev, hushkey::vault::ItemState::Active)
        .await
        .unwrap_err();
    assert!(is_clean(&error).contains("more than 100 bytes"));
}

#[tokio::test]
async fn a_wrong_content_length_is_no_answer_either_way() {
    let (short, _) = reading(Fault::WrongLength(10)).await;
    let (long, _) = reading(Fault::WrongLength(-10)).await;

    insta::assert_snapshot!(short, @"the Connect server hung up in the middle of its answer; try again, and if it stays so, look at the server's log");
    insta::assert_snapshot!(long, @"the answer is JSON that no Connect server sends, or only a part of it; is OP_CONNECT_HOST the address of a Connect server, and nothing in between?");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_token_stays_here() {
    let elsewhere = FakeConnect::new();
    elsewhere.vault("Trap");

    let (told, _) = reading(Fault::Redirect(format!("{}/v1/vaults", elsewhere.url()))).await;

    insta::assert_snapshot!(told, @"the Connect server sends us to another address, which is not followed: the token would go there; set OP_CONNECT_HOST to the address that answers itself");
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_clock_that_is_a_day_off_is_named_where_the_token_is_not_taken() {
    let Ground { server, dev, .. } = ground();
    server.clock_ahead(86_400 * 2 + 60);
    server.plan("GET", "/items", u32::MAX, status(401));

    let error = vault(&server)
        .items(&dev, hushkey::vault::ItemState::Active)
        .await
        .unwrap_err();

    let told = is_clean(&error);
    assert!(
        told.ends_with("this machine's clock is 2 days behind the server's, set it first"),
        "{told}"
    );
}

#[tokio::test]
async fn a_name_that_is_not_known_and_a_port_that_is_closed_are_told_apart() {
    // Names beneath .invalid are never there (RFC 6761).
    let unknown = vault_at("http://connect.invalid:8080", TOKEN, limits());
    let closed = vault_at("http://127.0.0.1:9", TOKEN, limits());

    let began = Instant::now();
    let unknown = unknown.vaults().await.unwrap_err();
    let closed = closed.vaults().await.unwrap_err();

    assert!(began.elapsed() < SOON * 2);
    insta::assert_snapshot!(is_clean(&unknown), @"the name of the Connect server can't be found; check OP_CONNECT_HOST and the network");
    insta::assert_snapshot!(is_clean(&closed), @"the Connect server can't be reached; check OP_CONNECT_HOST, the network, and that the server runs");
}

#[tokio::test]
async fn a_write_is_never_sent_twice() {
    for fault in [status(503), status(429), Fault::Reset, Fault::HangUp] {
        let Ground { server, dev, .. } = ground();
        let vault = vault(&server);
        server.plan("POST", "/items", 1, fault);

        let error = vault
            .create_item(&dev, new_item("New", vec![field("k", "canary-written")]))
            .await;

        is_clean(&error.unwrap_err());
        let posts = server
            .asked()
            .iter()
            .filter(|it| it.starts_with("POST"))
            .count();
        assert_eq!(posts, 1);
    }
}

#[tokio::test]
async fn each_status_on_a_write_is_a_sentence_too() {
    let mut told = String::new();
    for code in [400, 401, 403, 404, 409, 413, 500] {
        let Ground { server, dev, .. } = ground();
        server.plan("POST", "/items", u32::MAX, status(code));
        let made = vault(&server)
            .create_item(&dev, new_item("New", vec![field("k", "canary-written")]))
            .await;
        told += &format!("{code}: {}\n", is_clean(&made.unwrap_err()));
    }

    insta::assert_snapshot!(told, @"
    400: the Connect server refuses the item as it is (status 400): a category, a field's type or a value that it does not take; its log tells more
    401: the Connect server does not take the token for this change: it may not write in this vault, has expired or was revoked; ask for a token with write access to it
    403: the Connect token may not write in this vault; ask for a token with write access to it
    404: there is no vault `000000000000000000000fake1`; list the vaults to see what there is
    409: somebody else is changing this at the Connect server right now; read it again and repeat the change
    413: that is more than the Connect server takes or gives in one piece (status 413); for a large file use `hushkey file save`, which asks for its content
    500: the Connect server failed (status 500); its log tells more, `hushkey connect status` shows its state
    ");
}

pub(crate) mod certificates {
    //! TLS, with authorities of our own.

    use std::{
        io::{Read, Write},
        net::TcpListener,
        sync::Arc,
    };

    use hushkey::{
        backend::connect::{ConnectVault, Server},
        vault::{Secret, Vault},
    };
    use rustls::{
        ServerConfig, ServerConnection, StreamOwned,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    };

    use super::{SOON, TOKEN, is_clean, limits};

    pub(crate) fn fixture(name: &str) -> String {
        format!("{}/tests/fixtures/tls/{name}", env!("CARGO_MANIFEST_DIR"))
    }

    /// A server that answers every request with an empty list of vaults, under one of the certificates.
    pub(crate) fn serve(certificate: &str) -> String {
        let chain =
            vec![CertificateDer::from_pem_file(fixture(&format!("{certificate}.pem"))).unwrap()];
        let key = PrivateKeyDer::from_pem_file(fixture(&format!("{certificate}.key"))).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!(
            "https://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(connection, stream);
                let mut request = [0; 4096];
                if stream.read(&mut request).is_ok() {
                    let _ = stream.write_all(
                        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n[]",
                    );
                }
            }
        });
        address
    }

    fn client(address: String, authority: Option<&str>) -> ConnectVault {
        let server = Server {
            host: address,
            token: Secret::new(TOKEN.to_owned()),
            authority: authority.map(|name| std::fs::read(fixture(name)).unwrap()),
        };
        ConnectVault::new(server, limits()).unwrap()
    }

    #[tokio::test]
    async fn a_private_authority_is_trusted_when_it_is_named() {
        let address = serve("good");

        let named = client(address.clone(), Some("ca.pem")).vaults().await;
        let unnamed = client(address, None).vaults().await;

        assert_eq!(named.unwrap().len(), 0);
        let unnamed = unnamed.unwrap_err();
        let told = is_clean(&unnamed);
        assert!(
            told.contains("certificate is not valid"),
            "{told}: {unnamed:?}"
        );
    }

    #[tokio::test]
    async fn an_expired_certificate_is_refused_at_once() {
        let began = std::time::Instant::now();

        let error = client(serve("expired"), Some("ca.pem"))
            .vaults()
            .await
            .unwrap_err();

        assert!(began.elapsed() < SOON);
        insta::assert_snapshot!(is_clean(&error), @"the Connect server's certificate is not valid: it has expired, is for another name, or no authority that this machine trusts has signed it; for a private authority set `[connect] ca_file` in config.toml");
    }
}
