//! Witness deletion: a pass says which frames it rests on; with one of them gone it must not be a pass any more.
//!
//! How "gone" is read: the message did not occur. Every fact that the frame carries goes, whole, also where other frames carry more of it
//! (a chunk less is no message), and with it its retransmissions, which would bring the same message all the same. The frame itself is
//! not in the trace either. Everything else stays as it was, times too, and so does the tape: the test case looks again when it looked,
//! and sees what it would have seen. What only the missing message could have set going stays as well, so that a judge cannot lean on it.
//! This holds for what happened before something else, and for the stimulus of a prohibition, too: without the stimulus that nothing
//! happens proves nothing.
use super::record::CaseRecord;
use super::rejudge::{Rejudge, RejudgeError, over_all};
use crate::observe::{Fact, Trace};
use crate::verdict::Verdict;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A pass that does not need one of its witnesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survivor {
    pub case: String,
    /// The `Then` that cites the frame.
    pub sentence: String,
    pub frame: u32,
    /// What the frame carries, in a word or two.
    pub carries: String,
}

/// What came of the deletions.
#[derive(Debug, Default)]
pub struct Deletions {
    pub passes: usize,
    /// Frames that were taken away, each by itself.
    pub frames: usize,
    pub survivors: Vec<Survivor>,
    /// Passes that do not pass when they are judged again with every frame there.
    pub unsound: Vec<String>,
}

/// A trace in which the messages of a frame did not occur.
pub fn without(trace: &Trace, frame: u32) -> Trace {
    let mut cut = trace.clone();
    let gone: BTreeSet<u32> = trace
        .facts
        .iter()
        .filter(|seen| seen.frames.contains(&frame))
        .filter_map(|seen| seen.frames.first().copied())
        .collect();
    cut.facts.retain(|seen| {
        let copy = seen.retransmission_of.is_some_and(|of| gone.contains(&of));
        !copy && !seen.frames.contains(&frame)
    });
    cut.frames.retain(|one| one.number != frame);
    cut
}

/// Takes the witnesses of every pass away, one at a time.
pub fn delete(run: &Rejudge, cases: &[&CaseRecord]) -> Result<Deletions, RejudgeError> {
    let mut all = Deletions::default();
    for done in over_all(cases, |case| of_case(run, case)) {
        let done = done?;
        all.passes += done.passes;
        all.frames += done.frames;
        all.survivors.extend(done.survivors);
        all.unsound.extend(done.unsound);
    }
    Ok(all)
}

fn of_case(run: &Rejudge, case: &CaseRecord) -> Result<Deletions, RejudgeError> {
    let mut done = Deletions::default();
    let Some(trace) = run.trace(case)? else {
        return Ok(done);
    };
    let passes = |trace: &Trace| {
        let judged = run.judge(case, Arc::new(trace.clone()));
        judged.is_ok_and(|judged| judged.verdict == Verdict::Pass)
    };
    done.passes = 1;
    if !passes(&trace) {
        done.unsound.push(case.id.clone());
        return Ok(done);
    }
    let cited: BTreeSet<u32> = case
        .findings
        .iter()
        .flat_map(|one| one.frames.clone())
        .collect();
    for frame in cited {
        done.frames += 1;
        if passes(&without(&trace, frame)) {
            let cites = case.findings.iter().find(|one| one.frames.contains(&frame));
            done.survivors.push(Survivor {
                case: case.id.clone(),
                sentence: cites.map(|one| one.sentence.clone()).unwrap_or_default(),
                frame,
                carries: carries(&trace, frame),
            });
        }
    }
    Ok(done)
}

/// What a frame carries: `INVITE`, `200 to BYE`, `submit_sm`.
fn carries(trace: &Trace, frame: u32) -> String {
    let facts = trace.facts.iter();
    let of_frame = facts.filter(|seen| seen.frames.contains(&frame));
    let names: Vec<String> = of_frame.map(|seen| named(&seen.fact)).collect();
    names.join(", ")
}

fn named(fact: &Fact) -> String {
    let message = |method: Option<&str>, status: Option<u16>| match (method, status) {
        (Some(method), _) => method.to_owned(),
        (None, status) => status.unwrap_or_default().to_string(),
    };
    match fact {
        Fact::Sip(sip) => match (sip.status(), sip.header("CSeq")) {
            (Some(status), Some(of)) => {
                let method = of.split_whitespace().next_back().unwrap_or_default();
                format!("{status} to {method}")
            }
            _ => message(sip.method(), sip.status()),
        },
        Fact::Msrp(msrp) => format!("MSRP {}", message(msrp.method(), msrp.status())),
        Fact::Http(http) => format!("HTTP {}", message(http.method(), http.status())),
        Fact::Smpp(pdu) => format!("{:?}", pdu.command),
        Fact::Diameter(one) => format!("{:?}", one.command),
        Fact::Rtp(_) => "RTP".to_owned(),
        Fact::SipKeepAlive => "keep-alive".to_owned(),
        Fact::TcpOpened => "TCP opened".to_owned(),
        Fact::TcpClosed { .. } => "TCP closed".to_owned(),
        Fact::Malformed { protocol, .. } => format!("malformed {protocol}"),
    }
}
