//! The output of containers, line by line.

use futures::io::{AsyncBufRead, AsyncBufReadExt};
use futures::stream::{self, BoxStream, StreamExt};
use http::Request;
use kube::Client;

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
    /// Only so many lines from the end.
    pub tail: Option<u32>,
}

/// Reads a container's output; a line ends the stream only with the output itself.
pub async fn lines(client: &Client, log: &Log) -> kube::Result<BoxStream<'static, String>> {
    use std::fmt::Write;
    let path = PODS.path(&log.namespace, &[&log.pod, "log"]);
    let mut uri = format!("{path}?container={}", log.container);
    for (flag, name) in [(log.follow, "follow"), (log.previous, "previous")] {
        if flag {
            // Writing into a string does not fail.
            let _ = write!(uri, "&{name}=true");
        }
    }
    if let Some(tail) = log.tail {
        let _ = write!(uri, "&tailLines={tail}");
    }
    let request = Request::get(uri)
        .body(Vec::new())
        .map_err(kube::Error::HttpError)?;
    let reader = client.request_stream(request).await?;
    Ok(stream::unfold(Box::pin(reader), |mut reader| async move {
        let line = next_line(&mut reader).await?;
        Some((line, reader))
    })
    .boxed())
}

/// The next line without its end; `None` at the end of the output, or when the connection breaks.
async fn next_line<R: AsyncBufRead + Unpin>(reader: &mut R) -> Option<String> {
    let mut line = Vec::new();
    let mut any = false;
    loop {
        let bytes = reader.fill_buf().await.ok()?;
        if bytes.is_empty() {
            return any.then(|| String::from_utf8_lossy(&line).into_owned());
        }
        any = true;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let part = &bytes[..end.unwrap_or(bytes.len())];
        let room = LINE_MAX.saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        let used = end.map_or(bytes.len(), |at| at + 1);
        reader.consume_unpin(used);
        if end.is_some() {
            return Some(String::from_utf8_lossy(&line).into_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8]) -> Vec<String> {
        let mut reader = bytes;
        let mut lines = Vec::new();
        while let Some(line) = next_line(&mut reader).await {
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

    #[tokio::test]
    async fn a_line_without_an_end_is_cut() {
        let long = vec![b'x'; 3 * LINE_MAX];
        let lines = read(&[&long[..], b"\nnext\n"].concat()).await;
        assert_eq!(lines[0].len(), LINE_MAX);
        assert_eq!(lines[1], "next");
    }
}
