//! The calls on items' files.

use std::sync::Arc;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};

use super::{Call, PATIENCE, failure::Failure, query::Parameters, shown};
use crate::{
    broker::connect_api::Inline,
    http::answer::json,
    http::{answer::Refusal, entrance::SOON, held::Held},
    vault::{FileContent, FileId, ItemId, VaultId},
};

impl Call {
    pub(super) async fn files(&self, vault: &VaultId, item: &ItemId) -> Result<Response, Failure> {
        let inline = self.inline()?;
        let found = self
            .broker()
            .await?
            .client_files(&self.client, vault, item, inline);
        let found = found.await?.ok_or_else(too_large)?;
        let base = format!("/v1/vaults/{vault}/items/{item}");
        let found = found
            .into_iter()
            .map(|(it, content)| shown::file(it, &base, content));
        Ok(json(StatusCode::OK, &found.collect::<Vec<_>>()))
    }

    pub(super) async fn file(
        &self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
    ) -> Result<Response, Failure> {
        let inline = self.inline()?;
        let found = self
            .broker()
            .await?
            .client_file(&self.client, vault, item, file, inline);
        let (found, content) = found.await?.ok_or_else(too_large)?;
        let base = format!("/v1/vaults/{vault}/items/{item}");
        Ok(json(StatusCode::OK, &shown::file(found, &base, content)))
    }

    pub(super) async fn content(
        &self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
    ) -> Result<Response, Failure> {
        let found = self
            .broker()
            .await?
            .client_file_content(&self.client, vault, item, file);
        let place = Arc::clone(&self.api.contents).acquire_owned();
        let place = tokio::time::timeout(PATIENCE, place).await;
        let Ok(Ok(place)) = place else {
            return Err(Refusal::Wait(SOON).into());
        };
        let (file, content) = found.await?.ok_or_else(too_large_at_all)?;
        let headers = [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/octet-stream"),
            ),
            (header::CONTENT_DISPOSITION, disposition(&file.name)),
        ];
        let body = Body::from(Bytes::from_owner(Lent(content)));
        let body = Body::new(Held::new(body, place, None));
        Ok((StatusCode::OK, headers, body).into_response())
    }

    fn inline(&self) -> Result<Inline, Failure> {
        let wanted = Parameters::read(self.query.as_deref())?.flag("inline_files")?;
        Ok(if wanted {
            Inline::AtMost(self.api.inline_bytes)
        } else {
            Inline::No
        })
    }
}

fn too_large() -> Failure {
    Failure::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "a file is too large to come along; fetch it by its content_path",
    )
}

fn too_large_at_all() -> Failure {
    Failure::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "a file of more than 16 MiB is not sent; its owner saves it with `hushkey file save`",
    )
}

/// A file's content that is sent as it lies in memory, and wiped when it is gone.
struct Lent(FileContent);

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

/// `attachment; filename="…"` (RFC 6266): in ASCII for everybody, and in UTF-8 where the name has more.
fn disposition(name: &str) -> HeaderValue {
    let plain: String = name
        .chars()
        .map(|c| match c {
            '"' | '\\' | '%' => '_',
            c if c.is_ascii_graphic() || c == ' ' => c,
            _ => '_',
        })
        .collect();
    let mut text = format!("attachment; filename=\"{plain}\"");
    if plain != name {
        text.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    text.push(char::from(byte));
                }
                byte => text.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_files_name_gets_out_of_its_quotes() {
        let told = |name| disposition(name).to_str().unwrap().to_owned();

        assert_eq!(told("key.pem"), "attachment; filename=\"key.pem\"");
        assert_eq!(
            told("a\"; x=\"b\r\nset-cookie: c"),
            "attachment; filename=\"a_; x=_b__set-cookie: c\"; filename*=UTF-8''a%22%3B%20x%3D%22b%0D%0Aset-cookie%3A%20c"
        );
        assert_eq!(
            told("ü"),
            "attachment; filename=\"_\"; filename*=UTF-8''%C3%BC"
        );
    }
}
