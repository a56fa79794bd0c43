//! The Kubernetes client: connect, submit, observe, act.
pub mod rest;
