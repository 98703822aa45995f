//! Connect servers of a `hushkey serve` elsewhere, managed over its admin API.
//!
//! The manager token comes from the environment, never from an argument, which every process of the machine can read. It goes
//! to the address that was named and nowhere else: no redirect is followed, and without TLS only loopback is asked.

use std::{path::Path, time::Duration};

use jiff::Timestamp;
use reqwest::{Method, Url, redirect::Policy};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::desk::NewToken;
use crate::{
    admin::{
        WantedToken, WantedVault,
        view::{IssuedJson, NewServerJson, ServerJson, TokenJson},
    },
    cli::{
        failure::{Failure, reason},
        session::wait,
    },
    vault::{Secret, same_name},
};

/// Where a manager token is.
const TOKEN: &str = "HUSHKEY_MANAGER_TOKEN";
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of the longest answer that is read.
const MOST: u64 = 16 << 20;

/// A server elsewhere, and who manages there.
pub(super) struct Remote {
    http: reqwest::Client,
    /// Without a slash at its end.
    base: String,
    token: Secret,
}

#[derive(Deserialize)]
struct Refused {
    message: String,
}

impl Remote {
    /// Prepares for a server; sends nothing.
    pub(super) fn begin(url: &str, authority: Option<&Path>) -> anyhow::Result<Self> {
        let base = address(url)?;
        let token = std::env::var(TOKEN).ok().filter(|text| !text.is_empty());
        let token = token.ok_or_else(|| {
            Failure::Usage(format!(
                "--url needs a manager token in the variable {TOKEN}; `hushkey group add` prints one"
            ))
        })?;
        // Whoever came first has installed one, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .user_agent(concat!("hushkey/", env!("CARGO_PKG_VERSION")))
            .timeout(PATIENCE);
        if base.starts_with("https:") {
            http = http.https_only(true);
            if let Some(path) = authority {
                http = http.tls_certs_only(authorities(path)?);
            }
        } else {
            http = http.no_proxy().tls_certs_only([]);
        }
        let http = http.build().map_err(|_| {
            Failure::Failed(
                "no HTTP client can be made here; are the system's certificates readable?"
                    .to_owned(),
            )
        })?;
        Ok(Self {
            http,
            base,
            token: Secret::new(token),
        })
    }

    pub(super) fn servers(&self) -> anyhow::Result<Vec<ServerJson>> {
        self.call(Method::GET, "/servers", None)
    }

    /// A server by id or name; in a path it has its id.
    pub(super) fn server(&self, wanted: &str) -> anyhow::Result<ServerJson> {
        let servers = self.servers()?;
        let id = wanted.to_ascii_lowercase();
        let found = servers
            .into_iter()
            .find(|server| server.id == id || same_name(&server.name, wanted));
        found.ok_or_else(|| not_found("Connect server", wanted))
    }

    pub(super) fn create_server(
        &self,
        name: &str,
        vaults: &[WantedVault],
    ) -> anyhow::Result<NewServerJson> {
        let body = json!({ "name": name, "vaults": grants(vaults) });
        self.call(Method::POST, "/servers", Some(body))
    }

    pub(super) fn rename_server(&self, server: &str, name: &str) -> anyhow::Result<ServerJson> {
        let path = format!("/servers/{}", self.server(server)?.id);
        self.call(Method::PATCH, &path, Some(json!({ "name": name })))
    }

    pub(super) fn delete_server(&self, server: &str) -> anyhow::Result<ServerJson> {
        let path = format!("/servers/{}", self.server(server)?.id);
        self.call(Method::DELETE, &path, None)
    }

    pub(super) fn grant_vault(
        &self,
        server: &str,
        vault: &WantedVault,
    ) -> anyhow::Result<ServerJson> {
        let path = format!("/servers/{}/vaults", self.server(server)?.id);
        self.call(Method::POST, &path, Some(grant(vault)))
    }

    pub(super) fn revoke_vault(&self, server: &str, vault: &str) -> anyhow::Result<ServerJson> {
        let server = self.server(server)?;
        let named = |name: &Option<String>| name.as_ref().is_some_and(|it| same_name(it, vault));
        let found = server
            .vaults
            .iter()
            .find(|grant| grant.id.eq_ignore_ascii_case(vault) || named(&grant.name));
        let found = found.ok_or_else(|| not_found("vault that the server has", vault))?;
        let vault = found.id.to_ascii_lowercase();
        let path = format!("/servers/{}/vaults/{vault}", server.id);
        self.call(Method::DELETE, &path, None)
    }

    pub(super) fn tokens(&self, server: Option<&str>) -> anyhow::Result<Vec<TokenJson>> {
        let path = match server {
            Some(server) => format!("/servers/{}/tokens", self.server(server)?.id),
            None => "/tokens".to_owned(),
        };
        self.call(Method::GET, &path, None)
    }

    pub(super) fn create_token(&self, wanted: &WantedToken) -> anyhow::Result<NewToken> {
        let path = format!("/servers/{}/tokens", self.server(&wanted.server)?.id);
        let mut body = json!({ "name": wanted.name, "vaults": grants(&wanted.vaults) });
        if let Some(end) = wanted.expires {
            // The other machine's clock says from when on.
            let seconds = end.duration_since(Timestamp::now()).as_secs_f64().ceil();
            body["expires_in_seconds"] = json!(seconds.max(1.0) as u64);
        }
        let issued: IssuedJson = self.call(Method::POST, &path, Some(body))?;
        Ok(NewToken {
            token: Secret::new(issued.token),
            details: issued.details,
        })
    }

    pub(super) fn rename_token(
        &self,
        token: &str,
        server: Option<&str>,
        name: &str,
    ) -> anyhow::Result<TokenJson> {
        let path = format!("/tokens/{}", self.token(token, server)?);
        self.call(Method::PATCH, &path, Some(json!({ "name": name })))
    }

    pub(super) fn revoke_token(
        &self,
        token: &str,
        server: Option<&str>,
    ) -> anyhow::Result<TokenJson> {
        let path = format!("/tokens/{}", self.token(token, server)?);
        self.call(Method::DELETE, &path, None)
    }

    /// The id of a token by id or name, as the registry finds one.
    fn token(&self, wanted: &str, server: Option<&str>) -> anyhow::Result<String> {
        let tokens = self.tokens(server)?;
        let id = wanted.to_ascii_lowercase();
        if tokens.iter().any(|token| token.id == id) {
            return Ok(id);
        }
        let mut named = tokens
            .into_iter()
            .filter(|token| token.state == "ACTIVE" && same_name(&token.name, wanted));
        match (named.next(), named.next()) {
            (Some(token), None) => Ok(token.id),
            (None, _) => Err(not_found("token of a Connect server", wanted)),
            (Some(_), Some(_)) => Err(Failure::NotFound(format!(
                "several tokens are called `{wanted}`; use an id instead, or name the server with --server"
            ))
            .into()),
        }
    }

    fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<T> {
        let (status, body) = wait(self.send(method, path, body))?;
        if status < 300 {
            return serde_json::from_slice(&body).map_err(|_| strange());
        }
        let refused = serde_json::from_slice::<Refused>(&body).map_err(|_| strange())?;
        let told = refused.message;
        Err(match status {
            400 => Failure::Usage(told),
            401 => Failure::Denied(format!(
                "the manager token in {TOKEN} is not taken there; whoever keeps the server makes a new one with `hushkey group add`"
            )),
            403 => Failure::Denied(told),
            404 => Failure::NotFound(told),
            409 => Failure::Failed(told),
            _ => Failure::Unavailable(told),
        }
        .into())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<(u16, Zeroizing<Vec<u8>>)> {
        let url = format!("{}/admin/v1{path}", self.base);
        let mut request = self
            .http
            .request(method, url)
            .bearer_auth(self.token.expose_secret());
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        // What the library says may name more than the address.
        let silent = |_| {
            Failure::Unavailable(format!(
                "`{}` does not answer; is `hushkey serve` there, and its certificate trusted here?",
                self.base
            ))
        };
        let mut answer = request.send().await.map_err(silent)?;
        let status = answer.status().as_u16();
        let mut body = Zeroizing::new(Vec::new());
        while let Some(piece) = answer.chunk().await.map_err(silent)? {
            body.extend_from_slice(&piece);
            if body.len() as u64 > MOST {
                return Err(strange());
            }
        }
        Ok((status, body))
    }
}

/// The address that was typed: of an `https` server, or of one on this machine.
fn address(url: &str) -> Result<String, Failure> {
    let parsed = Url::parse(url).ok();
    let fits = parsed.as_ref().is_some_and(|url| {
        let near = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        let plain = url.username().is_empty() && url.password().is_none();
        let bare = url.query().is_none() && url.fragment().is_none();
        plain && bare && (url.scheme() == "https" || url.scheme() == "http" && near)
    });
    if !fits {
        return Err(Failure::Usage(
            "--url is the address of a `hushkey serve`: https://vault.example.com:8970, or http://127.0.0.1:8970".to_owned(),
        ));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

fn authorities(path: &Path) -> anyhow::Result<Vec<reqwest::Certificate>> {
    let pem = std::fs::read(path).map_err(|error| {
        Failure::Usage(format!(
            "the certificates in `{}` can't be read: {}",
            path.display(),
            reason(&error)
        ))
    })?;
    let found = reqwest::Certificate::from_pem_bundle(&pem).ok();
    let found = found.filter(|found| !found.is_empty());
    Ok(found.ok_or_else(|| {
        Failure::Usage(format!(
            "`{}` holds no certificate in PEM form",
            path.display()
        ))
    })?)
}

fn grants(vaults: &[WantedVault]) -> Vec<Value> {
    vaults.iter().map(grant).collect()
}

fn grant(wanted: &WantedVault) -> Value {
    match wanted.access {
        Some(access) => json!({ "vault": wanted.vault, "access": access.to_string() }),
        None => json!({ "vault": wanted.vault }),
    }
}

fn not_found(what: &str, name: &str) -> anyhow::Error {
    Failure::NotFound(format!("there is no {what} `{name}` that you manage")).into()
}

fn strange() -> anyhow::Error {
    Failure::Unavailable("what answers there is no `hushkey serve` of this version".to_owned())
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manager_token_goes_to_https_or_to_this_machine_only() {
        for good in [
            "https://vault.example.com",
            "https://10.0.0.7:8970/",
            "http://127.0.0.1:8970",
            "http://[::1]:8970",
        ] {
            assert_eq!(address(good).unwrap(), good.trim_end_matches('/'));
        }
        for bad in [
            "vault.example.com",
            "http://vault.example.com",
            "http://127.0.0.1.example.com",
            "https://ann:pw@vault.example.com",
            "https://vault.example.com/?a=b",
            "ftp://127.0.0.1",
            "",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
