//! The service centre against a gateway whose messages are written out here.
#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use crate::peer::{Channel, FlowId};
use crate::wire::diameter::{Flags, Framer, result, vendor};
use std::time::Duration;

const NOW: Time = Duration::ZERO;
const FLOW: FlowId = FlowId(7);

struct Lab {
    centre: ServiceCentre,
    framer: Framer,
    events: Vec<ServiceCentreEvent>,
}

impl Lab {
    fn open() -> Self {
        let config = ServiceCentreConfig {
            node: NodeConfig {
                origin_host: "sc.example".to_owned(),
                origin_realm: "example".to_owned(),
                applications: vec![application::SGD, application::S6C],
                watchdog: Duration::from_secs(30),
                answer_timeout: Duration::from_secs(10),
                first: 1,
            },
            sc_address: "447700900000".to_owned(),
            system_host: None,
            system_realm: None,
        };
        let mut lab = Self {
            centre: ServiceCentre::new(config, false),
            framer: Framer::default(),
            events: Vec::new(),
        };
        let here = "127.0.0.1:3868".parse().unwrap();
        let opened = Input::Opened {
            flow: FLOW,
            channel: Channel::Diameter,
            local: here,
            remote: here,
        };
        lab.centre.handle(NOW, opened);
        let capabilities = lab.message(
            Flags::REQUEST,
            (application::BASE, Command::CAPABILITIES_EXCHANGE),
            vec![Avp::number(name::AUTH_APPLICATION_ID, application::SGD)],
        );
        lab.receive(&capabilities);
        assert_eq!(lab.sent().name(), "CEA");
        assert!(lab.centre.is_open());
        lab
    }

    fn message(&self, flags: Flags, kind: (u32, Command), mut avps: Vec<Avp>) -> Message {
        avps.push(Avp::text(name::ORIGIN_HOST, "gw.example"));
        avps.push(Avp::text(name::ORIGIN_REALM, "example"));
        Message {
            flags,
            command: kind.1,
            application: kind.0,
            hop_by_hop: 99,
            end_to_end: 99,
            avps,
        }
    }

    fn receive(&mut self, message: &Message) {
        let octets = message.to_octets();
        self.centre
            .handle(NOW, Input::Octets { flow: FLOW, octets });
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.centre.poll() {
            match output {
                Output::Octets { octets, .. } => self.framer.push(&octets),
                Output::Event(event) => self.events.push(event),
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next message the service centre has sent.
    fn sent(&mut self) -> Message {
        Message::parse(&self.framer.next_frame().unwrap().unwrap()).unwrap()
    }

    fn answer(&mut self, request: &Message, avps: Vec<Avp>) {
        let mut answer = self.message(
            Flags::default(),
            (request.application, request.command),
            avps,
        );
        answer.hop_by_hop = request.hop_by_hop;
        self.receive(&answer);
    }

    fn deliver(&mut self, label: u64, concerns: &str) {
        let delivery = Delivery {
            label,
            concerns: concerns.to_owned(),
            to: "442079400001".to_owned(),
            tpdu: vec![0x00, 0xaa],
            is_report: false,
            identity: None,
        };
        let command = ServiceCentreCommand::Deliver(Box::new(delivery));
        self.centre.handle(NOW, Input::Command(command));
        self.drain();
    }

    /// Answers an SRR as a gateway does.
    fn route(&mut self, query: &Message) {
        let node = ServingNode {
            ip_sm_gw_number: Some("447700900001".to_owned()),
            ip_sm_gw_name: Some("gw2.example".to_owned()),
            ..ServingNode::default()
        };
        let avps = vec![
            ResultCode::Base(result::SUCCESS).to_avp(),
            Avp::text(name::USER_NAME, "999991234567890"),
            node.to_avp(name::SERVING_NODE),
        ];
        self.answer(query, avps);
    }
}

#[test]
fn asks_for_the_route_and_forwards_with_the_correlation_id() {
    let mut lab = Lab::open();
    lab.deliver(1, "447700900222");
    let query = lab.sent();
    assert_eq!(query.name(), "SRR");
    assert_eq!(query.digits(name::MSISDN).as_deref(), Some("442079400001"));
    assert_eq!(query.text(name::DESTINATION_HOST), Some("gw.example"));
    assert_eq!(query.number(name::SM_RP_MTI), Some(0));
    let concerns = ServiceCentreEvent::Concerns {
        hop_by_hop: query.hop_by_hop,
        number: "447700900222".to_owned(),
    };
    assert!(lab.events.contains(&concerns));
    lab.route(&query);
    let forward = lab.sent();
    assert_eq!(forward.name(), "TFR");
    assert_eq!(forward.text(name::USER_NAME), Some("999991234567890"));
    assert_eq!(forward.text(name::DESTINATION_HOST), Some("gw2.example"));
    assert_eq!(
        forward.digits(name::SC_ADDRESS).as_deref(),
        Some("447700900000")
    );
    // Nothing else waits: TP-MMS is 1.
    assert_eq!(forward.tpdu(), Some(&[0x04, 0xaa][..]));
    assert_eq!(forward.number(name::TFR_FLAGS), Some(0));
    lab.answer(&forward, vec![ResultCode::Base(result::SUCCESS).to_avp()]);
    let last = lab.events.last();
    let delivered = matches!(last, Some(ServiceCentreEvent::Delivered { label: 1, .. }));
    assert!(delivered, "{last:?}");
}

#[test]
fn sends_one_after_the_other_between_two_numbers_and_beside_others() {
    let mut lab = Lab::open();
    lab.deliver(1, "447700900222");
    lab.deliver(2, "447700900222");
    lab.deliver(3, "447700900333");
    let (first, beside) = (lab.sent(), lab.sent());
    assert_eq!((first.name(), beside.name()), ("SRR".into(), "SRR".into()));
    assert!(lab.framer.next_frame().is_none());
    lab.route(&first);
    let forward = lab.sent();
    assert_eq!(forward.number(name::TFR_FLAGS), Some(1));
    assert_eq!(forward.tpdu(), Some(&[0x00, 0xaa][..]));
    let absent = ResultCode::Experimental {
        vendor: vendor::TGPP,
        code: result::ABSENT_USER,
    };
    lab.answer(&forward, vec![absent.to_avp()]);
    let refused = lab.events.iter().any(|event| {
        let why = match event {
            ServiceCentreEvent::NotDelivered { label: 1, why } => Some(why),
            _ => None,
        };
        matches!(why, Some(Undelivered::Refused(_)))
    });
    assert!(refused);
    let second = lab.sent();
    assert_eq!(second.name(), "SRR");
    lab.answer(&second, vec![ResultCode::Base(result::SUCCESS).to_avp()]);
    let incomplete = ServiceCentreEvent::NotDelivered {
        label: 2,
        why: Undelivered::Incomplete("User-Name"),
    };
    assert!(lab.events.contains(&incomplete));
}
