//! One fuzz target: the reader that has its name.
#![no_main]
mod readers;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    if let Some((_, read)) = readers::READERS
        .iter()
        .find(|(name, _)| *name == env!("CARGO_BIN_NAME"))
    {
        read(octets);
    }
});
