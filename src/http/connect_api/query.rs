//! The parameters of an address. What is not known is passed over; of several of a name, the first counts.

use std::borrow::Cow;

use super::{failure::Failure, path::decoded};

/// A request's parameters.
pub(super) struct Parameters<'q>(Vec<(Cow<'q, str>, Cow<'q, str>)>);

impl<'q> Parameters<'q> {
    /// Reads them.
    ///
    /// # Errors
    /// 400 where they are not encoded as they should be.
    pub(super) fn read(query: Option<&'q str>) -> Result<Self, Failure> {
        let pairs = query.unwrap_or_default().split('&');
        let pairs = pairs.filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(name, true)?, decoded(text, true)?))
        });
        Ok(Self(pairs.collect::<Result<_, Failure>>()?))
    }

    /// One by its name.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, text)| &**text)
    }

    /// A number.
    ///
    /// # Errors
    /// 400 for what is none, or out of bounds.
    pub(super) fn number(
        &self,
        name: &str,
        bounds: std::ops::RangeInclusive<u64>,
        default: u64,
    ) -> Result<u64, Failure> {
        let Some(text) = self.text(name) else {
            return Ok(default);
        };
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let number = digits.then(|| text.parse().ok()).flatten();
        number
            .filter(|number| bounds.contains(number))
            .ok_or_else(|| Failure::bad("a number in the address is none, or out of bounds"))
    }

    /// Yes or no; no when it is absent.
    ///
    /// # Errors
    /// 400 for any other word.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Failure> {
        match self.text(name).unwrap_or("false") {
            flag if flag.eq_ignore_ascii_case("true") => Ok(true),
            flag if flag.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(Failure::bad("a flag in the address is `true` or `false`")),
        }
    }
}
