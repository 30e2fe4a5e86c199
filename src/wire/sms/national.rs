//! National language tables of the GSM 7-bit alphabet, 3GPP TS 23.038 Annex A: languages 1 (Turkish), 2 (Spanish) and 3 (Portuguese).
//!
//! Each table says only where it differs: a single shift table from the extension table, a locking shift table from the default alphabet.

/// Language identifier 1 to 3: what follows the escape.
pub(super) fn single_shift(language: u8) -> Option<&'static [(u8, char)]> {
    match language {
        1 => Some(&TURKISH),
        2 => Some(&SPANISH),
        3 => Some(&PORTUGUESE),
        _ => None,
    }
}

/// Language identifier 1 or 3: what stands without an escape. There is no Spanish one.
pub(super) fn locking_shift(language: u8) -> Option<&'static [(u8, char)]> {
    match language {
        1 => Some(&TURKISH_LOCKED),
        3 => Some(&PORTUGUESE_LOCKED),
        _ => None,
    }
}

/// 3GPP TS 23.038 clause A.2.1 (Turkish): what differs from the extension table.
const TURKISH: [(u8, char); 7] = [
    (0x47, 'Ğ'),
    (0x49, 'İ'),
    (0x53, 'Ş'),
    (0x63, 'ç'),
    (0x67, 'ğ'),
    (0x69, 'ı'),
    (0x73, 'ş'),
];

/// Clause A.2.2 (Spanish).
const SPANISH: [(u8, char); 9] = [
    (0x09, 'ç'),
    (0x41, 'Á'),
    (0x49, 'Í'),
    (0x4f, 'Ó'),
    (0x55, 'Ú'),
    (0x61, 'á'),
    (0x69, 'í'),
    (0x6f, 'ó'),
    (0x75, 'ú'),
];

/// Clause A.2.3 (Portuguese).
const PORTUGUESE: [(u8, char); 27] = [
    (0x05, 'ê'),
    (0x09, 'ç'),
    (0x0b, 'Ô'),
    (0x0c, 'ô'),
    (0x0e, 'Á'),
    (0x0f, 'á'),
    (0x12, 'Φ'),
    (0x13, 'Γ'),
    (0x15, 'Ω'),
    (0x16, 'Π'),
    (0x17, 'Ψ'),
    (0x18, 'Σ'),
    (0x19, 'Θ'),
    (0x1f, 'Ê'),
    (0x41, 'À'),
    (0x49, 'Í'),
    (0x4f, 'Ó'),
    (0x55, 'Ú'),
    (0x5b, 'Ã'),
    (0x5c, 'Õ'),
    (0x61, 'Â'),
    (0x69, 'í'),
    (0x6f, 'ó'),
    (0x75, 'ú'),
    (0x7b, 'ã'),
    (0x7c, 'õ'),
    (0x7f, 'â'),
];

/// Clause A.3.1 (Turkish).
const TURKISH_LOCKED: [(u8, char); 8] = [
    (0x04, '€'),
    (0x07, 'ı'),
    (0x0b, 'Ğ'),
    (0x0c, 'ğ'),
    (0x1c, 'Ş'),
    (0x1d, 'ş'),
    (0x40, 'İ'),
    (0x60, 'ç'),
];

/// Clause A.3.3 (Portuguese).
const PORTUGUESE_LOCKED: [(u8, char); 30] = [
    (0x04, 'ê'),
    (0x06, 'ú'),
    (0x07, 'í'),
    (0x08, 'ó'),
    (0x09, 'ç'),
    (0x0b, 'Ô'),
    (0x0c, 'ô'),
    (0x0e, 'Á'),
    (0x0f, 'á'),
    (0x12, 'ª'),
    (0x13, 'Ç'),
    (0x14, 'À'),
    (0x15, '∞'),
    (0x16, '^'),
    (0x17, '\\'),
    (0x18, '€'),
    (0x19, 'Ó'),
    (0x1a, '|'),
    (0x1c, 'Â'),
    (0x1d, 'â'),
    (0x1e, 'Ê'),
    (0x24, 'º'),
    (0x40, 'Í'),
    (0x5b, 'Ã'),
    (0x5c, 'Õ'),
    (0x5d, 'Ú'),
    (0x60, '~'),
    (0x7b, 'ã'),
    (0x7c, 'õ'),
    (0x7d, '`'),
];
