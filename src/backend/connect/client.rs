//! HTTP towards one Connect server: its fifteen calls, and the manners of a good client.
//!
//! The token goes to the configured address and nowhere else: redirects are not followed, and over plain HTTP no proxy
//! is used. Everything has a limit: connecting, headers, bodies, sizes, tries. Only what changes nothing is tried
//! again. The module knows wire types and statuses, not what a vault is to hushkey.

use std::{
    io::Write,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reqwest::{
    Method, Response,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER},
    redirect::Policy,
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{sync::Semaphore, time::Instant};
use zeroize::Zeroizing;

use super::{
    Limits, Server,
    fault::{Fault, unreachable},
    filter,
};
use crate::{
    connect::{ApiRequest, File, Health, Item, Operation, Vault},
    vault::{FileId, ItemId, Secret, VaultError, VaultId},
};

/// How many requests are on their way at once.
const AT_ONCE: usize = 32;
const JSON: &str = "application/json";

/// One Connect server.
pub struct Client {
    http: reqwest::Client,
    /// Without a slash at its end.
    base: String,
    token: Secret,
    limits: Limits,
    seen: Mutex<Seen>,
    slots: Semaphore,
}

/// What answers told beside their bodies.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// From `1Password-Connect-Version`.
    pub version: Option<String>,
    /// How many seconds the server's clock is ahead of ours.
    pub ahead: Option<i64>,
}

/// A page of the server's log.
pub struct ActivityPage {
    /// The lines, newest first.
    pub requests: Vec<ApiRequest>,
    /// From `Content-Range`.
    pub total: Option<u64>,
}

impl Client {
    /// Prepares for a server; sends nothing.
    pub fn new(server: Server, limits: Limits) -> Result<Self, VaultError> {
        // Whoever came first has installed one, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .user_agent(concat!("hushkey/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect)
            .pool_idle_timeout(Duration::from_secs(60))
            .tcp_nodelay(true);
        if server.host.to_ascii_lowercase().starts_with("https:") {
            http = http.https_only(true);
            if let Some(pem) = &server.authority {
                let authorities = reqwest::Certificate::from_pem_bundle(pem)
                    .ok()
                    .filter(|found| !found.is_empty());
                let authorities = authorities.ok_or_else(|| VaultError::Unavailable {
                    message:
                        "the file that `[connect] ca_file` names holds no certificate in PEM form"
                            .into(),
                    source: None,
                })?;
                http = http.tls_certs_only(authorities);
            }
        } else {
            // A proxy would read the token; and nobody looks at certificates here.
            http = http.no_proxy().tls_certs_only([]);
        }
        let http = http.build().map_err(|error| VaultError::Unavailable {
            message: "no HTTP client can be made here; are the system's certificates readable?"
                .into(),
            source: Some(Box::new(error)),
        })?;
        Ok(Self {
            http,
            base: server.host,
            token: server.token,
            limits,
            seen: Mutex::new(Seen::default()),
            slots: Semaphore::new(AT_ONCE),
        })
    }

    /// The server's address.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The limits that hold.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn token(&self) -> &Secret {
        &self.token
    }

    /// What answers told beside their bodies.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// `GET /v1/vaults`
    pub async fn vaults(&self, filter: Option<&str>) -> Result<Vec<Vault>, Fault> {
        self.read(&format!("/v1/vaults{}", filter::query(filter)))
            .await
    }

    /// `GET /v1/vaults/{vault}`
    pub async fn vault(&self, vault: &VaultId) -> Result<Vault, Fault> {
        self.read(&format!("/v1/vaults/{vault}")).await
    }

    /// `GET /v1/vaults/{vault}/items`
    pub async fn items(&self, vault: &VaultId, filter: Option<&str>) -> Result<Vec<Item>, Fault> {
        self.read(&format!(
            "/v1/vaults/{vault}/items{}",
            filter::query(filter)
        ))
        .await
    }

    /// `POST /v1/vaults/{vault}/items`
    pub async fn create(&self, vault: &VaultId, item: &Item) -> Result<Item, Fault> {
        self.write(Method::POST, &format!("/v1/vaults/{vault}/items"), item)
            .await
    }

    /// `GET /v1/vaults/{vault}/items/{item}`
    pub async fn item(&self, vault: &VaultId, item: &ItemId) -> Result<Item, Fault> {
        self.read(&item_path(vault, item)).await
    }

    /// `PUT /v1/vaults/{vault}/items/{item}`
    pub async fn replace(&self, vault: &VaultId, id: &ItemId, item: &Item) -> Result<Item, Fault> {
        self.write(Method::PUT, &item_path(vault, id), item).await
    }

    /// `PATCH /v1/vaults/{vault}/items/{item}`
    pub async fn patch(
        &self,
        vault: &VaultId,
        item: &ItemId,
        operations: &[Operation],
    ) -> Result<Item, Fault> {
        self.write(Method::PATCH, &item_path(vault, item), operations)
            .await
    }

    /// `DELETE /v1/vaults/{vault}/items/{item}`
    pub async fn delete(&self, vault: &VaultId, item: &ItemId) -> Result<(), Fault> {
        let path = item_path(vault, item);
        let sent = self.send(Method::DELETE, &path, None, true).await;
        sent.map(drop)
    }

    /// `GET /v1/vaults/{vault}/items/{item}/files`
    pub async fn files(&self, vault: &VaultId, item: &ItemId) -> Result<Vec<File>, Fault> {
        self.read(&format!("{}/files", item_path(vault, item)))
            .await
    }

    /// `GET /v1/vaults/{vault}/items/{item}/files/{file}`
    pub async fn file(&self, vault: &VaultId, item: &ItemId, file: &FileId) -> Result<File, Fault> {
        self.read(&format!("{}/files/{file}", item_path(vault, item)))
            .await
    }

    /// `GET /v1/vaults/{vault}/items/{item}/files/{file}/content`, of at most `most` bytes; handed on as it comes.
    pub async fn content(
        &self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
        most: u64,
        into: &mut (dyn Write + Send),
    ) -> Result<u64, Fault> {
        let path = format!("{}/files/{file}/content", item_path(vault, item));
        let _slot = self.slots.acquire().await;
        // Nothing is handed on before the headers are there, so that much may be tried again.
        let mut answer = self.headers(&path).await?;
        let allowed = 60 + most / self.limits.least_bytes_per_second;
        let deadline = Instant::now() + Duration::from_secs(allowed);
        let mut read = 0;
        loop {
            let until = deadline.min(Instant::now() + self.limits.header);
            let piece = tokio::time::timeout_at(until, answer.chunk())
                .await
                .map_err(|_| Fault::Slow {
                    seconds: seconds(self.limits.header),
                })?
                .map_err(unreachable)?;
            let Some(piece) = piece else { break };
            read += piece.len() as u64;
            if read > most {
                return Err(Fault::TooLarge { bytes: most });
            }
            into.write_all(&piece)
                .map_err(|source| Fault::Write { source })?;
        }
        into.flush().map_err(|source| Fault::Write { source })?;
        Ok(read)
    }

    /// `GET /v1/activity`
    pub async fn activity(&self, limit: u32, offset: u64) -> Result<ActivityPage, Fault> {
        let path = format!("/v1/activity?limit={limit}&offset={offset}");
        let (headers, body) = self.send(Method::GET, &path, None, true).await?;
        let total = headers
            .get("content-range")
            .and_then(|range| range.to_str().ok()?.rsplit('/').next()?.parse().ok());
        Ok(ActivityPage {
            requests: parse(&body)?,
            total,
        })
    }

    /// `GET /heartbeat`, without the token.
    pub async fn heartbeat(&self) -> Result<(), Fault> {
        self.send(Method::GET, "/heartbeat", None, false)
            .await
            .map(drop)
    }

    /// `GET /health`, without the token.
    pub async fn health(&self) -> Result<Health, Fault> {
        let (_, body) = self.send(Method::GET, "/health", None, false).await?;
        parse(&body)
    }

    /// `GET /metrics`, without the token.
    pub async fn metrics(&self) -> Result<String, Fault> {
        let (_, body) = self.send(Method::GET, "/metrics", None, false).await?;
        String::from_utf8(body.to_vec()).map_err(|_| Fault::Unreadable { what: "no text" })
    }

    async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, Fault> {
        let (_, body) = self.send(Method::GET, path, None, true).await?;
        parse(&body)
    }

    async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &(impl Serialize + ?Sized),
    ) -> Result<T, Fault> {
        let body = serde_json::to_vec(body).map_err(|_| Fault::Unreadable {
            what: "not to be had: the request can't be written as JSON",
        })?;
        let (_, body) = self.send(method, path, Some(body), true).await?;
        parse(&body)
    }

    /// Sends a request and reads the whole answer; again and again for a while, where that changes nothing.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        authorized: bool,
    ) -> Result<(HeaderMap, Zeroizing<Vec<u8>>), Fault> {
        let _slot = self.slots.acquire().await;
        let safe = method == Method::GET;
        let mut body = body;
        let mut failed = 0;
        loop {
            // Only a request without a body is ever sent twice.
            let sent = self.once(&method, path, body.take(), authorized).await;
            let fault = match sent {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            failed += 1;
            let pause = self.limits.pause(failed, asked_to_wait(&fault));
            match pause {
                Some(pause) if safe && fault.may_pass() => tokio::time::sleep(pause).await,
                _ => return Err(fault),
            }
        }
    }

    /// The answer to a safe request whose body is not read yet.
    async fn headers(&self, path: &str) -> Result<Response, Fault> {
        let mut failed = 0;
        loop {
            let fault = match self.begin(&Method::GET, path, None, true).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            failed += 1;
            match self.limits.pause(failed, asked_to_wait(&fault)) {
                Some(pause) if fault.may_pass() => tokio::time::sleep(pause).await,
                _ => return Err(fault),
            }
        }
    }

    async fn once(
        &self,
        method: &Method,
        path: &str,
        body: Option<Vec<u8>>,
        authorized: bool,
    ) -> Result<(HeaderMap, Zeroizing<Vec<u8>>), Fault> {
        let deadline = Instant::now() + self.limits.whole;
        let slow = |_| Fault::Slow {
            seconds: seconds(self.limits.whole),
        };
        let mut answer = self.begin(method, path, body, authorized).await?;
        let most = self.limits.body_bytes;
        let told = answer.content_length();
        if told.is_some_and(|bytes| bytes > most) {
            return Err(Fault::TooLarge { bytes: most });
        }
        // One buffer of the full size where that is known: growing would leave pieces of values behind.
        let room = usize::try_from(told.unwrap_or(4096)).unwrap_or(4096);
        let mut read = Zeroizing::new(Vec::with_capacity(room));
        loop {
            let piece = tokio::time::timeout_at(deadline, answer.chunk())
                .await
                .map_err(slow)?
                .map_err(unreachable)?;
            let Some(piece) = piece else { break };
            if (read.len() + piece.len()) as u64 > most {
                return Err(Fault::TooLarge { bytes: most });
            }
            read.extend_from_slice(&piece);
        }
        Ok((answer.headers().clone(), read))
    }

    /// Sends one request; its answer's headers, if they tell of success.
    async fn begin(
        &self,
        method: &Method,
        path: &str,
        body: Option<Vec<u8>>,
        authorized: bool,
    ) -> Result<Response, Fault> {
        let url = format!("{}{path}", self.base);
        let mut request = self
            .http
            .request(method.clone(), url)
            .header(ACCEPT, HeaderValue::from_static("*/*"));
        if authorized {
            request = request.header(AUTHORIZATION, self.authorization()?);
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, JSON).body(body);
        }
        let sent = tokio::time::timeout(self.limits.header, request.send()).await;
        let answer = sent
            .map_err(|_| Fault::Slow {
                seconds: seconds(self.limits.header),
            })?
            .map_err(unreachable)?;
        let ahead = self.note(answer.headers());
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        Err(Fault::Status {
            status: status.as_u16(),
            retry_after: retry_after(answer.headers()),
            ahead,
        })
    }

    fn authorization(&self) -> Result<HeaderValue, Fault> {
        let token = self.token.expose_secret();
        let mut text = Zeroizing::new(String::with_capacity(token.len() + 7));
        text.push_str("Bearer ");
        text.push_str(token);
        let mut value = HeaderValue::from_str(&text).map_err(|_| Fault::Unreadable {
            what: "not to be had: the token has a character that no header takes",
        })?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Remembers what an answer tells of the server itself; how far its clock is ahead.
    fn note(&self, headers: &HeaderMap) -> Option<i64> {
        let version = headers
            .get("1password-connect-version")
            .and_then(|version| version.to_str().ok())
            .filter(|version| version.len() <= 32);
        let ahead = headers
            .get(DATE)
            .and_then(|date| date.to_str().ok())
            .and_then(|date| jiff::fmt::rfc2822::parse(date).ok())
            .map(|date| date.timestamp().as_second() - jiff::Timestamp::now().as_second());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(version) = version {
            seen.version = Some(version.to_owned());
        }
        if ahead.is_some() {
            seen.ahead = ahead;
        }
        ahead
    }
}

/// Whole seconds, rounded up.
fn seconds(time: Duration) -> u64 {
    time.as_millis()
        .div_ceil(1000)
        .try_into()
        .unwrap_or(u64::MAX)
}

fn item_path(vault: &VaultId, item: &ItemId) -> String {
    format!("/v1/vaults/{vault}/items/{item}")
}

/// Reads a body. serde's message would repeat what it stumbled over, so none of it is kept.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|_| Fault::Unreadable {
        what: match body.trim_ascii_start().first() {
            None => "empty",
            Some(b'<') => "a web page",
            Some(b'[' | b'{') => "JSON that no Connect server sends, or only a part of it",
            Some(_) => "no JSON",
        },
    })
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    text.parse().ok().map(Duration::from_secs)
}

fn asked_to_wait(fault: &Fault) -> Option<Duration> {
    match fault {
        Fault::Status { retry_after, .. } => *retry_after,
        _ => None,
    }
}
