//! YAML as kubectl reads and writes it: YAML 1.1's plain scalars, documents split at `---`.

mod data;
mod emit;
mod quote;
mod read;
mod scalar;
mod sink;

pub use data::data;
pub use emit::{emit_document, emit_flow, emit_scalar, to_yaml};
pub use quote::{emit_quoted, stands_in_quotes};
pub use read::{Document, YamlError, documents};
pub use scalar::{is_plain_safe, is_printable, resolve};
pub use sink::Sink;
