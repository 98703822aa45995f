//! The last net: every message on its way out is looked over for what was released to this agent.
//!
//! What the tools answer with holds no value by construction. But a program may have written one into a file, a title or
//! an error that comes back by another way. So each text in a result, an error or a notification is compared with the
//! fingerprints of what this agent's programs were given. Keys, ids and methods stay as they are. A message that
//! could not be said with marks in it is not said at all.

use std::sync::Arc;

use rmcp::{
    ErrorData, RoleServer,
    model::JsonRpcMessage,
    service::{RunningService, RxJsonRpcMessage, TxJsonRpcMessage, serve_directly},
    transport::{Transport, async_rw::AsyncRwTransport},
};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Eras, VaultServer};
use crate::{
    access::Caller,
    broker::{Broker, LazyBroker},
};

mod body;

pub(super) use body::{Net, overlook};

/// Where a message says something.
const SAYING: [&str; 3] = ["error", "params", "result"];

/// Members that name something, and say nothing.
const NAMES: [&str; 3] = ["id", "progressToken", "requestId"];

/// Serves one agent over a pair of pipes. The order of requests is the client's: see [`Eras`].
pub fn serve<R, W>(server: VaultServer, input: R, output: W) -> RunningService<RoleServer, Eras>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let boundary = Boundary {
        inner: AsyncRwTransport::new_server(input, output),
        broker: Arc::clone(&server.broker),
        caller: server.caller.clone(),
    };
    serve_directly(Eras(server), boundary, None)
}

/// A transport that conceals what must not leave.
struct Boundary<T> {
    inner: T,
    broker: Arc<LazyBroker>,
    caller: Caller,
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for Boundary<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let broker = self.broker.opened();
        let released = broker.filter(|broker| broker.has_released_to(&self.caller));
        let fit = match released {
            None => Some(message),
            Some(broker) => fit(message, broker, &self.caller),
        };
        let sent = fit.map(|message| self.inner.send(message));
        async move {
            match sent {
                Some(sent) => sent.await,
                None => Ok(()),
            }
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        self.inner.receive().await
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}

/// The message as it may leave: as it is, with marks, or an error in its place. `None` if it was a notification that
/// can't be said with marks.
fn fit(
    message: TxJsonRpcMessage<RoleServer>,
    broker: &Broker,
    caller: &Caller,
) -> Option<TxJsonRpcMessage<RoleServer>> {
    let said = serde_json::to_value(&message);
    if let Ok(said) = &said
        && !conceal_message(&mut said.clone(), &|text| broker.conceal(caller, text))
    {
        return Some(message);
    }
    let concealed = said.ok().and_then(|mut said| {
        conceal_message(&mut said, &|text| broker.conceal(caller, text));
        let message: TxJsonRpcMessage<RoleServer> = serde_json::from_value(said.clone()).ok()?;
        // What was read back has to say the same, or something was lost on the way.
        (serde_json::to_value(&message).ok()? == said).then_some(message)
    });
    concealed.or_else(|| refused(message))
}

/// An error in the place of an answer.
fn refused(message: TxJsonRpcMessage<RoleServer>) -> Option<TxJsonRpcMessage<RoleServer>> {
    let id = match message {
        JsonRpcMessage::Response(response) => Some(response.id),
        JsonRpcMessage::Error(error) => error.id,
        JsonRpcMessage::Notification(_) | JsonRpcMessage::Request(_) => return None,
    };
    let error = ErrorData::internal_error(
        "the answer is withheld: it shows a secret in a place where it can't be concealed",
        None,
    );
    Some(TxJsonRpcMessage::<RoleServer>::error(error, id))
}

/// Conceals in all that a message says; tells whether there was anything to conceal.
fn conceal_message(message: &mut Value, text: &impl Fn(&str) -> Option<String>) -> bool {
    SAYING.iter().fold(false, |found, part| {
        message
            .get_mut(part)
            .is_some_and(|part| conceal(part, text))
            | found
    })
}

/// Conceals in all texts of a value.
fn conceal(message: &mut Value, text: &impl Fn(&str) -> Option<String>) -> bool {
    match message {
        Value::Array(values) => values
            .iter_mut()
            .fold(false, |found, value| conceal(value, text) | found),
        Value::Object(members) => members
            .iter_mut()
            .filter(|(name, _)| !NAMES.contains(&name.as_str()))
            .fold(false, |found, (_, value)| conceal(value, text) | found),
        Value::String(said) => match text(said) {
            Some(concealed) => {
                *said = concealed;
                true
            }
            None => false,
        },
        Value::Bool(_) | Value::Null | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn concealed(mut message: Value) -> (Value, bool) {
        let mark = |text: &str| {
            text.contains("canary")
                .then(|| text.replace("canary", "<mark>"))
        };
        let found = conceal_message(&mut message, &mark);
        (message, found)
    }

    #[test]
    fn texts_are_concealed_and_names_are_not() {
        let (message, found) = concealed(json!({
            "jsonrpc": "2.0", "id": "canary", "method": "canary",
            "params": { "canary": ["canary", { "message": "a canary", "progressToken": "canary" }, 7, null] },
        }));

        assert!(found);
        assert_eq!(
            message,
            json!({
                "jsonrpc": "2.0", "id": "canary", "method": "canary",
                "params": { "canary": ["<mark>", { "message": "a <mark>", "progressToken": "canary" }, 7, null] },
            })
        );
    }

    #[test]
    fn an_answer_that_cannot_be_said_with_marks_becomes_an_error_with_its_id() {
        let message = TxJsonRpcMessage::<RoleServer>::error(
            ErrorData::invalid_params("canary", None),
            Some(rmcp::model::RequestId::Number(7)),
        );

        let said = serde_json::to_value(refused(message)).unwrap();

        assert_eq!(said["id"], 7);
        assert!(!said.to_string().contains("canary"));
    }
}
