//! A value that an agent asked for, typed by an owner who is signed in.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, State},
    response::Response,
};
use http::HeaderMap;

use super::{Desk, Session, decide, failed};
use crate::{
    approvals::{Request, Way},
    http::page::{frame::see_other, typing},
};

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    session: Session,
    Path((_, code)): Path<(String, String)>,
) -> Response {
    match decide::find(&desk, &code).await {
        Ok(request) => form(&session, &request, None),
        Err(error) => failed(&session, &error),
    }
}

pub(super) async fn take(
    State(desk): State<Arc<Desk>>,
    session: Session,
    Path((_, code)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let mut sent = match decide::form(&session, &headers, body).await {
        Ok(sent) => sent,
        Err(refused) => return refused,
    };
    let request = match decide::find(&desk, &code).await {
        Ok(request) => request,
        Err(error) => return failed(&session, &error),
    };
    let broker = &desk.owner.broker;
    let done = if sent.text("answer") == "no" {
        broker.refuse_to_type(&request, Way::Page).await
    } else {
        match typing::value(&mut sent) {
            Ok(value) => broker.type_value(&request, value, Way::Page).await,
            Err(complaint) => return form(&session, &request, Some(complaint)),
        }
    };
    match done {
        Ok(()) => see_other(&format!("/{}/", session.base)),
        Err(error) => failed(&session, &error),
    }
}

fn form(session: &Session, request: &Request, complaint: Option<&str>) -> Response {
    let action = format!("/{}/type/{}", session.base, request.code);
    typing::form(&action, &session.token, request, complaint)
}
