//! The calls on vaults and items, each in a few lines.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use serde::de::DeserializeOwned;

use super::{
    Call,
    failure::{self, Failure},
    filter::Filter,
    patch,
    path::Place,
    query::Parameters,
    sent, shown,
};
use crate::{
    broker::connect_api::Listed,
    connect::{Given, Item, NotThat, SentOperation},
    http::answer::json,
    vault::{ItemId, ItemOverview, VaultId, VaultOverview},
};

/// Requests in one page of the log.
const MOST_REQUESTS: u64 = 1000;

impl Call {
    /// Answers a call; the method may be used at the place.
    pub(super) async fn answer(
        &self,
        method: &Method,
        place: Place,
        body: &Bytes,
    ) -> Result<Response, Failure> {
        match (method, place) {
            (_, Place::Activity) => self.activity().await,
            (_, Place::Vaults) => self.vaults().await,
            (_, Place::Vault(vault)) => {
                let found = self
                    .broker()
                    .await?
                    .client_vault(&self.client, &vault)
                    .await?;
                Ok(json(StatusCode::OK, &shown::vault(found)))
            }
            (&Method::POST, Place::Items(vault)) => self.create(&vault, body).await,
            (_, Place::Items(vault)) => self.items(&vault).await,
            (&Method::PUT, Place::Item(vault, item)) => self.replace(&vault, &item, body).await,
            (&Method::PATCH, Place::Item(vault, item)) => self.change(&vault, &item, body).await,
            (&Method::DELETE, Place::Item(vault, item)) => {
                self.broker()
                    .await?
                    .client_delete(&self.client, &vault, &item)
                    .await?;
                Ok(StatusCode::NO_CONTENT.into_response())
            }
            (_, Place::Item(vault, item)) => {
                let found = self
                    .broker()
                    .await?
                    .client_item(&self.client, &vault, &item)
                    .await?;
                Ok(json(StatusCode::OK, &shown::open(found)))
            }
            (_, Place::Files(vault, item)) => self.files(&vault, &item).await,
            (_, Place::File(vault, item, file)) => self.file(&vault, &item, &file).await,
            (_, Place::Content(vault, item, file)) => self.content(&vault, &item, &file).await,
        }
    }

    async fn vaults(&self) -> Result<Response, Failure> {
        let filter = self.filter::<VaultOverview>()?;
        let mut found = self.broker().await?.client_vaults(&self.client).await?;
        if let Some(filter) = filter {
            found.retain(|vault| filter.fits(vault));
        }
        let found: Vec<_> = found.into_iter().map(shown::vault).collect();
        Ok(json(StatusCode::OK, &found))
    }

    async fn items(&self, vault: &VaultId) -> Result<Response, Failure> {
        let filter = self.filter::<ItemOverview>()?;
        let listed = match &filter {
            Some(filter) if filter.asks_for_state() => Listed::All,
            Some(filter) => filter.title().map_or(Listed::Active, Listed::Titled),
            None => Listed::Active,
        };
        let mut found = self
            .broker()
            .await?
            .client_items(&self.client, vault, listed)
            .await?;
        if let Some(filter) = filter {
            found.retain(|item| filter.fits(item));
        }
        let found: Vec<_> = found.into_iter().map(shown::overview).collect();
        Ok(json(StatusCode::OK, &found))
    }

    async fn create(&self, vault: &VaultId, body: &Bytes) -> Result<Response, Failure> {
        let draft = sent::new_item(read::<Item>(body)?, vault)?;
        let made = self
            .broker()
            .await?
            .client_create(&self.client, vault, draft)
            .await?;
        Ok(json(StatusCode::OK, &shown::answer(made)))
    }

    async fn replace(
        &self,
        vault: &VaultId,
        item: &ItemId,
        body: &Bytes,
    ) -> Result<Response, Failure> {
        let sent = read::<Item>(body)?;
        let version = Some(sent.version).filter(|version| *version != 0);
        let draft = sent::replacement(sent, vault, item)?;
        let made = self
            .broker()
            .await?
            .client_replace(&self.client, vault, item, version, draft)
            .await?;
        Ok(json(StatusCode::OK, &shown::answer(made)))
    }

    async fn change(
        &self,
        vault: &VaultId,
        item: &ItemId,
        body: &Bytes,
    ) -> Result<Response, Failure> {
        let operations = read::<Vec<SentOperation>>(body)?;
        let changes = patch::changes(operations, vault, item)?;
        let made = self
            .broker()
            .await?
            .client_patch(&self.client, vault, item, changes)
            .await?;
        Ok(json(StatusCode::OK, &shown::answer(made)))
    }

    async fn activity(&self) -> Result<Response, Failure> {
        let parameters = Parameters::read(self.query.as_deref())?;
        let limit = parameters.number("limit", 1..=MOST_REQUESTS, 50)?;
        let offset = parameters.number("offset", 0..=u64::from(u32::MAX), 0)?;
        let found = self
            .broker()
            .await?
            .client_activity(&self.client, limit, offset);
        let (found, total) = found.await?;
        let range = match found.len() as u64 {
            0 => format!("0-0/{total}"),
            count => format!("{}-{}/{total}", offset + 1, offset + count),
        };
        let found: Vec<_> = found.into_iter().map(shown::request).collect();
        let mut response = json(StatusCode::OK, &found);
        if let Ok(range) = HeaderValue::from_str(&range) {
            response.headers_mut().insert(header::CONTENT_RANGE, range);
        }
        Ok(response)
    }

    fn filter<T: super::filter::Filtered>(&self) -> Result<Option<Filter>, Failure> {
        let parameters = Parameters::read(self.query.as_deref())?;
        let text = parameters.text("filter").filter(|text| !text.is_empty());
        text.map(Filter::read::<T>).transpose()
    }
}

/// Reads a body by way of a tree that is wiped: so a list is never taken for an object, and no member is there twice.
fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Failure> {
    let given: Given = serde_json::from_slice(body).map_err(|error| failure::body(&error))?;
    given
        .read()
        .map_err(|NotThat| Failure::bad("the JSON has another form than is needed here"))
}
