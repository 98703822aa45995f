//! Allow or refuse: the one thing that the owner's pages do.

use std::sync::Arc;

use axum::{body::Body, extract::State, response::Response};
use http::HeaderMap;
use jiff::Timestamp;

use super::{Desk, Session, access, failed, proving, waiting};
use crate::{
    approvals::{Code, Decision, Matter, Person, Request, Verdict, Way},
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
    if matches!(request.matter, Matter::Access(_)) {
        return access::answer(&desk, &session, &request, &mut sent).await;
    }
    let (verdict, remember) = match sent.text("answer") {
        "yes" => (Verdict::Yes, false),
        "remember" => (Verdict::Yes, true),
        _ => (Verdict::No, false),
    };
    // A value is there when it was typed, and not by a button.
    if verdict == Verdict::Yes && matches!(request.matter, Matter::Ask(_)) {
        let wrong = BrokerError::Invalid("that can't be allowed on this page".into());
        return failed(&session, &wrong);
    }
    let proof = match verdict {
        Verdict::No => None,
        Verdict::Yes => {
            let passphrase = std::mem::take(&mut *sent.take("passphrase"));
            let shown = request.clone();
            let message = desk
                .approvals(move |file| Ok(file.message(&shown, Verdict::Yes, remember)))
                .await;
            let message = match message {
                Ok(message) => message,
                Err(error) => return failed(&session, &error),
            };
            match proving::prove(&desk, message, passphrase).await {
                Ok(proof) => proof,
                Err(complaint) => {
                    let complaint = (request.code.as_str(), complaint.as_str());
                    return waiting::list(&desk, &session, None, Some(complaint)).await;
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
