//! What every request to a page passes first: is it addressed to us, and does it come from a person's browser?
//!
//! It knows no page and no session.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderName, Method, StatusCode};

use super::frame::{self, Page};
use crate::http::origin::{Site, only};

const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses what another site, a frame or a script has sent.
pub(super) async fn check(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    if let Err(why) = admit(&site, &request) {
        return Page::notice(StatusCode::FORBIDDEN, "Refused", why).into_response();
    }
    let mut response = next.run(request).await;
    frame::guard(&mut response);
    response
}

fn admit<T>(site: &Site, request: &http::Request<T>) -> Result<(), &'static str> {
    let (method, headers) = (request.method(), request.headers());
    if !site.is_addressed_by(headers) {
        return Err("This server is not reached under that name.");
    }
    let is = |name: &HeaderName, wanted: &str| only(headers, name).is_none_or(|it| it == wanted);
    // The one thing that a page's own script may read.
    if request.uri().path().ends_with("/state") && method == Method::GET {
        let ours = is(&FETCH_SITE, "same-origin") && is(&FETCH_DEST, "empty");
        return ours.then_some(()).ok_or("Only our own pages read that.");
    }
    if !is(&FETCH_DEST, "document") || !is(&FETCH_MODE, "navigate") {
        return Err("These pages are opened in a browser's window, and by nothing else.");
    }
    match *method {
        Method::GET | Method::HEAD => Ok(()),
        Method::POST if site.is_origin_of(headers) && is(&FETCH_SITE, "same-origin") => Ok(()),
        Method::POST => Err("This form was sent from somewhere else."),
        _ => Err("A browser does not send that."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(method: Method, headers: &[(&'static str, &'static str)]) -> bool {
        let site = Site::at(["127.0.0.1:8970"]);
        let mut request = http::Request::builder().method(method).uri("/a/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        admit(&site, &request.body(()).unwrap()).is_ok()
    }

    const HOST: (&str, &str) = ("host", "127.0.0.1:8970");
    const ORIGIN: (&str, &str) = ("origin", "http://127.0.0.1:8970");

    #[test]
    fn a_person_may_come_from_anywhere_but_only_into_a_window() {
        assert!(admitted(Method::GET, &[HOST]));
        assert!(admitted(
            Method::GET,
            &[
                HOST,
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-dest", "document")
            ]
        ));
        assert!(!admitted(
            Method::GET,
            &[HOST, ("sec-fetch-dest", "iframe")]
        ));
        assert!(!admitted(
            Method::GET,
            &[
                HOST,
                ("sec-fetch-dest", "empty"),
                ("sec-fetch-mode", "cors")
            ]
        ));
        assert!(!admitted(Method::GET, &[("host", "rebound.example:8970")]));
    }

    #[test]
    fn a_form_comes_from_our_own_page() {
        assert!(admitted(Method::POST, &[HOST, ORIGIN]));
        assert!(!admitted(Method::POST, &[HOST]));
        assert!(!admitted(Method::POST, &[HOST, ("origin", "null")]));
        assert!(!admitted(
            Method::POST,
            &[HOST, ("origin", "http://evil.example")]
        ));
        assert!(!admitted(
            Method::POST,
            &[HOST, ORIGIN, ("sec-fetch-site", "same-site")]
        ));
        assert!(!admitted(Method::PUT, &[HOST, ORIGIN]));
    }
}
