//! Transfer protocol data units of short messages, 3GPP TS 23.040 clause 9.2.2: types, and their octets.
//!
//! Every type keeps what it takes to write the same octets again: spare bits, filler, octets behind the end. TP-MTI values are shared by both
//! directions and reports look different in an RP-ACK and an RP-ERROR, so decoding is told both. What a receiver answers is not decided here. Over 400 lines, since it is one list of six types.
mod decode;
#[cfg(test)]
mod tests;

use super::{Address, DataCoding, TimeStamp, TpUserData, ValidityPeriod};
use crate::wire::Malformed;

/// Which way a TPDU goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the service centre to the mobile station.
    ToStation,
    /// From the mobile station to the service centre.
    ToCentre,
}

/// What carries a TPDU: RP-DATA (or OFR/TFR), or the positive or negative answer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Inside {
    Data,
    Ack,
    Error,
}

/// Octets that belong to no field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unread {
    /// Bits of the first octet that the type does not use, where they stand.
    pub first_octet: u8,
    /// Octets behind the last field.
    pub trailing: Vec<u8>,
}

/// SMS-DELIVER, clause 9.2.2.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deliver {
    /// TP-MMS is 0.
    pub more_messages: bool,
    pub loop_prevention: bool,
    pub reply_path: bool,
    /// TP-SRI: the sender asked for a status report.
    pub status_report: bool,
    pub originator: Address,
    pub protocol: u8,
    pub data_coding: DataCoding,
    pub time_stamp: TimeStamp,
    pub user_data: TpUserData,
    pub unread: Unread,
}

/// SMS-SUBMIT, clause 9.2.2.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submit {
    pub reject_duplicates: bool,
    pub reply_path: bool,
    /// TP-SRR: a status report is requested.
    pub status_report: bool,
    /// TP-MR.
    pub reference: u8,
    pub destination: Address,
    pub protocol: u8,
    pub data_coding: DataCoding,
    pub validity: ValidityPeriod,
    pub user_data: TpUserData,
    pub unread: Unread,
}

/// SMS-STATUS-REPORT, clause 9.2.2.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReport {
    /// TP-MMS is 0.
    pub more_messages: bool,
    pub loop_prevention: bool,
    /// TP-SRQ: it answers an SMS-COMMAND rather than an SMS-SUBMIT.
    pub answers_command: bool,
    /// TP-MR of the message it is about.
    pub reference: u8,
    pub recipient: Address,
    /// When the service centre took the message.
    pub time_stamp: TimeStamp,
    /// When it was delivered, or last tried.
    pub discharge: TimeStamp,
    /// TP-ST.
    pub status: u8,
    /// TP-PI and what it announces; may be left out altogether.
    pub parameters: Option<Parameters>,
    pub unread: Unread,
}

/// SMS-COMMAND, clause 9.2.2.4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub status_report: bool,
    pub reference: u8,
    pub protocol: u8,
    /// TP-CT: 0 enquiry, 1 cancel status report request, 2 delete, 3 enable status report request.
    pub kind: u8,
    /// TP-MN: the TP-MR of the message it is about.
    pub message_number: u8,
    pub destination: Address,
    pub data: Vec<u8>,
    pub unread: Unread,
}

/// SMS-SUBMIT-REPORT, clause 9.2.2.2a.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmitReport {
    /// TP-FCS; present exactly inside an RP-ERROR.
    pub failure_cause: Option<u8>,
    pub time_stamp: TimeStamp,
    pub parameters: Parameters,
    pub unread: Unread,
}

/// SMS-DELIVER-REPORT, clause 9.2.2.1a.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliverReport {
    /// TP-FCS; present exactly inside an RP-ERROR.
    pub failure_cause: Option<u8>,
    pub parameters: Parameters,
    pub unread: Unread,
}

/// What TP-Parameter-Indicator announces, clause 9.2.3.27.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parameters {
    /// Bits 3 to 7 of TP-PI as they came.
    pub reserved: u8,
    /// Further TP-PI octets, each announced by bit 7 of the one before it.
    pub extensions: Vec<u8>,
    pub protocol: Option<u8>,
    pub data_coding: Option<DataCoding>,
    pub user_data: Option<TpUserData>,
}

/// One TPDU of any type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tpdu {
    Deliver(Deliver),
    DeliverReport(DeliverReport),
    Submit(Submit),
    SubmitReport(SubmitReport),
    StatusReport(StatusReport),
    Command(Command),
}

/// A TPDU and what is odd about it: what the clause tells a receiver to ignore or to read as something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    pub tpdu: Tpdu,
    pub remarks: Vec<Malformed>,
}

impl Tpdu {
    /// The TPDU these octets are. `Err` where a field cannot be found; what can be found but not be taken at its word is a remark.
    pub fn decode(octets: &[u8], way: Direction, inside: Inside) -> Result<Decoded, Malformed> {
        decode::decode(octets, way, inside)
    }

    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Deliver(it) => it.encode(),
            Self::DeliverReport(it) => it.encode(),
            Self::Submit(it) => it.encode(),
            Self::SubmitReport(it) => it.encode(),
            Self::StatusReport(it) => it.encode(),
            Self::Command(it) => it.encode(),
        }
    }

    /// The standard's name of the type.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Deliver(_) => "SMS-DELIVER",
            Self::DeliverReport(_) => "SMS-DELIVER-REPORT",
            Self::Submit(_) => "SMS-SUBMIT",
            Self::SubmitReport(_) => "SMS-SUBMIT-REPORT",
            Self::StatusReport(_) => "SMS-STATUS-REPORT",
            Self::Command(_) => "SMS-COMMAND",
        }
    }

    /// TP-UD with the TP-DCS that says how to read it, where the type has both.
    pub fn user_data(&self) -> Option<(&TpUserData, DataCoding)> {
        let announced = |p: &'_ Parameters| p.data_coding.unwrap_or_default();
        match self {
            Self::Deliver(it) => Some((&it.user_data, it.data_coding)),
            Self::Submit(it) => Some((&it.user_data, it.data_coding)),
            Self::StatusReport(StatusReport { parameters, .. }) => {
                let parameters = parameters.as_ref()?;
                Some((parameters.user_data.as_ref()?, announced(parameters)))
            }
            Self::DeliverReport(DeliverReport { parameters, .. })
            | Self::SubmitReport(SubmitReport { parameters, .. }) => {
                Some((parameters.user_data.as_ref()?, announced(parameters)))
            }
            Self::Command(_) => None,
        }
    }
}

fn bit(set: bool, bit: u8) -> u8 {
    u8::from(set) << bit
}

impl Unread {
    fn first(&self, bits: &[u8]) -> Vec<u8> {
        vec![bits.iter().fold(self.first_octet, |all, one| all | one)]
    }

    fn close(&self, mut octets: Vec<u8>) -> Vec<u8> {
        octets.extend_from_slice(&self.trailing);
        octets
    }
}

impl Parameters {
    fn header_bit(&self) -> u8 {
        bit(self.user_data.as_ref().is_some_and(|d| d.has_header), 6)
    }

    fn write(&self, octets: &mut Vec<u8>) {
        self.write_indicator(octets);
        self.write_announced(octets);
    }

    fn write_indicator(&self, octets: &mut Vec<u8>) {
        let announced = bit(self.protocol.is_some(), 0)
            | bit(self.data_coding.is_some(), 1)
            | bit(self.user_data.is_some(), 2);
        octets.push(self.reserved | announced);
        octets.extend_from_slice(&self.extensions);
    }

    fn write_announced(&self, octets: &mut Vec<u8>) {
        octets.extend(self.protocol);
        octets.extend(self.data_coding.map(|scheme| scheme.0));
        if let Some(data) = &self.user_data {
            data.write(octets);
        }
    }
}

impl Deliver {
    /// Nothing indicated, nothing requested, no more messages waiting.
    pub fn new(
        originator: Address,
        time_stamp: TimeStamp,
        data_coding: DataCoding,
        user_data: TpUserData,
    ) -> Self {
        Self {
            more_messages: false,
            loop_prevention: false,
            reply_path: false,
            status_report: false,
            originator,
            protocol: 0,
            data_coding,
            time_stamp,
            user_data,
            unread: Unread::default(),
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut octets = self.unread.first(&[
            bit(!self.more_messages, 2),
            bit(self.loop_prevention, 3),
            bit(self.status_report, 5),
            bit(self.user_data.has_header, 6),
            bit(self.reply_path, 7),
        ]);
        self.originator.write(&mut octets);
        octets.extend([self.protocol, self.data_coding.0]);
        octets.extend(self.time_stamp.0);
        self.user_data.write(&mut octets);
        self.unread.close(octets)
    }
}

impl Submit {
    /// Nothing requested, no validity period.
    pub fn new(
        reference: u8,
        destination: Address,
        data_coding: DataCoding,
        user_data: TpUserData,
    ) -> Self {
        Self {
            reject_duplicates: false,
            reply_path: false,
            status_report: false,
            reference,
            destination,
            protocol: 0,
            data_coding,
            validity: ValidityPeriod::Absent,
            user_data,
            unread: Unread::default(),
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut octets = self.unread.first(&[
            1,
            bit(self.reject_duplicates, 2),
            self.validity.format() << 3,
            bit(self.status_report, 5),
            bit(self.user_data.has_header, 6),
            bit(self.reply_path, 7),
        ]);
        octets.push(self.reference);
        self.destination.write(&mut octets);
        octets.extend([self.protocol, self.data_coding.0]);
        match &self.validity {
            ValidityPeriod::Absent => {}
            ValidityPeriod::Relative(value) => octets.push(*value),
            ValidityPeriod::Enhanced(value) => octets.extend_from_slice(value),
            ValidityPeriod::Absolute(stamp) => octets.extend(stamp.0),
        }
        self.user_data.write(&mut octets);
        self.unread.close(octets)
    }
}

impl StatusReport {
    /// About an SMS-SUBMIT, without TP-PI, no more messages waiting.
    pub fn new(
        reference: u8,
        recipient: Address,
        time_stamp: TimeStamp,
        discharge: TimeStamp,
        status: u8,
    ) -> Self {
        Self {
            more_messages: false,
            loop_prevention: false,
            answers_command: false,
            reference,
            recipient,
            time_stamp,
            discharge,
            status,
            parameters: None,
            unread: Unread::default(),
        }
    }

    fn encode(&self) -> Vec<u8> {
        let header = self.parameters.as_ref().map_or(0, Parameters::header_bit);
        let mut octets = self.unread.first(&[
            2,
            bit(!self.more_messages, 2),
            bit(self.loop_prevention, 3),
            bit(self.answers_command, 5),
            header,
        ]);
        octets.push(self.reference);
        self.recipient.write(&mut octets);
        octets.extend(self.time_stamp.0);
        octets.extend(self.discharge.0);
        octets.push(self.status);
        if let Some(parameters) = &self.parameters {
            parameters.write(&mut octets);
        }
        self.unread.close(octets)
    }
}

impl Command {
    fn encode(&self) -> Vec<u8> {
        let mut octets = self.unread.first(&[2, bit(self.status_report, 5)]);
        octets.extend([
            self.reference,
            self.protocol,
            self.kind,
            self.message_number,
        ]);
        self.destination.write(&mut octets);
        octets.push(u8::try_from(self.data.len()).unwrap_or(u8::MAX));
        octets.extend(self.data.iter().take(usize::from(u8::MAX)));
        self.unread.close(octets)
    }
}

impl SubmitReport {
    /// For an RP-ACK (without cause) or an RP-ERROR (with one).
    pub fn new(failure_cause: Option<u8>, time_stamp: TimeStamp) -> Self {
        Self {
            failure_cause,
            time_stamp,
            parameters: Parameters::default(),
            unread: Unread::default(),
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut octets = self.unread.first(&[1, self.parameters.header_bit()]);
        octets.extend(self.failure_cause);
        self.parameters.write_indicator(&mut octets);
        octets.extend(self.time_stamp.0);
        self.parameters.write_announced(&mut octets);
        self.unread.close(octets)
    }
}

impl DeliverReport {
    /// For an RP-ACK (without cause) or an RP-ERROR (with one).
    pub fn new(failure_cause: Option<u8>) -> Self {
        Self {
            failure_cause,
            parameters: Parameters::default(),
            unread: Unread::default(),
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut octets = self.unread.first(&[self.parameters.header_bit()]);
        octets.extend(self.failure_cause);
        self.parameters.write(&mut octets);
        self.unread.close(octets)
    }
}
