//! Bytes packed and unpacked, within a bound.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// The most bytes that are unpacked.
const UNPACKED_MAX: u64 = 1 << 30;

/// Packs.
pub(super) fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(bytes).and_then(|()| encoder.finish());
    packed.expect("memory takes what is written to it")
}

/// Unpacks; the error says why it cannot.
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = GzDecoder::new(packed)
        .take(UNPACKED_MAX + 1)
        .read_to_end(&mut bytes);
    read.map_err(|error| error.to_string())?;
    if bytes.len() as u64 > UNPACKED_MAX {
        return Err(format!("it unpacks to more than {UNPACKED_MAX} bytes"));
    }
    Ok(bytes)
}
