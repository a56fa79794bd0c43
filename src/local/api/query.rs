//! The parameters of a URL.

use crate::local::selector::{FieldSelector, Filter, LabelSelector};
use crate::local::store::ApiError;

/// What a request asks for besides its path.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the parameters of the API are flags"
)]
pub(super) struct Query {
    pub(super) watch: bool,
    pub(super) filter: Filter,
    pub(super) limit: Option<usize>,
    pub(super) continue_after: Option<String>,
    pub(super) resource_version: Option<u64>,
    pub(super) bookmarks: bool,
    pub(super) initial_events: bool,
    pub(super) timeout: Option<u64>,
    pub(super) dry_run: bool,
    pub(super) propagation: Option<String>,
    pub(super) grace: Option<i64>,
    /// Parameters of the log subresource, as they stand.
    pub(super) rest: Vec<(String, String)>,
}

impl Query {
    /// Reads a query string.
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let mut query = Self::default();
        for (name, value) in pairs(text)? {
            query.take(&name, value)?;
        }
        Ok(query)
    }

    fn take(&mut self, name: &str, value: String) -> Result<(), ApiError> {
        let truth = || matches!(value.as_str(), "true" | "1" | "");
        match name {
            "watch" => self.watch = truth(),
            "labelSelector" => {
                self.filter.labels = LabelSelector::parse(&value).map_err(ApiError::bad_request)?;
            }
            "fieldSelector" => {
                self.filter.fields = FieldSelector::parse(&value).map_err(ApiError::bad_request)?;
            }
            "limit" => self.limit = Some(number(name, &value)?).filter(|limit| *limit > 0),
            "continue" => self.continue_after = Some(value).filter(|token| !token.is_empty()),
            "resourceVersion" if !value.is_empty() => {
                self.resource_version = Some(number(name, &value)?);
            }
            "allowWatchBookmarks" => self.bookmarks = truth(),
            "sendInitialEvents" => self.initial_events = truth(),
            "timeoutSeconds" => self.timeout = Some(number(name, &value)?),
            "dryRun" => self.dry_run = value == "All",
            "propagationPolicy" => self.propagation = Some(value),
            "gracePeriodSeconds" => self.grace = Some(number(name, &value)?),
            _ => self.rest.push((name.to_owned(), value)),
        }
        Ok(())
    }

    /// A parameter that is not one of the fields.
    pub(super) fn other(&self, name: &str) -> Option<&str> {
        self.rest
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Reads a number, or says which parameter is none.
pub(super) fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, ApiError> {
    value.parse().map_err(|_| {
        ApiError::bad_request(format!(
            "{name}: Invalid value: \"{value}\": must be a number"
        ))
    })
}

fn pairs(text: &str) -> Result<Vec<(String, String)>, ApiError> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name)?, decode(value)?))
        })
        .collect::<Option<_>>()
        .ok_or_else(|| ApiError::bad_request("the query string is not valid percent-encoding"))
}

/// Percent-decoding with `+` for a space, as Go's net/url reads queries.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_percent_decoded() {
        assert_eq!(
            decode("jobgroup%3Da%2Cb+c").as_deref(),
            Some("jobgroup=a,b c")
        );
        assert_eq!(decode("%4"), None);
        assert_eq!(decode("%ff"), None);
    }

    #[test]
    fn a_parameter_that_is_wrong_is_named() {
        let error = Query::parse("watch=1&limit=ten").expect_err("ten is no number");
        assert!(error.message.contains("limit"), "{error}");
        assert!(Query::parse("labelSelector=a+b").is_err());
    }
}
