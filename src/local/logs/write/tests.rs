//! A log that is written and read back.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

use crate::local::logs::{LogOptions, LogRegistry, LogWriter, TryKey};

fn create(registry: &LogRegistry, folder: &TempDir, number: i32) -> LogWriter {
    let key = TryKey {
        pod_uid: "u",
        container: "c",
        number,
    };
    registry.create(folder.path(), key).expect("a log file")
}

async fn written(text: &str) -> (LogRegistry, TempDir) {
    let (registry, folder) = (LogRegistry::default(), TempDir::new().expect("a folder"));
    let mut writer = create(&registry, &folder, 0);
    writer.pump(text.as_bytes(), &b""[..]).await;
    (registry, folder)
}

async fn read(registry: &LogRegistry, options: LogOptions) -> String {
    let chunks: Vec<_> = registry
        .stream("u", "c", options)
        .try_collect()
        .await
        .expect("a log");
    String::from_utf8(chunks.concat()).expect("text")
}

#[tokio::test]
async fn text_comes_back_as_it_was_written() {
    let text = format!("a\n\nb {}\nno newline", "x".repeat(100_000));
    let (registry, _folder) = written(&text).await;
    assert_eq!(read(&registry, LogOptions::default()).await, text);
}

#[tokio::test]
async fn tail_limit_and_timestamps_hold() {
    let (registry, _folder) = written(&"12345\n".repeat(20_000)).await;
    for (tail_lines, limit_bytes, expected) in [
        (Some(2), None, "12345\n12345\n"),
        (Some(0), None, ""),
        (None, Some(8), "12345\n12"),
        (Some(1), Some(0), ""),
    ] {
        let options = LogOptions {
            tail_lines,
            limit_bytes,
            ..LogOptions::default()
        };
        assert_eq!(read(&registry, options).await, expected);
    }
    for (tail_lines, count) in [(Some(19_999), 19_999), (Some(90_000), 20_000)] {
        let options = LogOptions {
            tail_lines,
            timestamps: true,
            ..LogOptions::default()
        };
        let text = read(&registry, options).await;
        assert_eq!(text.lines().count(), count);
        assert!(
            text.lines()
                .all(|line| line.len() == 36 && line.ends_with("Z 12345"))
        );
    }
}

#[tokio::test]
async fn older_entries_are_left_out() {
    let (registry, _folder) = written("a\n").await;
    let since = |text: &str| LogOptions {
        since: Some(text.parse().expect("a time")),
        ..LogOptions::default()
    };
    assert_eq!(read(&registry, since("2000-01-01T00:00:00Z")).await, "a\n");
    assert_eq!(read(&registry, since("2999-01-01T00:00:00Z")).await, "");
}

#[tokio::test]
async fn following_sees_what_comes_and_ends_with_the_container() {
    let (registry, folder) = (LogRegistry::default(), TempDir::new().expect("a folder"));
    let mut writer = create(&registry, &folder, 0);
    let (mut process, pipe) = tokio::io::duplex(64);
    let pumping = tokio::spawn(async move { writer.pump(pipe, &b""[..]).await });
    let follow = LogOptions {
        follow: true,
        ..LogOptions::default()
    };
    let mut stream = registry.stream("u", "c", follow);
    for line in ["one\n", "two\n"] {
        process.write_all(line.as_bytes()).await.expect("a reader");
        let next = tokio::time::timeout(Duration::from_secs(5), stream.next()).await;
        assert_eq!(next.expect("in time").expect("more").expect("text"), line);
    }
    drop(process);
    pumping.await.expect("the writer ends");
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_full_log_says_so_and_keeps_reading() {
    let (registry, folder) = (LogRegistry::default(), TempDir::new().expect("a folder"));
    let mut writer = create(&registry, &folder, 0);
    writer.limit = 1 << 20;
    let text = "0123456789\n".repeat(200_000);
    writer.pump(text.as_bytes(), &b""[..]).await;
    drop(writer);
    let shown = read(&registry, LogOptions::default()).await;
    assert!(
        shown.ends_with("limit of 1 MiB; the rest is dropped\n"),
        "{shown}"
    );
    assert!(shown.len() < 1 << 20);
}

#[tokio::test]
async fn the_try_before_can_be_asked_for_and_no_older_one_is_kept() {
    let (registry, folder) = (LogRegistry::default(), TempDir::new().expect("a folder"));
    for (number, text) in [(0, "zero"), (1, "one"), (2, "two")] {
        create(&registry, &folder, number)
            .pump(text.as_bytes(), &b""[..])
            .await;
    }
    let previous = LogOptions {
        previous: true,
        ..LogOptions::default()
    };
    assert_eq!(read(&registry, previous).await, "one");
    assert_eq!(read(&registry, LogOptions::default()).await, "two");
    assert!(!folder.path().join("u/c/0.log").exists());
    registry.forget(folder.path(), "u");
    let error = registry
        .open("u", "c", LogOptions::default())
        .err()
        .expect("no log");
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}
