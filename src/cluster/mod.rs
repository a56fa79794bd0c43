//! The Kubernetes client: connect, submit, observe, act.
