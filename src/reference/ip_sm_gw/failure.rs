//! What the CPM side is told when something fails: table 4.4 of the requirement catalogue.
//!
//! 3GPP TS 29.311 gives these codes; where it could not be read they are readings, and some can be configured.

use crate::reference::esme::SubmitError;
use crate::reference::user_agent::HeaderList;
use crate::wire::smpp::status;

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
        503 => "Service Unavailable",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        _ => "Failure",
    }
}

/// The response for a submission that failed, by the class of RP-cause the command_status stands for.
//= INV-13
pub fn of_submission(error: SubmitError) -> Refusal {
    let code = match error {
        SubmitError::Status(code) => code,
        SubmitError::NoResponse | SubmitError::NotBound => {
            return Refusal::new(503).retry_after(10);
        }
    };
    match code {
        // Unassigned number, unknown subscriber.
        status::INVALID_DESTINATION | 0x33 | 0x34 | 0x40 | 0x50 | 0x51 => Refusal::new(404),
        // Barred, rejected, not subscribed.
        status::SUBMIT_FAILED
        | status::RECEIVER_REJECT
        | status::INVALID_SOURCE
        | status::INCORRECT_BIND_STATUS => Refusal::new(403),
        // Destination out of order, memory exceeded.
        status::RECEIVER_TEMPORARY | status::RECEIVER_PERMANENT => Refusal::new(480),
        // Temporary failure, congestion, resources.
        status::QUEUE_FULL | status::THROTTLED | status::SYSTEM_ERROR => {
            Refusal::new(503).retry_after(10)
        }
        _ => Refusal::new(500),
    }
}

/// The command_status for a short message that could not be handed to the CPM user, by the SIP or MSRP code received.
pub fn of_delivery(code: u16) -> u32 {
    match code {
        200..300 => status::OK,
        408 | 480 | 404 | 486 | 503 | 481 => status::RECEIVER_TEMPORARY,
        403 | 413 | 415 | 488 => status::RECEIVER_REJECT,
        _ => status::RECEIVER_PERMANENT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn submission_failures_fall_into_the_classes_of_table_4_4() {
        let code = |status| of_submission(SubmitError::Status(status)).code;
        assert_eq!(code(status::INVALID_DESTINATION), 404);
        assert_eq!(code(status::SUBMIT_FAILED), 403);
        assert_eq!(code(status::RECEIVER_PERMANENT), 480);
        assert_eq!(code(status::THROTTLED), 503);
        assert_eq!(code(0xff), 500);
        let refusal = of_submission(SubmitError::NoResponse);
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
