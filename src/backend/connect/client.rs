//! HTTP towards one Connect server, with the manners of a good client.
//!
//! The token goes to the configured address and nowhere else: redirects are not followed, and over plain HTTP no proxy
//! is used. Everything has a limit: connecting, headers, bodies, sizes, tries. Only what changes nothing is tried
//! again. The module knows wire types and statuses, not what a vault is to hushkey.

use std::{
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
};
use crate::{
    connect::ApiRequest,
    vault::{Secret, VaultError},
};

/// How many requests are on their way at once.
const AT_ONCE: usize = 32;
mod calls;

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
        if method != Method::GET {
            return self.once(&method, path, body, authorized).await;
        }
        let mut tries = Tries::begin(&self.limits);
        loop {
            match self.once(&method, path, None, authorized).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => tries.go_on(fault).await?,
            }
        }
    }

    /// The answer to a safe request whose body is not read yet.
    async fn headers(&self, path: &str) -> Result<Response, Fault> {
        let mut tries = Tries::begin(&self.limits);
        loop {
            match self.begin(&Method::GET, path, None, true).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => tries.go_on(fault).await?,
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

/// The tries of one safe request: a few, and none begun after the time for a whole answer.
struct Tries<'a> {
    limits: &'a Limits,
    began: Instant,
    failed: u32,
}

impl<'a> Tries<'a> {
    fn begin(limits: &'a Limits) -> Self {
        Self {
            limits,
            began: Instant::now(),
            failed: 0,
        }
    }

    /// Waits for the next try, or gives the fault back when it is enough.
    async fn go_on(&mut self, fault: Fault) -> Result<(), Fault> {
        self.failed += 1;
        let in_time = self.began.elapsed() < self.limits.whole;
        match self.limits.pause(self.failed, asked_to_wait(&fault)) {
            Some(pause) if in_time && fault.may_pass() => {
                tokio::time::sleep(pause).await;
                Ok(())
            }
            _ => Err(fault),
        }
    }
}

/// Whole seconds, rounded up.
fn seconds(time: Duration) -> u64 {
    time.as_millis()
        .div_ceil(1000)
        .try_into()
        .unwrap_or(u64::MAX)
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

/// How long the server asks us to wait: so many seconds, or until a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let wait = until.as_second() - jiff::Timestamp::now().as_second();
    Some(Duration::from_secs(wait.try_into().unwrap_or(0)))
}

fn asked_to_wait(fault: &Fault) -> Option<Duration> {
    match fault {
        Fault::Status { retry_after, .. } => *retry_after,
        _ => None,
    }
}
