//! What a submission makes of the server's refusals, from the request to the event.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use kube::client::Body;
use serde_json::json;

use super::*;

/// A server that gives these answers, the last one for ever, and counts the requests.
fn server(answers: Vec<(u16, Value)>) -> (Client, Arc<Mutex<usize>>) {
    let (left, count) = (
        Arc::new(Mutex::new(VecDeque::from(answers))),
        Arc::new(Mutex::new(0)),
    );
    let counted = count.clone();
    let service = tower::service_fn(move |_: Request<Body>| {
        *counted.lock().expect("one thread") += 1;
        let mut left = left.lock().expect("one thread");
        let (code, body) = if left.len() > 1 {
            left.pop_front().expect("there are several")
        } else {
            left[0].clone()
        };
        let mut response = Response::new(Full::new(bytes::Bytes::from(body.to_string())));
        *response.status_mut() = StatusCode::from_u16(code).expect("a status");
        std::future::ready(Ok::<_, std::convert::Infallible>(response))
    });
    (Client::new(service, "ci"), count)
}

fn members(count: usize) -> impl Iterator<Item = Prepared> {
    (0..count).map(|number| Prepared {
        place: Place {
            namespace: "ci".into(),
            name: format!("m{number}"),
        },
        objects: vec![json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": format!("m{number}")},
        })],
    })
}

/// The events of a submission that is shut at the first refusal, as the commands do.
async fn told(answers: Vec<(u16, Value)>, count: usize) -> (Vec<Event>, usize) {
    let (client, requests) = server(answers);
    let gate = Gate::default();
    let mut events = submit(&client, members(count), &Options::default(), &gate);
    let mut told = Vec::new();
    while let Some(event) = events.next().await {
        if matches!(event, Event::Member(_, Outcome::Refused(_))) {
            gate.shut();
        }
        told.push(event);
    }
    let requests = *requests.lock().expect("one thread");
    (told, requests)
}

fn forbidden(message: &str) -> (u16, Value) {
    let status = json!({"kind": "Status", "code": 403, "reason": "Forbidden", "message": message});
    (403, status)
}

fn created() -> (u16, Value) {
    (201, json!({"metadata": {"uid": "u"}}))
}

#[tokio::test(start_paused = true)]
async fn a_used_up_quota_is_told_and_waited_for() {
    let quota = forbidden(
        "jobs.batch \"m0\" is forbidden: exceeded quota: q, requested: count/jobs.batch=1",
    );
    let (events, requests) = told(vec![quota.clone(), quota, created()], 1).await;
    let [
        Event::Waiting(why),
        Event::GoesOn,
        Event::Member(_, Outcome::Created(_)),
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert!(why.contains("exceeded quota: q"), "{why}");
    assert_eq!(requests, 3);
}

#[tokio::test(start_paused = true)]
async fn a_missing_permission_stops_and_names_verb_and_resource() {
    let denied = forbidden(
        "jobs.batch is forbidden: User \"ann\" cannot create resource \"jobs\" in API group \"batch\" in the namespace \"ci\"",
    );
    let (events, requests) = told(vec![denied], 1000).await;
    let Event::Member(_, Outcome::Refused(why)) = &events[0] else {
        panic!("{events:?}");
    };
    assert!(
        why.contains("cannot create resource \"jobs\"")
            && why.contains("can-i create jobs.batch -n ci"),
        "{why}"
    );
    assert!(requests <= 16, "{requests} of 1000 were sent");
}

#[tokio::test(start_paused = true)]
async fn a_rejected_member_is_told_with_its_causes_and_stops_the_rest() {
    let causes = json!([{"field": "spec.a", "message": "Required value"}, {"field": "spec.b", "message": "no"}]);
    let invalid = json!({"kind": "Status", "code": 422, "reason": "Invalid", "message": "so",
        "details": {"kind": "Job", "name": "m0", "causes": causes}});
    let (events, requests) = told(vec![(422, invalid)], 1000).await;
    let Event::Member(_, Outcome::Refused(why)) = &events[0] else {
        panic!("{events:?}");
    };
    assert_eq!(
        why,
        "The Job \"m0\" is invalid:\n* spec.a: Required value\n* spec.b: no"
    );
    assert!(requests <= 16, "{requests} of 1000 were sent");
}
