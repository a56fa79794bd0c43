//! The Kubernetes client: connect, submit, observe, act.

pub mod access;
pub mod act;
pub mod connect;
mod connect_error;
mod cut;
pub mod duration;
pub mod features;
pub mod flags;
pub mod gate;
pub mod handover;
pub mod lease;
pub mod logs;
pub mod observe;
pub mod permissions;
pub mod preflight;
pub mod problem;
pub mod proxy;
pub mod record;
pub mod replace;
pub mod rest;
mod root_cause;
pub mod submit;
pub mod transport;
pub mod warnings;
pub mod watching;
