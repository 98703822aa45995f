//! What a form sends, read into buffers that are wiped.
//!
//! It knows names and texts; what they mean is for the page that asked.

use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use zeroize::Zeroizing;

use crate::http::origin::only;

/// The largest form, in bytes: a field's value of 64 KiB in the worst encoding.
const LARGEST: usize = 256 * 1024;

/// How long a form may take to come in: it comes from this machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a form can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It has more bytes than any form of ours.
    Large,
    /// It did not come in time.
    Late,
    /// It is not what a browser sends.
    Malformed,
}

/// A form's fields; wiped when dropped.
pub(super) struct Form(Vec<(String, Zeroizing<String>)>);

impl Form {
    /// Reads a form.
    pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Self, Unreadable> {
        let kind = only(headers, &header::CONTENT_TYPE).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Unreadable::Malformed);
        }
        let bytes = tokio::time::timeout(PATIENCE, whole(body));
        let bytes = bytes.await.map_err(|_| Unreadable::Late)??;
        Self::parse(&bytes)
    }

    fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let fields: Vec<_> = form_urlencoded::parse(bytes)
            .map(|(name, text)| (name.into_owned(), Zeroizing::new(text.into_owned())))
            .collect();
        // What is not UTF-8 comes out as this; a value that was changed on the way is none.
        let changed = |text: &str| text.contains(char::REPLACEMENT_CHARACTER);
        if fields
            .iter()
            .any(|(name, text)| changed(name) || changed(text))
        {
            return Err(Unreadable::Malformed);
        }
        Ok(Self(fields))
    }

    /// The text of a field; empty when it is not there.
    pub(super) fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, text)| text.as_str())
    }

    /// Takes a field's text out.
    pub(super) fn take(&mut self, name: &str) -> Zeroizing<String> {
        let found = self.0.iter_mut().find(|(known, _)| known == name);
        found.map_or_else(Zeroizing::default, |(_, text)| std::mem::take(text))
    }
}

/// Collects a body. Its pieces are wiped where they are freed, by the allocator.
async fn whole(mut body: Body) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Unreadable::Malformed)?;
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        if bytes.len() + piece.len() > LARGEST {
            return Err(Unreadable::Large);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_as_it_was_typed() {
        let mut form =
            Form::parse("one=&lines=a+b%0D%0A%C3%B6%2B%26%3D&token=x".as_bytes()).unwrap();

        assert_eq!(form.text("token"), "x");
        assert_eq!(*form.take("lines"), "a b\r\nö+&=");
        assert_eq!(form.text("lines"), "");
        assert_eq!(form.text("nothing"), "");
    }

    #[test]
    fn what_is_not_text_is_refused_and_not_changed() {
        assert_eq!(Form::parse(b"one=%FF").err(), Some(Unreadable::Malformed));
    }
}
