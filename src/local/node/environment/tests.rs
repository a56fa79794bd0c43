//! Environments of containers, from specs as people write them.

use serde_json::{Value, json};

use super::{Source, Sources, arguments, sources_needed, variables};
use crate::local::node::plan::PodPlan;

fn plan(container: &Value) -> PodPlan {
    let mut container = container.clone();
    container["name"] = "main".into();
    let pod = json!({
        "metadata": {
            "name": "p", "namespace": "n", "uid": "u",
            "labels": {"app.kubernetes.io/name": "x"}, "annotations": {"batch.kubernetes.io/job-completion-index": "7"},
        },
        "spec": {"containers": [container]},
    });
    PodPlan::read(&serde_json::from_value(pod).expect("an object")).expect("a Pod")
}

fn sources() -> Sources {
    let data = |pairs: &[(&str, &str)]| {
        let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), value.as_bytes().to_vec());
        pairs.iter().map(pair).collect()
    };
    Sources::from([
        (
            Source::ConfigMap("cm".into()),
            data(&[("A", "1"), ("B", "2")]),
        ),
        (Source::Secret("s".into()), data(&[("PASSWORD", "x y")])),
    ])
}

fn environment(container: &Value) -> Result<String, String> {
    let plan = plan(container);
    let pairs = variables(&plan, &plan.containers[0].spec, &sources())?;
    let lines: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    Ok(lines.join(";"))
}

#[test]
fn values_come_from_text_fields_and_objects() {
    let container = json!({
        "envFrom": [{"prefix": "P_", "configMapRef": {"name": "cm"}}, {"secretRef": {"name": "no", "optional": true}}],
        "env": [
            {"name": "ONE", "value": "$(P_A)-$(TWO)-$$(ONE)"},
            {"name": "TWO", "value": "$(ONE)"},
            {"name": "P_B", "value": "mine"},
            {"name": "INDEX", "valueFrom": {"fieldRef": {
                "fieldPath": "metadata.annotations['batch.kubernetes.io/job-completion-index']"}}},
            {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app.kubernetes.io/name']"}}},
            {"name": "WHO", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "KEY", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "A"}}},
            {"name": "WORD", "valueFrom": {"secretKeyRef": {"name": "s", "key": "PASSWORD"}}},
            {"name": "NONE", "valueFrom": {"secretKeyRef": {"name": "s", "key": "no", "optional": true}}},
            {"name": "EMPTY"},
        ],
    });
    insta::assert_snapshot!(
        environment(&container).expect("variables"),
        @"P_A=1;P_B=mine;ONE=1-$(TWO)-$(ONE);TWO=1-$(TWO)-$(ONE);INDEX=7;APP=x;WHO=p;IP=127.0.0.1;KEY=1;WORD=x y;EMPTY="
    );
}

#[test]
fn what_is_missing_is_named() {
    let from = |from: Value| json!({"env": [{"name": "X", "valueFrom": from}]});
    for (container, message) in [
        (
            json!({"envFrom": [{"configMapRef": {"name": "no"}}]}),
            "configmap \"no\" not found",
        ),
        (
            from(json!({"secretKeyRef": {"name": "no", "key": "k"}})),
            "secret \"no\" not found",
        ),
        (
            from(json!({"configMapKeyRef": {"name": "cm", "key": "k"}})),
            "couldn't find key k in configmap \"cm\" of namespace n",
        ),
        (
            from(json!({"fieldRef": {"fieldPath": "spec.x"}})),
            "fieldRef \"spec.x\" is none of the fields that a Pod may refer to",
        ),
        (
            from(json!({"resourceFieldRef": {"resource": "limits.cpu"}})),
            "env X: the local cluster knows fieldRef, configMapKeyRef and secretKeyRef, and no other valueFrom",
        ),
    ] {
        assert_eq!(environment(&container), Err(message.to_owned()));
    }
}

#[test]
fn each_source_is_asked_for_once() {
    let container = json!({
        "envFrom": [{"configMapRef": {"name": "cm"}}],
        "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "A"}}}],
    });
    let needed = sources_needed(&plan(&container).containers[0].spec);
    assert_eq!(
        needed.into_iter().collect::<Vec<_>>(),
        [Source::ConfigMap("cm".into())]
    );
}

#[test]
fn words_of_the_command_are_expanded_but_not_split() {
    let container = json!({"command": ["echo", "$(A) b"], "args": ["$$(A)", "$(NO)"]});
    let plan = plan(&container);
    let words = arguments(&plan.containers[0].spec, &[("A".into(), "x y".into())]);
    assert_eq!(words, ["echo", "x y b", "$(A)", "$(NO)"]);
}

#[test]
fn arguments_without_a_command_need_an_image() {
    let plan = plan(&json!({"args": ["x"]}));
    assert!(arguments(&plan.containers[0].spec, &[]).is_empty());
}
