//! Records on the embedded cluster, and on a server that says no.

use futures::future::join_all;
use http::{Request, Response};
use kube::client::Body;

use super::*;
use crate::controller::Owner;
use crate::group::Place;
use crate::group::record::Attempt;
use crate::items::Item;
use crate::local::cluster::{Cluster, NAMESPACE};
use crate::manifest::digest;

fn identity() -> Identity {
    Identity {
        namespace: NAMESPACE.into(),
        label: "jobgroup".into(),
        group: "x".into(),
    }
}

fn place(name: &str) -> Place {
    Place {
        namespace: NAMESPACE.into(),
        name: name.into(),
    }
}

/// Members enough for several parts, with names of one writer.
fn list(writer: usize) -> Vec<(Place, Item)> {
    let noise = |index: usize| digest::hex(&[writer, index].map(|n| n as u8), 16);
    let row = |index| {
        (
            place(&format!("{writer}-{}-{index}", noise(index))),
            Item::scalar(index, noise(index)),
        )
    };
    (0..600).map(row).collect()
}

async fn parts(client: &Client) -> usize {
    let all = act::list(client, CONFIGMAPS, None, &format!("jobgroup=x,{ROLE}=part")).await;
    all.expect("listed").len()
}

#[tokio::test]
async fn writers_at_the_same_time_lose_nothing_of_each_other_and_leave_nothing_behind() {
    let cluster = Cluster::start(Owner::Everything).await.expect("it starts");
    let client = cluster.client();
    let write = |writer: usize| {
        let store = Store::new(&client, identity());
        async move {
            let change = |old: Option<Record>| {
                let mut record = old.unwrap_or_default();
                record.plan("template".into(), list(writer));
                let first = list(writer)[0].0.clone();
                record.learn(&[(first, Attempt::created(Some("uid"), 1))]);
                Some(record)
            };
            store.update(None, change).await
        }
    };
    for written in join_all((0..6).map(write)).await {
        written.expect("written");
    }
    let store = Store::new(&client, identity());
    let stored = store.read().await.expect("read").expect("it is there");
    assert_eq!(stored.record.members.len(), 6 * 600);
    let known = stored
        .record
        .members
        .iter()
        .filter(|row| row.last().is_some());
    assert_eq!(known.count(), 6);
    assert!(stored.head.parts().count() > 0, "it is divided");
    assert_eq!(parts(&client).await, stored.head.parts().count());

    let dry = delete(&client, None, "jobgroup=x", true).await;
    assert_eq!(dry, Ok(vec!["kubectl-batch.x".to_owned()]));
    assert!(parts(&client).await > 0);
    delete(&client, None, "jobgroup=x", false)
        .await
        .expect("deleted");
    assert_eq!(parts(&client).await, 0);
    assert!(store.read().await.expect("read").is_none());
    cluster.shutdown().await;
}

#[tokio::test]
async fn a_record_that_was_deleted_is_not_brought_back() {
    let cluster = Cluster::start(Owner::Everything).await.expect("it starts");
    let store = Store::new(&cluster.client(), identity());
    let first = store.update(None, |_| Some(Record::default())).await;
    let uid = first.expect("written").expect("a head");
    delete(&cluster.client(), None, "jobgroup=x", false)
        .await
        .expect("deleted");
    let late = store.update(Some(&uid), |_| Some(Record::default())).await;
    assert_eq!(late, Err(StoreError::Deleted));
    // Another record of the same name is another record.
    store
        .update(None, |_| Some(Record::default()))
        .await
        .expect("written");
    let late = store.update(Some(&uid), |_| Some(Record::default())).await;
    assert_eq!(late, Err(StoreError::Deleted));
    cluster.shutdown().await;
}

#[tokio::test]
async fn what_something_else_wrote_is_left_alone() {
    let cluster = Cluster::start(Owner::Everything).await.expect("it starts");
    let store = Store::new(&cluster.client(), identity());
    let foreign = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kubectl-batch.x"}, "data": {"mine": "1"}});
    let client = cluster.client();
    rest::create(&client, CONFIGMAPS, NAMESPACE, "", &foreign)
        .await
        .expect("created");
    let refused = store.update(None, |_| Some(Record::default())).await;
    assert_eq!(
        refused,
        Err(StoreError::Record(RecordError::Foreign(
            "kubectl-batch.x".into()
        )))
    );
    let kept = rest::get(&client, CONFIGMAPS, NAMESPACE, "kubectl-batch.x").await;
    assert_eq!(kept.expect("it is there")["data"], foreign["data"]);
    cluster.shutdown().await;
}

#[tokio::test]
async fn a_denial_is_told_from_a_quota_that_is_used_up() {
    for (message, is_denial) in [
        (
            "configmaps is forbidden: User \"u\" cannot get resource",
            true,
        ),
        ("configmaps \"x\" is forbidden: exceeded quota: q", false),
    ] {
        let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403, "message": message, "metadata": {}});
        let answer = move |_: Request<Body>| {
            let body = Body::from(status.to_string().into_bytes());
            let response = Response::builder().status(403).body(body);
            async move { Ok::<_, std::convert::Infallible>(response.expect("a response")) }
        };
        let client = Client::new(tower::service_fn(answer), "default");
        let refused = Store::new(&client, identity())
            .read()
            .await
            .err()
            .expect("refused");
        assert_eq!(
            matches!(refused, StoreError::Forbidden(_)),
            is_denial,
            "{refused:?}"
        );
    }
}
