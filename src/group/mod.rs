//! Groups of Jobs: model, window, verdict.
