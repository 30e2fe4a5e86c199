//! One behaviour over every access network (3GPP TS 24.229: the procedures are common, only the annexes of the IP-CANs differ).
//!
//! What is compared are masked ladders, which show neither P-Access-Network-Info nor charging; what may differ is not in them.
//! More than 400 lines: what is compared and what is judged of single networks share their words.
use super::conference_scene::{creations, invites_by, invites_to, is_new, leg, refer_by, within};
use super::scene::{first, originator};
use super::{Finding, Judgement, Question, Reason, Verdict, View};
use crate::observe::{
    Direction, Fact, Notification, Observation, Trace, Transaction, differences, transactions,
};
use crate::wire::sip::SipMessage;

const NETWORK_PROVIDED: &str = "network-provided";
/// Final responses by which a service refuses what is barred; others say something else.
const BARRED: [u16; 3] = [403, 433, 603];
/// How a ladder marks what came again, which is a matter of time.
const REPEATED: &str = " (repeated)";
/// A finding names no more frames than a person looks at.
const MOST_FRAMES: usize = 24;

/// What ladders call systems under test.
const SYSTEMS: [&str; 2] = ["core", "gateway"];

/// The ladder of a test case over an access network, beside that over the baseline in the same run.
pub struct Comparison<'a> {
    /// Whom a difference speaks against.
    pub requirement: &'a str,
    /// What the access networks are, in words.
    pub network: &'a str,
    pub baseline: &'a str,
    pub ladder: &'a str,
    pub baseline_ladder: &'a str,
    /// The test case came to an end of its own over the network, and was not cut off by something else.
    pub to_the_end: bool,
}

impl Comparison<'_> {
    /// Passes if the two are the same. Fails where the system itself says something else, and names the first such line: what the suite's
    /// own terminals say otherwise is nothing against the system. The trace is that of the network's own run.
    //= AI-01 type=test
    //= AI-03 type=test
    //= AI-11 type=test
    pub fn finding(&self, trace: impl FnOnce() -> Trace) -> Finding {
        let (baseline, here) = (own(self.baseline_ladder), own(self.ladder));
        let found = differences(&baseline, &here);
        let of_system = found.iter().find(|one| SYSTEMS.contains(&&*one.speaker));
        let trace = trace();
        let (verdict, reason, observed, frames) = match of_system.or(found.first()) {
            None => (
                Verdict::Pass,
                None,
                "the ladders are the same".to_owned(),
                frames(&trace, None),
            ),
            Some(difference) => {
                let line = &difference.line;
                let step = step_of(line, &here).or_else(|| step_of(line, &baseline));
                let at = step.map_or(String::new(), |step| format!(" in step {step}"));
                let said = format!("the ladders differ{at}, first here:\n{line}");
                let (verdict, reason, said) = match (of_system, self.to_the_end) {
                    (Some(_), true) => (Verdict::Fail, Reason::Unexpected, said),
                    (Some(_), false) => {
                        let why =
                            "; the test case was cut off, so this may be for want of the rest";
                        (Verdict::Inconc, Reason::InsufficientEvidence, said + why)
                    }
                    (None, _) => {
                        let why = "; the system itself has said the same";
                        (Verdict::Inconc, Reason::InsufficientEvidence, said + why)
                    }
                };
                (verdict, Some(reason), said, frames(&trace, step))
            }
        };
        Finding {
            observed,
            frames,
            verdict,
            reason,
            ..compared(self.requirement, self.network, self.baseline)
        }
    }
}

/// A finding of the comparison, inconclusive so far.
fn compared(requirement: &str, network: &str, baseline: &str) -> Finding {
    Finding {
        requirement: requirement.to_owned(),
        sentence: "the same happens over every access network".to_owned(),
        verdict: Verdict::Inconc,
        reason: Some(Reason::InsufficientEvidence),
        expected: format!("over {network} the same happens as over {baseline}"),
        observed: String::new(),
        frames: Vec::new(),
    }
}

/// The finding where there was nothing to compare with, and what to do about that.
pub fn not_compared(requirement: &str, network: &str, baseline: &str, why: &str) -> Finding {
    Finding {
        observed: why.to_owned(),
        ..compared(requirement, network, baseline)
    }
}

/// The ladder without what is a matter of time: what came again, and what was meant for a user who had the address of one of these
/// before. Nobody of this test case is told by a number that is not his.
fn own(ladder: &str) -> String {
    let strays: Vec<&str> = ladder.lines().filter_map(stray).collect();
    let mut text = String::with_capacity(ladder.len());
    let mut left_out = false;
    for line in ladder.lines() {
        if !line.starts_with("        ") {
            left_out = strays.iter().any(|call| line.contains(call));
        }
        if !left_out {
            let line = line.strip_suffix(REPEATED).unwrap_or(line);
            text.push_str(&without_reason(line));
            text.push('\n');
        }
    }
    text
}

/// A response without its reason phrase, which is for a person and may be any text (RFC 3261 section 7.2).
fn without_reason(line: &str) -> String {
    let behind_ends = line
        .find(" -> ")
        .and_then(|arrow| Some(arrow + line[arrow..].find("  ")? + 2));
    let (ends, said) = line.split_at(behind_ends.unwrap_or(line.len()));
    let code = said
        .get(..3)
        .filter(|code| code.bytes().all(|o| o.is_ascii_digit()));
    match (code, said.rfind(" to ")) {
        (Some(code), Some(at)) if said.as_bytes().get(3) == Some(&b' ') => {
            format!("{ends}{code}{}", &said[at..])
        }
        _ => line.to_owned(),
    }
}

/// The call of a request to somebody else's number at a terminal of this test case: `NOTIFY sip:«number-1»@«alice-sip» «call-5» ...`.
fn stray(line: &str) -> Option<&str> {
    let (_, user) = line.split_once(" sip:«number-")?;
    let (_, host) = user.split_once("»@«")?;
    let (terminal, rest) = host.split_once('»')?;
    let begin = rest.find("«call-")?;
    let call = &rest[begin..];
    let end = call.find('»')? + '»'.len_utf8();
    terminal.ends_with("-sip").then(|| &call[..end])
}

/// Number of the step in which the line stands that a difference quotes.
fn step_of(difference: &str, ladder: &str) -> Option<u32> {
    let (mut step, mut ends) = (None, String::new());
    for line in ladder.lines() {
        if let Some(number) = number(line) {
            step = Some(number);
            continue;
        }
        let line = unnumbered(line);
        let mut said = line.trim_start();
        if let Some((who, what)) = said.split_once("  ") {
            (ends, said) = (who.to_owned(), what);
        }
        if difference.contains(&format!("{ends}: \"{said}\"")) {
            return step;
        }
    }
    None
}

/// `«call-5»` as `«call»`: numbers are given in the order in which things come up.
fn unnumbered(line: &str) -> String {
    let mut parts = line.split('»');
    let last = parts.next_back().unwrap_or_default();
    let named = parts.map(|part| {
        let digits = part.trim_end_matches(|c: char| c.is_ascii_digit());
        let plain = digits.strip_suffix('-').unwrap_or(part);
        format!("{plain}»")
    });
    named.collect::<String>() + last
}

fn number(text: &str) -> Option<u32> {
    let (number, _) = text.strip_prefix('[')?.split_once(']')?;
    number.parse().ok()
}

/// Frames of what the system said in a step, or of all that was said in it if the system said nothing.
fn frames(trace: &Trace, step: Option<u32>) -> Vec<u32> {
    let of_step = |seen: &&Observation| {
        let comment = seen.comment.as_deref().unwrap_or_default();
        let here = number(comment).is_some_and(|n| step.is_none_or(|step| step == n));
        here && !matches!(seen.fact, Fact::Rtp(_))
    };
    let seen: Vec<&Observation> = trace.facts.iter().filter(of_step).collect();
    let from_system = |seen: &&&Observation| seen.direction == Direction::FromSystem;
    let mut chosen: Vec<&Observation> = seen.iter().filter(from_system).copied().collect();
    if chosen.is_empty() {
        chosen = seen;
    }
    let mut frames: Vec<u32> = chosen.iter().flat_map(|seen| seen.frames.clone()).collect();
    frames.sort_unstable();
    frames.dedup();
    frames.truncate(MOST_FRAMES);
    frames
}

/// What somebody has just asked for has a final response, whichever. That it is the right one is for other requirements; that it is the
/// same over every access network is told by the comparison of the ladders.
pub fn answered(who: &str, reaction: f64) -> Question {
    let who = who.to_owned();
    let expected = format!("{who}'s request has a final response");
    Question::eventually(expected, reaction, move |view| {
        let number = view.cast.number(&who);
        let mut asked = transactions(view.trace);
        asked.retain(|one| {
            one.direction == Direction::ToSystem
                && matches!(one.method, "INVITE" | "REFER")
                && is_new(view, one)
                && originator(one.request.message).as_deref() == Some(number)
        });
        match asked.last().map(|one| (one.final_status(), one)) {
            Some((Some(code), one)) => Judgement::holds(code.to_string(), one.frames()),
            Some((None, _)) => Judgement::unproven("no final response"),
            None => Judgement::unproven("no request"),
        }
    })
}

/// What has been asked for by REFER is over: its last notification has come, so that no ladder ends before it. Judges nothing.
pub fn heard_out(who: &str, reaction: f64) -> Question {
    let who = who.to_owned();
    let expected = format!("{who}'s REFER, if there is one, is over");
    Question::eventually(expected, reaction, move |view| match refer_by(view, &who) {
        Some(one) if matches!(one.request.final_status(), Some(300..)) => {
            Judgement::holds("it is refused", one.frames())
        }
        Some(one) if !one.notifications.iter().any(Notification::is_last) => {
            Judgement::unproven("its last notification has not come")
        }
        _ => Judgement::holds("nothing is to come", Vec::new()),
    })
}

/// Values of P-Access-Network-Info that are not marked as the network's own.
fn told(message: &SipMessage) -> Vec<String> {
    let values = message.values("P-Access-Network-Info").into_iter();
    let own = values.filter(|value| !value.to_ascii_lowercase().contains(NETWORK_PROVIDED));
    own.map(|value| value.trim().to_owned()).collect()
}

/// The value a caller's UE has sent comes to the callee as it was; the network may have added values of its own beside it.
//= AI-02 type=test
pub fn passes_unaltered(caller: &str, callee: &str, reaction: f64) -> Question {
    let (caller, callee) = (caller.to_owned(), callee.to_owned());
    let expected = format!("{callee}'s INVITE has the P-Access-Network-Info of {caller}'s");
    Question::eventually(expected, reaction, move |view| {
        let made = invites_by(view, &caller).pop();
        let got = invites_to(view, &callee).pop();
        let Some((made, got)) = made.zip(got) else {
            return Judgement::unproven("no INVITE has come through");
        };
        let (said, heard) = (told(made.request.message), told(got.request.message));
        let frames = [made.request.frames(), got.request.frames()].concat();
        if made.ack().is_none() {
            Judgement::unproven("the call is not established")
        } else if said.is_empty() {
            Judgement::unproven(format!("{caller} said nothing"))
        } else if said == heard {
            Judgement::holds(heard.join(", "), frames)
        } else if heard.is_empty() {
            let observed = "an INVITE without P-Access-Network-Info";
            Judgement::broken(Reason::Missing, observed, frames)
        } else {
            Judgement::broken(Reason::WrongValue, heard.join(", "), frames)
        }
    })
}

/// Statuses of the responses to an INVITE, 100 and repetitions apart.
fn statuses(invite: &Transaction) -> Vec<u16> {
    let mut statuses: Vec<u16> = invite.responses.iter().map(|one| one.status()).collect();
    statuses.retain(|code| *code > 100);
    statuses.dedup();
    statuses
}

/// Two users get their conferences by the same sequence of messages.
//= AI-09 type=test
pub fn created_alike(first: &str, second: &str, reaction: f64) -> Question {
    let (first, second) = (first.to_owned(), second.to_owned());
    let expected = format!("{second}'s INVITE to the factory is answered as {first}'s was");
    Question::eventually(expected, reaction, move |view| {
        let of = |who: &str| creations(view, who).pop();
        let (Some(one), Some(other)) = (of(&first), of(&second)) else {
            return Judgement::unproven("nobody has asked the factory");
        };
        let (Some(200..300), Some(_)) = (one.final_status(), other.final_status()) else {
            return Judgement::unproven("no final response");
        };
        let (usual, observed) = (statuses(&one), statuses(&other));
        let frames = [one.frames(), other.frames()].concat();
        let words = |codes: &[u16]| {
            let words: Vec<String> = codes.iter().map(u16::to_string).collect();
            words.join(", ")
        };
        match usual == observed {
            true => Judgement::holds(words(&observed), frames),
            false => {
                let observed = format!("{} and not {}", words(&observed), words(&usual));
                Judgement::broken(Reason::Unexpected, observed, frames)
            }
        }
    })
}

/// First frame of a user's latest REGISTER.
fn registered(view: &View, who: &str) -> Option<u32> {
    let number = view.cast.number(who);
    let all = transactions(view.trace).into_iter();
    let mut latest = all.filter(|one| {
        let to = one.request.message.address("To");
        one.method == "REGISTER" && to.and_then(|to| to.uri.number()).as_deref() == Some(number)
    });
    latest.next_back().map(|one| first(one.request.frames()))
}

/// A user whose access has changed stays in the conference: neither his registration over the new one nor his re-INVITE is followed by a
/// BYE of the focus, and his re-INVITE is not refused as barred.
//= AI-10 type=test
pub fn goes_on_over_it(who: &str, guard: f64) -> Question {
    let who = who.to_owned();
    let expected = format!("no BYE and no refusal in the dialog with {who}");
    Question::throughout(expected, guard, move |view| {
        let Some(leg) = leg(view, &who) else {
            return Judgement::unproven(format!("{who} has no leg"));
        };
        if let Some(bye) = leg.bye.as_ref() {
            let since = registered(view, &who).unwrap_or(view.before_stimulus);
            return match bye.direction {
                Direction::FromSystem if first(bye.request.frames()) > since => {
                    Judgement::broken(Reason::Unexpected, "a BYE from the focus", bye.frames())
                }
                Direction::FromSystem => Judgement::unproven("the focus had ended it before"),
                _ => Judgement::unproven(format!("{who} has ended it")),
            };
        }
        let mut changes = within(view, &leg.invite);
        changes.retain(|one| {
            one.method == "INVITE" && one.direction == Direction::ToSystem && is_new(view, one)
        });
        match changes.last().map(|one| (one.final_status(), one)) {
            Some((Some(code), one)) if BARRED.contains(&code) => {
                let observed = format!("the re-INVITE is refused with {code}");
                Judgement::broken(Reason::Unexpected, observed, one.frames())
            }
            Some((Some(200..300), one)) => {
                Judgement::holds("accepted, and not ended", one.frames())
            }
            _ => Judgement::unproven("no re-INVITE has been accepted"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LADDER: &str = "[1] Alice is there\n  gm\n    alice -> core  REGISTER\n[2] Alice asks\n  gm\n    alice -> core  INVITE «call-1» (repeated)\n    core -> alice  603 Decline «call-1»\n";

    fn comparison(other: &str) -> Comparison<'_> {
        Comparison {
            requirement: "AI-01",
            network: "WLAN",
            baseline: "3GPP E-UTRAN",
            ladder: other,
            baseline_ladder: LADDER,
            to_the_end: true,
        }
    }

    fn finding(other: &str) -> Finding {
        comparison(other).finding(Trace::default)
    }

    #[test]
    fn the_same_ladder_passes() {
        let finding = finding(&LADDER.replace(" (repeated)", ""));
        assert_eq!(finding.verdict, Verdict::Pass);
        assert_eq!(
            finding.expected,
            "over WLAN the same happens as over 3GPP E-UTRAN"
        );
    }

    #[test]
    fn a_difference_names_its_first_line_and_its_step() {
        let finding = finding(&LADDER.replace("603 Decline", "200 OK"));
        assert_eq!(finding.verdict, Verdict::Fail);
        assert_eq!(finding.requirement, "AI-01");
        assert!(
            finding.observed.contains("differ in step 2"),
            "{}",
            finding.observed
        );
        assert!(
            finding.observed.contains("603 Decline"),
            "{}",
            finding.observed
        );
    }

    #[test]
    fn what_is_missing_differs() {
        let shorter = LADDER.split("[2]").next().unwrap_or_default();
        let said = finding(shorter).observed;
        assert!(
            said.contains("603 Decline") && said.contains("is missing"),
            "{said}"
        );
    }

    #[test]
    fn what_only_our_terminals_say_otherwise_is_nothing_against_the_system() {
        let finding = finding(&LADDER.replace("INVITE «call-1»", "REFER «call-1»"));
        assert_eq!(finding.verdict, Verdict::Inconc, "{}", finding.observed);
        assert!(finding.observed.contains("the system itself has said"));
    }

    #[test]
    fn a_ladder_that_was_cut_off_proves_nothing() {
        let shorter = LADDER.split("[2]").next().unwrap_or_default();
        let cut_off = Comparison {
            to_the_end: false,
            ..comparison(shorter)
        };
        let finding = cut_off.finding(Trace::default);
        assert_eq!(finding.verdict, Verdict::Inconc, "{}", finding.observed);
    }

    #[test]
    fn what_is_for_somebody_else_is_left_out() {
        let strange = "    core -> alice  NOTIFY sip:«number-1»@«alice-sip»;transport=udp «call-9» «tag-7»\n        conference-info full\n    alice -> core  481 Gone to NOTIFY «call-9» «tag-7»\n";
        let finding = finding(&format!("{LADDER}{strange}"));
        assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.observed);
    }

    #[test]
    fn names_are_compared_without_their_numbers() {
        assert_eq!(unnumbered("  a «call-5» «tag-10» b"), "  a «call» «tag» b");
        let line = "    core -> alice  200 OK to INVITE «call» «tag»";
        let other = "    core -> alice  200  to INVITE «call» «tag»";
        assert_eq!(without_reason(line), without_reason(other));
        assert_eq!(
            without_reason(line),
            "    core -> alice  200 to INVITE «call» «tag»"
        );
        let request = "    core -> alice  INVITE sip:x to y";
        assert_eq!(without_reason(request), request);
        assert_eq!(unnumbered("«alice» and «dave"), "«alice» and «dave");
    }
}
