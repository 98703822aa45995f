//! The page on which a person types a value that an agent asked for.
//!
//! Its address holds a ticket, good for this one field, once, for minutes. The page shows what the agent wrote and knows,
//! and nothing of the vault. What is typed goes to the broker in a buffer that is wiped; it is never shown again, and is in no
//! history, since the browser is sent on with GET.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::get,
};
use data_encoding::HEXLOWER;
use http::{HeaderMap, StatusCode, Uri};
use jiff::Timestamp;
use maud::{Markup, html};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    body::{Form, Unreadable},
    frame::{Page, see_other},
};
use crate::{
    approvals::{ApprovalsError, AskMatter, Matter, Request, Ticket, Way},
    broker::{BrokerError, LazyBroker},
    display_text::escaped,
    vault::Secret,
};

/// The longest value, in bytes.
const LONGEST: usize = 64 * 1024;

/// The three boxes: whichever is filled counts.
const BOXES: [&str; 3] = ["hidden", "shown", "lines"];

/// What the pages share.
pub(super) struct Desk {
    pub(super) broker: Arc<LazyBroker>,
    /// Makes the tokens of this process's forms.
    pub(super) salt: Ticket,
}

/// The routes.
pub(super) fn routes(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/type/{ticket}", get(show).post(take))
        .with_state(desk)
}

async fn show(State(desk): State<Arc<Desk>>, Path(ticket): Path<String>, address: Uri) -> Response {
    match desk.request(&ticket).await {
        Ok(request) => desk.form(&ticket, &request, None),
        Err(ApprovalsError::Decided) if address.query() == Some("done") => Page::notice(
            StatusCode::OK,
            "It is stored",
            "The value is in the vault on this computer. The agent is told that the field is set, and nothing else. You can close this page.",
        )
        .into_response(),
        Err(ApprovalsError::Decided) if address.query() == Some("refused") => Page::notice(
            StatusCode::OK,
            "You said no",
            "So nothing was stored, and the agent is told that you did not want to type it. You can close this page.",
        )
        .into_response(),
        Err(error) => closed(&error),
    }
}

async fn take(
    State(desk): State<Arc<Desk>>,
    Path(ticket): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let mut sent = match Form::read(&headers, body).await {
        Ok(sent) => sent,
        Err(error) => return unreadable(error),
    };
    if !desk.is_token(&ticket, sent.text("token")) {
        return Page::notice(
            StatusCode::FORBIDDEN,
            "This form is not ours",
            "Open the address that the agent gave you once more.",
        )
        .into_response();
    }
    let request = match desk.request(&ticket).await {
        Ok(request) => request,
        Err(error) => return closed(&error),
    };
    let broker = match desk.broker.get().await {
        Ok(broker) => broker,
        Err(error) => return failed(&error),
    };
    if sent.text("answer") == "no" {
        return match broker.refuse_to_type(&request, Way::Page).await {
            Ok(()) => see_other(&format!("/type/{ticket}?refused")),
            Err(BrokerError::Approvals(error)) => closed(&error),
            Err(error) => failed(&error),
        };
    }
    let value = match value(&mut sent) {
        Ok(value) => value,
        Err(complaint) => return desk.form(&ticket, &request, Some(complaint)),
    };
    match broker.type_value(&request, value, Way::Page).await {
        Ok(()) => see_other(&format!("/type/{ticket}?done")),
        Err(BrokerError::Approvals(error)) => closed(&error),
        Err(error) => failed(&error),
    }
}

impl Desk {
    /// The request that a ticket opens.
    pub(super) async fn request(&self, ticket: &str) -> Result<Request, ApprovalsError> {
        let broker = self.broker.get().await;
        let broker = broker.map_err(|_| ApprovalsError::Unknown)?;
        broker.ask_by_ticket(Ticket::read(ticket)).await
    }

    fn form(&self, ticket: &str, request: &Request, complaint: Option<&str>) -> Response {
        let action = format!("/type/{ticket}");
        form(&action, &self.token(ticket), request, complaint)
    }

    /// Ties a form to this process and to its address.
    fn token(&self, ticket: &str) -> String {
        let digest = Sha256::new()
            .chain_update(self.salt.as_str())
            .chain_update(ticket)
            .finalize();
        HEXLOWER.encode(&digest)
    }

    fn is_token(&self, ticket: &str, token: &str) -> bool {
        self.token(ticket).as_bytes().ct_eq(token.as_bytes()).into()
    }
}

/// The one value that was typed.
pub(super) fn value(sent: &mut Form) -> Result<Secret, &'static str> {
    let mut typed = BOXES.map(|name| (name, sent.take(name)));
    let filled = typed.iter().filter(|(_, text)| !text.is_empty()).count();
    let (name, text) = match filled {
        0 => return Err("Nothing was typed. Type the value, or paste it."),
        1 => typed
            .iter_mut()
            .find(|(_, text)| !text.is_empty())
            .map(|(name, text)| (*name, std::mem::take(text)))
            .expect("one is filled"),
        _ => {
            return Err("More than one box was filled. Type the value again, in one of them.");
        }
    };
    let mut text = if name == "lines" { lines(&text) } else { text };
    if text.len() > LONGEST {
        return Err("A value has at most 65,536 bytes. Attach what is longer as a file.");
    }
    Ok(Secret::new(std::mem::take(&mut text)))
}

/// Browsers end lines with CR LF. One line loses its end, as when it is read from a file; a key keeps its last one, which OpenSSH wants.
fn lines(text: &str) -> Zeroizing<String> {
    let mut unix = Zeroizing::new(String::with_capacity(text.len() + 1));
    for part in text.split("\r\n") {
        unix.push_str(part);
        unix.push('\n');
    }
    unix.pop();
    let one_line = unix.trim_end_matches('\n').len();
    if !unix[..one_line].contains('\n') {
        unix.truncate(one_line);
    } else if unix.starts_with("-----BEGIN") && !unix.ends_with('\n') {
        unix.push('\n');
    }
    unix
}

/// The form of one field; what it sends goes to `action`.
pub(super) fn form(
    action: &str,
    token: &str,
    request: &Request,
    complaint: Option<&str>,
) -> Response {
    let Matter::Ask(ask) = &request.matter else {
        return closed(&ApprovalsError::Unknown);
    };
    let title = format!(
        "Type {} of {}",
        escaped(&ask.field.name),
        escaped(&ask.item.name)
    );
    let content = html! {
        div.sheet.narrow {
            h1 { "Type a secret" }
            p {
                strong { (escaped(request.agent.as_str())) }
                " asks you to type "
                strong { (escaped(&ask.field.name)) }
                ". It goes into the vault on this computer. The agent does not see it, and is told only that it is set."
            }
            (facts(request, ask))
            @if let Some(complaint) = complaint {
                p.warn role="alert" id="complaint" { (complaint) }
            }
            form method="post" action=(action) autocomplete="off" {
                input type="hidden" name="token" value=(token);
                fieldset {
                    legend { "How do you want to type it?" }
                    @for (id, words, checked) in [("hidden", "hidden", true), ("shown", "shown", false), ("lines", "several lines", false)] {
                        label.choice for=(id) {
                            input type="radio" name="way" id=(id) value=(id) checked[checked];
                            (words)
                        }
                    }
                }
                (boxes(&ask.field.name, complaint.is_some()))
                div.actions {
                    button type="submit" name="answer" value="save" { "Store it" }
                    button.quiet type="submit" name="answer" value="no" { "Do not type it" }
                }
            }
        }
    };
    let status = match complaint {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    Page {
        status,
        ..Page::new(title, content)
    }
    .into_response()
}

fn facts(request: &Request, ask: &AskMatter) -> Markup {
    let left = request.left(Timestamp::now()).as_secs().div_ceil(60);
    html! {
        dl {
            dt { "Matching code" }
            dd {
                span.code { (request.code.as_str()) }
                br;
                span.soft { "The agent's program shows the same one. If it does not, close this page." }
            }
            dt { "Agent" }
            dd {
                (escaped(request.agent.as_str()))
                @if let Some(client) = &request.client { span.soft { " in " (escaped(client)) } }
            }
            dt { "Vault" } dd { (escaped(&ask.vault.name)) }
            dt { "Item" } dd { (escaped(&ask.item.name)) }
            dt { "Field" } dd { (escaped(&ask.field.name)) }
            dt { "Time left" } dd { (left) @if left == 1 { " minute" } @else { " minutes" } }
        }
    }
}

fn boxes(field: &str, wrong: bool) -> Markup {
    let described = wrong.then_some("complaint");
    html! {
        label.box.in-hidden {
            (escaped(field))
            input type="password" name="hidden" autocomplete="new-password" autocapitalize="none" spellcheck="false"
                aria-describedby=[described] autofocus;
        }
        label.box.in-shown {
            (escaped(field)) ", shown"
            input type="text" name="shown" autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby=[described];
        }
        label.box.in-lines {
            (escaped(field)) ", several lines, shown"
            textarea name="lines" rows="8" autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby=[described] {}
        }
    }
}

/// What is said where nothing can be typed (any more).
fn closed(error: &ApprovalsError) -> Response {
    let (status, heading, sentence) = match error {
        ApprovalsError::Decided => (
            StatusCode::GONE,
            "This link was used",
            "It was good for one answer, and that was given. If it was not you who gave it, `hushkey log` tells when that was.",
        ),
        ApprovalsError::Expired => (
            StatusCode::GONE,
            "This link is too old",
            "Nobody typed the value in time, and nothing was stored. Have the agent ask again.",
        ),
        ApprovalsError::Broken | ApprovalsError::Changed | ApprovalsError::Unknown => (
            StatusCode::NOT_FOUND,
            "There is nothing to type here",
            "The link is not one of ours, or is too old. Have the agent ask again.",
        ),
        _ => (
            StatusCode::SERVICE_UNAVAILABLE,
            "That did not work",
            "The file of approvals can't be used at the moment. Nothing was stored; try again.",
        ),
    };
    Page::notice(status, heading, sentence).into_response()
}

fn failed(error: &BrokerError) -> Response {
    let sentence = format!("Nothing was stored: {}.", escaped(&error.to_string()));
    Page::notice(StatusCode::CONFLICT, "That did not work", &sentence).into_response()
}

fn unreadable(error: Unreadable) -> Response {
    let (status, sentence) = match error {
        Unreadable::Large => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "A value has at most 65,536 bytes. Attach what is longer as a file.",
        ),
        Unreadable::Late => (StatusCode::REQUEST_TIMEOUT, "The form took too long."),
        Unreadable::Malformed => (
            StatusCode::BAD_REQUEST,
            "This is not what a browser sends for our form.",
        ),
    };
    Page::notice(status, "That did not work", sentence).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ends_as_openssh_wants_it_and_a_token_has_no_end() {
        assert_eq!(
            *lines("-----BEGIN\r\nx\r\n-----END"),
            "-----BEGIN\nx\n-----END\n"
        );
        assert_eq!(
            *lines("-----BEGIN\r\nx\r\n-----END\r\n"),
            "-----BEGIN\nx\n-----END\n"
        );
        assert_eq!(*lines("token\r\n"), "token");
        assert_eq!(*lines("a\r\nb"), "a\nb");
        assert_eq!(*lines("a\r\nb\r\n"), "a\nb\n");
    }
}
