//! Moments as clients see them.

use std::fmt;

use jiff::tz::Offset;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment: ISO 8601 in UTC with microseconds, such as `2026-01-02T03:04:05.678901+00:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
pub struct Timestamp(pub jiff::Timestamp);

impl Timestamp {
    /// Takes microseconds since 1970-01-01 UTC; what is too large becomes the last moment that
    /// can be told.
    #[must_use]
    pub fn from_micros(micros: u64) -> Self {
        let moment = i64::try_from(micros).ok();
        let moment = moment.and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok());
        Self(moment.unwrap_or(jiff::Timestamp::MAX))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = Offset::UTC.to_datetime(self.0);
        let (year, month, day) = (time.year(), time.month(), time.day());
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match time.subsec_nanosecond() / 1_000 {
            // Python leaves it out, and so do its clients expect it.
            0 => {}
            micros => write!(f, ".{micros:06}")?,
        }
        f.write_str("+00:00")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}
