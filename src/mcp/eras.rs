//! Both eras of the protocol on one pipe.
//!
//! Since 2026-07-28 each request says its version and nothing is agreed on beforehand; before, a
//! session began with `initialize`. Clients probe, change their mind and mix: here every request is answered by
//! what it says of itself, in whatever order they come, and results of the new era say who answered.

use std::{
    borrow::Cow,
    future::poll_fn,
    panic::{self, AssertUnwindSafe},
    pin::pin,
    task::Poll,
};

use rmcp::{
    ErrorData, RoleServer, Service,
    model::{
        ClientNotification, ClientRequest, MetaObject, ProtocolVersion, ServerConfig, ServerResult,
    },
    service::{NotificationContext, RequestContext},
};
use serde_json::Value;

use super::{VaultServer, implementation};

mod each;

pub(super) use each::EachEra;

/// A [`VaultServer`] for a transport that leaves the order of requests to the client.
#[derive(Clone)]
pub struct Eras(pub VaultServer);

impl Service<RoleServer> for Eras {
    async fn handle_request(
        &self,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        if belongs_to_no_era(&request, &context) {
            return Err(ErrorData::invalid_params(
                "say `initialize` first, or name the protocol version in the request's _meta",
                None,
            ));
        }
        let modern = is_modern(&context);
        let mut result = survived(Service::handle_request(&self.0, request, context)).await?;
        if modern && let Some(meta) = meta(&mut result) {
            introduce(meta);
        }
        Ok(result)
    }

    async fn handle_notification(
        &self,
        notification: ClientNotification,
        context: NotificationContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Service::handle_notification(&self.0, notification, context).await
    }

    fn get_info(&self) -> ServerConfig {
        Service::get_info(&self.0)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Service::supported_protocol_versions(&self.0)
    }
}

/// Answers a request whose work panics as well: its client would wait for ever otherwise.
async fn survived<T>(work: impl Future<Output = Result<T, ErrorData>>) -> Result<T, ErrorData> {
    let mut work = pin!(work);
    poll_fn(|context| {
        panic::catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))).unwrap_or_else(|_| {
            Poll::Ready(Err(ErrorData::internal_error(
                "hushkey failed in itself; the owner finds more in its standard error",
                None,
            )))
        })
    })
    .await
}

/// Tells whether a request neither names a version nor follows an `initialize`.
fn belongs_to_no_era(request: &ClientRequest, context: &RequestContext<RoleServer>) -> bool {
    let opens = matches!(
        request,
        ClientRequest::InitializeRequest(_)
            | ClientRequest::DiscoverRequest(_)
            | ClientRequest::PingRequest(_)
    );
    !opens && context.protocol_version().is_none()
}

/// Where a result says more about itself; `discover` and `subscriptions/listen` do it on their own.
fn meta(result: &mut ServerResult) -> Option<&mut Option<MetaObject>> {
    match result {
        ServerResult::CallToolResult(it) => Some(&mut it.meta),
        ServerResult::CompleteResult(it) => Some(&mut it.meta),
        ServerResult::GetPromptResult(it) => Some(&mut it.meta),
        ServerResult::InputRequiredResult(it) => Some(&mut it.meta),
        ServerResult::ListPromptsResult(it) => Some(&mut it.meta),
        ServerResult::ListResourceTemplatesResult(it) => Some(&mut it.meta),
        ServerResult::ListResourcesResult(it) => Some(&mut it.meta),
        ServerResult::ListToolsResult(it) => Some(&mut it.meta),
        ServerResult::ReadResourceResult(it) => Some(&mut it.meta),
        _ => None,
    }
}

fn introduce(meta: &mut Option<MetaObject>) {
    let server = serde_json::to_value(implementation()).unwrap_or(Value::Null);
    meta.get_or_insert_default()
        .insert("io.modelcontextprotocol/serverInfo".to_owned(), server);
}

fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    context
        .protocol_version()
        .is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_answered_and_not_repeated() {
        let error = survived::<()>(async { panic!("canary") })
            .await
            .unwrap_err();

        assert!(!error.message.contains("canary"));
    }
}
