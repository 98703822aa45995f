//! Who may speak to a server on this machine: the checks of Host and Origin.
//!
//! Any page of the web can make a browser send a request to 127.0.0.1, and can have a name of its own point there (DNS
//! rebinding). Both show in headers that a page can't forge. The module does not know who is signed in, nor as whom.

use http::{HeaderMap, HeaderName, header};

/// The names under which a server may be addressed.
#[derive(Clone, Debug)]
pub struct Site {
    hosts: Vec<String>,
}

impl Site {
    /// A server that is addressed by these names, each with its port unless that is the scheme's own: `127.0.0.1:8970`.
    pub fn at(hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            hosts: hosts.into_iter().map(Into::into).collect(),
        }
    }

    /// Tells whether the request is addressed to this server by one of its names. A name that somebody else has
    /// pointed here is not one of them.
    #[must_use]
    pub fn is_addressed_by(&self, headers: &HeaderMap) -> bool {
        only(headers, &header::HOST).is_some_and(|host| self.has(host))
    }

    /// Tells whether the request says that it comes from a page of this server. One that says nothing does not.
    #[must_use]
    pub fn is_origin_of(&self, headers: &HeaderMap) -> bool {
        let origin = only(headers, &header::ORIGIN);
        let host = origin.and_then(|origin| {
            let plain = origin.strip_prefix("http://");
            plain.or_else(|| origin.strip_prefix("https://"))
        });
        host.is_some_and(|host| self.has(host))
    }

    fn has(&self, host: &str) -> bool {
        self.hosts
            .iter()
            .any(|known| known.eq_ignore_ascii_case(host))
    }
}

/// The text of a header that is there once.
pub fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_name_that_was_pointed_here_is_refused() {
        let site = Site::at(["127.0.0.1:8970"]);

        for host in [
            &["127.0.0.1:8970"][..],
            &[],
            &["evil.example:8970"],
            &["127.0.0.1"],
            &["127.0.0.1:8971"],
            &["127.0.0.1:8970", "evil.example"],
            &["127.0.0.1:8970.evil.example"],
            &["127.0.0.1.evil.example:8970"],
            &["user@127.0.0.1:8970"],
            &["localhost:8970"],
        ] {
            let addressed = site.is_addressed_by(&headers(header::HOST, host));

            assert_eq!(addressed, host == ["127.0.0.1:8970"], "{host:?}");
        }
    }

    #[test]
    fn a_request_from_another_page_or_from_none_is_no_request_of_ours() {
        let site = Site::at(["127.0.0.1:8970"]);

        for origin in [
            &["http://127.0.0.1:8970"][..],
            &[],
            &["null"],
            &["http://127.0.0.1:8971"],
            &["http://evil.example"],
            &["http://127.0.0.1:8970/"],
            &["ftp://127.0.0.1:8970"],
            &["127.0.0.1:8970"],
        ] {
            let own = site.is_origin_of(&headers(header::ORIGIN, origin));

            assert_eq!(own, origin == ["http://127.0.0.1:8970"], "{origin:?}");
        }
    }
}
