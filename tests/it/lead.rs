//! A reconciler that loses its Lease ends what it does at once: somebody else may begin.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response};
use jiff::Timestamp;
use kube::Client;
use kube::client::Body;
use kubectl_batch::cluster::lease::{Seat, Standing};
use kubectl_batch::controller::{Options, lead};
use serde_json::json;
use tokio::sync::watch;

/// One request under way; it is none any more when whoever asked does not wait for it.
struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A server that gives away the Lease, and after that answers nothing.
#[derive(Clone, Default)]
struct Server {
    about_leases: Arc<AtomicUsize>,
    about_jobs: Arc<AtomicUsize>,
}

impl Server {
    async fn answer(self, request: Request<Body>) -> Result<Response<Body>, Infallible> {
        if !request.uri().path().contains("/leases") {
            self.about_jobs.fetch_add(1, Ordering::Relaxed);
            let _under_way = UnderWay(self.about_jobs);
            return std::future::pending().await;
        }
        let (code, body) = match self.about_leases.fetch_add(1, Ordering::Relaxed) {
            0 => (
                404,
                json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404}),
            ),
            1 => (201, json!({"metadata": {"resourceVersion": "1"}})),
            _ => std::future::pending().await,
        };
        let body = Body::from(body.to_string().into_bytes());
        Ok(Response::builder()
            .status(code)
            .body(body)
            .expect("a response"))
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_lease_ends_the_work_at_once() {
    let server = Server::default();
    let under_way = server.about_jobs.clone();
    let service = tower::service_fn(move |request| server.clone().answer(request));
    let seat = Seat {
        namespace: "default".into(),
        name: "reconciler".into(),
        identity: "me".into(),
    };
    let options = Options::on_a_cluster(None, None, Arc::new(|| Timestamp::UNIX_EPOCH));
    let told: Arc<Mutex<Vec<Standing>>> = Arc::default();
    let heard = told.clone();
    let tell = move |now: &Standing| heard.lock().expect("no panic").push(now.clone());
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(lead(
        Client::new(service, "default"),
        seat,
        options,
        stopped,
        tell,
    ));

    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(under_way.load(Ordering::Relaxed) > 0, "it works");
    // Ten seconds after the renewal; others may begin after fifteen.
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(
        under_way.load(Ordering::Relaxed),
        0,
        "it works without the Lease"
    );
    let told = told.lock().expect("no panic").clone();
    assert_eq!(told, [Standing::Asking, Standing::Held, Standing::Asking]);
}
