//! What people see: (model, now, width, style) to lines.
