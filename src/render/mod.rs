//! What people and programs see, as functions of a model, a time, a width and a style.

mod bar;
mod difference;
mod duration;
#[cfg(test)]
mod escapes;
mod grid;
pub mod joblog;
mod json;
pub mod jsonpath;
pub mod junit;
mod plain;
#[cfg(test)]
mod sample;
mod style;
mod summary;
mod table;
mod text;
mod waiting;

pub use difference::{clashes, difference_json, difference_table, refusal};
pub use duration::{human, until};
pub use grid::grid;
pub use json::{change_event, output_event, verdict_event};
pub use plain::{alarm_phase, change_line, is_alarm, is_news};
pub use style::Style;
pub use summary::{cause_line, summary};
pub use table::{View, frame, progress_line};
pub use text::{
    counted, fit, show, show_document, show_json, show_line, show_lines, truncate, width,
};
pub use waiting::overdue_line;
