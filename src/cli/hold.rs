//! Members that are created suspended, for `release` to let go.

use crate::cluster::submit::Prepared;
use crate::template::is_member;

/// The same members, suspended if they are to be.
///
/// The digest stays that of the manifest as the template gives it, so that the same command without `--suspended` finds its members.
pub(super) fn held<'a>(
    members: impl Iterator<Item = Prepared> + 'a,
    is_suspended: bool,
) -> impl Iterator<Item = Prepared> + 'a {
    members.map(move |mut member| {
        if is_suspended {
            let objects = member.objects.iter_mut();
            for object in objects.filter(|object| is_member(object)) {
                object["spec"]["suspend"] = true.into();
            }
        }
        member
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::group::Place;

    #[test]
    fn only_jobs_are_suspended_and_only_when_asked() {
        let member = Prepared {
            place: Place {
                namespace: "ci".into(),
                name: "a".into(),
            },
            objects: vec![
                json!({"kind": "ConfigMap"}),
                json!({"kind": "Job", "spec": {"suspend": false}}),
            ],
        };
        let suspend = |asked| {
            let held: Vec<_> = held([member.clone()].into_iter(), asked).collect();
            (
                held[0].objects[0].clone(),
                held[0].objects[1]["spec"]["suspend"].clone(),
            )
        };
        assert_eq!(suspend(true), (json!({"kind": "ConfigMap"}), json!(true)));
        assert_eq!(suspend(false), (json!({"kind": "ConfigMap"}), json!(false)));
    }
}
