//! Creation: names, uids, versions and admission.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{ApiError, Key, State, Store, admission, object};
use crate::local::kind::{Kind, NAMESPACE};

/// The letters of generated name suffixes (`apimachinery/pkg/util/rand`): none that make words.
const SUFFIX_LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// A generated name is cut so that the suffix fits a label's 63 characters.
const GENERATED_MAX: usize = 58;
/// Tries for a free generated name.
const NAME_TRIES: usize = 8;

impl Store {
    /// Creates an object; with `dry_run` everything is checked and nothing is kept.
    pub fn create(
        &self,
        kind: &'static Kind,
        namespace: &str,
        object: Value,
        dry_run: bool,
    ) -> Result<Arc<Value>, ApiError> {
        self.transact(|state| state.create(kind, namespace, object, dry_run))
    }
}

impl State {
    fn create(
        &mut self,
        kind: &'static Kind,
        namespace: &str,
        mut object: Value,
        dry_run: bool,
    ) -> Result<Arc<Value>, ApiError> {
        if !object.is_object() || !object["metadata"].is_object() {
            return Err(ApiError::bad_request("the object has no metadata"));
        }
        self.check_namespace(kind, namespace, &object)?;
        let name = self.choose_name(kind, namespace, &object)?;
        object["apiVersion"] = kind.api_version().into();
        object["kind"] = kind.kind.into();
        self.stamp(kind, namespace, &name, &mut object);
        admission::on_create(kind, &mut object);
        let causes = admission::validate_create(kind, &object);
        if !causes.is_empty() {
            return Err(ApiError::invalid(kind, &name, &causes));
        }
        if dry_run {
            return Ok(Arc::new(object));
        }
        self.put(&Key::new(kind, namespace, &name), object)
    }

    fn check_namespace(
        &self,
        kind: &Kind,
        namespace: &str,
        object: &Value,
    ) -> Result<(), ApiError> {
        let own = object::text(object, "/metadata/namespace").unwrap_or(namespace);
        if kind.namespaced && own != namespace {
            return Err(ApiError::bad_request(format!(
                "the namespace of the provided object does not match the namespace sent on the request: {own}, {namespace}"
            )));
        }
        if kind.namespaced {
            self.object(&Key::new(&NAMESPACE, "", namespace))?;
        }
        Ok(())
    }

    fn choose_name(
        &mut self,
        kind: &'static Kind,
        namespace: &str,
        object: &Value,
    ) -> Result<String, ApiError> {
        let taken =
            |state: &Self, name: &str| state.objects.contains_key(&Key::new(kind, namespace, name));
        if let Some(name) = object::text(object, "/metadata/name").filter(|name| !name.is_empty()) {
            if !object::is_name(name) {
                let problem = format!(
                    "Invalid value: \"{name}\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
                );
                return Err(ApiError::invalid(
                    kind,
                    name,
                    &[("metadata.name".into(), problem)],
                ));
            }
            if taken(self, name) {
                return Err(ApiError::already_exists(kind, name));
            }
            return Ok(name.to_owned());
        }
        let Some(base) = object::text(object, "/metadata/generateName") else {
            let causes = [(
                "metadata.name".into(),
                "Required value: name or generateName is required".into(),
            )];
            return Err(ApiError::invalid(kind, "", &causes));
        };
        let base: String = base.chars().take(GENERATED_MAX).collect();
        let mut name = String::new();
        for _ in 0..NAME_TRIES {
            let letters = (0..5).map(|_| {
                char::from(SUFFIX_LETTERS[self.environment.random.usize(..SUFFIX_LETTERS.len())])
            });
            name = letters.fold(base.clone(), |mut name, letter| {
                name.push(letter);
                name
            });
            if !taken(self, &name) {
                return Ok(name);
            }
        }
        Err(ApiError::already_exists(kind, &name))
    }

    /// Fills in what only the server may say.
    fn stamp(&mut self, kind: &Kind, namespace: &str, name: &str, object: &mut Value) {
        let bytes: [u8; 16] = std::array::from_fn(|_| self.environment.random.u8(..));
        let uid = uuid::Builder::from_random_bytes(bytes)
            .into_uuid()
            .to_string();
        let created = object::instant(self.now());
        let metadata = &mut object["metadata"];
        metadata["name"] = name.into();
        metadata["uid"] = uid.into();
        metadata["creationTimestamp"] = created;
        if kind.namespaced {
            metadata["namespace"] = namespace.into();
        }
        if object.get("spec").is_some() {
            object["metadata"]["generation"] = json!(1);
        }
        for field in [
            "resourceVersion",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "managedFields",
        ] {
            if let Some(metadata) = object["metadata"].as_object_mut() {
                metadata.shift_remove(field);
            }
        }
    }
}
