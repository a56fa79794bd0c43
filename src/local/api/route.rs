//! What a URL path names.

use crate::local::kind::{self, Kind};

/// The target of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `/version`, `/api`, `/apis`, or the resources of one group version.
    Discovery(String),
    /// `selfsubjectaccessreviews`: may I?
    AccessReview,
    /// A kind in one namespace, or in all.
    Collection {
        kind: &'static Kind,
        namespace: Option<String>,
    },
    /// One object, or a part of it.
    Object {
        kind: &'static Kind,
        namespace: String,
        name: String,
        subresource: Option<String>,
    },
}

impl Route {
    /// Reads a path; nothing is served at paths that give `None`.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, version, rest) = match parts.as_slice() {
            ["version" | "api" | "apis" | "healthz" | "readyz" | "livez"]
            | ["api", "v1"]
            | ["apis", _, _]
            | ["openapi", "v3", ..] => {
                return Some(Self::Discovery(parts.join("/")));
            }
            ["api", version, rest @ ..] => ("", *version, rest),
            [
                "apis",
                "authorization.k8s.io",
                "v1",
                "selfsubjectaccessreviews",
            ] => return Some(Self::AccessReview),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let find = |plural| kind::find(group, version, plural);
        let collection = |kind, namespace: Option<&&str>| Self::Collection {
            kind,
            namespace: namespace.map(|name| (*name).to_owned()),
        };
        match rest {
            ["namespaces", namespace, plural]
                if find(plural).is_some_and(|kind| kind.namespaced) =>
            {
                Some(collection(find(plural)?, Some(namespace)))
            }
            ["namespaces", namespace, plural, name, part @ ..] => Self::object(
                find(plural).filter(|kind| kind.namespaced)?,
                namespace,
                name,
                part,
            ),
            [plural] => Some(collection(find(plural)?, None)),
            [plural, name, part @ ..] => Self::object(
                find(plural).filter(|kind| !kind.namespaced)?,
                "",
                name,
                part,
            ),
            _ => None,
        }
    }

    fn object(kind: &'static Kind, namespace: &str, name: &str, part: &[&str]) -> Option<Self> {
        let subresource = match part {
            [] => None,
            [one] => Some((*one).to_owned()),
            _ => return None,
        };
        Some(Self::Object {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::kind::{JOB, NAMESPACE, POD};

    #[test]
    fn paths_name_collections_objects_and_parts() {
        let collection = |kind, namespace: Option<&str>| {
            Some(Route::Collection {
                kind,
                namespace: namespace.map(Into::into),
            })
        };
        let object = |kind, namespace: &str, part: Option<&str>| {
            Some(Route::Object {
                kind,
                namespace: namespace.into(),
                name: "x".into(),
                subresource: part.map(Into::into),
            })
        };
        for (path, expected) in [
            (
                "/apis/batch/v1/namespaces/ci/jobs",
                collection(&JOB, Some("ci")),
            ),
            ("/apis/batch/v1/jobs", collection(&JOB, None)),
            (
                "/api/v1/namespaces/ci/pods/x/log",
                object(&POD, "ci", Some("log")),
            ),
            ("/api/v1/namespaces/x", object(&NAMESPACE, "", None)),
            (
                "/api/v1/namespaces/x/status",
                object(&NAMESPACE, "", Some("status")),
            ),
            ("/api/v1/namespaces", collection(&NAMESPACE, None)),
            (
                "/apis/batch/v1",
                Some(Route::Discovery("apis/batch/v1".into())),
            ),
            ("/apis/batch/v2/jobs", None),
            ("/api/v1/namespaces/ci/pods/x/a/b", None),
            ("/", None),
        ] {
            assert_eq!(Route::parse(path), expected, "{path}");
        }
    }
}
