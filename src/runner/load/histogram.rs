//! Times in an HDR histogram: percentiles from a microsecond to minutes at three digits, that stay exact when results are merged.
//!
//! In JSON a histogram is its counts, value by value, and beside them the percentiles for those who only read.
use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Three significant digits.
const DIGITS: u8 = 3;

/// Times in microseconds. Serialised by way of [`Written`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Written", into = "Written")]
#[schemars(with = "Written")]
pub struct Times {
    /// Nothing until something was counted: a histogram takes memory.
    counts: Option<Histogram<u64>>,
}

/// Microseconds.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    count: u64,
    min: u64,
    p50: u64,
    p90: u64,
    p99: u64,
    p999: u64,
    max: u64,
    /// Each value that occurred, and how often; equal within three digits is the same value.
    values: Vec<(u64, u64)>,
}

impl Times {
    pub fn record(&mut self, time: Duration) {
        self.count(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), 1);
    }

    fn count(&mut self, micros: u64, times: u64) {
        if self.counts.is_none() {
            self.counts = Histogram::new(DIGITS).ok();
        }
        if let Some(counts) = &mut self.counts
            && let Err(error) = counts.record_n(micros.max(1), times)
        {
            tracing::warn!(%error, micros, "a time that no histogram holds");
        }
    }

    pub fn add(&mut self, other: &Self) {
        for (value, times) in other.values() {
            self.count(value, times);
        }
    }

    pub fn len(&self) -> u64 {
        self.counts.as_ref().map_or(0, Histogram::len)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn max(&self) -> u64 {
        self.counts.as_ref().map_or(0, Histogram::max)
    }

    pub fn sum(&self) -> u64 {
        self.values().map(|(value, times)| value * times).sum()
    }

    /// Microseconds that so many of a hundred do not exceed.
    pub fn percentile(&self, percent: f64) -> u64 {
        let counts = self.counts.as_ref();
        counts.map_or(0, |counts| counts.value_at_percentile(percent))
    }

    fn values(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let counts = self.counts.iter().flat_map(Histogram::iter_recorded);
        counts.map(|one| (one.value_iterated_to(), one.count_since_last_iteration()))
    }
}

impl From<Times> for Written {
    fn from(times: Times) -> Self {
        Self {
            count: times.len(),
            min: times.values().next().map_or(0, |(value, _)| value),
            p50: times.percentile(50.0),
            p90: times.percentile(90.0),
            p99: times.percentile(99.0),
            p999: times.percentile(99.9),
            max: times.max(),
            values: times.values().collect(),
        }
    }
}

impl From<Written> for Times {
    fn from(written: Written) -> Self {
        let mut times = Self::default();
        for (value, count) in written.values {
            times.count(value, count);
        }
        times
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn times(values: impl IntoIterator<Item = u64>) -> Times {
        let mut times = Times::default();
        for micros in values {
            times.record(Duration::from_micros(micros));
        }
        times
    }

    #[test]
    fn survives_writing_and_reading() {
        let one = times((0..5000).map(|n| n * 37));
        let text = serde_json::to_string(&one).unwrap();
        let again: Times = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), text);
        assert_eq!(again.len(), 5000);
    }

    #[test]
    fn merged_is_as_if_counted_together() {
        let together = times((0..9000).map(|n| n * n));
        let mut merged = times((0..4000).map(|n| n * n));
        merged.add(&times((4000..9000).map(|n| n * n)));
        let text = |times: &Times| serde_json::to_string(times).unwrap();
        assert_eq!(text(&merged), text(&together));
    }

    #[test]
    fn nothing_counted_is_nothing() {
        let none = Times::default();
        assert_eq!((none.len(), none.max(), none.percentile(99.0)), (0, 0, 0));
        assert!(none.is_empty());
    }
}
