//! Allow or refuse: the one thing that the owner's pages do.

use std::sync::Arc;

use axum::{body::Body, extract::State, response::Response};
use http::HeaderMap;
use jiff::Timestamp;

use super::{Desk, OWNER, Session, failed, waiting};
use crate::{
    approvals::{Code, Decision, Matter, Person, Proof, Request, Verdict, Way},
    broker::BrokerError,
    http::page::{body::Form, frame::see_other},
};

pub(super) async fn decide(
    State(desk): State<Arc<Desk>>,
    session: Session,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let mut sent = match form(&session, &headers, body).await {
        Ok(sent) => sent,
        Err(refused) => return refused,
    };
    let request = match find(&desk, sent.text("code")).await {
        Ok(request) => request,
        Err(error) => return failed(&session, &error),
    };
    let (verdict, remember) = match sent.text("answer") {
        "yes" => (Verdict::Yes, false),
        "remember" => (Verdict::Yes, true),
        "never" => (Verdict::No, true),
        _ => (Verdict::No, false),
    };
    // A right is granted where its rule is shown, and a value is there when it was typed: neither by a button.
    let is_access = matches!(request.matter, Matter::Access(_));
    if verdict == Verdict::Yes && (is_access || matches!(request.matter, Matter::Ask(_))) {
        let wrong = BrokerError::Invalid("that can't be allowed on this page".into());
        return failed(&session, &wrong);
    }
    let proof = match verdict {
        Verdict::No => None,
        Verdict::Yes => {
            let passphrase = std::mem::take(&mut *sent.take("passphrase"));
            match prove(&desk, &request, remember, passphrase).await {
                Ok(proof) => proof,
                Err(complaint) => {
                    let code = request.code.to_string();
                    return waiting::list(&desk, &session, Some((&code, &complaint))).await;
                }
            }
        }
    };
    let now = Timestamp::now();
    let decision = Decision {
        verdict,
        remember,
        by: Person::current(),
        way: Way::Page,
        at: now,
        proof,
    };
    let broker = &desk.owner.broker;
    let decided = match &request.matter {
        Matter::Access(_) => broker.answer_access(&OWNER, &request, decision).await,
        Matter::Ask(_) => broker.refuse_to_type(&request, Way::Page).await,
        _ => {
            desk.approvals(move |file| file.decide(&request, &decision, now))
                .await
        }
    };
    match decided {
        Ok(()) => see_other(&format!("/{}/", session.base)),
        Err(error) => failed(&session, &error),
    }
}

/// A form of ours.
pub(super) async fn form(
    session: &Session,
    headers: &HeaderMap,
    body: Body,
) -> Result<Form, Response> {
    let sent = Form::read(headers, body).await.ok();
    sent.filter(|sent| session.is_token(sent.text("token")))
        .ok_or_else(super::signed_out)
}

/// The request under a code, if it still waits.
pub(super) async fn find(desk: &Desk, code: &str) -> Result<Request, BrokerError> {
    let code = Code::read(code).ok_or(crate::approvals::ApprovalsError::Unknown)?;
    desk.approvals(move |file| file.find(&code, Timestamp::now()))
        .await
}

/// What proves that the owner's passphrase was known, where there is one.
async fn prove(
    desk: &Arc<Desk>,
    request: &Request,
    remember: bool,
    passphrase: String,
) -> Result<Option<Proof>, String> {
    let passphrase = zeroize::Zeroizing::new(passphrase.into_bytes());
    if desk.owner.prove.is_none() {
        return Ok(None);
    }
    let shown = request.clone();
    let message = desk.approvals(move |file| Ok(file.message(&shown, Verdict::Yes, remember)));
    let message = message.await.map_err(|error| error.to_string())?;
    let desk = Arc::clone(desk);
    // It takes a second of work on purpose.
    let proven = tokio::task::spawn_blocking(move || match &desk.owner.prove {
        Some(prove) => prove(passphrase, &message).map(Some),
        None => Ok(None),
    });
    proven
        .await
        .unwrap_or_else(|_| Err("That did not work; try again.".to_owned()))
}
