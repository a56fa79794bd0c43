//! Time zones by their names in the zone database.

use jiff::tz::TimeZone;

/// The zone of this name, spelled exactly; the empty name and `Local` are UTC, as on a cluster's control plane.
pub fn load(name: &str) -> Option<TimeZone> {
    if name.is_empty() || name == "Local" {
        return Some(TimeZone::UTC);
    }
    let zone = TimeZone::get(name).ok()?;
    (zone.iana_name() == Some(name)).then_some(zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_found_by_its_exact_name() {
        for (name, found) in [
            ("America/New_York", true),
            ("Etc/UTC", true),
            ("UTC", true),
            ("", true),
            ("america/new_york", false),
            ("Nowhere/City", false),
        ] {
            assert_eq!(load(name).is_some(), found, "{name}");
        }
    }
}
