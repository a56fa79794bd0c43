//! Jobs and Pods without what the model of a group has no use for: it is skipped while they are decoded, and never held.

use std::borrow::Cow;
use std::fmt;

use kube::Resource;
use kube::api::ObjectMeta;
use kube::core::{ApiResource, DynamicResourceScope};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::{Map, Value};

/// Fields of a spec that are kept whole.
const SPEC: &[&str] = &[
    "completions",
    "backoffLimit",
    "activeDeadlineSeconds",
    "ttlSecondsAfterFinished",
    "suspend",
    "nodeName",
];
/// Annotations that are kept begin with this.
const ANNOTATIONS: &str = "kubectl-batch/";

/// A Job or a Pod, cut down.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    /// What kube's watcher asks for.
    meta: ObjectMeta,
    pub(super) object: Value,
}

impl<'de> Deserialize<'de> for Cut {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Part::Object.deserialize(deserializer)?;
        let text = |field: &str| object["metadata"][field].as_str().map(str::to_owned);
        Ok(Self {
            meta: ObjectMeta {
                name: text("name"),
                namespace: text("namespace"),
                uid: text("uid"),
                resource_version: text("resourceVersion"),
                ..ObjectMeta::default()
            },
            object,
        })
    }
}

impl Resource for Cut {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(kind: &ApiResource) -> Cow<'_, str> {
        kind.kind.as_str().into()
    }

    fn group(kind: &ApiResource) -> Cow<'_, str> {
        kind.group.as_str().into()
    }

    fn version(kind: &ApiResource) -> Cow<'_, str> {
        kind.version.as_str().into()
    }

    fn plural(kind: &ApiResource) -> Cow<'_, str> {
        kind.plural.as_str().into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}

/// A part of an object; it knows which of its fields are kept.
#[derive(Clone, Copy)]
enum Part {
    Object,
    Metadata,
    Annotations,
    Spec,
    Containers,
    Container,
    Whole,
}

impl Part {
    /// What a field of it is; `None` for one that is skipped.
    fn field(self, name: &str) -> Option<Self> {
        match (self, name) {
            (Self::Object, "metadata") => Some(Self::Metadata),
            (Self::Object, "spec") => Some(Self::Spec),
            (Self::Metadata, "managedFields") => None,
            (Self::Metadata, "annotations") => Some(Self::Annotations),
            (Self::Annotations, _) if !name.starts_with(ANNOTATIONS) => None,
            (Self::Spec, "containers" | "initContainers") => Some(Self::Containers),
            (Self::Spec, _) if !SPEC.contains(&name) => None,
            (Self::Container, _) if !matches!(name, "name" | "image") => None,
            _ => Some(Self::Whole),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Part {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self {
            Self::Whole => Value::deserialize(deserializer),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Part {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a part of a Kubernetes object")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut kept = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            match self.field(&name) {
                Some(part) => {
                    kept.insert(name, map.next_value_seed(part)?);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Value::Object(kept))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut kept = Vec::new();
        while let Some(item) = list.next_element_seed(Self::Container)? {
            kept.push(item);
        }
        Ok(Value::Array(kept))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::group::{JobView, PodView};

    fn cut(object: &Value) -> Value {
        let cut: Cut = serde_json::from_str(&object.to_string()).expect("an object");
        assert_eq!(cut.meta.resource_version.as_deref(), Some("7"));
        cut.object
    }

    #[test]
    fn the_model_sees_the_same_and_the_rest_is_not_held() {
        let container = json!({"name": "c", "image": "i:1", "env": [{"name": "BIG"}], "volumeMounts": [{"name": "BIG"}], "args": ["BIG"]});
        let metadata = json!({"name": "p", "namespace": "n", "uid": "u", "resourceVersion": "7", "managedFields": [{"manager": "BIG"}],
            "labels": {"job-name": "j"}, "ownerReferences": [{"kind": "Job", "name": "j", "uid": "o", "controller": true}],
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "annotations": {"kubectl-batch/item": "apple", "kubectl.kubernetes.io/last-applied-configuration": "BIG"}});
        let pod = json!({"metadata": metadata,
            "spec": {"nodeName": "n", "volumes": [{"name": "BIG"}], "containers": [container], "initContainers": null},
            "status": {"phase": "Pending", "containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "ErrImagePull"}}}]}});
        let job = json!({"metadata": metadata,
            "spec": {"completions": 3, "backoffLimit": 2, "activeDeadlineSeconds": 9, "ttlSecondsAfterFinished": 8, "suspend": true,
                "template": {"spec": {"containers": [container]}}, "selector": {"matchLabels": {"x": "BIG"}}},
            "status": {"failed": 1, "uncountedTerminatedPods": {"failed": ["x"]},
                "conditions": [{"type": "Failed", "status": "True", "reason": "r"}]}});
        let (cut_pod, cut_job) = (cut(&pod), cut(&job));
        assert!(PodView::from_value(&pod).is_some());
        assert_eq!(PodView::from_value(&cut_pod), PodView::from_value(&pod));
        assert!(JobView::from_value(&job).is_some());
        assert_eq!(JobView::from_value(&cut_job), JobView::from_value(&job));
        assert!(!cut_pod.to_string().contains("BIG"), "{cut_pod}");
        assert!(!cut_job.to_string().contains("BIG"), "{cut_job}");
    }
}
