//! A template as a value that can be kept, and compiled again on another machine.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Options, Source, Template};

/// Everything that expansion depends on, but the items.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    sources: Vec<Source>,
    options: Options,
}

impl Template {
    /// The template as a value; the same items give the same objects when it is compiled again.
    pub fn saved(&self) -> Value {
        let saved = Saved {
            sources: self.sources().cloned().collect(),
            options: Options {
                group: Some(self.group().to_owned()),
                ..self.options().clone()
            },
        };
        serde_json::to_value(saved).expect("texts, lists and flags are always JSON")
    }

    /// Compiles what was saved; the error says why that cannot be done.
    pub fn from_saved(saved: &Value) -> Result<Self, String> {
        let saved: Saved = Saved::deserialize(saved).map_err(|error| error.to_string())?;
        Self::compile(&saved.sources, &saved.options).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::items::Item;

    #[test]
    fn what_was_saved_expands_to_the_same_objects() {
        let source = Source {
            name: "t.yaml".into(),
            text: "kind: Job\napiVersion: batch/v1\nmetadata: {name: j-$ITEM}\nspec: {parallelism: $N, template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}\n"
                .into(),
        };
        let options = Options {
            constants: vec![("n".into(), "4".into())],
            labels: vec![("team".into(), "$ITEM".into())],
            namespace: Some("ci".into()),
            ..Options::default()
        };
        let template = Template::compile(&[source], &options).expect("a template");
        let again = Template::from_saved(&template.saved()).expect("it compiles");
        let item = Item::scalar(3, "apple");
        let expand = |template: &Template| template.expand(&item).expect("it expands");
        assert_eq!(expand(&again), expand(&template));
        assert_eq!(again.saved(), template.saved());
    }

    #[test]
    fn what_another_version_saved_is_refused_and_not_read_in_part() {
        let mut saved = json!({"sources": [], "options": {}});
        saved["options"]["fromTheFuture"] = true.into();
        let why = Template::from_saved(&saved).err().expect("an error");
        assert!(why.contains("fromTheFuture"), "{why}");
    }
}
