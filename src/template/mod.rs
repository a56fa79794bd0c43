//! Job templates: compiled once, expanded per item.
