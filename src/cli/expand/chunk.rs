//! A list in chunks, and what the items of a chunk give.

use std::sync::Arc;

use serde_json::Value;

use super::Output;
use crate::cli::CliResult;
use crate::items::{Item, ListError};
use crate::manifest::names;
use crate::template::{Claims, Template};

/// Items in a chunk, and bytes of their texts.
const ITEMS_MAX: usize = 256;
const TEXT_MAX: usize = 64 * 1024;
/// Bytes that are made before they are handed on.
const MADE_MAX: usize = 256 * 1024;

/// Some items of a list, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) items: Vec<Item>,
    /// What ended the list behind them.
    problem: Option<ListError>,
}

/// A list in chunks.
pub(super) struct Chunks<I> {
    items: I,
}

/// What some items gave.
#[derive(Default)]
pub(super) struct Made {
    /// In the format that was asked for; in a List, each object follows a comma.
    pub(super) text: Vec<u8>,
    /// The names in it, which are not held against those of other items yet.
    pub(super) claims: Claims,
    /// The items, and others of their chunk.
    pub(super) items: Arc<Vec<Item>>,
}

impl Chunk {
    /// What the items give, in pieces; what is wrong comes behind all that is right before it.
    pub(super) fn expand<E>(
        self,
        template: &Template,
        output: Output,
        push: &mut impl FnMut(CliResult<Made>) -> Result<(), E>,
    ) -> Result<(), E> {
        let items = Arc::new(self.items);
        let room = || Made {
            items: items.clone(),
            ..Made::default()
        };
        let mut made = room();
        for item in items.iter() {
            let start = made.text.len();
            if let Err(problem) = made.add(template, output, item) {
                made.text.truncate(start);
                push(Ok(made))?;
                return push(Err(problem));
            }
            if made.text.len() >= MADE_MAX {
                push(Ok(std::mem::replace(&mut made, room())))?;
            }
        }
        push(Ok(made))?;
        match self.problem {
            Some(problem) => push(Err(problem.into())),
            None => Ok(()),
        }
    }
}

impl Made {
    fn add(&mut self, template: &Template, output: Output, item: &Item) -> CliResult<()> {
        if output == Output::Yaml {
            template.write_checked(item, &mut self.claims, &mut self.text)?;
            return Ok(());
        }
        for object in template.expand_checked(item, &mut self.claims)?.objects {
            write_object(output, &object, &mut self.text);
        }
        Ok(())
    }
}

fn write_object(output: Output, object: &Value, out: &mut Vec<u8>) {
    match output {
        // Written from the template's own text.
        Output::Yaml => {}
        Output::Json => {
            out.extend_from_slice(b",\n");
            out.extend_from_slice(object.to_string().as_bytes());
        }
        Output::Jsonl => {
            out.extend_from_slice(object.to_string().as_bytes());
            out.push(b'\n');
        }
        Output::Name => {
            out.extend_from_slice(names::of_object(object).as_bytes());
            out.push(b'\n');
        }
    }
}

impl<I: Iterator<Item = Result<Item, ListError>>> Chunks<I> {
    pub(super) fn new(items: I) -> Self {
        Self { items }
    }
}

impl<I: Iterator<Item = Result<Item, ListError>>> Iterator for Chunks<I> {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        let (mut chunk, mut room) = (Chunk::default(), TEXT_MAX);
        while chunk.items.len() < ITEMS_MAX && room > 0 && chunk.problem.is_none() {
            match self.items.next() {
                Some(Ok(item)) => {
                    room = room.saturating_sub(item.value.as_str().map_or(0, str::len));
                    chunk.items.push(item);
                }
                Some(Err(problem)) => chunk.problem = Some(problem),
                None => break,
            }
        }
        (!chunk.items.is_empty() || chunk.problem.is_some()).then_some(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{Options, Source};

    const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: $ITEM\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n";

    fn template() -> Template {
        let source = Source {
            name: "t.yaml".into(),
            text: JOB.into(),
        };
        Template::compile(&[source], &Options::default()).expect("sound")
    }

    fn list(texts: &[&str]) -> Vec<Result<Item, ListError>> {
        let item = |(index, text): (usize, &&str)| Ok(Item::scalar(index, *text));
        texts.iter().enumerate().map(item).collect()
    }

    fn expanded(list: Vec<Result<Item, ListError>>) -> (String, Option<String>) {
        let (mut text, mut problem) = (Vec::new(), None);
        for chunk in Chunks::new(list.into_iter()) {
            let mut push = |made: CliResult<Made>| {
                match made {
                    Ok(made) => text.extend(made.text),
                    Err(failure) => problem = Some(failure.message),
                }
                Ok::<(), ()>(())
            };
            chunk
                .expand(&template(), Output::Name, &mut push)
                .expect("taken");
        }
        (String::from_utf8(text).expect("UTF-8"), problem)
    }

    #[test]
    fn a_chunk_is_bounded_in_items_and_in_bytes() {
        let lengths = |list: Vec<Result<Item, ListError>>| {
            let chunks = Chunks::new(list.into_iter());
            chunks.map(|chunk| chunk.items.len()).collect::<Vec<_>>()
        };
        assert_eq!(lengths(list(&["a"; 600])), [256, 256, 88]);
        assert_eq!(lengths(list(&[])), Vec::<usize>::new());
        let long = "x".repeat(TEXT_MAX / 2);
        assert_eq!(lengths(list(&[long.as_str(); 5])), [2, 2, 1]);
    }

    #[test]
    fn what_is_wrong_comes_behind_what_is_right() {
        let too_many = || ListError::TooMany { origin: "f".into() };
        let mut items = list(&["a", "b"]);
        items.push(Err(too_many()));
        let (text, problem) = expanded(items);
        assert_eq!(text, "job.batch/a\njob.batch/b\n");
        assert_eq!(problem, Some(too_many().to_string()));
        let (text, problem) = expanded(list(&["a", "b\0", "c"]));
        assert_eq!(text, "job.batch/a\n");
        assert!(problem.expect("NUL").contains("item 2"));
    }
}
