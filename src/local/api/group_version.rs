//! The kinds of one group and version.

use crate::local::kind::{self, Kind};
use crate::local::store::ApiError;

/// The kinds of `api/v1` or `apis/GROUP/VERSION`, and the group version's name.
pub(super) fn kinds_under(path: &str) -> Result<(&str, Vec<&'static Kind>), ApiError> {
    let group_version = path
        .strip_prefix("apis/")
        .or(path.strip_prefix("api/"))
        .unwrap_or(path);
    let kinds: Vec<_> = kind::all()
        .filter(|kind| kind.api_version() == group_version)
        .collect();
    if kinds.is_empty() {
        return Err(ApiError::no_path());
    }
    Ok((group_version, kinds))
}
