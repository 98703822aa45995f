//! By which way a request came, and from where.

use std::{fmt, net::IpAddr, sync::Arc};

use http::{HeaderMap, header};

use super::origin::{Site, only};

/// How a connection was made. An extension of each request on it.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    /// Who is at the other end.
    pub(super) address: Address,
    /// Whether it may come from beyond this machine.
    pub(super) distant: bool,
    /// The names of this server on that way; `None` on a Unix socket, where no browser comes from.
    pub(super) site: Option<Arc<Site>>,
    /// Whether a proxy stands before us and says who is behind it.
    pub(super) proxied: bool,
    /// Whether it is encrypted.
    pub(super) tls: bool,
}

/// Who is at the other end.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Address {
    /// A machine.
    Inet(IpAddr),
    /// Addresses beyond the number that is kept apart.
    Others,
    /// A process of the same user.
    Unix,
}

impl Arrival {
    /// Who asks: behind a proxy, the last address that it noted, for earlier ones are whatever a client made up.
    pub(super) fn address(&self, headers: &HeaderMap) -> Address {
        let noted = self.proxied.then(|| {
            let all = headers.get_all("x-forwarded-for").iter().next_back()?;
            let last = all.to_str().ok()?.rsplit(',').next()?.trim();
            last.parse().ok()
        });
        noted
            .flatten()
            .map_or_else(|| self.address.clone(), Address::Inet)
    }

    /// The way, as the log has it: `http 127.0.0.1`.
    pub(super) fn way(&self, address: &Address) -> String {
        match address {
            Address::Inet(_) if self.tls => format!("https {address}"),
            Address::Inet(_) | Address::Others => format!("http {address}"),
            Address::Unix => "unix socket".to_owned(),
        }
    }

    /// Tells whether the request is addressed to this server by a name of its own.
    pub(super) fn is_addressed(&self, headers: &HeaderMap) -> bool {
        let site = self.site.as_ref();
        site.is_none_or(|site| site.is_addressed_by(headers))
    }

    /// Tells whether no page of somebody else's makes the request.
    pub(super) fn is_from_no_other_page(&self, headers: &HeaderMap) -> bool {
        let site = self.site.as_ref();
        !headers.contains_key(header::ORIGIN) || site.is_some_and(|site| site.is_origin_of(headers))
    }
}

impl Address {
    /// The address by which failures are counted: of IPv6, the network that one customer has.
    pub(super) fn counted(&self) -> Self {
        match self {
            Self::Inet(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
                Some(address) => Self::Inet(address.into()),
                None => {
                    let [a, b, c, d, ..] = address.segments();
                    Self::Inet([a, b, c, d, 0, 0, 0, 0].into())
                }
            },
            other => other.clone(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(address) => address.fmt(f),
            Self::Others => f.write_str("other addresses"),
            Self::Unix => f.write_str("the Unix socket"),
        }
    }
}

/// The bearer token of a request; `None` if there is none, or more than one, or not in this form.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = only(headers, &header::AUTHORIZATION)?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn arrival(proxied: bool) -> Arrival {
        Arrival {
            address: Address::Inet([127, 0, 0, 1].into()),
            distant: proxied,
            site: None,
            proxied,
            tls: false,
        }
    }

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn only_a_proxy_of_ours_may_say_who_is_behind_it() {
        let said = headers("x-forwarded-for", &["1.2.3.4, 10.0.0.7"]);
        let twice = headers("x-forwarded-for", &["10.0.0.7", "10.0.0.8"]);

        assert_eq!(arrival(false).address(&said).to_string(), "127.0.0.1");
        assert_eq!(arrival(true).address(&said).to_string(), "10.0.0.7");
        assert_eq!(arrival(true).address(&twice).to_string(), "10.0.0.8");
        let nobody = arrival(true).address(&HeaderMap::new());
        assert_eq!(nobody.to_string(), "127.0.0.1");
    }

    #[test]
    fn one_customer_of_the_newer_internet_is_one_address() {
        let address = |text: &str| Address::Inet(text.parse().unwrap()).counted();

        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::9"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("::ffff:10.0.0.7"), address("10.0.0.7"));
    }

    #[test]
    fn a_token_is_taken_from_one_header_in_one_form() {
        let token = |values: &[&str]| bearer(&headers("authorization", values)).map(str::to_owned);

        assert_eq!(token(&["Bearer hka_x"]).as_deref(), Some("hka_x"));
        assert_eq!(token(&["bearer  hka_x"]).as_deref(), Some("hka_x"));
        for bad in [&[][..], &["Bearer "], &["Basic hka_x"], &["hka_x"]] {
            assert_eq!(token(bad), None, "{bad:?}");
        }
        assert_eq!(token(&["Bearer hka_x", "Bearer hka_y"]), None);
    }
}
