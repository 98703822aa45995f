//! Why a request over HTTP comes to nothing: always JSON with a status and a message, and never with anything of the request.
//!
//! Those who ask differ in what errors mean to them and in a few words; the form of an answer is one.

use std::{borrow::Cow, marker::PhantomData};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::{
    connect,
    http::answer::{Refusal, json},
};

/// The words of one interface.
pub(in crate::http) trait Words {
    /// Who asks has no right to.
    const UNAUTHORIZED: &'static str;
    /// The method may not be used there.
    const NO_METHOD: &'static str;
}

/// Why a request comes to nothing, for those who are told in `W`.
#[derive(Debug)]
pub(in crate::http) struct Failure<W> {
    pub(in crate::http) status: StatusCode,
    message: Cow<'static, str>,
    /// What may be done instead, of a method that may not be used.
    allow: Option<&'static str>,
    refusal: Option<Refusal>,
    words: PhantomData<fn() -> W>,
}

impl<W: Words> Failure<W> {
    pub(in crate::http) fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            message: message.into(),
            allow: None,
            refusal: None,
            words: PhantomData,
        }
    }

    pub(in crate::http) fn bad(message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// There is no such place.
    pub(in crate::http) fn nowhere() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing here")
    }

    /// The method may not be used there.
    pub(in crate::http) fn method(allow: &'static str) -> Self {
        Self {
            allow: Some(allow),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, W::NO_METHOD)
        }
    }
}

impl<W: Words> From<Refusal> for Failure<W> {
    fn from(refusal: Refusal) -> Self {
        let (status, message) = match refusal {
            Refusal::Unauthorized => (StatusCode::UNAUTHORIZED, W::UNAUTHORIZED),
            other => other.told(),
        };
        Self {
            refusal: Some(refusal),
            ..Self::new(status, message)
        }
    }
}

impl<W> IntoResponse for Failure<W> {
    fn into_response(self) -> Response {
        let body = connect::Failure {
            status: self.status.as_u16(),
            message: self.message.into_owned(),
        };
        let mut response = json(self.status, &body);
        let headers = response.headers_mut();
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        if let Some(refusal) = self.refusal {
            refusal.explain(headers);
        }
        response
    }
}
