//! The filters that lists take, a small part of SCIM (RFC 7644, section 3.4.2.2): `title eq "Stripe" and tag co "prod"`.
//!
//! Names are compared as everywhere in hushkey: in any case, and without the white space around them. A filter that is not
//! understood is refused: one that is passed over would give more than was asked for.

use super::failure::Failure;
use crate::vault::{ItemOverview, ItemState, VaultOverview, folded_name, same_name};

/// How deep a filter may be nested.
const DEEPEST: usize = 16;

/// What is to be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Compare(Attribute, Operator, String),
    Not(Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attribute {
    State,
    Tag,
    /// A vault's name, an item's title: either word means it.
    Title,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Contains,
    Equals,
}

/// Something that has attributes.
pub(super) trait Filtered {
    /// The attributes that it has, in the words of filters.
    const WORDS: &'static [(&'static str, Attribute)];

    /// The texts of one.
    fn texts(&self, attribute: Attribute) -> Vec<&str>;
}

impl Filtered for VaultOverview {
    const WORDS: &'static [(&'static str, Attribute)] =
        &[("name", Attribute::Title), ("title", Attribute::Title)];

    fn texts(&self, attribute: Attribute) -> Vec<&str> {
        match attribute {
            Attribute::Title => vec![&self.name],
            Attribute::State | Attribute::Tag => Vec::new(),
        }
    }
}

impl Filtered for ItemOverview {
    const WORDS: &'static [(&'static str, Attribute)] = &[
        ("name", Attribute::Title),
        ("state", Attribute::State),
        ("tag", Attribute::Tag),
        ("tags", Attribute::Tag),
        ("title", Attribute::Title),
    ];

    fn texts(&self, attribute: Attribute) -> Vec<&str> {
        match attribute {
            Attribute::State => vec![match self.state {
                ItemState::Active => "ACTIVE",
                ItemState::Archived => "ARCHIVED",
            }],
            Attribute::Tag => self.tags.iter().map(String::as_str).collect(),
            Attribute::Title => vec![&self.title],
        }
    }
}

impl Filter {
    /// Reads a filter of things of one kind.
    ///
    /// # Errors
    /// 400 when it is not understood.
    pub(super) fn read<T: Filtered>(text: &str) -> Result<Self, Failure> {
        let mut reader = Reader {
            rest: text,
            words: T::WORDS,
        };
        let filter = reader.any_of(0)?;
        reader.space();
        if !reader.rest.is_empty() {
            return Err(wrong("there is more after the filter's end"));
        }
        Ok(filter)
    }

    /// Tells whether something fits.
    pub(super) fn fits<T: Filtered>(&self, it: &T) -> bool {
        match self {
            Self::And(a, b) => a.fits(it) && b.fits(it),
            Self::Compare(attribute, operator, wanted) => {
                it.texts(*attribute).iter().any(|text| match operator {
                    Operator::Contains => folded_name(text).contains(&folded_name(wanted)),
                    Operator::Equals => same_name(text, wanted),
                })
            }
            Self::Not(filter) => !filter.fits(it),
            Self::Or(a, b) => a.fits(it) || b.fits(it),
        }
    }

    /// The title that all that fits has, if that is the whole filter.
    pub(super) fn title(&self) -> Option<&str> {
        match self {
            Self::Compare(Attribute::Title, Operator::Equals, title) => Some(title),
            _ => None,
        }
    }

    /// Tells whether it asks for items that were put away.
    pub(super) fn asks_for_state(&self) -> bool {
        match self {
            Self::And(a, b) | Self::Or(a, b) => a.asks_for_state() || b.asks_for_state(),
            Self::Compare(attribute, ..) => *attribute == Attribute::State,
            Self::Not(filter) => filter.asks_for_state(),
        }
    }
}

struct Reader<'t> {
    rest: &'t str,
    words: &'static [(&'static str, Attribute)],
}

impl Reader<'_> {
    fn any_of(&mut self, depth: usize) -> Result<Filter, Failure> {
        if depth > DEEPEST {
            return Err(wrong("the filter is nested too deep"));
        }
        let mut filter = self.all_of(depth)?;
        while self.word("or") {
            filter = Filter::Or(Box::new(filter), Box::new(self.all_of(depth)?));
        }
        Ok(filter)
    }

    fn all_of(&mut self, depth: usize) -> Result<Filter, Failure> {
        let mut filter = self.one(depth)?;
        while self.word("and") {
            filter = Filter::And(Box::new(filter), Box::new(self.one(depth)?));
        }
        Ok(filter)
    }

    fn one(&mut self, depth: usize) -> Result<Filter, Failure> {
        if self.word("not") {
            if !self.sign('(') {
                return Err(wrong("`not` is followed by a filter in parentheses"));
            }
            return Ok(Filter::Not(Box::new(self.closed(depth)?)));
        }
        if self.sign('(') {
            return self.closed(depth);
        }
        self.space();
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric());
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        let known = self.words.iter().find(|it| it.0.eq_ignore_ascii_case(word));
        let (_, attribute) = known.ok_or_else(|| {
            wrong("a filter compares the name or title of vaults, and the title, tag or state of items")
        })?;
        let operator = if self.word("eq") {
            Operator::Equals
        } else if self.word("co") {
            Operator::Contains
        } else {
            return Err(wrong("a filter compares with `eq` or `co`"));
        };
        Ok(Filter::Compare(*attribute, operator, self.text()?))
    }

    fn closed(&mut self, depth: usize) -> Result<Filter, Failure> {
        let filter = self.any_of(depth + 1)?;
        if !self.sign(')') {
            return Err(wrong("a parenthesis is not closed"));
        }
        Ok(filter)
    }

    /// A text between quotes, as JSON has it.
    fn text(&mut self) -> Result<String, Failure> {
        let unclosed = || wrong("a filter's text stands between two double quotes");
        self.space();
        let inside = self.rest.strip_prefix('"').ok_or_else(unclosed)?;
        let mut escaped = false;
        let end = inside.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let end = end.ok_or_else(unclosed)?;
        let (text, rest) = (&inside[..end], &inside[end + 1..]);
        self.rest = rest;
        if !text.contains('\\') {
            return Ok(text.to_owned());
        }
        serde_json::from_str(&format!("\"{text}\""))
            .map_err(|_| wrong("a `\\` in a filter's text begins no escape that JSON has"))
    }

    fn word(&mut self, word: &str) -> bool {
        self.space();
        let found = self
            .rest
            .get(..word.len())
            .is_some_and(|it| it.eq_ignore_ascii_case(word));
        let after = self.rest.get(word.len()..).unwrap_or_default();
        let ends = !after.starts_with(|c: char| c.is_ascii_alphanumeric());
        if found && ends {
            self.rest = after;
        }
        found && ends
    }

    fn sign(&mut self, sign: char) -> bool {
        self.space();
        let after = self.rest.strip_prefix(sign);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }
}

fn wrong(message: &'static str) -> Failure {
    Failure::bad(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Filter> {
        Filter::read::<ItemOverview>(text).ok()
    }

    fn title(operator: Operator, text: &str) -> Filter {
        Filter::Compare(Attribute::Title, operator, text.to_owned())
    }

    #[test]
    fn what_sdks_send_is_understood() {
        for (text, wanted) in [
            (r#"title eq "Stripe""#, title(Operator::Equals, "Stripe")),
            (r#"TITLE EQ "Stripe" "#, title(Operator::Equals, "Stripe")),
            (r#" name co "rip""#, title(Operator::Contains, "rip")),
            (
                r#"title eq "a \"b\" \u00fc""#,
                title(Operator::Equals, "a \"b\" ü"),
            ),
            (r#"title eq "a and b""#, title(Operator::Equals, "a and b")),
            (r#"title eq """#, title(Operator::Equals, "")),
        ] {
            assert_eq!(read(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "",
            "\"",
            r#"title eq "Stripe"#,
            r#"title eq "Stripe\""#,
            r#"title eq Stripe"#,
            r#"title eq 'Stripe'"#,
            r#"title ne "Stripe""#,
            r#"id eq "x""#,
            r#"value co "x""#,
            r#"title eq "a" or"#,
            r#"(title eq "a""#,
            r#"title eq "a" title eq "b""#,
            r#"title eq "a\x""#,
            r#"not title eq "a""#,
            &format!(r#"{}title eq "a"{}"#, "(".repeat(40), ")".repeat(40)),
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert!(Filter::read::<VaultOverview>(r#"tag eq "x""#).is_err());
    }

    #[test]
    fn and_binds_closer_than_or() {
        let all = read(r#"title eq "a" or tag eq "b" and not (tag co "c")"#).unwrap();

        assert!(matches!(all, Filter::Or(_, right) if matches!(*right, Filter::And(..))));
    }
}
