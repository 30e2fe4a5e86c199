//! Mistakes about the registration of UEs.
use super::{Mistake, SMOKE};

const ISC: &str = "  reference_point: isc";
/// The reference asks who registers.
const DIGEST: (&str, &str) = (
    "\"--until-stdin-closes\"]",
    "\"--authentication\", \"digest\", \"--until-stdin-closes\"]",
);
const AKA: (&str, &str) = (
    "\"--until-stdin-closes\"]",
    "\"--authentication\", \"aka\", \"--until-stdin-closes\"]",
);

macro_rules! registration {
    ($($text:literal)*) => {
        (ISC, concat!("  reference_point: gm\n  registration: { ", $($text,)* " }"))
    };
}

/// What only the text of the profile shows.
pub const WRITTEN: &[Mistake] = &[
    mistake!(
        "registration where nobody registers",
        [(
            ISC,
            "  reference_point: isc\n  registration: { private_identity: x, password: y }"
        )],
        ["sip.registration: UEs register at Gm, and sip.reference_point says isc; write gm"]
    ),
    mistake!(
        "registration without a secret",
        [registration!("private_identity: x")],
        ["sip.registration: write password for Digest, or key for IMS AKA"]
    ),
    mistake!(
        "key that is too short",
        [registration!(
            "private_identity: x, key: { k: c0ffee, opc: c0ffee }"
        )],
        ["sip.registration.key.k: it is not 32 hexadecimal digits"]
    ),
    mistake!(
        "algorithm of AKA with a password",
        [registration!(
            "private_identity: x, password: y, algorithm: AKAv1-MD5"
        )],
        ["sip.registration.algorithm: with password it is one of MD5, SHA-256"]
    ),
];

/// What only the registrar shows.
pub const FOUND: &[Mistake] = &[
    mistake!(
        "wrong password of a subscriber",
        [
            DIGEST,
            registration!("private_identity: \"{number}@home1.example\", password: guessed")
        ],
        [
            "sip.registration.password: ",
            "again after his answer; write the password that it has of him"
        ]
    ),
    mistake!(
        "wrong realm",
        [
            DIGEST,
            registration!(
                "private_identity: \"{number}@home1.example\", password: secret, realm: home2.example"
            )
        ],
        [
            "sip.registration.realm: the profile says home2.example, ",
            "asks for the realm home1.example; write that"
        ]
    ),
    mistake!(
        "private identity nobody knows",
        [
            DIGEST,
            registration!("private_identity: \"user-{number}@home1.example\", password: secret")
        ],
        [
            "sip.registration.private_identity: ",
            "answers 403 to user-+447700999998@home1.example"
        ]
    ),
    mistake!(
        "wrong key of a subscriber",
        [
            AKA,
            registration!(
                "private_identity: \"{number}@home1.example\", key: { k: 465b5ce8b199b49faa5f0a2ee238a6bd, op: cdc202d5123e20f62b6d676ac72cb318 }"
            )
        ],
        [
            "sip.registration.key: the challenge of ",
            "is not made with k and opc of"
        ]
    ),
    mistake!(
        "password where IMS AKA is wanted",
        [
            AKA,
            registration!("private_identity: \"{number}@home1.example\", password: secret")
        ],
        [
            "sip.registration: ",
            "asks for what a password does not answer",
            "key for IMS AKA"
        ]
    ),
];
