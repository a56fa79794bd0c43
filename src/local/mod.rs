//! The embedded cluster behind `--local`.
