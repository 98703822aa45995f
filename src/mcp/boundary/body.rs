//! The last net over HTTP: the same look at each message, whether it comes as one JSON text or as events of a stream.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, Response, header};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use serde_json::Value;

use super::conceal_message;
use crate::{access::Caller, broker::LazyBroker, mcp::VaultServer};

type Boxed = BoxBody<Bytes, Infallible>;

/// Conceals in an answer what was released to the agent.
pub(in crate::mcp) async fn overlook(response: Response<Boxed>, net: Net) -> Response<Boxed> {
    let (mut parts, body) = response.into_parts();
    if has_type(&parts.headers, "text/event-stream") {
        let body = Events {
            inner: body,
            waiting: Vec::new(),
            net,
        };
        return Response::from_parts(parts, body.boxed());
    }
    let Ok(whole) = body.collect().await;
    let whole = whole.to_bytes();
    let Some(concealed) = net.conceal(&whole) else {
        return Response::from_parts(parts, Full::new(whole).boxed());
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Full::new(Bytes::from(concealed)).boxed())
}

fn has_type(headers: &HeaderMap, wanted: &str) -> bool {
    let found = headers.get(header::CONTENT_TYPE);
    found.is_some_and(|found| found.as_bytes().starts_with(wanted.as_bytes()))
}

/// What is compared with what: the broker that released something, and to whom.
#[derive(Clone)]
pub(in crate::mcp) struct Net(Option<(Arc<LazyBroker>, Caller)>);

impl Net {
    /// What was released to the agent of this server.
    pub(in crate::mcp) fn of(server: &VaultServer) -> Self {
        Self(Some((Arc::clone(&server.broker), server.caller.clone())))
    }

    /// For tools behind which there is no vault.
    pub(in crate::mcp) fn of_nothing() -> Self {
        Self(None)
    }

    /// The message with marks; `None` if it may leave as it is.
    fn conceal(&self, message: &[u8]) -> Option<String> {
        let (broker, caller) = self.0.as_ref()?;
        let broker = broker.opened()?;
        if !broker.has_released_to(caller) {
            return None;
        }
        let text = |text: &str| broker.conceal(caller, text);
        match serde_json::from_slice::<Value>(message) {
            Ok(mut message) => conceal_message(&mut message, &text).then(|| message.to_string()),
            Err(_) => text(&String::from_utf8_lossy(message)),
        }
    }

    /// An event with marks; the data of one stand in one line, or in several that belong together.
    fn event(&self, event: &[u8]) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(event).ok()?;
        let data: Vec<&str> = text.lines().filter_map(data).collect();
        let concealed = self.conceal(data.join("\n").as_bytes())?;
        let mut told: String = text
            .lines()
            .filter(|line| data_line(line).is_none() && !line.is_empty())
            .map(|line| format!("{line}\n"))
            .collect();
        for line in concealed.lines() {
            told += &format!("data: {line}\n");
        }
        told.push('\n');
        Some(told.into_bytes())
    }
}

fn data_line(line: &str) -> Option<&str> {
    line.strip_prefix("data:")
}

fn data(line: &str) -> Option<&str> {
    data_line(line).map(|data| data.strip_prefix(' ').unwrap_or(data))
}

/// A stream of events, each looked at when it is whole.
struct Events {
    inner: Boxed,
    /// The beginning of an event whose end has not come.
    waiting: Vec<u8>,
    net: Net,
}

impl Events {
    /// The whole events among what waits, looked at.
    fn whole(&mut self) -> Option<Bytes> {
        let end = self.waiting.windows(2).rposition(|two| two == b"\n\n")? + 2;
        let rest = self.waiting.split_off(end);
        let whole = std::mem::replace(&mut self.waiting, rest);
        Some(self.told(&whole))
    }

    fn told(&self, events: &[u8]) -> Bytes {
        let mut told = Vec::with_capacity(events.len());
        let mut rest = events;
        while !rest.is_empty() {
            let end = rest.windows(2).position(|two| two == b"\n\n");
            let (event, after) = rest.split_at(end.map_or(rest.len(), |at| at + 2));
            match self.net.event(event) {
                Some(concealed) => told.extend(concealed),
                None => told.extend(event),
            }
            rest = after;
        }
        told.into()
    }
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        loop {
            let frame = match ready!(Pin::new(&mut this.inner).poll_frame(context)) {
                Some(Ok(frame)) => frame,
                None if this.waiting.is_empty() => return Poll::Ready(None),
                None => {
                    let rest = std::mem::take(&mut this.waiting);
                    return Poll::Ready(Some(Ok(Frame::data(this.told(&rest)))));
                }
            };
            match frame.into_data() {
                Ok(data) => {
                    this.waiting.extend_from_slice(&data);
                    if let Some(whole) = this.whole() {
                        return Poll::Ready(Some(Ok(Frame::data(whole))));
                    }
                }
                Err(other) => return Poll::Ready(Some(Ok(other))),
            }
        }
    }
}
