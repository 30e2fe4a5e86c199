//! How a peer departs from good behaviour: one switch per departure, each with what the standard says of it.
//!
//! A default value is a correct peer. Departures exist to see how the system under test copes; a peer never departs by itself.
use std::time::Duration;

use super::message_session::MsrpBehaviour;
use crate::wire::sms::TimeStamp;

/// What a UE answers to a request or an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UeBehaviour {
    /// Final response to an incoming INVITE: `None` accepts it (180, then 200 with an SDP answer). Legal: RFC 3261 section 13.3.1.
    pub refuse_invite: Option<u16>,
    /// Time between 180 and the final response to an incoming INVITE. Legal up to the caller's patience.
    pub answer_delay: Duration,
    /// Final response to SIP MESSAGE instead of 200. Legal: RFC 3428 section 7.
    pub message_answer: Option<u16>,
    /// Final response to BYE instead of 200, e.g. 481. Legal but rare (RFC 3261 section 15.1.2): the session ends all the same.
    pub bye_answer: Option<u16>,
    /// Says BYE itself when a BYE comes, before it answers that: the two have crossed. Legal: nobody knows of the other's (RFC 3261
    /// section 15).
    pub crossing_bye: bool,
    /// Answers no request at all, as a UE that has lost its radio. Not legal; RFC 3261 section 17.1 has the sender time out.
    pub silent: bool,
    /// Every response is held back this long. Legal below the sender's timer B or F.
    pub response_delay: Duration,
    /// The first ACK of a 2xx leaves this late. Legal below 64*T1; the 2xx is retransmitted meanwhile.
    pub ack_delay: Duration,
    /// Sends no ACK for 2xx. Not legal (RFC 3261 section 13.2.2.4): the other side retransmits for 64*T1 and then says BYE.
    pub withhold_ack: bool,
    /// Sends no PRACK. Not legal (RFC 3262 section 4).
    pub withhold_prack: bool,
    /// Extra copies of every request outside INVITE, same branch, at once. Legal on an unreliable transport (RFC 3261 section 17.2.2).
    pub duplicate_requests: u8,
    /// Every response is sent this many times more. Legal on an unreliable transport.
    pub duplicate_responses: u8,
    /// Dials no MSRP connection although it is this side's turn. Not legal (RFC 4975 section 5.4).
    pub withhold_media: bool,
    /// Sends requests with this damage. Not legal.
    pub malformed: Option<Malformation>,
    /// `a=setup` of our offers: `actpass` (default), `active`, `passive`; empty leaves the attribute out. `passive` also makes our
    /// answers passive where the offer leaves the choice. All legal (RFC 6135).
    pub setup: String,
    /// `a=accept-types` of our offers. The default names what a CPM UE takes.
    pub accept_types: Vec<String>,
    /// Supports reliable provisional responses (`Supported: 100rel`). Legal both ways.
    pub reliable_provisionals: bool,
    /// `Session-Expires` of our INVITEs in seconds; `None` leaves the header field out. Legal both ways (RFC 4028 section 7.1).
    pub session_expires: Option<u32>,
    /// What the message sessions do.
    pub msrp: MsrpBehaviour,
    /// What happens to short messages over IP.
    pub short_messages: SmsIpBehaviour,
    /// Sends no session refresh although it is the refresher. Not legal (RFC 4028 section 7.2): the other side ends the session.
    pub withhold_refresh: bool,
}

/// What a UE does with a short message over IP that it is delivered (3GPP TS 24.341 clause 5.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SmsIpBehaviour {
    /// When the delivery report leaves.
    pub report: ReportOrder,
    /// RP-ERROR with this cause instead of RP-ACK. Legal (3GPP TS 24.011 clause 8.2.5.4), e.g. 22 for no memory.
    pub refuse: Option<u8>,
    /// Reports under another message reference. Not legal (3GPP TS 24.011 clause 8.2.3).
    pub wrong_reference: bool,
}

/// Place of the delivery report beside the response to the MESSAGE that is reported on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReportOrder {
    /// The usual one (3GPP TS 24.341 clause B.6).
    #[default]
    AfterAnswer,
    /// Legal: two transactions of their own, and the clause orders nothing between them.
    BeforeAnswer,
    /// Not legal (3GPP TS 24.341 clause 5.3.2.4); the service centre's side times out.
    Never,
}

/// One way in which a request is damaged before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformation {
    /// No Call-ID (RFC 3261 section 8.1.1 requires it).
    NoCallId,
    /// No From tag (RFC 3261 section 8.1.1.3 requires it).
    NoFromTag,
    /// CSeq names another method than the request line (RFC 3261 section 8.1.1.5).
    CseqMethodMismatch,
    /// Content-Length greater than the body (RFC 3261 section 18.3).
    ContentLengthTooLong,
    /// Max-Forwards 0 (legal to write, but a request that ends here: RFC 3261 section 16.3).
    MaxForwardsZero,
    /// The SDP body breaks the grammar of RFC 8866 section 9.
    BrokenSdp,
    /// `Require` of an option tag that nobody knows (RFC 3261 section 8.2.2.3: 420).
    UnknownRequire,
}

impl Default for UeBehaviour {
    fn default() -> Self {
        Self {
            refuse_invite: None,
            answer_delay: Duration::ZERO,
            message_answer: None,
            bye_answer: None,
            crossing_bye: false,
            silent: false,
            response_delay: Duration::ZERO,
            ack_delay: Duration::ZERO,
            withhold_ack: false,
            withhold_prack: false,
            duplicate_requests: 0,
            duplicate_responses: 0,
            withhold_media: false,
            malformed: None,
            setup: "actpass".to_owned(),
            accept_types: vec!["message/cpim".to_owned()],
            reliable_provisionals: true,
            session_expires: Some(1800),
            msrp: MsrpBehaviour::default(),
            short_messages: SmsIpBehaviour::default(),
            withhold_refresh: false,
        }
    }
}

/// What the message centre and the handset behind one SMS number do. The default is a handset in coverage that is told everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandsetBehaviour {
    /// command_status of submit_sm_resp. Anything but 0: the message goes nowhere. Legal (SMPP 3.4 section 5.1.3).
    pub submit_status: u32,
    /// Time before submit_sm_resp; the handset gets the message no earlier. Legal below the submitter's response timer.
    pub submit_delay: Duration,
    /// No submit_sm_resp at all, and the message goes nowhere. Not legal (SMPP 3.4 section 2.3); happens when a link is congested.
    pub submit_unanswered: bool,
    /// No coverage: submissions are accepted, nothing reaches the handset, receipts say UNDELIV, the handset cannot send. Legal.
    pub coverage_lost: bool,
    /// TP-ST that a delivery report tells when the submitter asked for one (3GPP TS 23.040 clause 9.2.3.15; SMPP tells its nearest
    /// message state); `None` sends none until it is ordered. Legal: a message centre that has nothing to tell is silent (SMPP 3.4
    /// section 5.2.17 asks, nothing promises).
    pub receipt: Option<u8>,
    /// Time between submit_sm_resp and the receipt. Legal.
    pub receipt_delay: Duration,
    /// Receipts come by data_sm instead of deliver_sm. Legal (SMPP 3.4 section 4.7); rare.
    pub receipt_by_data_sm: bool,
    /// Receipts have no receipted_message_id and message_state, only their text. Legal (SMPP 3.4 sections 5.3.2.12 and 5.3.2.35); common.
    pub receipt_without_tlvs: bool,
    /// How a receipt writes the message id of submit_sm_resp. Only `Same` is legal; the others are met in the field.
    pub receipt_id: ReceiptId,
    /// Extra copies of every deliver_sm, each with a sequence number of its own. Legal: a message centre that missed a response repeats.
    pub deliver_duplicates: u8,
    /// The last part of a long message is sent first (3, 1, 2). Legal (3GPP TS 23.040 clause 9.2.3.24.1).
    pub parts_out_of_order: bool,
    /// This part of a long message (1 = first) is never sent. Legal: short messages get lost.
    pub lost_part: Option<u8>,
    /// How a long message says which part a part is. All legal.
    pub segmentation: Segmentation,
    /// The parts of a long message are in the one and the other alphabet in turn, and there are more of them. Legal: each part has a
    /// data coding of its own (3GPP TS 23.040 clause 9.2.3.10).
    pub mixed_alphabets: bool,
    /// With every short message of the handset comes one of somebody else to the same number. Legal: anybody may write to a number.
    pub bystander: Option<Bystander>,
    /// The receipt is sent before the submission is answered. Legal: nothing orders the two; the response and the receipt are different
    /// transactions (SMPP 3.4 section 2.2; 3GPP TS 23.040 clause 3.2.9 only has the report follow the submission).
    pub receipt_before_answer: bool,
    /// Short messages are forwarded under a user identity that no routing query has given out (Diameter only). Not legal (3GPP TS 23.204
    /// clause 6.14 step 4); happens when a service centre keeps an identity too long.
    pub unknown_identity: bool,
    /// Time stamp of the service centre on the handset's short messages instead of the present (carriages with TP-SCTS). Legal.
    pub time_stamp: Option<TimeStamp>,
}

/// Who else writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bystander {
    /// Another number, with one part of a long message whose reference is the handset's own and whose other part never comes.
    SameReference,
    /// A service whose originating address is a name.
    Service,
}

/// How the message id in a receipt is written. Message ids in submit_sm_resp are decimal here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReceiptId {
    #[default]
    Same,
    Hexadecimal,
    /// Decimal with zeros in front, ten digits.
    Padded,
}

/// How the parts of a long text are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Segmentation {
    /// User data header with an 8-bit reference (3GPP TS 23.040 clause 9.2.3.24.1).
    #[default]
    Header8,
    /// User data header with a 16-bit reference (3GPP TS 23.040 clause 9.2.3.24.8).
    Header16,
    /// sar_msg_ref_num, sar_total_segments and sar_segment_seqnum (SMPP 3.4 section 5.3.2.22).
    Sar,
    /// No parts: the whole text in message_payload (SMPP 3.4 section 5.3.2.32).
    Payload,
}

impl Default for HandsetBehaviour {
    fn default() -> Self {
        Self {
            submit_status: 0,
            submit_delay: Duration::ZERO,
            submit_unanswered: false,
            coverage_lost: false,
            receipt: Some(0x00),
            receipt_delay: Duration::ZERO,
            receipt_by_data_sm: false,
            receipt_without_tlvs: false,
            receipt_id: ReceiptId::Same,
            deliver_duplicates: 0,
            parts_out_of_order: false,
            lost_part: None,
            segmentation: Segmentation::Header8,
            mixed_alphabets: false,
            bystander: None,
            receipt_before_answer: false,
            unknown_identity: false,
            time_stamp: None,
        }
    }
}
