//! Watches of a group's Jobs and Pods, for whoever shows or waits for it.
