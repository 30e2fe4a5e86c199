//! What the HSS holds about CPM users, before the system asks it and after.
use super::lab::Lab;
use super::vocabulary::{Is, PersonName};
use crate::peer::home_subscriber_server::SubscriberData;
use cucumber::gherkin::Step;
use cucumber::given;

/// Authorisation for the interworking service in the HSS; nothing is said of it elsewhere.
#[given(expr = "the HSS holds that {person} {is} authorised for the interworking service")]
async fn authorised(lab: &mut Lab, person: PersonName, is: Is) {
    lab.hss_data(&person.0, interworking(is));
}

/// The same, changed when the system has already read it; nobody tells the system.
#[given(
    expr = "since then the HSS holds that {person} {is} authorised for the interworking service"
)]
async fn authorised_since(lab: &mut Lab, person: PersonName, is: Is, step: &Step) {
    lab.stimulus(&step.value).await;
    lab.hss_data(&person.0, interworking(is));
}

/// No address of the service centre any more, when the system has already read one.
#[given(expr = "since then the HSS holds no service centre address for {person}")]
async fn centre_since(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    lab.hss_data(&person.0, SubscriberData::default());
}

fn interworking(is: Is) -> SubscriberData {
    SubscriberData {
        interworking: Some(is.0),
        ..SubscriberData::default()
    }
}
