use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::group::phase::Phase;

fn identity() -> Identity {
    Identity {
        namespace: "ci".into(),
        label: "jobgroup".into(),
        group: "x".into(),
    }
}

fn place(name: &str) -> Place {
    Place {
        namespace: "ci".into(),
        name: name.into(),
    }
}

fn item(index: usize, count: usize, value: Value) -> Item {
    Item {
        index,
        count: Some(count),
        value,
    }
}

fn ended(job: &str, phase: Phase) -> Attempt {
    Attempt {
        phase,
        reason: Some("exit 3 (1 try)".into()),
        failures: 1,
        ran_for: Some(jiff::SignedDuration::from_secs(4)),
        began: jiff::Timestamp::from_second(1_700_000_000).ok(),
        ..Attempt::created(Some(job), 1)
    }
}

fn small() -> Record {
    let mut record = Record {
        is_creating: true,
        beat: 7,
        settings: Settings {
            max_active: Some(2),
            halt: Some("soon,fail=3".into()),
            ..Settings::default()
        },
        ..Record::default()
    };
    let list = ["a", "b", "c"].iter().enumerate();
    let list = list.map(|(index, name)| (place(name), item(index, 3, json!({"file": name}))));
    record.plan(json!({"text": "kind: Job"}), list.collect());
    record.learn(&[
        (place("b"), ended("1", Phase::Failed)),
        (place("b"), Attempt::created(Some("2"), 2)),
    ]);
    record
}

/// Many members whose names and items do not pack to nothing.
fn large(count: usize) -> Record {
    let mut record = Record::default();
    let noise = |index: usize| crate::manifest::digest::hex(&index.to_le_bytes(), 8);
    let list = (0..count).map(|index| {
        let noise = noise(index);
        (
            place(&format!("process-item-{noise}")),
            item(index, count, noise.into()),
        )
    });
    record.plan(json!("template"), list.collect());
    let seen: Vec<_> = record
        .members
        .iter()
        .map(|row| {
            (
                row.place.clone(),
                ended(&row.place.name[13..21], Phase::Succeeded),
            )
        })
        .collect();
    assert!(record.learn(&seen));
    record
}

fn by_name(parts: &[Value]) -> BTreeMap<String, Value> {
    let name = |part: &Value| {
        part["metadata"]["name"]
            .as_str()
            .expect("a name")
            .to_owned()
    };
    parts
        .iter()
        .map(|part| (name(part), part.clone()))
        .collect()
}

fn read(written: &Written) -> Result<Record, RecordError> {
    Head::read(&written.head)?.record(&by_name(&written.parts))
}

#[test]
fn a_record_comes_back_as_it_was_written() {
    let record = small();
    let written = write(&record, &identity(), None, "n").expect("written");
    assert_eq!(written.parts, Vec::<Value>::new());
    assert_eq!(read(&written), Ok(record));
    let head = &written.head;
    let keys = |field: &str| head[field].as_object().expect("a map").keys();
    assert!(keys("data").all(|key| keys("binaryData").all(|other| other != key)));
    assert_eq!(head["metadata"]["name"], "kubectl-batch.x");
    assert_eq!(head["metadata"]["labels"]["jobgroup"], "x");
    assert_eq!(
        head["data"]["options"],
        r#"{"maxActive":2,"halt":"soon,fail=3"}"#
    );
    assert_eq!(
        head["data"]["counts"],
        r#"{"total":3,"pending":1,"waiting":2}"#
    );
}

#[test]
fn a_hundred_thousand_members_are_divided_and_no_configmap_is_too_large() {
    let record = large(100_000);
    let written = write(&record, &identity(), None, "n").expect("written");
    assert!(written.parts.len() > 2, "{} parts", written.parts.len());
    for object in written.parts.iter().chain([&written.head]) {
        let text = object.to_string();
        // The server counts the bytes before base64, and takes bodies of up to 3 MiB.
        assert!(text.len() < 1_400_000, "{} bytes", text.len());
    }
    let head = written.head.to_string();
    assert!(
        head.len() < 4096,
        "the head is sent to all who watch: {head}"
    );
    assert_eq!(read(&written), Ok(record));
}

#[test]
fn what_has_not_changed_is_not_written_again() {
    let mut record = large(20_000);
    let first = write(&record, &identity(), None, "1").expect("written");
    let head = Head::read(&first.head).expect("a head");
    let lists = |written: &Written| {
        let names = by_name(&written.parts).into_keys();
        names.filter(|name| name.contains(".list-")).count()
    };
    assert!(lists(&first) > 0);
    let seen = [(
        record.members[5].place.clone(),
        Attempt::created(Some("again"), 2),
    )];
    assert!(record.learn(&seen));
    let second = write(&record, &identity(), Some(&head), "2").expect("written");
    assert_eq!(lists(&second), 0);
    let mut parts = by_name(&first.parts);
    parts.extend(by_name(&second.parts));
    let read = Head::read(&second.head).and_then(|head| head.record(&parts));
    assert_eq!(read, Ok(record));
    assert_eq!(second.head["data"]["list"], first.head["data"]["list"]);
}

#[test]
fn what_was_left_inline_stays_readable_when_only_the_options_change() {
    let mut record = small();
    let first = write(&record, &identity(), None, "1").expect("written");
    let head = Head::read(&first.head).expect("a head");
    record.settings.max_active = Some(9);
    let second = write(&record, &identity(), Some(&head), "2").expect("written");
    assert_eq!(read(&second), Ok(record));
}

#[test]
fn what_is_no_record_of_this_version_is_said_clearly() {
    let good = write(&small(), &identity(), None, "n").expect("written");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut written = good.clone();
        change(&mut written.head);
        read(&written).expect_err("it is wrong").to_string()
    };
    for (said, words) in [
        (
            with(&|head| head["data"] = json!({"a": "b"})),
            "is no record of a group: something else wrote it",
        ),
        (
            with(&|head| head["data"]["format"] = json!("2")),
            "has the format 2, and this version of the tool knows 1 only",
        ),
        (
            with(&|head| head["data"]["list"] = json!("{")),
            "kubectl-batch.x is damaged: list: EOF",
        ),
        (
            with(&|head| head["data"]["beat"] = json!("soon")),
            "damaged: beat: invalid digit",
        ),
        (
            with(&|head| head["data"]["options"] = Value::Null),
            "damaged: options: it is not there",
        ),
        (
            with(&|head| head["binaryData"]["list.json.gz"] = json!("???")),
            "damaged: list: Invalid symbol",
        ),
        (
            with(&|head| head["binaryData"]["list.json.gz"] = json!("AAAA")),
            "damaged: list: ",
        ),
        (
            with(&|head| {
                head["binaryData"]["list.json.gz"] = head["binaryData"]["outcomes.json.gz"].clone();
            }),
            "damaged: list: its digest is ",
        ),
    ] {
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_part_that_is_missing_or_wrong_is_named() {
    let written = write(&large(20_000), &identity(), None, "n").expect("written");
    let head = Head::read(&written.head).expect("a head");
    let mut parts = by_name(&written.parts);
    let first = head.parts().next().expect("a part").to_owned();
    let part = parts.remove(&first).expect("it is there");
    assert_eq!(
        head.record(&parts),
        Err(RecordError::Incomplete(first.clone()))
    );
    let mut cut = part.clone();
    cut["binaryData"]["part"] = json!("AAAA");
    parts.insert(first.clone(), cut);
    let said = head.record(&parts).expect_err("it is cut").to_string();
    assert!(said.contains("is damaged: list: "), "{said}");
}

#[test]
fn a_new_list_replaces_its_own_members_and_keeps_the_others() {
    let mut record = small();
    record.plan(
        json!("new"),
        vec![
            (place("b"), item(0, 2, json!("b"))),
            (place("d"), item(1, 2, json!("d"))),
        ],
    );
    let rows: Vec<_> = record
        .members
        .iter()
        .map(|row| (row.place.name.as_str(), row.template))
        .collect();
    assert_eq!(rows, [("a", 0), ("b", 1), ("c", 0), ("d", 1)]);
    assert_eq!(record.members[1].attempts.len(), 2, "its history stays");
    let all = ["a", "b", "c", "d"].map(|name| (place(name), item(0, 4, json!(name))));
    record.plan(json!("newest"), all.to_vec());
    assert_eq!(record.templates, [json!("newest")]);
    assert!(record.members.iter().all(|row| row.template == 0));
}

#[test]
fn names_are_those_of_objects_whatever_the_group_is_called() {
    let name = |label: &str, group: &str| {
        let name = Identity {
            label: label.into(),
            group: group.into(),
            ..identity()
        }
        .name();
        assert!(crate::manifest::names::is_object_name(&name), "{name}");
        name
    };
    assert_eq!(name("jobgroup", "x"), "kubectl-batch.x");
    let others = [
        name("jobgroup", "My_Group"),
        name("jobgroup", "my-group"),
        name("team", "x"),
        name("jobgroup", &"a".repeat(63)),
    ];
    let different: BTreeSet<_> = others.iter().collect();
    assert_eq!(different.len(), 4, "{others:?}");
}

#[test]
fn what_is_too_large_is_refused() {
    let written = write(&large(20_000), &identity(), None, "n").expect("written");
    let refused = files::within(10_000, written.clone());
    assert!(matches!(refused, Err(RecordError::TooLarge { bytes }) if bytes > 10_000));
    assert!(files::within(10_000_000, written).is_ok());
}
