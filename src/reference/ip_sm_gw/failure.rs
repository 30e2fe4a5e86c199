//! What the CPM side is told when something fails: table 4.4 of the requirement catalogue.
//!
//! 3GPP TS 29.311 gives these codes; where it could not be read they are readings, and some can be configured.

use crate::reference::short_message::{Handover, SubmitFailure};
use crate::reference::user_agent::HeaderList;

/// A final response that is not a success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: u16,
    pub headers: HeaderList,
}

impl Refusal {
    pub fn new(code: u16) -> Self {
        Self {
            code,
            headers: Vec::new(),
        }
    }

    /// With the warning text clients act upon, e.g. `127 Service not authorised`.
    pub fn warning(mut self, text: &str) -> Self {
        let value = format!("399 gw \"{text}\"");
        self.headers.push(("Warning".into(), value));
        self
    }

    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.headers
            .push(("Retry-After".into(), seconds.to_string()));
        self
    }

    pub fn reason(&self) -> &'static str {
        reason(self.code)
    }
}

/// The reason phrase of RFC 3261 section 21.
pub fn reason(code: u16) -> &'static str {
    match code {
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        415 => "Unsupported Media Type",
        480 => "Temporarily Unavailable",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        _ => "Failure",
    }
}

/// The response for a submission that failed.
pub fn of_submission(failure: SubmitFailure) -> Refusal {
    mark!("INV-13");
    let busy = || Refusal::new(503).retry_after(10);
    let cause = match failure {
        SubmitFailure::Cause(cause) => cause,
        SubmitFailure::NoResponse | SubmitFailure::NotConnected => return busy(),
    };
    match cause {
        // Unassigned number, unknown subscriber.
        1 | 30 => Refusal::new(404),
        // Barred, rejected, not identified, facility rejected, not subscribed.
        8 | 10 | 21 | 28 | 29 | 50 => Refusal::new(403),
        // Memory exceeded, destination out of order.
        22 | 27 => Refusal::new(480),
        // Network out of order, temporary failure, congestion, resources.
        38 | 41 | 42 | 47 => busy(),
        // Not implemented.
        69 => Refusal::new(501),
        _ => Refusal::new(500),
    }
}

/// The answer to a short message that could not be handed to the CPM user, by the SIP or MSRP code received.
pub fn of_delivery(code: u16) -> Handover {
    match code {
        200..300 => Handover::Taken,
        408 | 480 | 404 | 481 => Handover::Absent,
        486 => Handover::Busy,
        403 | 413 | 415 | 488 => Handover::Rejected,
        _ => Handover::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn submission_failures_fall_into_the_classes_of_table_4_4() {
        let code = |cause| of_submission(SubmitFailure::Cause(cause)).code;
        for (causes, expected) in [
            (&[1, 30][..], 404),
            (&[8, 10, 21, 28, 29, 50], 403),
            (&[22, 27], 480),
            (&[38, 41, 42, 47], 503),
            (&[69], 501),
            (&[81, 95, 96, 97, 98, 99, 111, 127], 500),
        ] {
            for cause in causes {
                assert_eq!(code(*cause), expected, "RP-Cause {cause}");
            }
        }
        let refusal = of_submission(SubmitFailure::NoResponse);
        assert_eq!((refusal.code, refusal.headers.len()), (503, 1));
    }

    #[test]
    fn a_warning_has_agent_and_quoted_text() {
        let refusal = Refusal::new(403).warning("127 Service not authorised");
        assert_eq!(
            refusal.headers,
            [(
                "Warning".to_owned(),
                "399 gw \"127 Service not authorised\"".to_owned()
            )]
        );
    }
}
