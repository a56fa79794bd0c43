//! Fields that no known Kubernetes version has, and values of the wrong type.
//!
//! The types of the Kubernetes API serve as the schema: an object is read into them by a deserializer that compares each map's keys with
//! the fields of the type that asks for it. Nothing is kept of what is read.

use std::cell::RefCell;

use k8s_openapi::api::{batch::v1 as batch, core::v1 as core};
use serde::de::value::{Error, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess,
    SeqAccess, Visitor,
};
use serde_json::Value;

use super::notice::{Finding, Severity};

/// Reads an object of a known kind; of other kinds nothing is known.
pub(super) fn check(object: &Value) -> Vec<Finding> {
    let text = |key: &str| object[key].as_str().unwrap_or_default();
    match (text("apiVersion"), text("kind")) {
        ("batch/v1", "Job") => read::<batch::Job>(object),
        ("batch/v1", "CronJob") => read::<batch::CronJob>(object),
        ("v1", "Pod") => read::<core::Pod>(object),
        ("v1", "ConfigMap") => read::<core::ConfigMap>(object),
        ("v1", "Secret") => read::<core::Secret>(object),
        ("v1", "Service") => read::<core::Service>(object),
        ("v1", "PersistentVolumeClaim") => read::<core::PersistentVolumeClaim>(object),
        _ => Vec::new(),
    }
}

fn read<T: DeserializeOwned>(object: &Value) -> Vec<Finding> {
    let findings = RefCell::new(Vec::new());
    let reader = Reader {
        value: object,
        path: String::new(),
        findings: &findings,
    };
    // An error is among the findings already.
    let _ = T::deserialize(reader);
    findings.into_inner()
}

/// Hands out one value, and knows where it stands.
struct Reader<'a> {
    value: &'a Value,
    path: String,
    findings: &'a RefCell<Vec<Finding>>,
}

impl<'a> Reader<'a> {
    fn child(&self, value: &'a Value, step: &str) -> Self {
        let path = match (self.path.is_empty(), step.starts_with('[')) {
            (true, _) => step.to_owned(),
            (false, true) => format!("{}{step}", self.path),
            (false, false) => format!("{}.{step}", self.path),
        };
        Self {
            value,
            path,
            findings: self.findings,
        }
    }

    /// Reports the innermost error only: those around it repeat it.
    fn finish<T>(self, read: impl FnOnce(Self) -> Result<T, Error>) -> Result<T, Error> {
        let (path, findings) = (self.path.clone(), self.findings);
        let before = findings.borrow().len();
        read(self).inspect_err(|error| {
            let mut findings = findings.borrow_mut();
            let told = findings[before..]
                .iter()
                .any(|finding| finding.problem.starts_with("invalid"));
            if !told {
                findings.push(Finding::new(Severity::Warning, path, error.to_string()));
            }
        })
    }

    fn unknown(&self, fields: &'static [&'static str]) {
        let Value::Object(map) = self.value else {
            return;
        };
        for key in map.keys().filter(|key| !fields.contains(&key.as_str())) {
            let near = fields.iter().copied().filter(|field| is_near(key, field));
            let meant = near.min_by_key(|field| distance(key, field));
            let meant = meant
                .map(|field| format!(": did you mean {field}?"))
                .unwrap_or_default();
            let path = self.child(self.value, key).path;
            let problem = format!("no Kubernetes version has this field{meant}");
            let finding = Finding::new(Severity::Warning, path, problem);
            self.findings.borrow_mut().push(finding);
        }
    }
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::String(value) => visitor.visit_borrowed_str(value),
            Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(value), ..) => visitor.visit_i64(value),
                (_, Some(value), _) => visitor.visit_u64(value),
                (_, _, Some(value)) => visitor.visit_f64(value),
                _ => Err(Error::custom("invalid number")),
            },
            Value::Array(list) => {
                let reader = &self;
                visitor.visit_seq(Children {
                    reader,
                    steps: list
                        .iter()
                        .enumerate()
                        .map(|(at, value)| (format!("[{at}]"), value)),
                    value: None,
                })
            }
            Value::Object(map) => {
                let reader = &self;
                visitor.visit_map(Children {
                    reader,
                    steps: map.iter().map(|(key, value)| (key.clone(), value)),
                    value: None,
                })
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.unknown(fields);
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map enum
        identifier ignored_any
    }
}

/// The entries of a list or a map.
struct Children<'r, 'a, I> {
    reader: &'r Reader<'a>,
    steps: I,
    value: Option<(String, &'a Value)>,
}

impl<'de, I: Iterator<Item = (String, &'de Value)>> SeqAccess<'de> for Children<'_, 'de, I> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some((step, value)) = self.steps.next() else {
            return Ok(None);
        };
        let child = self.reader.child(value, &step);
        child.finish(|child| seed.deserialize(child)).map(Some)
    }
}

impl<'de, I: Iterator<Item = (String, &'de Value)>> MapAccess<'de> for Children<'_, 'de, I> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        self.value = self.steps.next();
        let Some((key, _)) = &self.value else {
            return Ok(None);
        };
        let key: StrDeserializer<'_, Error> = key.as_str().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (step, value) = self.value.take().ok_or_else(|| Error::custom("no value"))?;
        let child = self.reader.child(value, &step);
        child.finish(|child| seed.deserialize(child))
    }
}

fn is_near(written: &str, field: &str) -> bool {
    distance(&written.to_lowercase(), &field.to_lowercase()) <= 1 + field.len() / 5
}

/// Levenshtein's: how many letters must change.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn findings(spec: &Value) -> Vec<String> {
        let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "p"}, "spec": spec});
        let said = |finding: Finding| format!("{}: {}", finding.path, finding.problem);
        check(&job).into_iter().map(said).collect()
    }

    #[test]
    fn a_field_that_no_version_has_is_named_with_the_one_that_was_meant() {
        let spec = json!({"backofLimit": 2, "template": {"spec": {"containers": [{"name": "c", "comand": ["sh"], "shell": 1}]}}});
        assert_eq!(
            findings(&spec),
            [
                "spec.backofLimit: no Kubernetes version has this field: did you mean backoffLimit?",
                "spec.template.spec.containers[0].comand: no Kubernetes version has this field: did you mean command?",
                "spec.template.spec.containers[0].shell: no Kubernetes version has this field",
            ]
        );
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named_once() {
        let spec = json!({"completions": "four", "template": {}});
        assert_eq!(
            findings(&spec),
            ["spec.completions: invalid type: string \"four\", expected i32"]
        );
        assert_eq!(
            findings(
                &json!({"template": {"spec": {"containers": [{"name": "c", "env": [{"name": "A", "value": 1}]}]}}})
            ),
            [
                "spec.template.spec.containers[0].env[0].value: invalid type: integer `1`, expected a string"
            ]
        );
    }

    #[test]
    fn a_sound_job_has_no_findings() {
        let spec = json!({"completions": 4, "ttlSecondsAfterFinished": 0, "template": {"spec": {"restartPolicy": "Never", "containers": [{
            "name": "c", "resources": {"limits": {"cpu": 1, "memory": "1Gi"}}, "ports": [{"containerPort": 80}],
            "livenessProbe": {"httpGet": {"port": "http"}}}]}}});
        assert_eq!(findings(&spec), Vec::<String>::new());
    }
}
