//! Tests of Digest: the examples of RFC 7616, and what others compute.
#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;

/// RFC 7616 section 3.9.1.
fn example(algorithm: Algorithm) -> (Challenge, &'static str) {
    let value = format!(
        "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={}, \
         nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
         opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
        algorithm.name()
    );
    let challenge = Challenge::parse(&value).unwrap();
    (challenge, "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
}

#[test]
fn computes_the_responses_of_the_standard() {
    for (algorithm, response) in [
        (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
        (
            Algorithm::Sha256,
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ] {
        let (challenge, cnonce) = example(algorithm);
        let who = ("Mufasa", "Circle of Life".as_bytes());
        let request = Answering::new("GET", "/dir/index.html");
        let answer = Credentials::answer(&challenge, who, request, (cnonce, 1));
        assert_eq!(answer.response, response);
        assert_eq!(Credentials::parse(&answer.to_value()), Some(answer));
    }
}

/// Computed by Python's `hashlib` from RFC 7616 section 3.4.
#[test]
fn computes_what_others_compute_where_the_standard_has_no_example() {
    let (mut challenge, cnonce) = example(Algorithm::Sha512_256);
    let who = ("Mufasa", "Circle of Life".as_bytes());
    let request = Answering {
        body: b"v=0",
        ..Answering::new("MESSAGE", "sip:a@b.example")
    };
    let answer =
        |challenge: &Challenge| Credentials::answer(challenge, who, request, (cnonce, 11)).response;
    assert_eq!(
        answer(&challenge),
        "33bd052785d9d5167284d52aa8fe6084de66164ac7a84a903ad459fca9e54f07"
    );
    challenge.qop = vec![Qop::AuthInt];
    assert_eq!(
        answer(&challenge),
        "28842194d8af610693c3981ff498b83250dd8e1d0ded5d4792abad2f549e214f"
    );
    challenge.qop.clear();
    assert_eq!(
        answer(&challenge),
        "ad509b80ed07064b92e8bf56accd475107a25a6783f0590389527e519055508c"
    );
}

#[test]
fn reads_back_a_challenge() {
    let (challenge, _) = example(Algorithm::Md5);
    assert_eq!(Challenge::parse(&challenge.to_value()), Some(challenge));
    assert_eq!(Challenge::parse("Basic realm=\"x\""), None);
    assert_eq!(Challenge::parse("Digest realm=\"x"), None);
    let quoted = "Digest username=\"a\\\"b\", realm=r, nonce=n, uri=\"/\", response=x";
    assert_eq!(Credentials::parse(quoted).unwrap().username, "a\"b");
    let read = Credentials::parse(quoted).unwrap();
    assert_eq!(Credentials::parse(&read.to_value()), Some(read));
    let next = "nextnonce=\"n2\", qop=auth";
    assert_eq!(next_nonce(next).as_deref(), Some("n2"));
}

#[test]
fn credentials_may_be_empty_before_the_first_challenge() {
    let first = "Digest username=\"u@x\", realm=\"x\", nonce=\"\", uri=\"sip:x\", response=\"\"";
    let read = Credentials::parse(first).unwrap();
    assert_eq!((read.nonce.as_str(), read.response.as_str()), ("", ""));
}
