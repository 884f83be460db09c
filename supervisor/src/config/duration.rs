//! Durations as people write them.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::policy::shutdown::Grace;
use crate::policy::written::Written;

/// A duration that is written with its unit: `250ms`, `10s`, `1m 30s`.
///
/// A number without a unit is refused, 0 too: nobody should have to guess. At most a thousand years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HumanDuration(pub Duration);

impl From<Duration> for HumanDuration {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Written(self.0), f)
    }
}

impl Serialize for HumanDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DurationVisitor).map(Self)
    }
}

impl JsonSchema for HumanDuration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A duration with its unit: `250ms`, `10s`, `1m 30s`.",
            "pattern": PATTERN,
        })
    }
}

impl Serialize for Grace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::After(grace) => HumanDuration(*grace).serialize(serializer),
            Self::Infinite => serializer.serialize_str(INFINITE),
        }
    }
}

impl<'de> Deserialize<'de> for Grace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GraceVisitor)
    }
}

impl JsonSchema for Grace {
    fn schema_name() -> Cow<'static, str> {
        "Grace".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A duration of at least 1 ms with its unit, or `infinite`.",
            "pattern": format!("{PATTERN}|^{INFINITE}$"),
        })
    }
}

/// A thousand years. What is longer can overflow where durations are multiplied.
const MOST: Duration = Duration::from_hours(1_000 * 8_766);

const INFINITE: &str = "infinite";

/// Looser than what is read, so that an editor never refuses what the program takes.
const PATTERN: &str = concat!(
    r"^\s*([0-9]+(\.[0-9]+)?\s*",
    "(nanos|nsec|ns|usec|us|µs|millis|msec|ms|seconds|second|secs|sec|s|minutes|minute|mins|min|m|",
    "hours|hour|hrs|hr|h|days|day|d|weeks|week|wks|wk|w|months|month|M|years|year|yrs|yr|y)",
    r"\s*)+$"
);

struct DurationVisitor;

impl Visitor<'_> for DurationVisitor {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration with its unit, such as `250ms`, `10s` or `1m 30s`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
        read(text, Unexpected::Str(text), &self)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Duration, E> {
        Err(without_unit(&number.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Duration, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Duration, E> {
        Err(without_unit(&number.to_string()))
    }
}

struct GraceVisitor;

impl Visitor<'_> for GraceVisitor {
    type Value = Grace;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration with its unit, such as `10s`, or `infinite`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Grace, E> {
        if text == INFINITE {
            return Ok(Grace::Infinite);
        }
        read(text, Unexpected::Str(text), &self).map(Grace::After)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Grace, E> {
        DurationVisitor.visit_u64(number).map(Grace::After)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Grace, E> {
        DurationVisitor.visit_i64(number).map(Grace::After)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Grace, E> {
        DurationVisitor.visit_f64(number).map(Grace::After)
    }
}

fn read<E: Error>(
    text: &str,
    found: Unexpected<'_>,
    expected: &dyn serde::de::Expected,
) -> Result<Duration, E> {
    if text.trim().parse::<f64>().is_ok_and(f64::is_finite) {
        return Err(without_unit(text.trim()));
    }
    let parsed = humantime::parse_duration(text);
    if parsed.as_ref().is_ok_and(|duration| *duration > MOST) {
        return Err(E::custom(format_args!("`{text}` is longer than a thousand years")));
    }
    parsed.map_err(|error| match error {
        humantime::DurationError::UnknownUnit { unit, .. } if !unit.is_empty() => E::custom(format_args!(
            "`{unit}` is no unit of time; the units are `ms`, `s`, `m`, `h`, `d` and smaller ones"
        )),
        humantime::DurationError::NumberOverflow => E::custom(format_args!(
            "`{text}` is out of range: the least is `1ns`, the most a thousand years"
        )),
        _ => E::invalid_value(found, expected),
    })
}

fn without_unit<E: Error>(number: &str) -> E {
    E::custom(format_args!(
        "`{number}` has no unit: write `{number}s` for seconds or `{number}ms` for milliseconds"
    ))
}
