//! See `kubectl_batch_fuzz::items`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kubectl_batch_fuzz::items(data));
