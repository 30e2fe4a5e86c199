//! Octets to TPDUs, 3GPP TS 23.040 clause 9.2.2.
//!
//! A field that cannot be found ends the reading with its position; what is found and strange becomes a remark and is kept.
use super::{
    Command, Decoded, Deliver, DeliverReport, Direction, Inside, Parameters, StatusReport, Submit,
    SubmitReport, Tpdu, Unread,
};
use crate::wire::Malformed;
use crate::wire::sms::{Address, DataCoding, TimeStamp, TpUserData, ValidityPeriod};

const CLAUSE_TYPE: &str = "3GPP TS 23.040 clause 9.2.3.1";
const CLAUSE_ADDRESS: &str = "3GPP TS 23.040 clause 9.1.2.5";
const CLAUSE_CODING: &str = "3GPP TS 23.038 clause 4";
const CLAUSE_VALIDITY: &str = "3GPP TS 23.040 clause 9.2.3.12";
const CLAUSE_INDICATOR: &str = "3GPP TS 23.040 clause 9.2.3.27";
const CLAUSE_HEADER: &str = "3GPP TS 23.040 clause 9.2.3.24";
const CLAUSE_CONCATENATION: &str = "3GPP TS 23.040 clause 9.2.3.24.1";
const ESC: u8 = 0x1b;

/// Octets being read, and what was odd so far.
struct Reader<'a> {
    octets: &'a [u8],
    at: usize,
    clause: &'static str,
    remarks: Vec<Malformed>,
}

pub(super) fn decode(octets: &[u8], way: Direction, inside: Inside) -> Result<Decoded, Malformed> {
    let mut reader = Reader {
        octets,
        at: 0,
        clause: CLAUSE_TYPE,
        remarks: Vec::new(),
    };
    let first = reader.octet("the first octet of a TPDU")?;
    let mut tpdu = match (way, inside, first & 3) {
        (Direction::ToStation, Inside::Data, 0) => reader.deliver(first)?,
        (Direction::ToStation, Inside::Data, 3) => {
            reader.remark(0, "no reserved TP-MTI (read as SMS-DELIVER)", CLAUSE_TYPE);
            reader.deliver(first)?
        }
        (Direction::ToStation, Inside::Data, 2) => reader.status_report(first)?,
        (Direction::ToCentre, Inside::Data, 1) => reader.submit(first)?,
        (Direction::ToCentre, Inside::Data, 2) => reader.command(first)?,
        (Direction::ToStation, Inside::Ack | Inside::Error, 1) => {
            reader.submit_report(first, inside)?
        }
        (Direction::ToCentre, Inside::Ack | Inside::Error, 0) => {
            reader.deliver_report(first, inside)?
        }
        (Direction::ToStation, Inside::Data, _) => {
            return Err(Malformed::new(
                0,
                "TP-MTI of a DELIVER or STATUS-REPORT",
                CLAUSE_TYPE,
            ));
        }
        (Direction::ToCentre, Inside::Data, _) => {
            return Err(Malformed::new(
                0,
                "TP-MTI of a SUBMIT or COMMAND",
                CLAUSE_TYPE,
            ));
        }
        (Direction::ToStation, ..) => {
            return Err(Malformed::new(0, "TP-MTI of a SUBMIT-REPORT", CLAUSE_TYPE));
        }
        (Direction::ToCentre, ..) => {
            return Err(Malformed::new(0, "TP-MTI of a DELIVER-REPORT", CLAUSE_TYPE));
        }
    };
    let trailing = octets.get(reader.at..).unwrap_or_default().to_vec();
    if !trailing.is_empty() {
        let clause = reader.clause;
        reader.remark(reader.at, "the end of the TPDU", clause);
    }
    unread(&mut tpdu).trailing = trailing;
    Ok(Decoded {
        tpdu,
        remarks: reader.remarks,
    })
}

fn unread(tpdu: &mut Tpdu) -> &mut Unread {
    match tpdu {
        Tpdu::Deliver(it) => &mut it.unread,
        Tpdu::DeliverReport(it) => &mut it.unread,
        Tpdu::Submit(it) => &mut it.unread,
        Tpdu::SubmitReport(it) => &mut it.unread,
        Tpdu::StatusReport(it) => &mut it.unread,
        Tpdu::Command(it) => &mut it.unread,
    }
}

impl Reader<'_> {
    fn remark(&mut self, at: usize, expected: &str, clause: &'static str) {
        self.remarks.push(Malformed::new(at, expected, clause));
    }

    fn rest(&self) -> &[u8] {
        self.octets.get(self.at..).unwrap_or_default()
    }

    fn octet(&mut self, name: &str) -> Result<u8, Malformed> {
        let octet = self.rest().first().copied();
        let octet = octet.ok_or_else(|| Malformed::new(self.at, name, self.clause))?;
        self.at += 1;
        Ok(octet)
    }

    /// The bits of the first octet that the type does not use, with a remark if any is set.
    fn spare(&mut self, first: u8, used: u8) -> Unread {
        let first_octet = first & !used;
        if first_octet & !3 != 0 {
            let clause = self.clause;
            self.remark(0, "zero in the unused bits of the first octet", clause);
        }
        Unread {
            first_octet,
            trailing: Vec::new(),
        }
    }

    fn address(&mut self) -> Result<Address, Malformed> {
        let at = self.at;
        let (address, took) = Address::parse(self.rest(), at)?;
        self.at += took;
        if address.filler_is_wrong() {
            self.remark(
                self.at - 1,
                "filler 1111 in the last semi-octet",
                CLAUSE_ADDRESS,
            );
        } else if address.text().is_none() {
            self.remark(at + 2, "digits or characters of an address", CLAUSE_ADDRESS);
        }
        if address.type_of_address & 0x80 == 0 {
            self.remark(at + 1, "bit 7 set in the type of address", CLAUSE_ADDRESS);
        }
        Ok(address)
    }

    fn time_stamp(&mut self) -> Result<TimeStamp, Malformed> {
        let stamp = TimeStamp::parse(self.rest(), self.at, self.clause)?;
        if let Err(odd) = stamp.read() {
            self.remark(self.at + odd.at, &odd.expected, odd.clause);
        }
        self.at += 7;
        Ok(stamp)
    }

    fn data_coding(&mut self) -> Result<DataCoding, Malformed> {
        let scheme = DataCoding(self.octet("TP-DCS")?);
        if scheme.is_reserved() {
            let expected = "no reserved coding (alphabet read as GSM 7-bit or as bit 2 says)";
            self.remark(self.at - 1, expected, CLAUSE_CODING);
        }
        Ok(scheme)
    }

    fn validity(&mut self, format: u8) -> Result<ValidityPeriod, Malformed> {
        match format {
            0 => Ok(ValidityPeriod::Absent),
            2 => Ok(ValidityPeriod::Relative(self.octet("TP-VP (relative)")?)),
            3 => Ok(ValidityPeriod::Absolute(self.time_stamp()?)),
            _ => {
                let seven = self.rest().first_chunk::<7>().copied();
                let missing = self.octets.len();
                let value = seven.ok_or_else(|| {
                    Malformed::new(missing, "seven octets of enhanced TP-VP", CLAUSE_VALIDITY)
                })?;
                if value[0] & 7 > 3 {
                    self.remark(self.at, "a known enhanced validity format", CLAUSE_VALIDITY);
                }
                self.at += 7;
                Ok(ValidityPeriod::Enhanced(value))
            }
        }
    }

    fn user_data(&mut self, has_header: bool, scheme: DataCoding) -> Result<TpUserData, Malformed> {
        let begin = self.at + 1;
        let (data, took) = TpUserData::parse(self.rest(), self.at, has_header, scheme)?;
        self.at += took;
        match data.header() {
            Err(odd) => {
                let expected = format!("{} (the whole header is ignored)", odd.expected);
                self.remark(begin + odd.at, &expected, CLAUSE_HEADER);
            }
            Ok(header) => {
                let element = |iei: &u8| matches!(iei, 0x00 | 0x08);
                let said = header.elements.iter().any(|(iei, _)| element(iei));
                if said && header.concatenation().is_none() {
                    let expected = "a sequence number from 1 to the maximum (element ignored)";
                    self.remark(begin, expected, CLAUSE_CONCATENATION);
                }
            }
        }
        match data.text(scheme) {
            Err(odd) => self.remark(begin + odd.at, &odd.expected, odd.clause),
            Ok(_) => {
                let septets = data.septets().unwrap_or_default();
                if scheme.counts_septets() && septets.last() == Some(&ESC) {
                    let expected = "a character behind the escape";
                    self.remark(self.at - 1, expected, "3GPP TS 23.038 clause 6.2.1");
                }
            }
        }
        Ok(data)
    }

    fn deliver(&mut self, first: u8) -> Result<Tpdu, Malformed> {
        self.clause = "3GPP TS 23.040 clause 9.2.2.1";
        let unread = self.spare(first, 0xec);
        let originator = self.address()?;
        let protocol = self.octet("TP-PID")?;
        let data_coding = self.data_coding()?;
        Ok(Tpdu::Deliver(Deliver {
            more_messages: first & 0x04 == 0,
            loop_prevention: first & 0x08 != 0,
            status_report: first & 0x20 != 0,
            reply_path: first & 0x80 != 0,
            originator,
            protocol,
            data_coding,
            time_stamp: self.time_stamp()?,
            user_data: self.user_data(first & 0x40 != 0, data_coding)?,
            unread,
        }))
    }

    fn submit(&mut self, first: u8) -> Result<Tpdu, Malformed> {
        self.clause = "3GPP TS 23.040 clause 9.2.2.2";
        let reference = self.octet("TP-MR")?;
        let destination = self.address()?;
        let protocol = self.octet("TP-PID")?;
        let data_coding = self.data_coding()?;
        Ok(Tpdu::Submit(Submit {
            reject_duplicates: first & 0x04 != 0,
            status_report: first & 0x20 != 0,
            reply_path: first & 0x80 != 0,
            reference,
            destination,
            protocol,
            data_coding,
            validity: self.validity(first >> 3 & 3)?,
            user_data: self.user_data(first & 0x40 != 0, data_coding)?,
            unread: Unread::default(),
        }))
    }

    fn status_report(&mut self, first: u8) -> Result<Tpdu, Malformed> {
        self.clause = "3GPP TS 23.040 clause 9.2.2.3";
        let reference = self.octet("TP-MR")?;
        let recipient = self.address()?;
        let time_stamp = self.time_stamp()?;
        let discharge = self.time_stamp()?;
        let status = self.octet("TP-ST")?;
        let more = !self.rest().is_empty();
        let parameters = more.then(|| self.parameters(first)).transpose()?;
        let carried = parameters.as_ref().map_or(0, Parameters::header_bit);
        Ok(Tpdu::StatusReport(StatusReport {
            more_messages: first & 0x04 == 0,
            loop_prevention: first & 0x08 != 0,
            answers_command: first & 0x20 != 0,
            reference,
            recipient,
            time_stamp,
            discharge,
            status,
            unread: self.spare(first, 0x2e | carried),
            parameters,
        }))
    }

    fn command(&mut self, first: u8) -> Result<Tpdu, Malformed> {
        self.clause = "3GPP TS 23.040 clause 9.2.2.4";
        // TP-UDHI of a command would be about TP-CD, which stays octets here; the bit is kept without a remark.
        let unread = Unread {
            first_octet: first & 0x40 | self.spare(first, 0x62).first_octet,
            trailing: Vec::new(),
        };
        let reference = self.octet("TP-MR")?;
        let protocol = self.octet("TP-PID")?;
        let kind = self.octet("TP-CT")?;
        let message_number = self.octet("TP-MN")?;
        let destination = self.address()?;
        let length = usize::from(self.octet("TP-CDL")?);
        let data = self.rest().get(..length).map(<[u8]>::to_vec);
        let data = data.ok_or_else(|| {
            let expected = format!("{length} octets of command data");
            Malformed::new(
                self.octets.len(),
                expected,
                "3GPP TS 23.040 clause 9.2.3.20",
            )
        })?;
        self.at += length;
        Ok(Tpdu::Command(Command {
            status_report: first & 0x20 != 0,
            reference,
            protocol,
            kind,
            message_number,
            destination,
            data,
            unread,
        }))
    }

    fn failure_cause(&mut self, inside: Inside) -> Result<Option<u8>, Malformed> {
        if inside != Inside::Error {
            return Ok(None);
        }
        let cause = self.octet("TP-FCS, as in every report inside an RP-ERROR")?;
        if cause < 0x80 {
            let clause = "3GPP TS 23.040 clause 9.2.3.22";
            self.remark(self.at - 1, "a failure cause from 0x80 on", clause);
        }
        Ok(Some(cause))
    }

    fn submit_report(&mut self, first: u8, inside: Inside) -> Result<Tpdu, Malformed> {
        self.clause = "3GPP TS 23.040 clause 9.2.2.2a";
        let failure_cause = self.failure_cause(inside)?;
        let (parameters, announced) = self.indicator()?;
        let time_stamp = self.time_stamp()?;
        let parameters = self.announced(first, parameters, announced)?;
        Ok(Tpdu::SubmitReport(SubmitReport {
            failure_cause,
            time_stamp,
            unread: self.spare(first, 0x01 | parameters.header_bit()),
            parameters,
        }))
    }

    fn deliver_report(&mut self, first: u8, inside: Inside) -> Result<Tpdu, Malformed> {
        self.clause = "3GPP TS 23.040 clause 9.2.2.1a";
        let failure_cause = self.failure_cause(inside)?;
        let parameters = self.parameters(first)?;
        Ok(Tpdu::DeliverReport(DeliverReport {
            failure_cause,
            unread: self.spare(first, parameters.header_bit()),
            parameters,
        }))
    }

    fn parameters(&mut self, first: u8) -> Result<Parameters, Malformed> {
        let (parameters, announced) = self.indicator()?;
        self.announced(first, parameters, announced)
    }

    /// TP-PI: what it keeps of itself, and its three announcing bits.
    fn indicator(&mut self) -> Result<(Parameters, u8), Malformed> {
        let indicator = self.octet("TP-PI")?;
        if indicator & 0x78 != 0 {
            self.remark(self.at - 1, "zero in the reserved bits", CLAUSE_INDICATOR);
        }
        let mut extensions = Vec::new();
        let mut last = indicator;
        while last & 0x80 != 0 {
            last = self.octet("the TP-PI octet that the extension bit announces")?;
            extensions.push(last);
        }
        let parameters = Parameters {
            reserved: indicator & 0xf8,
            extensions,
            ..Parameters::default()
        };
        Ok((parameters, indicator & 7))
    }

    fn announced(
        &mut self,
        first: u8,
        mut parameters: Parameters,
        announced: u8,
    ) -> Result<Parameters, Malformed> {
        self.clause = CLAUSE_INDICATOR;
        if announced & 1 != 0 {
            parameters.protocol = Some(self.octet("the TP-PID that TP-PI announces")?);
        }
        if announced & 2 != 0 {
            parameters.data_coding = Some(self.data_coding()?);
        }
        if announced & 4 != 0 {
            let scheme = parameters.data_coding.unwrap_or_default();
            parameters.user_data = Some(self.user_data(first & 0x40 != 0, scheme)?);
        }
        Ok(parameters)
    }
}
