//! The difference between a list and the cluster: a table for people, JSON for programs, and what is in the way.

use serde_json::{Value, json};

use super::grid::grid;
use super::text::show;
use crate::group::{Compared, Difference, Place, Standing};

/// Names that stand in one row.
const NAMES_MAX: usize = 5;
/// Members that are in the way and named.
const CLASHES_MAX: usize = 10;

/// A row for each standing that any member has: how many, and the first of them.
pub fn difference_table(difference: &Difference) -> String {
    let rows = Standing::ALL.into_iter().filter_map(|standing| {
        let count = difference.of(standing).count();
        (count > 0).then(|| {
            let names = difference
                .of(standing)
                .map(|member| show(&member.place.name).into_owned());
            [
                standing.word().into(),
                count.to_string(),
                bounded(names, count, NAMES_MAX).join(", "),
            ]
        })
    });
    grid(Some(["STATE", "MEMBERS", "JOBS"]), rows)
}

/// All members, with how each stands and the digests on both sides.
pub fn difference_json(group: &str, difference: &Difference) -> Value {
    let mut counts = json!({});
    for standing in Standing::ALL {
        counts[standing.word()] = difference.of(standing).count().into();
    }
    let members: Vec<Value> = difference.members.iter().map(member_json).collect();
    json!({"version": 1, "type": "difference", "group": group, "counts": counts, "members": members})
}

fn member_json(member: &Compared) -> Value {
    json!({
        "item": member.item, "index": member.index,
        "namespace": member.place.namespace, "job": member.place.name,
        "state": member.standing.word(), "digest": member.wanted,
        "digestInCluster": member.present.as_ref().and_then(|present| present.digest.as_deref()),
    })
}

/// A line for each member whose name another Job has, up to a bound.
pub fn clashes(difference: &Difference) -> Vec<String> {
    let changed = difference.of(Standing::Changed);
    let line = |member: &Compared| {
        let there = member
            .present
            .as_ref()
            .and_then(|present| present.digest.as_deref());
        let there = there.map_or_else(
            || "it was not created by this tool".into(),
            |digest| format!("its digest is {}", show(digest)),
        );
        let wanted = member.wanted.as_deref().unwrap_or_default();
        format!(
            "  {} (item \"{}\"): {there}, the list asks for {wanted}",
            show(&member.place.name),
            show(&member.item)
        )
    };
    let count = difference.of(Standing::Changed).count();
    let mut lines = bounded(changed.map(line), count, CLASHES_MAX);
    if let Some(last) = lines.last_mut().filter(|_| count > CLASHES_MAX) {
        last.insert_str(0, "  ");
    }
    lines
}

/// Why the server, or another Job, did not take a member: its name, its item, the causes.
pub fn refusal(place: &Place, item: &str, why: &str) -> String {
    format!("{} (item \"{}\"): {why}", show(&place.name), show(item))
}

/// The first texts, and how many more there are.
fn bounded(texts: impl Iterator<Item = String>, count: usize, most: usize) -> Vec<String> {
    let mut shown: Vec<String> = texts.take(most).collect();
    if count > most {
        shown.push(format!("and {} more", count - most));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{JobView, Wanted};

    fn sample() -> Difference {
        let wanted: Vec<Wanted> = (0..12)
            .map(|index| Wanted {
                place: Place {
                    namespace: "ci".into(),
                    name: format!("p-{index}"),
                },
                item: format!("item {index}"),
                index,
                digest: "aa".into(),
            })
            .collect();
        let job = |name: &str, digest: &Value| {
            JobView::from_value(&json!({"metadata": {
                "name": name, "namespace": "ci", "uid": "u",
                "annotations": {"kubectl-batch/digest": digest},
            }}))
            .expect("a Job")
        };
        let jobs = [
            job("p-0", &json!("aa")),
            job("p-1", &json!("bb")),
            job("p-2", &Value::Null),
            job("old\u{1b}", &json!("cc")),
        ];
        Difference::new(&wanted, jobs)
    }

    #[test]
    fn the_table_counts_all_and_names_the_first() {
        insta::assert_snapshot!(difference_table(&sample()), @r"
        STATE       MEMBERS   JOBS
        new         9         p-3, p-4, p-5, p-6, p-7, and 4 more
        unchanged   1         p-0
        changed     2         p-1, p-2
        extra       1         old^[
        ");
    }

    #[test]
    fn what_is_in_the_way_is_told_with_both_digests_and_bounded() {
        insta::assert_snapshot!(clashes(&sample()).join("\n"), @r#"
          p-1 (item "item 1"): its digest is bb, the list asks for aa
          p-2 (item "item 2"): it was not created by this tool, the list asks for aa
        "#);
        let mut many = sample();
        for member in &mut many.members {
            member.standing = Standing::Changed;
        }
        let lines = clashes(&many);
        assert_eq!((lines.len(), lines[10].as_str()), (11, "  and 3 more"));
    }

    #[test]
    fn json_has_every_member() {
        let found = difference_json("g", &sample());
        assert_eq!(found["members"].as_array().map(Vec::len), Some(13));
        insta::assert_snapshot!(found["counts"], @r#"{"new":9,"unchanged":1,"running":0,"done":0,"failed":0,"changed":2,"extra":1}"#);
        insta::assert_snapshot!(found["members"][1], @r#"{"item":"item 1","index":1,"namespace":"ci","job":"p-1","state":"changed","digest":"aa","digestInCluster":"bb"}"#);
    }
}
