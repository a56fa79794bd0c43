//! The group's record, as commands use it: begun before the first create, kept while a group is followed, read afterwards.

mod begin;
mod expand;
mod ledger;
mod listener;
mod recall;
mod recorder;

pub(super) use begin::{begin, go_on};
pub(super) use expand::expand;
pub(super) use ledger::{Ledger, observations};
pub(super) use listener::News;
pub(super) use recall::{GroupKey, read_incomplete, recall, recorded, store_of};
pub(super) use recorder::Recorder;
