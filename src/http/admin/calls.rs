//! What can be called, with what it takes and answers. Servers, tokens and vaults have ids in a path, names in a body.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{Method, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::failure::{self, Failure};
use crate::{
    access::VaultAccess,
    admin::{
        Office, WantedToken, WantedVault,
        view::{IssuedJson, TokenJson},
    },
    vault::is_id,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewServer {
    name: String,
    #[serde(default)]
    vaults: Vec<Grant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewToken {
    name: String,
    vaults: Vec<Grant>,
    expires_in_seconds: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rename {
    name: String,
}

/// A vault by name or id, and what for: `r`, `w`, `rw`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    vault: String,
    access: Option<String>,
}

/// Answers one request.
pub(super) async fn answer(
    office: &Office<'_>,
    method: &Method,
    words: &[&str],
    body: &[u8],
) -> Result<Response, Failure> {
    // Every second word is an id.
    if !words.iter().skip(1).step_by(2).all(|word| is_id(word)) {
        return Err(Failure::nowhere());
    }
    match (method.as_str(), words) {
        ("GET", ["servers"]) => json(&office.servers().await?),
        ("POST", ["servers"]) => {
            let new: NewServer = read(body)?;
            let vaults = grants(new.vaults)?;
            json(&office.create_server(&new.name, &vaults).await?)
        }
        (_, ["servers"]) => Err(Failure::method("GET, POST")),
        ("GET", ["servers", id]) => json(&office.server(id).await?),
        ("PATCH", ["servers", id]) => {
            let Rename { name } = read(body)?;
            json(&office.rename_server(id, &name).await?)
        }
        ("DELETE", ["servers", id]) => json(&office.delete_server(id).await?),
        (_, ["servers", _]) => Err(Failure::method("DELETE, GET, PATCH")),
        ("POST", ["servers", id, "vaults"]) => {
            let grant = read::<Grant>(body)?.wanted()?;
            json(&office.grant_vault(id, &grant).await?)
        }
        (_, ["servers", _, "vaults"]) => Err(Failure::method("POST")),
        ("DELETE", ["servers", id, "vaults", vault]) => {
            json(&office.revoke_vault(id, vault).await?)
        }
        (_, ["servers", _, "vaults", _]) => Err(Failure::method("DELETE")),
        ("GET", ["servers", id, "tokens"]) => json(&office.tokens(Some(id)).await?),
        ("POST", ["servers", id, "tokens"]) => issue(office, id, read(body)?).await,
        (_, ["servers", _, "tokens"]) => Err(Failure::method("GET, POST")),
        ("GET", ["tokens"]) => json(&office.tokens(None).await?),
        (_, ["tokens"]) => Err(Failure::method("GET")),
        ("PATCH", ["tokens", id]) => {
            let Rename { name } = read(body)?;
            json(&office.rename_token(id, None, &name).await?)
        }
        ("DELETE", ["tokens", id]) => json(&office.revoke_token(id, None).await?),
        (_, ["tokens", _]) => Err(Failure::method("DELETE, PATCH")),
        _ => Err(Failure::nowhere()),
    }
}

async fn issue(office: &Office<'_>, server: &str, new: NewToken) -> Result<Response, Failure> {
    let now = Timestamp::now();
    let end = new.expires_in_seconds.map(|seconds| {
        now.checked_add(SignedDuration::from_secs(seconds.into()))
            .map_err(|_| Failure::bad("the token would expire too late"))
    });
    let wanted = WantedToken {
        name: new.name,
        server: server.to_owned(),
        vaults: grants(new.vaults)?,
        expires: end.transpose()?,
    };
    let issued = office.create_token(&wanted).await?;
    json(&IssuedJson {
        token: issued.token.expose_secret().to_owned(),
        details: TokenJson::of(&issued.details, &issued.vaults, now),
    })
}

impl Grant {
    fn wanted(self) -> Result<WantedVault, Failure> {
        let access = self.access.as_deref().map(VaultAccess::parse).transpose();
        Ok(WantedVault {
            vault: self.vault,
            access: access
                .map_err(|_| Failure::bad("the access to a vault is `r`, `w` or `rw`"))?,
        })
    }
}

fn grants(grants: Vec<Grant>) -> Result<Vec<WantedVault>, Failure> {
    grants.into_iter().map(Grant::wanted).collect()
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| failure::body(&error))
}

fn json(answer: &impl Serialize) -> Result<Response, Failure> {
    let body = serde_json::to_vec(answer)
        .map_err(|_| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong"))?;
    let headers = [(header::CONTENT_TYPE, "application/json")];
    Ok((StatusCode::OK, headers, Body::from(body)).into_response())
}
