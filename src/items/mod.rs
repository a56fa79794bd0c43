//! Lists of items, from text that was already read.
//!
//! [`list`] makes one list of everything that the command line names; [`Stream`] reads a plain list as it comes.

mod array;
mod combine;
mod comma;
mod constant;
mod entry;
mod error;
mod fields;
mod format;
mod item;
mod json;
mod lines;
mod order;
mod paths;
mod range;
mod seen;
mod select;
mod source;
mod stream;
mod table;
mod yaml;

pub use array::Array;
pub use comma::comma_list;
pub use constant::constant;
pub use entry::{Entry, Place};
pub use error::ListError;
pub use format::Format;
pub use item::{Item, variable_name};
pub use lines::{Separator, lines};
pub use order::Order;
pub use paths::{glob, glob_depth, glob_root};
pub use range::range;
pub use seen::{MakeScratch, Scratch, ScratchError, Seen, in_memory};
pub use select::{Sample, Selection, select, unique};
pub use source::{List, ListOptions, Source, list};
pub use stream::Stream;
