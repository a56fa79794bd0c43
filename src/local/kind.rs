//! The kinds that the embedded API serves, one row each.

/// A kind: where its URL stands and what it can do.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Version.
    pub version: &'static str,
    /// Plural name, as in URLs.
    pub plural: &'static str,
    /// `kind`.
    pub kind: &'static str,
    /// The short name that kubectl knows.
    pub short: &'static str,
    /// Whether objects stand in a namespace.
    pub namespaced: bool,
    /// Whether there is a status subresource.
    pub has_status: bool,
}

const fn core(plural: &'static str, kind: &'static str, short: &'static str) -> Kind {
    Kind {
        group: "",
        version: "v1",
        plural,
        kind,
        short,
        namespaced: true,
        has_status: false,
    }
}

/// Jobs.
pub static JOB: Kind = Kind {
    group: "batch",
    has_status: true,
    ..core("jobs", "Job", "")
};
/// Pods.
pub static POD: Kind = Kind {
    has_status: true,
    ..core("pods", "Pod", "po")
};
/// Namespaces.
pub static NAMESPACE: Kind = Kind {
    namespaced: false,
    has_status: true,
    ..core("namespaces", "Namespace", "ns")
};

static OTHERS: [Kind; 9] = [
    Kind {
        group: "batch",
        has_status: true,
        ..core("cronjobs", "CronJob", "cj")
    },
    core("events", "Event", "ev"),
    core("configmaps", "ConfigMap", "cm"),
    core("secrets", "Secret", ""),
    Kind {
        has_status: true,
        ..core("services", "Service", "svc")
    },
    Kind {
        has_status: true,
        ..core("persistentvolumeclaims", "PersistentVolumeClaim", "pvc")
    },
    core("serviceaccounts", "ServiceAccount", "sa"),
    Kind {
        namespaced: false,
        has_status: true,
        ..core("nodes", "Node", "no")
    },
    Kind {
        group: "coordination.k8s.io",
        ..core("leases", "Lease", "")
    },
];

/// All kinds, in the order in which discovery names them.
pub fn all() -> impl Iterator<Item = &'static Kind> {
    [&JOB, &POD, &NAMESPACE].into_iter().chain(&OTHERS)
}

/// The kind with this group, version and plural name.
pub fn find(group: &str, version: &str, plural: &str) -> Option<&'static Kind> {
    all().find(|kind| kind.group == group && kind.version == version && kind.plural == plural)
}

impl Kind {
    /// `batch/v1`, or `v1` for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// The name as error messages write it: `jobs.batch`, `pods`.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_owned()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_own_path() {
        for kind in all() {
            assert_eq!(find(kind.group, kind.version, kind.plural), Some(kind));
        }
        assert_eq!(find("batch", "v1", "pods"), None);
    }
}
