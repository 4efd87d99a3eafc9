//! To which day of business an instant belongs.

use jiff::tz::TimeZone;
use stockroom_domain::Timestamp;

/// Days since 1970-01-01 of the business day that `instant` falls in: the date in the
/// store's time zone, where a day begins at `cut_hour` (a shop that sells until two in the
/// morning cuts at four). An unknown zone counts as UTC.
pub fn business_day(instant: Timestamp, time_zone: &str, cut_hour: i64) -> i64 {
    const MICROS_A_DAY: i64 = 86_400_000_000;
    let shifted = instant.plus_seconds(-cut_hour * 3_600);
    let offset_seconds = match (jiff::Timestamp::from_microsecond(shifted.0), time_zone) {
        (_, "UTC") | (Err(_), _) => 0,
        (Ok(at), name) => {
            let zone = TimeZone::get(name).unwrap_or(TimeZone::UTC);
            i64::from(zone.to_offset(at).seconds())
        }
    };
    shifted.plus_seconds(offset_seconds).0.div_euclid(MICROS_A_DAY)
}

#[cfg(test)]
mod tests {
    use super::business_day;
    use stockroom_domain::Timestamp;

    fn day_of(text: &str, zone: &str, cut_hour: i64) -> String {
        let instant: jiff::Timestamp = text.parse().expect("a timestamp");
        let days = business_day(Timestamp(instant.as_microsecond()), zone, cut_hour);
        let epoch = jiff::civil::date(1970, 1, 1);
        (epoch + jiff::Span::new().days(days)).to_string()
    }

    #[test]
    fn the_day_is_the_store_s_own() {
        assert_eq!(day_of("2026-11-14T23:30:00Z", "UTC", 0), "2026-11-14");
        assert_eq!(day_of("2026-11-14T23:30:00Z", "Europe/Berlin", 0), "2026-11-15");
        assert_eq!(day_of("2026-11-14T03:30:00Z", "America/New_York", 0), "2026-11-13");
    }

    #[test]
    fn a_late_shop_cuts_its_day_after_midnight() {
        assert_eq!(day_of("2026-11-15T01:30:00Z", "UTC", 4), "2026-11-14");
        assert_eq!(day_of("2026-11-15T04:00:00Z", "UTC", 4), "2026-11-15");
    }

    #[test]
    fn days_before_the_epoch_are_days_too() {
        assert_eq!(day_of("1969-12-31T12:00:00Z", "UTC", 0), "1969-12-31");
    }
}
