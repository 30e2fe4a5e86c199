//! Users of SMS over IP: registration, subscription to the two levels, short messages from and to terminals.
use super::lab::Lab;
use super::users::REGISTRATION_SECONDS;
use super::vocabulary::{Capabilities, FormName, LevelName, PersonName};
use crate::peer::behaviour::{HandsetBehaviour, ReportOrder, SmsIpBehaviour, UeBehaviour};
use crate::peer::home_subscriber_server::SubscriberData;
use crate::peer::ue::{Registration, ShortMessageOrder, UeCommand};
use crate::verdict::levels;
use crate::verdict::transport_level::{self as level, Feature};
use cucumber::gherkin::Step;
use cucumber::{given, then, when};

/// The S-CSCF registers him with these capabilities of his terminal, as soon as the system knows him.
#[given(expr = "{person} is registered for {capabilities}")]
async fn registered(lab: &mut Lab, person: PersonName, capabilities: Capabilities) {
    lab.register(&person, capabilities).await;
}

/// The same once more, with other capabilities.
#[given(expr = "{person} has registered again, for {capabilities}")]
async fn registered_again(
    lab: &mut Lab,
    person: PersonName,
    capabilities: Capabilities,
    step: &Step,
) {
    lab.stimulus(&step.value).await;
    lab.register(&person, capabilities).await;
    lab.stimulus(&step.value).await;
}

/// REGISTER with an interval of 0.
#[given(expr = "{person}'s registration has ended")]
async fn registration_ended(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    if let Some(registration) = &mut lab.user(&person.0).registration {
        registration.expires = 0;
    }
    lab.user(&person.0).unprepared = true;
    lab.stimulus(&step.value).await;
}

/// The subscriber data name one level, both or none.
#[given(expr = "{person} is subscribed to {level}")]
async fn subscribed(lab: &mut Lab, person: PersonName, level: LevelName) {
    lab.property(&person.0, "transport_level_subscribed", level.transport());
    lab.property(&person.0, "service_level_subscribed", level.service());
}

/// The same of authorisation at this moment.
#[given(expr = "{person} is authorised for {level}")]
async fn authorised(lab: &mut Lab, person: PersonName, level: LevelName) {
    lab.property(&person.0, "transport_level_authorised", level.transport());
    lab.property(&person.0, "interworking_authorised", level.service());
}

/// The operator's policy for a user who could have both.
#[given(expr = "the operator prefers {level} for {person}")]
async fn operator_prefers(lab: &mut Lab, level: LevelName, person: PersonName) {
    lab.property(&person.0, "level_policy", level.policy());
}

/// The terminal's delivery report leaves before its response to the MESSAGE.
#[given(expr = "{person}'s terminal reports before it answers")]
async fn reports_first(lab: &mut Lab, person: PersonName) {
    let behaviour = UeBehaviour {
        short_messages: SmsIpBehaviour {
            report: ReportOrder::BeforeAnswer,
            ..SmsIpBehaviour::default()
        },
        ..UeBehaviour::default()
    };
    lab.order(&person.0, UeCommand::Behave(behaviour));
}

/// A short message outside any chat, in the form it should take.
#[given(expr = "{person}'s short message {string} has reached {person} {form}")]
async fn has_reached(
    lab: &mut Lab,
    sender: PersonName,
    text: String,
    user: PersonName,
    form: FormName,
    step: &Step,
) {
    lab.send_short_message(&step.value, &sender, &user, &text)
        .await;
    let reaction = lab.ixit().reaction_seconds;
    let question = levels::reaches(&text, &sender.0, &user.0, form.0, reaction);
    lab.require(&step.value, question).await;
}

/// A short message over IP that asked for a status report, and that the service centre has taken without reporting.
#[given(expr = "{person} has sent {person} a short message over IP and wants to know its fate")]
async fn has_sent(lab: &mut Lab, user: PersonName, to: PersonName, step: &Step) {
    let unreported = HandsetBehaviour {
        receipt: None,
        ..HandsetBehaviour::default()
    };
    lab.handset(&to).behave(unreported);
    let text = "Tell me when it is there";
    lab.submit_over_ip(&step.value, &user, &to, text, true)
        .await;
    let question = level::forwarded(text, &to.0, lab.ixit().reaction_seconds);
    lab.require(&step.value, question).await;
}

/// REGISTER of the S-CSCF.
#[when(expr = "{person} registers for {capabilities}")]
async fn registers(lab: &mut Lab, person: PersonName, capabilities: Capabilities, step: &Step) {
    lab.introduce_cpm_user(&person).await;
    lab.property(&person.0, "cpm", capabilities.cpm());
    lab.stimulus(&step.value).await;
    let registration = capabilities.registration(REGISTRATION_SECONDS);
    lab.order(&person.0, UeCommand::Register(registration));
}

/// MESSAGE with RP-DATA to the PSI of the service centre.
#[when(expr = "{person} sends {person} the short message {string} over IP")]
async fn sends_over_ip(lab: &mut Lab, user: PersonName, to: PersonName, text: String, step: &Step) {
    lab.submit_over_ip(&step.value, &user, &to, &text, false)
        .await;
}

/// RP-SMMA.
#[when(expr = "{person}'s terminal says that it has memory again")]
async fn has_memory(lab: &mut Lab, person: PersonName, step: &Step) {
    // So that what the HSS is told of him belongs to this test case.
    lab.hss_data(&person.0, SubscriberData::default());
    lab.stimulus(&step.value).await;
    lab.order(&person.0, UeCommand::MemoryAvailable);
}

/// The report that was owed, with the status delivered.
#[when(expr = "the service centre reports that {person} has the short message")]
async fn centre_reports(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    lab.handset(&person).report(&[(0, 0x00)]);
}

/// 200.
#[then(expr = "{person}'s registration is accepted")]
async fn registration_accepted(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = levels::registration_accepted(&person.0, lab.ixit().reaction_seconds);
    lab.acceptance(&step.value, question).await;
}

/// 2xx.
#[then(expr = "{person}'s short message over IP is accepted")]
async fn accepted(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = level::submission_accepted(&person.0, lab.ixit().reaction_seconds);
    lab.acceptance(&step.value, question).await;
}

/// The short message on the leg to the service centre, with the same text.
#[then(expr = "{string} goes to the service centre for {person}")]
async fn goes_to_centre(lab: &mut Lab, text: String, to: PersonName, step: &Step) {
    let question = level::forwarded(&text, &to.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// None within the guard time.
#[then(expr = "nothing goes to the service centre from {person} for {person}")]
async fn nothing_goes(lab: &mut Lab, from: PersonName, to: PersonName, step: &Step) {
    let guard = lab.ixit().guard_seconds;
    lab.never(&step.value, level::nothing_forwarded(&from.0, &to.0, guard))
        .await;
}

/// The originator on the leg to the service centre, which the RP-DATA of a terminal does not name.
#[then(expr = "the service centre gets it for {person} under {person}'s number")]
async fn under_own_number(lab: &mut Lab, to: PersonName, from: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = level::forwarded_under_own_number(&from.0, &to.0, reaction);
    lab.check(&step.value, question).await;
}

/// RP-Destination Address of the RP-DATA, and the address on the leg to the service centre.
#[then(expr = "it goes for {person} to the service centre that {person} has named")]
async fn to_named_centre(lab: &mut Lab, to: PersonName, from: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = level::forwarded_to_named_centre(&from.0, &to.0, reaction);
    lab.check(&step.value, question).await;
}

/// The status code.
#[then(expr = "{person}'s short message over IP is answered with 202")]
async fn answered_202(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = level::answered_202(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// A MESSAGE with RP-ACK or RP-ERROR, later than the response.
#[then(expr = "the submit report comes to {person} after that, in a message of its own")]
async fn report_follows(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = level::report_follows(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// In-Reply-To.
#[then(expr = "{person}'s submit report names the call of the message it reports on")]
async fn names_call(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = level::report_names_call(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// RP-Message-Reference.
#[then(expr = "{person}'s submit report has the reference of the message it reports on")]
async fn has_reference(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = level::report_has_reference(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// RP-MTI 3 or 5.
#[then(regex = r"^(Alice|Bob|Carol|Dave)'s submit report is an (RP-ACK|RP-ERROR) of the network$")]
async fn report_of_network(lab: &mut Lab, person: String, kind: String, step: &Step) {
    let negative = kind == "RP-ERROR";
    let question = level::report_of_network(&person, negative, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// RP-MTI 1, and the addresses of that direction.
#[then(expr = "{person} is delivered RP-DATA of the network")]
async fn data_of_network(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = level::delivered_as_data_of_network(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Header fields of the MESSAGE that delivers a short message.
#[then(
    regex = r"^the message that delivers it to (Alice|Bob|Carol|Dave) (names the gateway as its sender|asks for a terminal with SMS over IP|is not to be forked|is labelled as an encapsulated short message)$"
)]
async fn delivery_shows(lab: &mut Lab, person: String, feature: String, step: &Step) {
    let feature = match feature.as_str() {
        "names the gateway as its sender" => Feature::NamesGateway,
        "asks for a terminal with SMS over IP" => Feature::AsksForSmsIp,
        "is not to be forked" => Feature::NotForked,
        _ => Feature::Labelled,
    };
    let question = level::delivery_shows(feature, &person, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// The status code.
#[then(expr = "{person}'s delivery report is answered with 202")]
async fn delivery_report_answered(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = level::delivery_report_answered(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// SMS-STATUS-REPORT in RP-DATA, 200, RP-ACK, 2xx.
#[then(expr = "{person} is delivered the status report and can acknowledge it")]
async fn status_report(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = level::status_report_delivered(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// RP-ACK.
#[then(expr = "{person}'s terminal gets an RP-ACK")]
async fn memory_confirmed(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = level::memory_notice_confirmed(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// ALR.
#[then(expr = "the HSS learns that {person} can be delivered to again")]
async fn hss_alerted(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = levels::hss_alerted(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// No transfer encoding but binary, and a true Content-Length.
#[then(expr = "what {person} gets encapsulated is binary")]
async fn binary(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = level::binary(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// RP-DATA or a CPM message with the same text.
#[then(expr = "{person}'s {string} reaches {person} {form}")]
async fn reaches(
    lab: &mut Lab,
    from: PersonName,
    text: String,
    to: PersonName,
    form: FormName,
    step: &Step,
) {
    let reaction = lab.ixit().reaction_seconds;
    let question = levels::reaches(&text, &from.0, &to.0, form.0, reaction);
    lab.check(&step.value, question).await;
}

/// The other form.
#[then(expr = "nothing reaches {person} {form}")]
async fn none_in_form(lab: &mut Lab, person: PersonName, form: FormName, step: &Step) {
    let guard = lab.ixit().guard_seconds;
    lab.never(
        &step.value,
        levels::none_reaches(Some(form.0), &person.0, guard),
    )
    .await;
}

/// Neither form.
#[then(expr = "no form of it reaches {person}")]
async fn none_at_all(lab: &mut Lab, person: PersonName, step: &Step) {
    let guard = lab.ixit().guard_seconds;
    lab.never(&step.value, levels::none_reaches(None, &person.0, guard))
        .await;
}

/// A MESSAGE with message/imdn+xml, later than the response to the report MESSAGE.
#[then(expr = "{person} is notified after {person}'s delivery report has been answered")]
async fn notified_after(lab: &mut Lab, sender: PersonName, user: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = levels::notified_after_report(&sender.0, &user.0, reaction);
    lab.check(&step.value, question).await;
}

impl Lab {
    /// Registers a user who may be new; the REGISTER leaves when the system has been told of him.
    async fn register(&mut self, person: &PersonName, capabilities: Capabilities) {
        if !self.stage().users.contains_key(&person.0) {
            self.introduce_cpm_user(person).await;
        }
        self.property(&person.0, "cpm", capabilities.cpm());
        self.user(&person.0).registration = Some(capabilities.registration(REGISTRATION_SECONDS));
    }

    async fn submit_over_ip(
        &mut self,
        sentence: &str,
        user: &PersonName,
        to: &PersonName,
        text: &str,
        status_report: bool,
    ) {
        self.stimulus(sentence).await;
        let order = ShortMessageOrder {
            to: self.stage().cast.number(&to.0).to_owned(),
            text: text.to_owned(),
            status_report,
        };
        self.order(&user.0, UeCommand::ShortMessage(Box::new(order)));
        let name = user.0.clone();
        self.sent("the short message over IP", move |view| {
            !view.encapsulated_from(&name).is_empty()
        })
        .await;
    }
}

impl Capabilities {
    fn registration(self, expires: u32) -> Registration {
        Registration {
            smsip: self.smsip(),
            cpm: self.cpm(),
            msisdn_less: false,
            expires,
        }
    }
}
