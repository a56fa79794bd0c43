//! The digest of a member: what a repeated submit compares.

use sha2::{Digest, Sha256};

/// The first 16 hex digits of SHA-256.
pub fn short(bytes: &[u8]) -> String {
    hex(bytes, 8)
}

/// The first `count` bytes of SHA-256, in hex.
pub fn hex(bytes: &[u8], count: usize) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let hash = Sha256::digest(bytes);
    let digit = |n: u8| char::from(DIGITS[usize::from(n)]);
    let mut text = String::with_capacity(2 * count);
    for byte in hash.iter().take(count) {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

/// The first 8 bytes of SHA-256, as a number.
pub fn first_bytes(bytes: &[u8]) -> u64 {
    let hash = Sha256::digest(bytes);
    hash.iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_the_front_of_sha_256() {
        // echo -n abc | sha256sum
        assert_eq!(short(b"abc"), "ba7816bf8f01cfea");
        assert_eq!(hex(b"", 4), "e3b0c442");
        assert_eq!(first_bytes(b"abc"), 0xba78_16bf_8f01_cfea);
    }
}
