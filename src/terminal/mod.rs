//! Signals, size, drawing.
