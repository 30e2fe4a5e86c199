//! What a scenario orders that no recording shows.
use super::super::course::Act as Order;
use super::super::phone::HandsetAct;
use super::{Behaved, Labels, Place, handset_behaved, terminal_behaved};
use crate::observe::Trace;
use crate::peer::ue::UeCommand;
use crate::verdict::Cast;

/// Why an order is found in no recording; nothing where it may be.
pub fn unseen(order: &Order) -> Option<String> {
    match order {
        Order::Ue(UeCommand::Behave(behaviour)) => {
            never_seen(|place| terminal_behaved(behaviour, "", place, u32::MAX))
        }
        Order::Handset(HandsetAct::Behave(behaviour)) => {
            never_seen(|place| handset_behaved(behaviour, "", place, u32::MAX))
        }
        Order::Ue(UeCommand::Send { message, .. }) if message.bodiless => {
            Some("an empty message is sent by terminals to keep a connection too".to_owned())
        }
        Order::Ue(UeCommand::Register(order)) if order.msisdn_less => {
            Some("users without a number are not told apart yet".to_owned())
        }
        Order::Ue(UeCommand::StraySend { .. }) => {
            Some("who writes to a session that no SDP names, nobody can tell".to_owned())
        }
        Order::Hold(_) => Some("what the HSS holds of a user leaves no trace".to_owned()),
        // How MMTel UEs behave is seen in what they answer.
        Order::Ue(_) | Order::Mmtel(_) | Order::Handset(_) => None,
    }
}

/// The same of a sentence: pools are filled before anybody is recorded.
pub fn unseen_step(sentence: &str) -> Option<String> {
    let pooled = sentence.contains(" share ") && sentence.contains("session number");
    pooled.then(|| "how many session numbers there are leaves no trace".to_owned())
}

/// Why a recording cannot show that a peer is like that: asked of one in which there is nothing.
fn never_seen(behaved: impl FnOnce(&Place) -> Behaved) -> Option<String> {
    let (trace, cast, labels) = (Trace::default(), Cast::default(), Labels::new());
    let nowhere = Place {
        trace: &trace,
        cast: &cast,
        labels: &labels,
        after: 0,
    };
    match behaved(&nowhere) {
        Behaved::NotSeen { why } => Some(why),
        Behaved::AsWanted | Behaved::Otherwise { .. } => None,
    }
}
