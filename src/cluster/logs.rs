//! The output of containers, line by line.

use std::io::Result;

use futures::io::{AsyncBufRead, AsyncBufReadExt};
use futures::stream::{self, BoxStream, StreamExt};
use http::Request;
use jiff::Timestamp;
use kube::Client;

use super::act::encode;
use super::rest::PODS;

/// The longest line that is kept, in bytes; the rest of a longer one is left out.
const LINE_MAX: usize = 16 * 1024;

/// Which output of which container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The Pod's namespace.
    pub namespace: String,
    /// The Pod's name.
    pub pod: String,
    /// The container's name.
    pub container: String,
    /// Go on until the container ends.
    pub follow: bool,
    /// The try before the last.
    pub previous: bool,
    /// Which part of it.
    pub part: Part,
}

/// Which lines of an output are wanted, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Only so many lines from the end.
    pub tail: Option<u32>,
    /// Only what is not older.
    pub since: Option<Since>,
    /// Each line begins with its time.
    pub timestamps: bool,
}

/// Where an output begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// So many seconds before now, on the clock of the node.
    Seconds(u64),
    /// At this time.
    Time(Timestamp),
}

/// Reads a container's output; the stream ends with it, or with an error if the connection breaks before.
pub async fn lines(client: &Client, log: &Log) -> kube::Result<BoxStream<'static, Result<String>>> {
    let request = Request::get(uri(log))
        .body(Vec::new())
        .map_err(kube::Error::HttpError)?;
    let reader = client.request_stream(request).await?;
    let lines = stream::try_unfold(Box::pin(reader), |mut reader| async move {
        let line = next_line(&mut reader).await?;
        Ok(line.map(|line| (line, reader)))
    });
    Ok(lines.boxed())
}

/// `GET pods/NAME/log` with the fields of `PodLogOptions`.
fn uri(log: &Log) -> String {
    let mut query = vec![format!("container={}", log.container)];
    for (flag, name) in [
        (log.follow, "follow"),
        (log.previous, "previous"),
        (log.part.timestamps, "timestamps"),
    ] {
        query.extend(flag.then(|| format!("{name}=true")));
    }
    query.extend(log.part.tail.map(|lines| format!("tailLines={lines}")));
    query.extend(log.part.since.map(|since| match since {
        Since::Seconds(seconds) => format!("sinceSeconds={seconds}"),
        Since::Time(time) => format!("sinceTime={}", encode(&time.to_string())),
    }));
    let path = PODS.path(&log.namespace, &[&log.pod, "log"]);
    format!("{path}?{}", query.join("&"))
}

/// The next line without its end; `None` at the end of the output.
async fn next_line<R: AsyncBufRead + Unpin>(reader: &mut R) -> Result<Option<String>> {
    let mut line = Vec::new();
    let mut any = false;
    loop {
        let bytes = reader.fill_buf().await?;
        if bytes.is_empty() {
            return Ok(any.then(|| String::from_utf8_lossy(&line).into_owned()));
        }
        any = true;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let part = &bytes[..end.unwrap_or(bytes.len())];
        let room = LINE_MAX.saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        let used = end.map_or(bytes.len(), |at| at + 1);
        reader.consume_unpin(used);
        if end.is_some() {
            return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8]) -> Vec<String> {
        let mut reader = bytes;
        let mut lines = Vec::new();
        while let Some(line) = next_line(&mut reader).await.expect("it is in memory") {
            lines.push(line);
        }
        lines
    }

    #[tokio::test]
    async fn lines_end_with_newlines_or_with_the_output() {
        assert_eq!(read(b"a\n\nb").await, ["a", "", "b"]);
        assert_eq!(read(b"").await, [""; 0]);
        assert_eq!(read(b"\xff\n").await, ["\u{fffd}"]);
    }

    #[test]
    fn the_wanted_part_stands_in_the_query() {
        let mut log = Log {
            namespace: "ci".into(),
            pod: "p".into(),
            container: "c".into(),
            follow: true,
            previous: false,
            part: Part {
                tail: Some(0),
                since: Some(Since::Seconds(90)),
                timestamps: true,
            },
        };
        assert_eq!(
            uri(&log),
            "/api/v1/namespaces/ci/pods/p/log?container=c&follow=true&timestamps=true&tailLines=0&sinceSeconds=90"
        );
        log.part = Part {
            since: Some(Since::Time(Timestamp::UNIX_EPOCH)),
            ..Part::default()
        };
        assert_eq!(
            uri(&log),
            "/api/v1/namespaces/ci/pods/p/log?container=c&follow=true&sinceTime=1970-01-01T00%3A00%3A00Z"
        );
    }

    #[tokio::test]
    async fn a_line_without_an_end_is_cut() {
        let long = vec![b'x'; 3 * LINE_MAX];
        let lines = read(&[&long[..], b"\nnext\n"].concat()).await;
        assert_eq!(lines[0].len(), LINE_MAX);
        assert_eq!(lines[1], "next");
    }
}
