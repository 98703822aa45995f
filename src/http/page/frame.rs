//! What all pages have in common: the frame, the style, and the headers that go with them.
//!
//! It does not know what is on a page.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use http::{HeaderName, HeaderValue, StatusCode, header};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("style.css");

/// Tells that there is something new. It reads one line from the page's own server, and changes nothing but one hint.
const SCRIPT: &str = include_str!("news.js");

/// Nothing is loaded, run or framed; forms go back to where they came from.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| policy(""));

/// The same with the one script.
static WATCHING: LazyLock<HeaderValue> = LazyLock::new(|| {
    let script = BASE64.encode(&Sha256::digest(SCRIPT));
    policy(&format!(
        "script-src 'sha256-{script}'; connect-src 'self'; "
    ))
});

fn policy(more: &str) -> HeaderValue {
    let style = BASE64.encode(&Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; {more}style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("ASCII")
}

/// The rest of the headers. With `same-origin`, a browser says on our own forms where they come from (with
/// `no-referrer` it would say `null`), and tells other servers nothing.
const HEADERS: [(HeaderName, &str); 8] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), clipboard-read=(), geolocation=(), microphone=()",
    ),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
];

/// A page to be answered with.
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) title: String,
    /// What stands above the content; nothing on a page of its own.
    pub(super) navigation: Option<Markup>,
    pub(super) content: Markup,
    /// Where the page's script looks whether there is something new, and what it finds when there is not.
    pub(super) watches: Option<(String, String)>,
}

impl Page {
    /// A page on its own.
    pub(super) fn new(title: impl Into<String>, content: Markup) -> Self {
        Self {
            status: StatusCode::OK,
            title: title.into(),
            navigation: None,
            content,
            watches: None,
        }
    }

    /// A page that says one thing: a heading and a sentence.
    pub(super) fn notice(status: StatusCode, heading: &str, sentence: &str) -> Self {
        let content = html! {
            div.sheet.narrow {
                h1 { (heading) }
                p.last { (marked(sentence)) }
            }
        };
        Self {
            status,
            ..Self::new(heading, content)
        }
    }
}

impl Page {
    /// The whole document.
    pub(super) fn document(self) -> String {
        let watches = self.watches.as_ref();
        let document = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · hushkey" }
                    style { (PreEscaped(STYLE)) }
                }
                body data-state=[watches.map(|it| &it.1)] data-ask=[watches.map(|it| &it.0)] {
                    a.skip href="#content" { "Skip to the content" }
                    header {
                        p.brand { "hushkey" }
                        @if let Some(navigation) = self.navigation { (navigation) }
                    }
                    main id="content" tabindex="-1" { (self.content) }
                    @if self.watches.is_some() { script { (PreEscaped(SCRIPT)) } }
                }
            }
        };
        document.into_string()
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let status = self.status;
        let policy = if self.watches.is_some() {
            &WATCHING
        } else {
            &POLICY
        };
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        let headers = [
            (header::CONTENT_TYPE, html),
            (header::CONTENT_SECURITY_POLICY, (*policy).clone()),
        ];
        let mut response = (status, headers, self.document()).into_response();
        guard(&mut response);
        response
    }
}

/// A sentence in which what stands between backticks is set as code. Nothing in it is markup.
pub(super) fn marked(sentence: &str) -> Markup {
    let parts: Vec<_> = sentence.split('`').collect();
    let paired = parts.len() % 2 == 1;
    html! {
        @if !paired { (sentence) } @else {
            @for (at, part) in parts.iter().enumerate() {
                @if at % 2 == 1 { code { (part) } } @else { (part) }
            }
        }
    }
}

/// Sends the browser to another page of ours, which it gets with GET: what was posted is in no history.
pub(super) fn see_other(place: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(place) = HeaderValue::try_from(place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    guard(&mut response);
    response
}

/// Adds the headers that every answer has.
pub(super) fn guard(response: &mut Response) {
    let headers = response.headers_mut();
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert_with(|| POLICY.clone());
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_set_as_code_and_nothing_in_them_is_markup() {
        assert_eq!(
            marked("run `a <b>` & `c`").into_string(),
            "run <code>a &lt;b&gt;</code> &amp; <code>c</code>"
        );
        assert_eq!(marked("one ` alone").into_string(), "one ` alone");
    }
}
