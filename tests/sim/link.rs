//! The network between one process and the API server.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body_util::BodyExt;
use kube::client::Body;
use kubectl_batch::local::api::ApiBody;

use crate::checks::Actor;
use crate::fault::{Fate, refusal};
use crate::stream;
use crate::world::World;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The connection of one process.
#[derive(Clone)]
pub(crate) struct Link {
    world: Arc<World>,
    actor: Actor,
}

impl Link {
    /// A client for the controller of process `number`.
    pub(crate) fn client(world: &Arc<World>, number: u32) -> kube::Client {
        let link = Self {
            world: world.clone(),
            actor: Actor::Controller(number),
        };
        kube::Client::new(link, "default")
    }

    async fn send(self, request: Request<Body>) -> Result<Response<ApiBody>, Failure> {
        let Self { world, actor } = self;
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let is_watch = parts
            .uri
            .query()
            .is_some_and(|query| query.contains("watch=true"));
        let fate = world.fate(is_watch);
        if fate != Fate::Delivered {
            world.note(&format!(
                "{actor} {} {} meets {fate:?}",
                parts.method,
                parts.uri.path()
            ));
        }
        let (there, back) = (
            world.delay(|swarm| swarm.delay_max),
            world.delay(|swarm| swarm.delay_max),
        );
        match fate {
            Fate::Swallowed => return std::future::pending().await,
            Fate::Broken | Fate::Refused(_) => {
                tokio::time::sleep(there + back).await;
                return match fate {
                    Fate::Refused(code) => Ok(refusal(code)),
                    _ => Err("connection refused".into()),
                };
            }
            Fate::Delivered | Fate::Lost | Fate::Hanging => {}
        }
        let server = world.clone();
        // What was sent arrives, even if the process that sent it is gone by then.
        let answer = tokio::spawn(async move {
            tokio::time::sleep(there).await;
            server.handle(parts, body, actor).await
        });
        let answer = answer.await?;
        tokio::time::sleep(back).await;
        match fate {
            Fate::Lost => Err("connection reset by peer".into()),
            Fate::Hanging => std::future::pending().await,
            _ if is_watch && answer.status().is_success() => Ok(stream::watch(answer, world)),
            _ => Ok(answer),
        }
    }
}

impl tower::Service<Request<Body>> for Link {
    type Response = Response<ApiBody>;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Response<ApiBody>, Failure>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}
