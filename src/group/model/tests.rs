//! Stories of a group, told as observations.

use serde_json::{Value, json};

use super::super::record::Attempt;
use super::super::wait::Wait;
use super::causes::tests::counted_anew;
use super::*;
use crate::group::{Explained, JobView, PodState, Recorded};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

fn place(name: &str) -> Place {
    Place {
        namespace: "default".into(),
        name: name.into(),
    }
}

fn job(name: &str, uid: &str, status: &Value) -> Box<JobView> {
    let job = json!({
        "metadata": {"name": name, "uid": uid, "annotations": {"kubectl-batch/item": format!("the {name}")}},
        "spec": {"completions": 1, "backoffLimit": 1},
        "status": status,
    });
    Box::new(JobView::from_value(&job).expect("a Job"))
}

fn pod(job: &str, uid: &str, state: PodState) -> Box<PodView> {
    let pod = json!({"metadata": {"name": uid, "uid": uid, "labels": {"job-name": job}}});
    let last_cause = match &state {
        PodState::Failed(cause) => Some(cause.clone()),
        _ => None,
    };
    Box::new(PodView {
        state,
        last_cause,
        ..PodView::from_value(&pod).expect("a Pod of a Job")
    })
}

fn complete() -> Value {
    json!({"startTime": "1970-01-01T00:00:00Z", "completionTime": "1970-01-01T00:00:04Z",
        "conditions": [{"type": "Complete", "status": "True"}]})
}

fn failed() -> Value {
    json!({"failed": 2, "conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]})
}

fn phase(group: &Group, name: &str) -> Phase {
    group.member(&place(name)).expect("a member").state.phase
}

/// The changes of a story, in words.
fn tell(group: &mut Group, story: Vec<Observation>) -> Vec<String> {
    let changes = story.into_iter().flat_map(|seen| group.handle(at(9), seen));
    changes
        .map(|change| match change.what {
            What::Created => format!("{} created", change.item),
            What::Unchanged => format!("{} unchanged", change.item),
            What::Phase { to, reason, .. } => format!(
                "{} {} {}",
                change.item,
                to.word(),
                reason.unwrap_or_default()
            )
            .trim()
            .to_owned(),
            What::TryFailed {
                failures,
                tries_max,
                reason,
                ..
            } => {
                format!("{} try {failures}/{tries_max} {reason}", change.item)
            }
            What::Waits { reason, .. } => format!("{} waits {reason}", change.item),
        })
        .collect()
}

#[test]
fn a_member_goes_from_the_list_to_its_end() {
    let mut group = Group::default();
    group.expect(place("a"), "the a".into(), 0);
    assert!(!group.is_over());
    let told = tell(
        &mut group,
        vec![
            Observation::Created(place("a"), "u".into()),
            Observation::SubmissionEnded,
            Observation::Job(job("a", "u", &json!({}))),
            Observation::Pod(pod("a", "p1", PodState::Pending(None))),
            Observation::Pod(pod("a", "p1", PodState::Running)),
            Observation::Pod(pod("a", "p1", PodState::Failed("exit 3".into()))),
            Observation::Job(job("a", "u", &json!({"failed": 1}))),
            Observation::Pod(pod("a", "p2", PodState::Running)),
            Observation::Pod(pod("a", "p2", PodState::Failed("exit 4".into()))),
            Observation::Job(job("a", "u", &failed())),
        ],
    );
    insta::assert_snapshot!(told.join("\n"), @r"
    the a created
    the a pending
    the a running
    the a try 1/2 exit 3
    the a backing off exit 3
    the a running
    the a backing off exit 4
    the a failed exit 4 (2 tries)
    ");
    assert!(group.is_over());
    assert_eq!(group.verdict().exit_code(), 3);
}

#[test]
fn a_pod_seen_before_its_job_counts_once_the_job_is_seen() {
    let mut group = Group::default();
    let told = tell(
        &mut group,
        vec![
            Observation::Pod(pod("a", "p", PodState::Running)),
            Observation::Job(job("a", "u", &json!({}))),
        ],
    );
    assert_eq!(told, ["the a running"]);
}

#[test]
fn a_job_that_goes_keeps_its_end_and_without_one_it_is_gone() {
    let mut group = Group::default();
    let (a, b) = (job("a", "1", &complete()), job("b", "2", &json!({})));
    let told = tell(
        &mut group,
        vec![
            Observation::Job(a.clone()),
            Observation::Job(b.clone()),
            Observation::JobGone(a),
            Observation::JobGone(b),
        ],
    );
    assert_eq!(told, ["the a succeeded", "the b pending", "the b gone"]);
    assert!(group.is_over());
    assert_eq!(
        group.verdict().words(),
        "1 succeeded, 1 gone before anybody saw them end"
    );
}

#[test]
fn the_last_state_of_a_job_that_goes_may_be_its_end() {
    let mut group = Group::default();
    tell(
        &mut group,
        vec![
            Observation::Job(job("a", "1", &json!({}))),
            Observation::JobGone(job("a", "1", &complete())),
        ],
    );
    assert_eq!(phase(&group, "a"), Phase::Succeeded);
}

#[test]
fn what_a_new_list_does_not_name_is_gone_unless_it_was_never_seen() {
    let mut group = Group::default();
    group.expect(place("new"), "new".into(), 2);
    tell(
        &mut group,
        vec![
            Observation::JobsListing,
            Observation::Job(job("a", "1", &json!({}))),
            Observation::Job(job("b", "2", &json!({}))),
            Observation::JobsListed,
            Observation::Created(place("new"), "3".into()),
            Observation::JobsListing,
            Observation::Job(job("a", "1", &json!({}))),
            Observation::JobsListed,
        ],
    );
    assert_eq!(
        ["a", "b", "new"].map(|name| phase(&group, name)),
        [Phase::Pending, Phase::Gone, Phase::Pending]
    );
}

#[test]
fn a_job_with_a_new_uid_starts_afresh_and_the_old_one_may_go() {
    let mut group = Group::default();
    tell(
        &mut group,
        vec![
            Observation::Job(job("a", "old", &failed())),
            Observation::Job(job("a", "new", &json!({}))),
            Observation::JobGone(job("a", "old", &failed())),
        ],
    );
    assert_eq!(phase(&group, "a"), Phase::Pending);
    assert_eq!(group.members()[0].state.failures, 0);
}

#[test]
fn an_answer_that_comes_after_the_watch_takes_nothing_back() {
    let mut group = Group::default();
    group.expect(place("a"), "the a".into(), 0);
    tell(
        &mut group,
        vec![
            Observation::Job(job("a", "1", &complete())),
            Observation::Created(place("a"), "1".into()),
        ],
    );
    assert_eq!(phase(&group, "a"), Phase::Succeeded);
}

fn waits(reason: &str, for_good: bool, obstacle: Obstacle) -> Wait {
    Wait {
        reason: reason.into(),
        for_good,
        obstacle: Some(obstacle),
        since: None,
    }
}

fn pending(job: &str, reason: &str, obstacle: Obstacle) -> Observation {
    let wait = waits(reason, obstacle == Obstacle::Image, obstacle);
    Observation::Pod(pod(job, &format!("{job}-x"), PodState::Pending(Some(wait))))
}

#[test]
fn each_cause_of_waiting_is_new_once() {
    let mut group = Group::default();
    for name in ["a", "b"] {
        group.handle(at(0), Observation::Job(job(name, name, &json!({}))));
    }
    let mut new = Vec::new();
    for (name, reason) in [
        ("a", "ErrImagePull x:1"),
        ("a", "ImagePullBackOff x:1"),
        ("a", "ErrImagePull x:1"),
        ("b", "ImagePullBackOff x:1"),
        ("b", "ImagePullBackOff y:1"),
    ] {
        for change in group.handle(at(1), pending(name, reason, Obstacle::Image)) {
            if let What::Waits { reason, is_new, .. } = change.what {
                new.push((change.item, reason, is_new));
            }
        }
    }
    let expected = [
        ("the a", "ErrImagePull x:1", true),
        ("the b", "ImagePullBackOff x:1", false),
        ("the b", "ImagePullBackOff y:1", true),
    ];
    let new: Vec<_> = new
        .iter()
        .map(|(item, reason, is_new)| (item.as_str(), reason.as_str(), *is_new))
        .collect();
    assert_eq!(new, expected);
}

fn overdue(group: &Group, second: i64) -> Vec<&str> {
    let limit = SignedDuration::from_secs(60);
    let members = group.overdue(at(second), limit);
    members.map(|member| member.place.name.as_str()).collect()
}

#[test]
fn a_member_is_overdue_when_its_obstacle_has_stood_in_its_way_for_the_whole_time() {
    let mut group = Group::default();
    group.handle(at(0), Observation::Job(job("a", "a", &json!({}))));
    group.handle(at(10), pending("a", "ErrImagePull x:1", Obstacle::Image));
    group.handle(
        at(50),
        pending("a", "ImagePullBackOff x:1", Obstacle::Image),
    );
    assert_eq!(overdue(&group, 69), [""; 0]);
    assert_eq!(overdue(&group, 70), ["a"]);
    group.handle(
        at(71),
        Observation::Pod(pod("a", "a-x", PodState::Pending(None))),
    );
    group.handle(at(72), pending("a", "ErrImagePull x:1", Obstacle::Image));
    assert_eq!(overdue(&group, 131), [""; 0], "it began anew");
    assert_eq!(overdue(&group, 132), ["a"]);
}

#[test]
fn waiting_for_room_is_no_fault_while_others_of_the_group_are_at_work() {
    let mut group = Group::default();
    for name in ["a", "b"] {
        group.handle(at(0), Observation::Job(job(name, name, &json!({}))));
    }
    group.handle(at(0), pending("a", "unschedulable: cpu", Obstacle::Room));
    assert_eq!(overdue(&group, 60), ["a"], "nobody is at work");
    group.handle(at(70), Observation::Pod(pod("b", "b-x", PodState::Running)));
    assert_eq!(overdue(&group, 500), [""; 0]);
    group.handle(at(500), Observation::Job(job("b", "b", &complete())));
    assert_eq!(overdue(&group, 559), [""; 0]);
    assert_eq!(overdue(&group, 560), ["a"]);
}

#[test]
fn an_event_explains_what_the_status_does_not_until_there_is_a_pod() {
    let mut group = Group::default();
    group.handle(
        at(0),
        Observation::Job(job("a", "1", &json!({"startTime": "1970-01-01T00:00:00Z"}))),
    );
    let unexplained = |group: &Group| {
        let members = group.unexplained();
        members
            .map(|(since, _)| since.as_second())
            .collect::<Vec<_>>()
    };
    assert_eq!(unexplained(&group), [0]);
    assert_eq!(
        group.limit(at(4)),
        Some(Limit::Controller(SignedDuration::from_secs(4)))
    );
    let explained = |uid: &str| {
        let wait = waits("FailedCreate: exceeded quota", false, Obstacle::Quota);
        Observation::Explained(
            place("a"),
            Explained {
                uid: uid.into(),
                wait,
            },
        )
    };
    assert_eq!(
        tell(&mut group, vec![explained("0")]),
        [""; 0],
        "another Job's"
    );
    assert_eq!(
        tell(&mut group, vec![explained("1")]),
        ["the a waits FailedCreate: exceeded quota"]
    );
    assert_eq!(unexplained(&group), [0; 0]);
    assert_eq!(group.limit(at(4)), Some(Limit::Quota));
    group.handle(
        at(5),
        Observation::Pod(pod("a", "a-x", PodState::Pending(None))),
    );
    let member = group.member(&place("a")).expect("a member");
    assert_eq!(member.state.reason, None, "there is a Pod now");
}

#[test]
fn counts_always_add_up() {
    let mut group = Group::default();
    let mut random = fastrand::Rng::with_seed(7);
    for step in 0..2000 {
        let name = format!("j{}", random.u8(..8));
        let uid = format!("{name}-{}", random.u8(..2));
        let status = random
            .choice([json!({}), complete(), failed()])
            .expect("not empty");
        let state = random.choice([
            PodState::Running,
            PodState::Succeeded,
            PodState::Pending(Some(waits("no room", false, Obstacle::Room))),
            PodState::Failed("x".into()),
            PodState::Failed("y".into()),
        ]);
        let mut pod = pod(&name, &uid, state.expect("not empty"));
        pod.disrupted = random.bool();
        let seen = match random.u8(..8) {
            0 => Observation::Created(place(&name), uid),
            1 => Observation::Job(job(&name, &uid, &status)),
            2 => Observation::JobGone(job(&name, &uid, &status)),
            3 => Observation::Pod(pod),
            4 => Observation::PodGone(pod),
            5 => Observation::JobsListing,
            6 => Observation::LastLine(place(&name), format!("line {step}")),
            _ => Observation::JobsListed,
        };
        group.handle(at(step), seen);
        assert_eq!(group.tally().total(), group.members().len());
        let shown: usize = Phase::ALL
            .iter()
            .map(|phase| group.in_phase(*phase).count())
            .sum();
        assert_eq!(shown, group.members().len(), "step {step}");
        let blocked = |member: &&Member| member.state.obstacle.is_some();
        assert_eq!(
            group.obstacles.of(Obstacle::Room),
            group.members().iter().filter(blocked).count(),
            "step {step}"
        );
        let excused = group.in_phase(Phase::Failed);
        let excused = excused.filter(|member| member.disrupted).count();
        assert_eq!(group.excused(), excused, "step {step}");
        for phase in Phase::ALL {
            let anew = counted_anew(&group, phase);
            assert_eq!(group.causes(phase, 99), anew, "step {step}");
        }
    }
}

fn recorded(name: &str, last: Option<Phase>) -> Observation {
    let last = last.map(|phase| Attempt {
        phase,
        reason: Some("exit 3 (1 try)".into()),
        failures: 1,
        ..Attempt::created(Some("old"), 1)
    });
    Observation::Recorded(Box::new(Recorded {
        place: place(name),
        item: name.into(),
        index: 0,
        last,
    }))
}

#[test]
fn what_a_record_knows_stands_until_a_job_is_seen() {
    let mut group = Group::default();
    tell(
        &mut group,
        vec![
            recorded("never", None),
            recorded("ended", Some(Phase::Failed)),
            recorded("lost", Some(Phase::Pending)),
            recorded("there", Some(Phase::Pending)),
            recorded("again", Some(Phase::Failed)),
            Observation::JobsListing,
            Observation::Job(job("there", "1", &json!({}))),
            Observation::Job(job("again", "2", &json!({}))),
            Observation::JobsListed,
            Observation::PodsUnseen,
        ],
    );
    for (name, expected) in [
        ("never", Phase::Waiting),
        ("ended", Phase::Failed),
        ("lost", Phase::Gone),
        ("there", Phase::Pending),
        ("again", Phase::Pending),
    ] {
        assert_eq!(phase(&group, name), expected, "{name}");
    }
    let again = group.member(&place("again")).expect("a member");
    assert_eq!(again.state.failures, 0, "the new Job has not failed");
    // Another observer saw it end.
    tell(&mut group, vec![recorded("lost", Some(Phase::Succeeded))]);
    assert_eq!(phase(&group, "lost"), Phase::Succeeded);
    tell(&mut group, vec![recorded("there", Some(Phase::Failed))]);
    assert_eq!(phase(&group, "there"), Phase::Pending, "its Job is seen");
}

#[test]
fn what_a_record_says_is_told_only_when_the_group_was_looked_at() {
    let mut group = Group::default();
    let told = tell(
        &mut group,
        vec![
            recorded("again", Some(Phase::Succeeded)),
            recorded("done", Some(Phase::Succeeded)),
            Observation::JobsListing,
            Observation::Job(job("again", "2", &json!({}))),
        ],
    );
    assert_eq!(told, ["the again pending"]);
    assert_eq!((group.tally().done(), group.tally().total()), (0, 2));
    let told = tell(&mut group, vec![Observation::JobsListed]);
    assert_eq!(told, ["done succeeded exit 3 (1 try)"]);
}

#[test]
fn a_record_keeps_of_a_member_what_was_seen_and_nothing_that_it_said_itself() {
    let mut group = Group::default();
    group.expect(place("new"), "new".into(), 0);
    group.expect(place("unchanged"), "unchanged".into(), 1);
    group.expect(place("created"), "created".into(), 2);
    tell(
        &mut group,
        vec![
            recorded("old", Some(Phase::Failed)),
            Observation::Unchanged(place("unchanged")),
            Observation::Created(place("created"), "0123456789".into()),
            Observation::Job(job("done", "1", &complete())),
        ],
    );
    let attempt = |name: &str| group.member(&place(name)).and_then(Member::attempt);
    assert_eq!(attempt("new"), None);
    assert_eq!(attempt("old"), None);
    assert_eq!(attempt("unchanged"), Some(Attempt::created(None, 1)));
    assert_eq!(
        attempt("created"),
        Some(Attempt::created(Some("01234567"), 1))
    );
    let done = attempt("done").expect("it was seen");
    assert_eq!(
        (done.phase, done.ran_for.map(|time| time.as_secs())),
        (Phase::Succeeded, Some(4))
    );
}

#[test]
fn what_is_still_seen_of_a_job_that_was_replaced_counts_for_nothing() {
    // The watch may be behind or ahead of the create's answer.
    for (known, seen_before) in [(true, true), (true, false), (false, true)] {
        let mut group = Group::default();
        group.expect(place("a"), "the a".into(), 0);
        if known {
            group.supersede(&place("a"), "old".into());
        }
        let old = || Observation::Job(job("a", "old", &failed()));
        let created = Observation::Created(place("a"), "new".into());
        let story = if seen_before {
            vec![old(), created, Observation::SubmissionEnded]
        } else {
            vec![created, Observation::SubmissionEnded, old()]
        };
        tell(&mut group, story);
        tell(
            &mut group,
            vec![Observation::JobGone(job("a", "old", &failed()))],
        );
        let told = format!("{known} {seen_before}");
        assert_eq!(phase(&group, "a"), Phase::Pending, "{told}");
        assert!(!group.is_over(), "{told}");
        tell(
            &mut group,
            vec![Observation::Job(job("a", "new", &complete()))],
        );
        assert_eq!(phase(&group, "a"), Phase::Succeeded, "{told}");
        assert_eq!(group.members()[0].state.failures, 0, "{told}");
    }
}
