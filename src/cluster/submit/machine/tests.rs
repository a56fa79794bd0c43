use super::*;
use crate::cluster::problem::Class;
use crate::cluster::submit::answer::Trouble;
use crate::group::Place;
use serde_json::json;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn prepared(name: usize) -> Prepared {
    let name = format!("m{name}");
    let object = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}});
    Prepared {
        place: Place {
            namespace: "ci".into(),
            name,
        },
        objects: vec![object],
    }
}

fn machine(members: usize) -> Machine<impl Iterator<Item = Prepared>> {
    Machine::new((0..members).map(prepared), Pace::default())
}

fn problem(class: Class) -> Problem {
    Problem {
        message: "words".into(),
        class,
    }
}

fn busy(is_unsent: bool) -> Answer {
    Answer::Again(Trouble {
        problem: problem(Class::Refused),
        after: None,
        is_in_doubt: false,
        is_own: false,
        is_unsent,
    })
}

fn events<I: Iterator<Item = Prepared>>(machine: &mut Machine<I>) -> Vec<Event> {
    std::iter::from_fn(|| machine.event()).collect()
}

/// Answers each request at once with what `answer` says, until all has ended or `until` has come.
fn drive<I: Iterator<Item = Prepared>>(
    machine: &mut Machine<I>,
    until: Duration,
    mut answer: impl FnMut(Duration) -> Answer,
) -> (Duration, Vec<Event>) {
    let (mut now, mut told) = (Duration::ZERO, Vec::new());
    while now < until {
        match machine.next(now, Way::Open) {
            Next::Send(member) => machine.answered(now, now, member, answer(now)),
            Next::Wait(at) => now = at,
            Next::Answer => panic!("nothing is under way"),
            Next::Over => break,
        }
        told.extend(events(machine));
    }
    (now, told)
}

#[test]
fn every_member_ends_once() {
    let mut machine = machine(1000);
    let (_, told) = drive(&mut machine, secs(60), |_| Answer::Created("u".into()));
    assert_eq!(told.len(), 1000);
    assert!(
        told.iter()
            .all(|event| matches!(event, Event::Member(_, Outcome::Created(_))))
    );
}

#[test]
fn a_server_that_was_never_reached_is_given_up_at_once() {
    let (now, told) = drive(&mut machine(10), secs(60), |_| busy(true));
    assert_eq!(now, Duration::ZERO);
    assert!(
        matches!(told.as_slice(), [Event::Member(_, Outcome::Unreachable(_))]),
        "{told:?}"
    );
}

#[test]
fn a_server_that_went_away_is_waited_for() {
    // Away from second 1 to 100.
    let mut machine = machine(100);
    let mut first = true;
    let (now, told) = drive(&mut machine, secs(1000), |now| {
        if std::mem::take(&mut first) || now > secs(100) {
            Answer::Created("u".into())
        } else {
            busy(true)
        }
    });
    assert!(now > secs(100) && now < secs(140), "{now:?}");
    assert_eq!(
        told.iter()
            .filter(|event| matches!(event, Event::Member(_, Outcome::Created(_))))
            .count(),
        100
    );
    let waits = |event: &&Event| !matches!(event, Event::Member(..));
    assert_eq!(
        told.iter().filter(waits).collect::<Vec<_>>(),
        [&Event::Waiting("words".into()), &Event::GoesOn]
    );
}

#[test]
fn patience_has_an_end() {
    let mut machine = machine(100);
    let mut first = true;
    let (now, told) = drive(&mut machine, secs(100_000), |_| {
        if std::mem::take(&mut first) {
            Answer::Created("u".into())
        } else {
            busy(false)
        }
    });
    assert!(now > PATIENCE && now < PATIENCE * 2, "{now:?}");
    assert!(
        matches!(told.last(), Some(Event::Member(_, Outcome::Unreachable(_)))),
        "{told:?}"
    );
}

#[test]
fn a_used_up_quota_is_waited_for_however_long_it_takes() {
    let mut machine = machine(20);
    let mut left = 5;
    let (now, told) = drive(&mut machine, secs(100_000), |now| {
        if now > secs(5_000) {
            left = 20;
        }
        if left > 0 {
            left -= 1;
            Answer::Created("u".into())
        } else {
            Answer::QuotaUsed(problem(Class::Refused))
        }
    });
    assert!(now > secs(5_000) && now < secs(5_020), "{now:?}");
    assert_eq!(told.len(), 20 + 2, "{told:?}");
    assert_eq!(
        told.iter()
            .filter(|event| matches!(event, Event::Waiting(_)))
            .count(),
        1
    );
}

#[test]
fn a_stopped_submission_finishes_what_is_under_way() {
    let mut machine = machine(10);
    let Next::Send(one) = machine.next(secs(0), Way::Open) else {
        panic!("nothing to send");
    };
    let Next::Send(two) = machine.next(secs(0), Way::Open) else {
        panic!("nothing to send");
    };
    assert!(matches!(machine.next(secs(0), Way::Shut), Next::Answer));
    machine.answered(secs(1), secs(0), one, Answer::Created("u".into()));
    machine.answered(
        secs(1),
        secs(0),
        two,
        Answer::QuotaUsed(problem(Class::Refused)),
    );
    assert!(matches!(machine.next(secs(1), Way::Shut), Next::Over));
    assert_eq!(events(&mut machine).len(), 2);
}

#[test]
fn a_closed_way_holds_back_the_list_and_ends_nothing() {
    let mut machine = machine(3);
    assert!(matches!(machine.next(secs(0), Way::Closed), Next::Answer));
    let Next::Send(one) = machine.next(secs(0), Way::Open) else {
        panic!("nothing to send");
    };
    assert_eq!(machine.begun(), 1);
    machine.answered(secs(1), secs(0), one, Answer::Created("u".into()));
    assert!(
        matches!(machine.next(secs(1), Way::Closed), Next::Answer),
        "two are left"
    );
    assert!(matches!(machine.next(secs(1), Way::Shut), Next::Over));
}

#[test]
fn what_is_open_has_a_limit() {
    let conflict = || {
        Answer::Again(Trouble {
            problem: problem(Class::Refused),
            after: None,
            is_in_doubt: false,
            is_own: true,
            is_unsent: false,
        })
    };
    let mut machine = machine(10_000);
    let mut sent = 0;
    while let Next::Send(member) = machine.next(secs(0), Way::Open) {
        sent += 1;
        machine.answered(secs(0), secs(0), member, conflict());
    }
    assert_eq!(sent, OPEN_MAX);
}
