//! Times of short messages: TP-SCTS, TP-DT and absolute TP-VP (3GPP TS 23.040 clause 9.2.3.11), and the forms of TP-VP (clause 9.2.3.12).
//!
//! Seven swapped semi-octet pairs are kept as they came; reading them as a point in time may fail without making the TPDU unreadable.
use crate::wire::Malformed;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

const CLAUSE: &str = "3GPP TS 23.040 clause 9.2.3.11";
const QUARTER_SECONDS: i32 = 15 * 60;
/// 3GPP TS 23.040 clause 9.2.3.11: bit 3 of the time zone octet is its algebraic sign, 1 being minus.
const MINUS: u8 = 0x08;

/// YY MM DD hh mm ss and the time zone, semi-octets swapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeStamp(pub [u8; 7]);

/// What a time stamp says: the local time of the sending entity and its distance from GMT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    pub local: DateTime,
    /// Quarters of an hour ahead of GMT.
    pub quarters: i32,
}

impl LocalTime {
    /// The point in time; `None` outside what a calendar can say.
    pub fn instant(&self) -> Option<Timestamp> {
        let offset = Offset::from_seconds(self.quarters * QUARTER_SECONDS).ok()?;
        offset.to_timestamp(self.local).ok()
    }

    /// RFC 3339 with the zone of the stamp, e.g. `2012-03-04T05:06:07+02:00`.
    pub fn rfc3339(&self) -> String {
        let sign = if self.quarters < 0 { '-' } else { '+' };
        let minutes = 15 * self.quarters.unsigned_abs();
        let (local, hours, rest) = (self.local, minutes / 60, minutes % 60);
        format!("{local}{sign}{hours:02}:{rest:02}")
    }
}

impl TimeStamp {
    /// The stamp of `instant` in a zone `quarters` of an hour ahead of GMT; years count within 2000 to 2099. `None` outside of that.
    pub fn of_instant(instant: Timestamp, quarters: i8) -> Option<Self> {
        let offset = Offset::from_seconds(i32::from(quarters) * QUARTER_SECONDS).ok()?;
        let local = offset.to_datetime(instant);
        let year = u8::try_from(local.year().checked_sub(2000)?).ok()?;
        let fields = [
            i8::try_from(year).ok()?,
            local.month(),
            local.day(),
            local.hour(),
            local.minute(),
            local.second(),
        ];
        let mut octets = [0u8; 7];
        for (octet, field) in octets.iter_mut().zip(fields) {
            *octet = swapped(field.unsigned_abs())?;
        }
        let sign = if quarters < 0 { MINUS } else { 0 };
        octets[6] = swapped(quarters.unsigned_abs())? | sign;
        Some(Self(octets))
    }

    /// The time it says; `Err.at` = the octet (0 to 6) that is no decimal number or out of its range.
    pub fn read(&self) -> Result<LocalTime, Malformed> {
        let field = |at: usize, least: i8, most: i8| {
            let value = unswapped(self.0[at]).filter(|value| (least..=most).contains(value));
            let expected = || format!("a swapped decimal number from {least} to {most}");
            value.ok_or_else(|| Malformed::new(at, expected(), CLAUSE))
        };
        let (year, month, day) = (field(0, 0, 99)?, field(1, 1, 12)?, field(2, 1, 31)?);
        let (hour, minute, second) = (field(3, 0, 23)?, field(4, 0, 59)?, field(5, 0, 59)?);
        let zone = unswapped(self.0[6] & !MINUS).ok_or_else(|| {
            Malformed::new(6, "quarters of an hour as a swapped decimal number", CLAUSE)
        })?;
        let minus = self.0[6] & MINUS != 0;
        let local = DateTime::new(2000 + i16::from(year), month, day, hour, minute, second, 0);
        Ok(LocalTime {
            local: local.map_err(|_| Malformed::new(2, "a day that its month has", CLAUSE))?,
            quarters: if minus {
                -i32::from(zone)
            } else {
                i32::from(zone)
            },
        })
    }

    pub(super) fn parse(octets: &[u8], at: usize, clause: &'static str) -> Result<Self, Malformed> {
        let seven = octets.first_chunk::<7>();
        let missing = || Malformed::new(at + octets.len(), "seven octets of time", clause);
        seven.map(|seven| Self(*seven)).ok_or_else(missing)
    }
}

/// A number below 100 as two swapped decimal semi-octets.
fn swapped(value: u8) -> Option<u8> {
    (value < 100).then_some((value / 10) | ((value % 10) << 4))
}

fn unswapped(octet: u8) -> Option<i8> {
    let (tens, ones) = (octet & 0x0f, octet >> 4);
    let decimal = tens < 10 && ones < 10;
    i8::try_from(10 * tens.min(9) + ones)
        .ok()
        .filter(|_| decimal)
}

/// TP-Validity-Period in the form TP-VPF announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValidityPeriod {
    Absent,
    Enhanced([u8; 7]),
    Relative(u8),
    Absolute(TimeStamp),
}

impl ValidityPeriod {
    /// TP-VPF, bits 4 and 3 of the first octet.
    pub fn format(&self) -> u8 {
        match self {
            Self::Absent => 0,
            Self::Enhanced(_) => 1,
            Self::Relative(_) => 2,
            Self::Absolute(_) => 3,
        }
    }

    /// How long after its arrival at the service centre the message stays valid; `None` where the form names no such span.
    pub fn span(&self) -> Option<SignedDuration> {
        let seconds = match *self {
            Self::Relative(value) => relative_minutes(value) * 60,
            Self::Enhanced([indicator, value, rest @ ..]) => match indicator & 7 {
                1 => relative_minutes(value) * 60,
                2 if value > 0 => i64::from(value),
                3 => {
                    let field = |octet: u8| unswapped(octet).map(i64::from);
                    3600 * field(value)? + 60 * field(rest[0])? + field(rest[1])?
                }
                _ => return None,
            },
            Self::Absent | Self::Absolute(_) => return None,
        };
        Some(SignedDuration::from_secs(seconds))
    }
}

fn relative_minutes(value: u8) -> i64 {
    let value_wide = i64::from(value);
    match value {
        0..=143 => (value_wide + 1) * 5,
        144..=167 => 12 * 60 + (value_wide - 143) * 30,
        168..=196 => (value_wide - 166) * 24 * 60,
        197..=255 => (value_wide - 192) * 7 * 24 * 60,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_sign_of_the_time_zone_is_bit_three() {
        let east = TimeStamp([0x21, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80])
            .read()
            .unwrap();
        assert_eq!(east.rfc3339(), "2012-03-04T05:06:07+02:00");
        assert_eq!(east.instant().unwrap().to_string(), "2012-03-04T03:06:07Z");
        let west = TimeStamp([0x62, 0x11, 0x12, 0x01, 0x03, 0x95, 0x49])
            .read()
            .unwrap();
        assert_eq!(west.quarters, -14);
        assert_eq!(west.rfc3339(), "2026-11-21T10:30:59-03:30");
    }

    #[test]
    fn writes_what_it_reads() {
        for (text, quarters) in [("2026-11-21T10:30:15Z", 8), ("2099-12-31T12:00:00Z", -14)] {
            let instant: Timestamp = text.parse().unwrap();
            let stamp = TimeStamp::of_instant(instant, quarters).unwrap();
            assert_eq!(stamp.read().unwrap().instant().unwrap(), instant);
            assert_eq!(stamp.read().unwrap().quarters, i32::from(quarters));
        }
    }

    #[test]
    fn names_the_octet_that_is_no_time() {
        let good = [0x62, 0x11, 0x12, 0x01, 0x03, 0x51, 0x80];
        for (at, value) in [
            (0, 0xaa),
            (1, 0x31),
            (2, 0x00),
            (3, 0x42),
            (5, 0x06),
            (6, 0xf0),
        ] {
            let mut stamp = good;
            stamp[at] = value;
            assert_eq!(TimeStamp(stamp).read().unwrap_err().at, at);
        }
        let thirtieth_of_february = TimeStamp([0x62, 0x20, 0x03, 0, 0, 0, 0]);
        assert_eq!(thirtieth_of_february.read().unwrap_err().at, 2);
    }

    #[test]
    fn relative_validity_follows_its_four_ranges() {
        for (value, minutes) in [(0, 5), (143, 720), (144, 750), (167, 1440)] {
            let span = ValidityPeriod::Relative(value).span().unwrap();
            assert_eq!(span.as_mins(), minutes);
        }
        for (value, days) in [(168, 2), (196, 30), (197, 35), (255, 441)] {
            let span = ValidityPeriod::Relative(value).span().unwrap();
            assert_eq!(span.as_hours(), 24 * days);
        }
        let enhanced = ValidityPeriod::Enhanced([3, 0x10, 0x20, 0x30, 0, 0, 0]);
        assert_eq!(enhanced.span().unwrap().as_secs(), 3600 + 120 + 3);
    }
}
