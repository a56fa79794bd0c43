//! The templates that come with the tool: `templates/`, one file a pattern.

/// A template that comes with the tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// One line about it.
    pub about: &'static str,
    /// Its text.
    pub text: &'static str,
}

const BUILTINS: &[Builtin] = &[Builtin {
    name: "process-item",
    about: "one Job for each item: Kubernetes' own example of expansion",
    text: include_str!("../../templates/process-item.yaml"),
}];

/// All of them.
pub fn builtins() -> &'static [Builtin] {
    BUILTINS
}

/// The one with a name.
pub fn builtin(name: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|template| template.name == name)
}
