//! Where what is written goes: a text, or bytes.

/// Where text goes.
pub trait Sink {
    /// Takes over a piece of text.
    fn push(&mut self, text: &str);
}

impl Sink for String {
    fn push(&mut self, text: &str) {
        self.push_str(text);
    }
}

impl Sink for Vec<u8> {
    fn push(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }
}
