//! A watch on its way to a command: late, twice, cut, expired, or silent for ever.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::unfold;
use http::Response;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::json;

use super::world::World;
use crate::local::api::ApiBody;

/// How often a stream notices that the server has restarted.
const LOOK: Duration = Duration::from_millis(500);

struct Line {
    body: ApiBody,
    world: Arc<World>,
    /// The life of the server that it belongs to.
    life: u64,
    ready: VecDeque<Bytes>,
    over: bool,
    silent: bool,
}

/// The same watch as it reaches the command.
pub(super) fn watch(
    response: Response<ApiBody>,
    world: Arc<World>,
    life: u64,
) -> Response<ApiBody> {
    response.map(|body| {
        let stream = Line {
            body,
            world,
            life,
            ready: VecDeque::new(),
            over: false,
            silent: false,
        };
        let events = unfold(stream, |mut stream| async move {
            let event = stream.next().await?;
            Some((Ok::<_, std::io::Error>(Frame::data(event)), stream))
        });
        BodyExt::boxed_unsync(StreamBody::new(events))
    })
}

impl Line {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.silent {
                std::future::pending::<()>().await;
            }
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.over || self.world.life() != Some(self.life) {
                return None;
            }
            match tokio::time::timeout(LOOK, self.body.frame()).await {
                Err(_) => {}
                Ok(Some(Ok(frame))) => {
                    tokio::time::sleep(self.world.delay()).await;
                    self.take_in(frame.into_data().unwrap_or_default());
                }
                Ok(Some(Err(_)) | None) => self.over = true,
            }
        }
    }

    fn take_in(&mut self, event: Bytes) {
        if self.world.chance(|mix| mix.doubled) {
            self.ready.push_back(event.clone());
        }
        self.ready.push_back(event);
        if self.world.chance(|mix| mix.cut) {
            self.world.note("a watch breaks");
            self.over = true;
        } else if self.world.chance(|mix| mix.half_open) {
            self.world.note("a watch falls silent");
            self.silent = true;
        } else if self.world.chance(|mix| mix.expired) {
            self.world.note("a watch expires");
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
