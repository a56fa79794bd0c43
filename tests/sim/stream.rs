//! A watch on its way to the process: events come late, twice, in the wrong order or not at all, and then the line breaks.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use kubectl_batch::local::api::ApiBody;
use serde_json::json;

use crate::world::World;

/// An event that is overtaken arrives after this time at the latest.
const HELD_MAX: Duration = Duration::from_secs(5);

struct Line {
    body: ApiBody,
    world: Arc<World>,
    ready: VecDeque<Bytes>,
    held: Option<Bytes>,
    over: bool,
}

/// The same watch as it reaches the process.
pub(crate) fn watch(response: Response<ApiBody>, world: Arc<World>) -> Response<ApiBody> {
    response.map(|body| {
        let line = Line {
            body,
            world,
            ready: VecDeque::new(),
            held: None,
            over: false,
        };
        let events = futures::stream::unfold(line, |mut line| async move {
            let event = line.next().await?;
            Some((Ok::<_, std::io::Error>(Frame::data(event)), line))
        });
        BodyExt::boxed_unsync(StreamBody::new(events))
    })
}

impl Line {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            match tokio::time::timeout(HELD_MAX, self.body.frame()).await {
                Err(_) => self.ready.extend(self.held.take()),
                Ok(Some(Ok(frame))) => {
                    let lag = self.world.delay(|swarm| swarm.lag_max);
                    tokio::time::sleep(lag).await;
                    self.take_in(frame.into_data().unwrap_or_default());
                }
                Ok(Some(Err(_)) | None) => self.over = true,
            }
        }
    }

    fn take_in(&mut self, event: Bytes) {
        let world = self.world.clone();
        if world.chance(|swarm| swarm.dropped) {
            world.note("an event is dropped");
        } else if self.held.is_none() && world.chance(|swarm| swarm.swapped) {
            world.note("an event is held back");
            self.held = Some(event);
        } else {
            if world.chance(|swarm| swarm.doubled) {
                world.note("an event is doubled");
                self.ready.push_back(event.clone());
            }
            self.ready.push_back(event);
            self.ready.extend(self.held.take());
        }
        if world.chance(|swarm| swarm.cut) {
            world.note("a watch breaks");
            self.over = true;
        } else if world.chance(|swarm| swarm.expired) {
            world.note("a watch expires");
            let status = json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": "too old resource version", "reason": "Expired", "code": 410,
            });
            let event = json!({"type": "ERROR", "object": status}).to_string() + "\n";
            self.ready.push_back(event.into());
            self.over = true;
        }
    }
}
