//! Lists of items, from text that was already read.

mod item;
mod list;

pub use item::Item;
pub use list::{Entry, ListError, comma_list, lines, unique};
