//! Days and months as fields hold them, and as Connect shows them: a day as seconds since 1970, a month as `YYYYMM`.
//!
//! Fields keep the form that people read. The hour of a day's seconds is noon in UTC, which is the same day nearly everywhere.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::Offset,
};

use crate::vault::{FieldType, Secret};

const NOON: Time = Time::constant(12, 0, 0, 0);

/// Reads a value of a type that says something of its form: a day as `YYYY-MM-DD` or in seconds, a month as `YYYYMM`,
/// `YYYY-MM` or `YYYY/MM`. `None` if it is none; values of other types are as they are.
pub(super) fn kept(kind: &FieldType, value: Secret) -> Option<Secret> {
    let read = match kind {
        FieldType::Date => |text: &str| Some(day(text)?.to_string()),
        FieldType::MonthYear => month,
        _ => return Some(value),
    };
    Some(Secret::new(read(value.expose_secret())?))
}

/// The seconds that a day is shown as; `None` where the field holds none, or no day.
#[must_use]
pub fn shown(kind: &FieldType, value: &Secret) -> Option<i64> {
    if *kind != FieldType::Date {
        return None;
    }
    let noon = DateTime::from_parts(day(value.expose_secret())?, NOON);
    Some(Offset::UTC.to_timestamp(noon).ok()?.as_second())
}

fn day(text: &str) -> Option<Date> {
    let text = text.trim();
    let seconds = text.bytes().all(|b| b.is_ascii_digit() || b == b'-') && !text.is_empty();
    let seconds = seconds.then(|| text.parse::<i64>().ok()).flatten();
    match seconds {
        Some(seconds) => {
            let time = Timestamp::from_second(seconds).ok()?;
            Some(Offset::UTC.to_datetime(time).date())
        }
        None if text.len() == 10 => text.parse().ok(),
        None => None,
    }
}

fn month(text: &str) -> Option<String> {
    let digits: String = text.trim().replace(['-', '/'], "");
    let fits = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit());
    let month: u8 = fits.then(|| digits[4..].parse().ok()).flatten()?;
    (1..=12).contains(&month).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept_as(kind: FieldType, text: &str) -> Option<String> {
        let kept = kept(&kind, Secret::new(text.to_owned()))?;
        Some(kept.expose_secret().to_owned())
    }

    #[test]
    fn a_day_is_kept_as_people_write_it_and_shown_as_the_same_day() {
        for text in ["2024-02-29", "1709164800", "1709251199"] {
            assert_eq!(
                kept_as(FieldType::Date, text).as_deref(),
                Some("2024-02-29"),
                "{text}"
            );
        }
        let shown = shown(&FieldType::Date, &Secret::new("2024-02-29".into()));
        assert_eq!(shown, Some(1_709_208_000));
    }

    #[test]
    fn what_is_no_day_or_month_is_none() {
        for text in [
            "",
            "2023-02-29",
            "tomorrow",
            "29.2.2024",
            "--",
            "9".repeat(30).as_str(),
        ] {
            assert_eq!(kept_as(FieldType::Date, text), None, "{text}");
        }
        for text in ["202413", "20241", "2024-00", "december", "ü2024"] {
            assert_eq!(kept_as(FieldType::MonthYear, text), None, "{text}");
        }
        assert_eq!(
            kept_as(FieldType::MonthYear, "2024/12").as_deref(),
            Some("202412")
        );
        assert_eq!(kept_as(FieldType::String, "x").as_deref(), Some("x"));
    }
}
