//! A point in time with the offset of local time from UTC, and its written forms.

use std::fmt;

/// A point in time. It has the offset of local time, so that it can be shown without asking the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct OffsetDateTime {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub unix_ms: i64,
    /// Seconds that local time is ahead of UTC.
    pub offset_s: i32,
}

/// The parts of a local date and time.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
}

impl OffsetDateTime {
    /// `hh:mm` in local time, as LanTalk's `ts` field has it.
    #[must_use]
    pub fn clock(self) -> Clock {
        Clock(self)
    }

    /// `hh:mm:ss` in local time.
    #[must_use]
    pub fn clock_to_the_second(self) -> Seconds {
        Seconds(self)
    }

    /// `yyyy-mm-dd hh:mm` in local time.
    #[must_use]
    pub fn date(self) -> Date {
        Date(self)
    }

    /// The day in local time, shown as `yyyy-mm-dd`.
    #[must_use]
    pub fn day(self) -> Day {
        let Civil { year, month, day, .. } = self.civil();
        Day { year, month, day }
    }

    fn civil(self) -> Civil {
        let seconds = self.unix_ms.div_euclid(1_000) + i64::from(self.offset_s);
        let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        Civil { year, month, day, hour: rest / 3_600, minute: rest % 3_600 / 60 }
    }
}

/// Returns year, month and day of the Gregorian calendar for a number of days since 1970-01-01. The 400-year cycles of
/// the calculation begin on a 1 March, so that the leap day is the last day of a year.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Displays [`OffsetDateTime::clock`].
#[derive(Clone, Copy, Debug)]
pub struct Clock(OffsetDateTime);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let c = self.0.civil();
        write!(f, "{:02}:{:02}", c.hour, c.minute)
    }
}

/// Displays [`OffsetDateTime::clock_to_the_second`].
#[derive(Clone, Copy, Debug)]
pub struct Seconds(OffsetDateTime);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:02}", self.0.clock(), self.0.unix_ms.div_euclid(1_000).rem_euclid(60))
    }
}

/// Displays [`OffsetDateTime::date`].
#[derive(Clone, Copy, Debug)]
pub struct Date(OffsetDateTime);

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let c = self.0.civil();
        write!(f, "{:04}-{:02}-{:02} {:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute)
    }
}

/// A day of the calendar, from [`OffsetDateTime::day`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    year: i64,
    month: i64,
    day: i64,
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(unix_s: i64, offset_s: i32) -> String {
        OffsetDateTime { unix_ms: unix_s * 1_000, offset_s }.date().to_string()
    }

    #[test]
    fn dates_are_gregorian_and_local() {
        assert_eq!(date(0, 0), "1970-01-01 00:00");
        assert_eq!(date(0, -3_600), "1969-12-31 23:00");
        assert_eq!(date(951_782_400, 0), "2000-02-29 00:00");
        assert_eq!(date(1_795_271_000, 0), "2026-11-21 14:23");
        assert_eq!(date(1_795_271_000, 19_800), "2026-11-21 19:53");
        assert_eq!(date(4_107_542_399, 0), "2100-02-28 23:59");
        assert_eq!(date(4_107_542_400, 0), "2100-03-01 00:00");
        let day = |unix_s: i64, offset_s| OffsetDateTime { unix_ms: unix_s * 1_000, offset_s }.day();
        assert_eq!(day(0, -3_600).to_string(), "1969-12-31");
        assert!(day(0, 0) == day(86_399, 0) && day(0, 0) != day(86_399, 3_600));
    }
}
