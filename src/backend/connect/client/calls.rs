//! The fifteen calls of a Connect server's API, as `docs/connect-openapi.yaml` describes them.

use std::{io::Write, time::Duration};

use reqwest::Method;
use tokio::time::Instant;

use super::{ActivityPage, Client, parse, seconds};
use crate::{
    backend::connect::{
        fault::{Fault, unreachable},
        filter,
    },
    connect::{File, Health, Item, Operation, Vault},
    vault::{FileId, ItemId, VaultId},
};

impl Client {
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
}

fn item_path(vault: &VaultId, item: &ItemId) -> String {
    format!("/v1/vaults/{vault}/items/{item}")
}
