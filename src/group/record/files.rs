//! A record as ConfigMaps: one head, which anybody can read, and parts for what is too large for it.
//!
//! A ConfigMap holds at most 1 MiB (`MaxSecretSize` in `pkg/apis/core/validation`). Parts have a name that no other write has, so
//! that the head, which is only ever replaced in the version that was read, is all that writers compete for.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{HEAD, ROLE, Record, RecordError, Settings, content, gzip};
use crate::group::phase::Phase;
use crate::group::tally::Tally;
use crate::manifest::{digest, names};

/// The version of the format.
pub(super) const FORMAT: &str = "1";
/// Bytes that stand in the head itself: it is sent to everybody who watches, with each change.
const INLINE_MAX: usize = 32 * 1024;
/// Bytes of one part.
const PART_BYTES: usize = 768 * 1024;
/// Bytes of a whole record as it is sent: etcd holds 2 GiB by default, and all of a cluster.
pub(super) const BYTES_MAX: usize = 32 * 1024 * 1024;
const BLOBS: [&str; 2] = ["list", "outcomes"];

/// The key of a blob in the head: one that `data` has may not stand in `binaryData` too.
fn packed_key(key: &str) -> String {
    format!("{key}.json.gz")
}

/// Whose record it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The namespace of the record.
    pub namespace: String,
    /// The label that carries the group's name.
    pub label: String,
    /// The group's name.
    pub group: String,
}

/// What is written: the parts first, then the head.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// Without a resourceVersion.
    pub head: Value,
    /// New ones only.
    pub parts: Vec<Value>,
}

/// Where a blob is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Blob {
    /// Of the bytes before they are packed.
    digest: String,
    /// The ConfigMaps that hold it, in order; none if it stands in the head.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parts: Vec<String>,
}

/// The head of a record, as it was read.
#[derive(Clone, Debug)]
pub struct Head {
    name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub version: String,
    /// What limits the creation of members.
    pub settings: Settings,
    /// A command creates members, or lets them go.
    pub is_creating: bool,
    /// Grows with each sign of life of such a command.
    pub beat: u64,
    /// How many members there are.
    pub total: usize,
    list: Blob,
    outcomes: Blob,
    inline: BTreeMap<String, Vec<u8>>,
}

impl Identity {
    /// The name of the head.
    pub fn name(&self) -> String {
        let (safe, lost) = names::safe_part(&self.group);
        let group = names::finish(&safe, lost, &self.group);
        if self.label == "jobgroup" {
            return format!("kubectl-batch.{group}");
        }
        let label = digest::hex(self.label.as_bytes(), 4);
        format!("kubectl-batch.{group}.{label}")
    }

    fn object(&self, name: &str, role: &str) -> Value {
        let mut labels = Map::new();
        labels.insert(self.label.clone(), self.group.as_str().into());
        labels.insert(
            "app.kubernetes.io/managed-by".into(),
            "kubectl-batch".into(),
        );
        labels.insert(ROLE.into(), role.into());
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": self.namespace, "labels": labels},
        })
    }
}

/// The ConfigMaps of a record; what `before` holds already is not written again, and `nonce` is in the names of new parts.
pub fn write(
    record: &Record,
    identity: &Identity,
    before: Option<&Head>,
    nonce: &str,
) -> Result<Written, RecordError> {
    within(BYTES_MAX, divide(record, identity, before, nonce))
}

/// What is written, if it is not too large.
pub(super) fn within(most: usize, written: Written) -> Result<Written, RecordError> {
    let size = |object: &Value| object["binaryData"]["part"].as_str().map_or(0, str::len);
    let bytes = written.parts.iter().map(size).sum();
    if bytes > most {
        return Err(RecordError::TooLarge { bytes });
    }
    Ok(written)
}

fn divide(record: &Record, identity: &Identity, before: Option<&Head>, nonce: &str) -> Written {
    let mut head = identity.object(&identity.name(), HEAD);
    let settings = serde_json::to_string(&record.settings).expect("texts and numbers");
    head["data"] = json!({
        "format": FORMAT,
        "group": identity.group,
        "options": settings,
        "creating": record.is_creating.to_string(),
        "beat": record.beat.to_string(),
        "counts": counts(record.tally()).to_string(),
    });
    let mut parts = Vec::new();
    for (key, content) in BLOBS
        .into_iter()
        .zip([content::list(record), content::outcomes(record)])
    {
        let digest = digest::short(&content);
        let known = before.map(|head| head.blob(key));
        if let Some((head_before, blob)) =
            before.zip(known).filter(|(_, blob)| blob.digest == digest)
        {
            head["data"][key] = json!(serde_json::to_string(blob).expect("texts"));
            if let Some(inline) = head_before.inline.get(key) {
                head["binaryData"][packed_key(key)] = STANDARD.encode(inline).into();
            }
            continue;
        }
        let packed = gzip::pack(&content);
        let mut blob = Blob {
            digest,
            parts: Vec::new(),
        };
        if packed.len() <= INLINE_MAX {
            head["binaryData"][packed_key(key)] = STANDARD.encode(&packed).into();
        } else {
            for (number, chunk) in packed.chunks(PART_BYTES).enumerate() {
                let name = format!("{}.{key}-{nonce}-{number}", identity.name());
                let mut part = identity.object(&name, "part");
                part["binaryData"] = json!({"part": STANDARD.encode(chunk)});
                parts.push(part);
                blob.parts.push(name);
            }
        }
        head["data"][key] = json!(serde_json::to_string(&blob).expect("texts"));
    }
    Written { head, parts }
}

fn counts(tally: Tally) -> Value {
    let mut counts = json!({"total": tally.total()});
    for phase in Phase::ALL {
        let count = tally.of(phase);
        if count > 0 {
            counts[phase.word()] = count.into();
        }
    }
    counts
}

impl Head {
    /// Reads the head of a record from its ConfigMap.
    pub fn read(object: &Value) -> Result<Self, RecordError> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let name = text("/metadata/name").unwrap_or_default().to_owned();
        let Some(found) = text("/data/format") else {
            return Err(RecordError::Foreign(name));
        };
        if found != FORMAT {
            let found = found.to_owned();
            return Err(RecordError::Version { name, found });
        }
        let damaged = |key: &str, why: &dyn std::fmt::Display| RecordError::Damaged {
            name: name.clone(),
            problem: format!("{key}: {why}"),
        };
        let data = |key: &str| {
            let found = object["data"][key].as_str();
            found.ok_or_else(|| damaged(key, &"it is not there"))
        };
        let mut inline = BTreeMap::new();
        let mut blobs = [Blob::default(), Blob::default()];
        for (key, blob) in BLOBS.into_iter().zip(&mut blobs) {
            *blob = serde_json::from_str(data(key)?).map_err(|why| damaged(key, &why))?;
            if let Some(encoded) = object["binaryData"][packed_key(key)].as_str() {
                let bytes = STANDARD.decode(encoded).map_err(|why| damaged(key, &why))?;
                inline.insert(key.to_owned(), bytes);
            }
        }
        let [list, outcomes] = blobs;
        let counts: Value =
            serde_json::from_str(data("counts")?).map_err(|why| damaged("counts", &why))?;
        Ok(Self {
            uid: text("/metadata/uid").unwrap_or_default().to_owned(),
            version: text("/metadata/resourceVersion")
                .unwrap_or_default()
                .to_owned(),
            settings: serde_json::from_str(data("options")?)
                .map_err(|why| damaged("options", &why))?,
            is_creating: data("creating")? == "true",
            beat: data("beat")?.parse().map_err(|why| damaged("beat", &why))?,
            total: counts["total"].as_u64().unwrap_or(0) as usize,
            list,
            outcomes,
            inline,
            name,
        })
    }

    /// The names of the parts that have to be read before [`Head::record`].
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        let parts = self.list.parts.iter().chain(&self.outcomes.parts);
        parts.map(String::as_str)
    }

    /// What tells one state of the list and its outcomes from another.
    pub fn content(&self) -> (&str, &str) {
        (&self.list.digest, &self.outcomes.digest)
    }

    /// The whole record, from the head and its parts by name.
    pub fn record(&self, parts: &BTreeMap<String, Value>) -> Result<Record, RecordError> {
        let damaged = |problem: String| RecordError::Damaged {
            name: self.name.clone(),
            problem,
        };
        let list = self.unpacked("list", parts)?;
        let (templates, mut members) = content::read_list(&list).map_err(damaged)?;
        let outcomes = self.unpacked("outcomes", parts)?;
        content::read_outcomes(&outcomes, &mut members).map_err(damaged)?;
        Ok(Record {
            settings: self.settings.clone(),
            is_creating: self.is_creating,
            beat: self.beat,
            templates,
            members,
        })
    }

    fn blob(&self, key: &str) -> &Blob {
        if key == "list" {
            &self.list
        } else {
            &self.outcomes
        }
    }

    fn unpacked(&self, key: &str, parts: &BTreeMap<String, Value>) -> Result<Vec<u8>, RecordError> {
        let blob = self.blob(key);
        let damaged = |name: &str, problem: String| RecordError::Damaged {
            name: name.to_owned(),
            problem,
        };
        let mut packed = self.inline.get(key).cloned().unwrap_or_default();
        for name in &blob.parts {
            let part = parts.get(name);
            let part = part.ok_or_else(|| RecordError::Incomplete(name.clone()))?;
            let encoded = part.pointer("/binaryData/part").and_then(Value::as_str);
            let bytes = STANDARD.decode(encoded.unwrap_or_default());
            packed.extend(bytes.map_err(|why| damaged(name, why.to_string()))?);
        }
        let bytes =
            gzip::unpack(&packed).map_err(|why| damaged(&self.name, format!("{key}: {why}")))?;
        let found = digest::short(&bytes);
        if found != blob.digest {
            let problem = format!(
                "{key}: its digest is {found}, and {} was written",
                blob.digest
            );
            return Err(damaged(&self.name, problem));
        }
        Ok(bytes)
    }
}
