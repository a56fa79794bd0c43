use super::*;
use serde_json::json;

fn job() -> Value {
    json!({"apiVersion": "batch/v1", "kind": "Job",
           "metadata": {"name": "a", "annotations": {"kubectl-batch/digest": "d1"}}})
}

fn member(objects: Vec<Value>) -> Member {
    let place = Place {
        namespace: "ci".into(),
        name: "a".into(),
    };
    Member::new(Prepared { place, objects }).expect("it has objects")
}

fn problem(message: &str) -> Problem {
    Problem {
        message: message.into(),
        class: Class::Refused,
    }
}

fn lost() -> Answer {
    trouble(true, false)
}

fn trouble(is_in_doubt: bool, is_own: bool) -> Answer {
    Answer::Again(Trouble {
        problem: problem("busy"),
        after: None,
        is_in_doubt,
        is_own,
        is_unsent: false,
    })
}

fn found(digest: Option<&str>) -> Answer {
    Answer::Found(Found {
        uid: "u".into(),
        digest: digest.map(str::to_owned),
        is_being_deleted: false,
    })
}

fn taken() -> Answer {
    Answer::Taken(problem("AlreadyExists"))
}

fn deleting() -> Answer {
    Answer::Found(Found {
        uid: "u".into(),
        digest: Some("d1".into()),
        is_being_deleted: true,
    })
}

/// Gives the answers one after the other; the last turn, and what would be asked next.
fn after(answers: Vec<Answer>) -> (Turn, Option<Ask>) {
    let mut member = member(vec![job()]);
    let mut turn = Turn::Next;
    for answer in answers {
        assert!(!matches!(turn, Turn::Done(_)), "it ended before {answer:?}");
        turn = member.answered(Duration::ZERO, answer);
    }
    let ask = (!matches!(turn, Turn::Done(_))).then(|| member.request().0);
    (turn, ask)
}

fn created() -> Turn {
    Turn::Done(Outcome::Created("u".into()))
}

#[test]
fn the_same_name_is_the_same_job_only_with_the_same_digest() {
    let unchanged = Turn::Done(Outcome::Unchanged);
    for (answers, expected) in [
        (vec![Answer::Created("u".into())], created()),
        (vec![taken(), found(Some("d1"))], unchanged.clone()),
        // Lost, stored after all.
        (vec![lost(), found(Some("d1"))], created()),
        // Lost before it was stored.
        (
            vec![lost(), Answer::Absent, Answer::Created("u".into())],
            created(),
        ),
        // Stored late, while it was looked up.
        (
            vec![lost(), Answer::Absent, taken(), found(Some("d1"))],
            created(),
        ),
        // The look-up itself is lost.
        (vec![lost(), lost(), found(Some("d1"))], created()),
        // Turned away, which leaves no doubt.
        (
            vec![trouble(false, false), taken(), found(Some("d1"))],
            unchanged,
        ),
    ] {
        assert_eq!(after(answers.clone()).0, expected, "{answers:?}");
    }
}

#[test]
fn another_digest_is_refused_with_both() {
    let (turn, _) = after(vec![lost(), found(Some("d2"))]);
    let Turn::Done(Outcome::Refused(why)) = turn else {
        panic!("{turn:?}");
    };
    assert!(
        why.contains("its digest is d2, the template gives d1"),
        "{why}"
    );
    let (turn, _) = after(vec![taken(), found(None)]);
    assert!(
        matches!(&turn, Turn::Done(Outcome::Refused(why)) if why.contains("did not create")),
        "{turn:?}"
    );
}

#[test]
fn a_lost_creation_is_looked_up_before_it_is_repeated() {
    assert_eq!(after(vec![lost()]).1, Some(Ask::LookUp));
    assert_eq!(after(vec![lost(), Answer::Absent]).1, Some(Ask::Create));
    assert_eq!(after(vec![trouble(false, false)]).1, Some(Ask::Create));
}

#[test]
fn what_is_being_deleted_does_not_count() {
    let (turn, ask) = after(vec![taken(), deleting()]);
    assert!(
        matches!(turn, Turn::After(DELETION_CHECK, Some(_))),
        "{turn:?}"
    );
    assert_eq!(ask, Some(Ask::Create));
    let mut member = member(vec![job()]);
    let mut now = Duration::ZERO;
    loop {
        member.answered(now, taken());
        match member.answered(now, deleting()) {
            Turn::After(wait, _) => now += wait,
            turn => {
                assert!(matches!(turn, Turn::Done(Outcome::Refused(_))), "{turn:?}");
                break;
            }
        }
    }
    assert!(now > DELETION_MAX && now < DELETION_MAX * 2, "{now:?}");
}

#[test]
fn a_conflict_of_its_own_is_tried_again_soon() {
    let (turn, ask) = after(vec![trouble(false, true), trouble(false, true)]);
    assert_eq!(turn, Turn::After(CONFLICT * 2, None));
    assert_eq!(ask, Some(Ask::Create));
}

#[test]
fn tries_have_an_end() {
    let mut member = member(vec![job()]);
    let turns = (0..=TRIES_MAX).map(|_| member.answered(Duration::ZERO, lost()));
    let last = turns.last().expect("there are tries");
    assert_eq!(
        last,
        Turn::Done(Outcome::Refused("busy (tried 20 times)".into()))
    );
}

#[test]
fn a_busy_server_is_no_refusal_unless_it_is_busy_for_ever() {
    let busy = || trouble(false, false);
    let mut member = member(vec![job()]);
    for second in 0..=BUSY_MAX.as_secs() {
        let turn = member.answered(Duration::from_secs(second), busy());
        assert_eq!(turn, Turn::Next, "after {second} seconds");
    }
    let turn = member.answered(BUSY_MAX + Duration::from_secs(1), busy());
    let why = "busy (for 600 seconds)".into();
    assert_eq!(turn, Turn::Done(Outcome::Refused(why)));
}

#[test]
fn what_a_job_needs_is_created_before_it_and_may_be_there() {
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "namespace": "other"}});
    let mut member = member(vec![map, job()]);
    assert_eq!(member.request().2, "other");
    assert_eq!(member.answered(Duration::ZERO, taken()), Turn::Next);
    assert_eq!(
        (member.request().0, member.request().2),
        (Ask::Create, "ci")
    );
    let turn = member.answered(Duration::ZERO, Answer::Created("u".into()));
    assert_eq!(turn, created());
}

#[test]
fn no_is_no() {
    let no = |class| {
        Answer::No(Problem {
            class,
            ..problem("no")
        })
    };
    assert_eq!(
        after(vec![no(Class::Refused)]).0,
        Turn::Done(Outcome::Refused("no".into()))
    );
    assert_eq!(
        after(vec![no(Class::Unreachable)]).0,
        Turn::Done(Outcome::Unreachable("no".into()))
    );
}
