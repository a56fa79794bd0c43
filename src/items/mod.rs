//! Lists of items from text that was already read.
