//! Kind `created_pod`: the contents of one Pod that is created.

use kubectl_batch::job::{IndexFailures, Job, NewPod, TRACKING_FINALIZER, new_pod};
use serde_json::{Value, json};

use crate::compare::same;

/// The body of a create, by what the case asks about.
pub(crate) fn created_pod(case: &Value) -> Result<(), String> {
    let (given, expect) = (&case["given"], &case["expect"]);
    let job = Job::from_value(&object(&given["job"])).map_err(|error| error.to_string())?;
    let index = given["index"].as_i64().map(|index| index as i32);
    let per_index = job.spec.backoff_limit_per_index;
    let failures = per_index.map(|_| IndexFailures::default());
    let pod = new_pod(&job, &NewPod { index, failures });
    for (field, wanted) in expect.as_object().ok_or("expect is not a mapping")? {
        match field.as_str() {
            "generate_name" => same(field, &pod["metadata"]["generateName"], wanted)?,
            "hostname" => same(field, &pod["spec"]["hostname"], wanted)?,
            "labels" | "annotations" => {
                same(field, &or(&pod["metadata"][field], json!({})), wanted)?;
            }
            "owner_references" => same(field, &pod["metadata"]["ownerReferences"], wanted)?,
            "tracking_finalizer" => {
                let count = count(&pod, &TRACKING_FINALIZER.into());
                same(field, &json!(count == 1), wanted)?;
            }
            "finalizers_include" => {
                for finalizer in wanted.as_array().ok_or("no list of finalizers")? {
                    same(&format!("{finalizer}"), &count(&pod, finalizer), &1)?;
                }
            }
            _ => environments(&pod, wanted)?,
        }
    }
    Ok(())
}

fn or(value: &Value, default: Value) -> Value {
    if value.is_null() {
        default
    } else {
        value.clone()
    }
}

fn count(pod: &Value, finalizer: &Value) -> usize {
    let finalizers = pod["metadata"]["finalizers"].as_array();
    let same = |known: &&Value| *known == finalizer;
    finalizers.map_or(0, |known| known.iter().filter(same).count())
}

fn environments(pod: &Value, wanted: &Value) -> Result<(), String> {
    let list = |field: &str| pod["spec"][field].as_array().cloned().unwrap_or_default();
    let containers = [list("containers"), list("initContainers")].concat();
    for (name, env) in wanted.as_object().ok_or("env_of is not a mapping")? {
        let container = containers.iter().find(|c| c["name"] == name.as_str());
        let container = container.ok_or_else(|| format!("no container {name}"))?;
        let what = format!("env of {name}");
        same(&what, &or(&container["env"], json!([])), env)?;
    }
    Ok(())
}

/// The Job that a case writes with a flat template.
fn object(form: &Value) -> Value {
    let flat = &form["spec"]["template"];
    let mut job = form.clone();
    let mut template = json!({"metadata": {}, "spec": {"restartPolicy": "Never"}});
    for (field, value) in flat.as_object().into_iter().flatten() {
        let inner = if ["labels", "annotations", "finalizers"].contains(&field.as_str()) {
            "metadata"
        } else {
            "spec"
        };
        template[inner][field] = value.clone();
    }
    job["spec"]["template"] = template;
    job
}
