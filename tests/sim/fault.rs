//! What becomes of one request.

use http::Response;
use http_body_util::{BodyExt, Full};
use kubectl_batch::local::api::ApiBody;
use serde_json::json;

use crate::swarm::Swarm;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It arrives, and so does the answer.
    Delivered,
    /// The server refuses it with this status, without effect.
    Refused(u16),
    /// The connection breaks before it arrives.
    Broken,
    /// It has its effect, and the answer is lost.
    Lost,
    /// It has its effect, and no answer ever comes.
    Hanging,
    /// It never arrives, and no answer ever comes.
    Swallowed,
}

impl Fate {
    pub(crate) fn draw(swarm: &Swarm, random: &mut fastrand::Rng, is_watch: bool) -> Self {
        let mut chance = |rate: u32| rate > 0 && random.u32(..1000) < rate;
        if chance(swarm.refused) {
            // A watch that begins with 409 is beyond any server.
            let codes: &[u16] = if is_watch {
                &[429, 500, 503]
            } else {
                &[409, 429, 500, 503, 504]
            };
            let code = codes[random.usize(..codes.len())];
            return if random.u8(..5) == 0 {
                Self::Broken
            } else {
                Self::Refused(code)
            };
        }
        if chance(swarm.lost) {
            return Self::Lost;
        }
        if chance(swarm.hanging) {
            return if random.bool() {
                Self::Hanging
            } else {
                Self::Swallowed
            };
        }
        Self::Delivered
    }
}

/// A refusal as the API server words it.
pub(crate) fn refusal(code: u16) -> Response<ApiBody> {
    let reason = match code {
        409 => "Conflict",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "InternalError",
    };
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "made up by the simulation", "reason": reason, "code": code,
    });
    let body = Full::new(bytes::Bytes::from(status.to_string()));
    let mut response = Response::new(body.map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = http::StatusCode::from_u16(code).expect("a known status");
    if code == 429 || code == 503 {
        let seconds = http::HeaderValue::from_static("2");
        response
            .headers_mut()
            .insert(http::header::RETRY_AFTER, seconds);
    }
    response
}
