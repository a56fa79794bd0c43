//! The templates that come with the tool: `templates/`, one file a pattern.

/// A template that comes with the tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// The pattern, in a word or two.
    pub pattern: &'static str,
    /// One line about it.
    pub about: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! builtins {
    ($($name:literal, $pattern:literal, $about:literal;)*) => {
        &[$(Builtin {
            name: $name,
            pattern: $pattern,
            about: $about,
            text: include_str!(concat!("../../templates/", $name, ".yaml")),
        }),*]
    };
}

const BUILTINS: &[Builtin] = builtins! {
    "process-item", "expansion", "one Job for each item: the example of the Kubernetes documentation";
    "pi", "single", "one Job with one Pod";
    "pi-parallel", "fixed completions", "a Job whose Pods must succeed a number of times, some at once";
    "job-wq-1", "work queue, counted", "each Pod takes one task from a queue";
    "job-wq-2", "work queue, until empty", "Pods take tasks until the queue is empty";
    "hello", "schedule", "a CronJob";
    "pi-with-ttl", "clean-up", "a Job that the cluster deletes after its end";
    "indexed", "indexed", "one Job whose Pods are numbered";
};

/// All of them.
pub fn builtins() -> &'static [Builtin] {
    BUILTINS
}

/// The one with a name.
pub fn builtin(name: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|template| template.name == name)
}
