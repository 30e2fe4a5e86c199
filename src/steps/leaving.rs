//! How a test case leaves its stage: what it has left open is torn down, its peers end, and what is to be judged remains.
use super::course::Course;
use super::stage::{Asked, CaseSetup, Means, Peer, Stage, User};
use super::tape::Tape;
use crate::capture::Tap;
use crate::capture::pacing::BREATH;
use crate::observe::{self, Direction, Names, Trace, unsettled};
use crate::peer::mmtel_ue::{MmtelCommand, MmtelEvent};
use crate::peer::ue::{Registration, UeCommand, UeEvent};
use crate::sut::provision::operator::OperatorAct;
use crate::verdict::Cast;
use std::time::Duration;
use tokio::time::Instant;

/// A call at Gm that has not been ended, a request that has no answer, or a subscription that was not told its end.
fn is_at_work(trace: &Trace) -> bool {
    let all = observe::transactions(trace);
    let ended = |call_id: Option<&str>| {
        all.iter().any(|bye| {
            bye.method == "BYE"
                && bye.request.message.call_id() == call_id
                && bye.final_response().is_some()
        })
    };
    let open = all.iter().any(|one| {
        let opens = one.method == "INVITE" && one.request.message.to_tag().is_none();
        opens
            && one
                .final_status()
                .is_none_or(|code| code < 300 && !ended(one.request.message.call_id()))
    });
    let told =
        |one: &observe::Subscription<'_>| one.notifications.is_empty() || one.last().is_some();
    open || !unsettled(trace).is_empty() || !observe::subscriptions(trace).iter().all(told)
}

/// A call of ours that has no final response yet, or whose session has not been ended.
fn has_open_call(trace: &Trace) -> bool {
    observe::calls(trace)
        .iter()
        .filter(|call| call.direction != Direction::FromSystem)
        .any(|call| match call.invitation.final_status() {
            None => true,
            Some(code) if code < 300 => call.byes.iter().all(|bye| bye.final_response().is_none()),
            Some(_) => false,
        })
}

/// What is left when a test case is over.
pub struct Ending {
    pub setup: CaseSetup,
    pub tap: Tap,
    pub cast: Cast,
    pub asked: Vec<Asked>,
    pub names: Names,
    /// The last frame before the teardown, which the ladder does not show.
    pub last_frame: u32,
    /// What an operator has done for it.
    pub acts: Vec<OperatorAct>,
    /// Faults of our own peers.
    pub problems: Vec<String>,
    /// By which it can be judged again.
    pub tape: Option<Tape>,
    /// What was seen of the capture until then, of a session of a load.
    pub seen: Option<Trace>,
}

impl Stage {
    /// Ends what the test case has left open: sessions by BYE, invitations by CANCEL; waits for it at most the guard time.
    async fn tear_down(&mut self) {
        if self.users.values().any(User::is_mmtel) {
            return self.tear_down_calls().await;
        }
        self.tear_down_sessions().await;
        self.tear_down_registrations().await;
    }

    /// The UEs at Gm that have registered end that.
    async fn tear_down_registrations(&mut self) {
        if self.facility.profile.sip.registration.is_none() {
            return;
        }
        self.tap.mark("teardown");
        for user in self.users.values() {
            if let (Means::Cpm(endpoint), Some(registered)) = (&user.means, user.registration) {
                let expires = 0;
                let end = UeCommand::Register(Registration {
                    expires,
                    ..registered
                });
                // One that has stopped is found out when it is joined.
                endpoint.order(end);
            }
        }
        let guard = Duration::from_secs_f64(self.facility.profile.ixit.guard_seconds);
        self.fall_silent(Instant::now() + guard).await;
    }

    /// Waits until nobody is at work any more.
    async fn fall_silent(&mut self, deadline: Instant) {
        loop {
            let quiet = match is_at_work(self.trace()) {
                true => deadline,
                false => deadline.min(Instant::now() + BREATH),
            };
            // A capture that cannot be read is reported when it is judged.
            if !matches!(self.next_word(quiet).await, Ok(true)) {
                break;
            }
        }
    }

    async fn tear_down_sessions(&mut self) {
        if self.look().is_err() || !has_open_call(self.trace()) {
            return;
        }
        self.tap.mark("teardown");
        for (name, call) in std::mem::take(&mut self.calls) {
            if let Some(User {
                means: Means::Cpm(endpoint),
                ..
            }) = self.users.get(&name)
                && !endpoint.order(UeCommand::Bye { call })
            {
                tracing::debug!(name, "the UE had stopped before the teardown");
            }
        }
        let deadline =
            Instant::now() + Duration::from_secs_f64(self.facility.profile.ixit.guard_seconds);
        while self.look().is_ok() && has_open_call(self.trace()) && Instant::now() < deadline {
            if !matches!(self.next_word(deadline).await, Ok(true)) {
                break;
            }
        }
    }

    /// Ends every call, subscription and registration of the MMTel UEs; waits for either at most the guard time.
    async fn tear_down_calls(&mut self) {
        self.tap.mark("teardown");
        let guard = Duration::from_secs_f64(self.facility.profile.ixit.guard_seconds);
        for command in [MmtelCommand::EndAll, MmtelCommand::Register { expires: 0 }] {
            let deadline = Instant::now() + guard;
            for user in self.users.values() {
                if let Means::Mmtel(endpoint) = &user.means {
                    // One that has stopped is found out when it is joined.
                    endpoint.order(command.clone());
                }
            }
            self.fall_silent(deadline).await;
        }
    }

    /// Tears down, ends peers, takes users away from the system, and gives what is to be judged.
    pub async fn close(mut self) -> Ending {
        if !self.is_live() {
            self.course.finish();
            self.name_conferences();
            return self.end(Vec::new());
        }
        // What the last step set going belongs to the capture, although no question is about it. A capture that cannot be read is
        // reported when it is judged.
        let mut problems: Vec<String> = self.settle().await.err().into_iter().collect();
        let last_frame = self.last_frame();
        self.name_conferences();
        self.take_acts();
        // What is seen from here on is no part of the scenario.
        let tape = self.tape(last_frame);
        self.tear_down().await;
        for user in std::mem::take(&mut self.users).into_values() {
            let case = &self.setup.id;
            problems.extend(dismiss(case, user.means, user.terminal).await);
            let properties = &user.properties;
            if let Err(error) = self.facility.provisioner.forget_user(properties).await {
                tracing::debug!(%error, "a user could not be taken away");
            }
        }
        for services in std::mem::take(&mut self.services).into_values() {
            services.forget(&mut self).await;
        }
        Ending {
            last_frame,
            tape,
            ..self.end(problems)
        }
    }

    /// The tape of a run.
    fn tape(&self, last_frame: u32) -> Option<Tape> {
        let Course::Live(tape) = &self.course else {
            return None;
        };
        let mut tape = tape.as_ref().clone();
        let people = self.cast.people();
        tape.cast = people
            .map(|one| (one.name.clone(), one.number.clone()))
            .collect();
        tape.names.clone_from(&self.names.by_address);
        let closed = self.closed.as_ref().map(|unmet| unmet.observed.clone());
        tape.unmet = tape.unmet.or(closed);
        tape.last_frame = last_frame;
        Some(tape)
    }

    fn end(self, problems: Vec<String>) -> Ending {
        let last_frame = self.last_frame();
        let of_load = self.session.is_some();
        let seen = of_load.then(|| self.observer.into_trace());
        Ending {
            seen,
            setup: self.setup,
            tap: self.tap,
            cast: self.cast,
            asked: self.asked,
            names: self.names,
            last_frame,
            acts: self.acts,
            problems,
            tape: None,
        }
    }
}

/// Ends the peers of a person, and says which could not be ended.
async fn dismiss(
    case: &str,
    means: Means,
    terminal: Option<Peer<UeCommand, UeEvent>>,
) -> Option<String> {
    let (ue, mmtel) = match means {
        Means::Cpm(peer) => (peer.running(), None),
        Means::Sms(_) => (terminal.and_then(Peer::running), None),
        Means::Mmtel(peer) => (None, peer.running()),
    };
    if let Some(mut endpoint) = ue {
        while let Ok(event) = endpoint.events.try_recv() {
            // What surprised a UE may be the system's doing; judges say so from the capture, not from here.
            if let UeEvent::Problem(text) = event {
                tracing::info!(case, "{text}");
            }
        }
        return endpoint.stop().await.err().map(|error| error.to_string());
    }
    let mut endpoint = mmtel?;
    while let Ok(event) = endpoint.events.try_recv() {
        if let MmtelEvent::Problem(text) = event {
            tracing::info!(case, "{text}");
        }
    }
    endpoint.stop().await.err().map(|error| error.to_string())
}
