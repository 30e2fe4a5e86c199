//! SIPp scenarios that send again what the suite's terminals sent in a test case, for whoever has to mend the system and has SIPp but not
//! this suite. One scenario for each call of each terminal, in the order in which they began.
//!
//! Only what is SIP and nothing else can be said so: a test case in which short messages, MSRP or HTTP were exchanged has no scenario. What the
//! system answered is what the scenario waits for, so that it runs to its end where the failure is still there; what was expected instead
//! stands in its head. Audio is not sent.
//!
//! More than 400 lines: every header field that SIPp has to make anew is one rule here, and the tests have whole messages.
use super::wording;
use crate::observe::{Direction, Fact, Observation, Trace};
use crate::runner::record::{CaseRecord, RunRecord};
use crate::verdict::Verdict;
use crate::wire::sip::SipMessage;
use std::net::SocketAddr;

/// A shorter wait is no part of the story.
const SHORTEST_PAUSE: u64 = 100_000_000;

/// One scenario file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// `1-INVITE.xml`.
    pub name: String,
    pub xml: String,
}

/// Why there is no scenario, in words.
pub type NotSip = String;

/// What is said in one call at one terminal.
struct Call<'t> {
    terminal: SocketAddr,
    id: &'t str,
    said: Vec<(&'t Observation, &'t SipMessage)>,
}

/// The scenarios of a test case.
pub fn scenarios(
    record: &RunRecord,
    case: &CaseRecord,
    trace: &Trace,
) -> Result<Vec<Scenario>, NotSip> {
    let calls = calls(trace)?;
    let count = calls.len();
    if count == 0 {
        return Err("no SIP was exchanged".to_owned());
    }
    let numbered = calls.iter().enumerate();
    Ok(numbered
        .map(|(index, call)| {
            let first = call.said.first().and_then(|(_, message)| message.method());
            let name = format!("{}-{}.xml", index + 1, first.unwrap_or("SIP"));
            let xml = xml(record, case, call, &format!("{} of {count}", index + 1));
            Scenario { name, xml }
        })
        .collect())
}

fn calls(trace: &Trace) -> Result<Vec<Call<'_>>, NotSip> {
    let mut calls: Vec<Call> = Vec::new();
    for seen in &trace.facts {
        let message = match &seen.fact {
            Fact::Sip(message) => message,
            // Connections of SIP itself, and what keeps them.
            Fact::SipKeepAlive | Fact::Rtp(_) | Fact::TcpOpened | Fact::TcpClosed { .. } => {
                continue;
            }
            Fact::Malformed { protocol, .. } => {
                return Err(format!("malformed {protocol} was exchanged"));
            }
            Fact::Msrp(_) => return Err("MSRP was exchanged".to_owned()),
            Fact::Http(_) => return Err("HTTP was exchanged".to_owned()),
            Fact::Smpp(_) | Fact::Diameter(_) => {
                return Err("short messages were exchanged".to_owned());
            }
        };
        if seen.retransmission_of.is_some() {
            continue;
        }
        let terminal = match seen.direction {
            Direction::FromSystem => seen.to,
            _ => seen.from,
        };
        let id = message.call_id().unwrap_or_default();
        match calls
            .iter_mut()
            .find(|call| call.terminal == terminal && call.id == id)
        {
            Some(call) => call.said.push((seen, message)),
            None => calls.push(Call {
                terminal,
                id,
                said: vec![(seen, message)],
            }),
        }
    }
    Ok(calls)
}

fn xml(record: &RunRecord, case: &CaseRecord, call: &Call, part: &str) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE scenario SYSTEM \"sipp.dtd\">\n<!--\n{}-->\n<scenario name=\"{}\">\n",
        head(record, case, call, part),
        escaped(&case.id)
    );
    let mut answered = 0;
    for (index, (seen, message)) in call.said.iter().enumerate() {
        match seen.direction {
            Direction::FromSystem => {
                answered = message.status().unwrap_or(answered);
                let next = call.said.get(index + 1);
                let more = next.is_some_and(|(next, _)| next.direction == Direction::FromSystem);
                out.push_str(&receive(message, more));
            }
            _ => {
                let before = index
                    .checked_sub(1)
                    .and_then(|before| call.said.get(before));
                let waited = before.map_or(0, |(before, _)| seen.at.saturating_sub(before.at));
                if waited >= SHORTEST_PAUSE {
                    let milliseconds = waited / 1_000_000;
                    out.push_str(&format!("  <pause milliseconds=\"{milliseconds}\"/>\n"));
                }
                out.push_str(&send(seen, message, call, answered));
            }
        }
    }
    out.push_str("</scenario>\n");
    out
}

/// What it is about, for a person.
fn head(record: &RunRecord, case: &CaseRecord, call: &Call, part: &str) -> String {
    let clause = wording::requirement(record, &case.requirement).map(wording::citation);
    let mut lines = vec![
        format!("{}  {}", case.id, case.title),
        format!(
            "{}  {}  {}",
            wording::kind(case),
            case.requirement,
            clause.unwrap_or_default()
        ),
        format!(
            "call {part} of the test case; begin them in this order, each as soon as the one before has got that far"
        ),
    ];
    for finding in case
        .findings
        .iter()
        .filter(|one| one.verdict != Verdict::Pass)
    {
        lines.push(format!("expected: {}", finding.expected));
        lines.push(format!("observed: {}", finding.observed));
    }
    let calls_out = call
        .said
        .first()
        .is_some_and(|(seen, _)| seen.direction != Direction::FromSystem);
    let target = if calls_out { " SYSTEM:PORT" } else { "" };
    let transport = call
        .said
        .first()
        .map_or("u1", |(seen, _)| match seen.transport {
            "tcp" => "t1",
            _ => "u1",
        });
    lines.push(format!(
        "sipp{target} -sf THIS.xml -m 1 -t {transport} -i {} -p {}",
        call.terminal.ip(),
        call.terminal.port()
    ));
    let lines = lines.iter().flat_map(|text| text.lines());
    // Two hyphens would end the comment.
    lines
        .map(|line| format!("  {}\n", printable(line).replace("--", "- -")))
        .collect()
}

fn receive(message: &SipMessage, more: bool) -> String {
    match (message.status(), message.method()) {
        // What is optional has to be followed by something that is not.
        (Some(code @ 100..200), _) if more => {
            format!("  <recv response=\"{code}\" optional=\"true\"/>\n")
        }
        (Some(100), _) => String::new(),
        (Some(code), _) => format!("  <recv response=\"{code}\" rrs=\"true\"/>\n"),
        (None, method) => format!(
            "  <recv request=\"{}\" rrs=\"true\"/>\n",
            escaped(method.unwrap_or_default())
        ),
    }
}

fn send(seen: &Observation, message: &SipMessage, call: &Call, answered: u16) -> String {
    let octets = message
        .original()
        .map_or_else(|| message.to_octets(), <[u8]>::to_vec);
    let text = String::from_utf8_lossy(&octets).replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let mut out = vec![start_line(
        lines.next().unwrap_or_default(),
        message,
        answered,
    )];
    let mut vias = 0;
    for line in lines {
        let name = line
            .split(':')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let said = match name.as_str() {
            _ if !message.is_request() && echoed(&name) => {
                echo(&name, line, within_dialog(message, call))
            }
            "via" | "v" => {
                vias += 1;
                via(line, vias == 1, message, answered)
            }
            "call-id" | "i" => "Call-ID: [call_id]".to_owned(),
            "content-length" | "l" => "Content-Length: [len]".to_owned(),
            "to" | "t" if message.is_request() && message.to_tag().is_some() => {
                format!("{}[peer_tag_param]", before_tag(line))
            }
            "route" if message.to_tag().is_some() => "[routes]".to_owned(),
            _ => line.to_owned(),
        };
        // What SIPp fills in, it fills in with all header fields of that name.
        if out.last() != Some(&said) || !said.starts_with('[') {
            out.push(said);
        }
    }
    out.push(String::new());
    out.extend(body.lines().map(str::to_owned));
    let text = out.join("\n      ");
    let text = addressed(&printable(&text), seen, call);
    let repeats = seen.transport == "udp" && message.method().is_some_and(|name| name != "ACK");
    let retransmits = if repeats { " retrans=\"500\"" } else { "" };
    // Two brackets and a bracket would end the section.
    let text = text.replace("]]>", "]]]]><![CDATA[>");
    format!("  <send{retransmits}>\n    <![CDATA[\n\n      {text}\n\n    ]]>\n  </send>\n")
}

/// A request within a dialog goes where the other side has said it is.
fn start_line(line: &str, message: &SipMessage, answered: u16) -> String {
    match (message.method(), message.to_tag()) {
        // The ACK of a refusal goes where its INVITE went.
        (Some("ACK"), _) if answered >= 300 => line.to_owned(),
        (Some(method), Some(_)) => format!("{method} [next_url] SIP/2.0"),
        _ => line.to_owned(),
    }
}

/// Header fields of a response that are those of its request.
fn echoed(name: &str) -> bool {
    matches!(
        name,
        "via" | "v" | "from" | "f" | "call-id" | "i" | "cseq" | "record-route" | "to" | "t"
    )
}

/// Whether the request that a response of ours answers had a tag in To.
fn within_dialog(response: &SipMessage, call: &Call) -> bool {
    call.said.iter().any(|(seen, one)| {
        seen.direction == Direction::FromSystem
            && one.is_request()
            && one.cseq() == response.cseq()
            && one.to_tag().is_some()
    })
}

fn echo(name: &str, line: &str, within_dialog: bool) -> String {
    let full = match name {
        "via" | "v" => "Via",
        "from" | "f" => "From",
        "call-id" | "i" => "Call-ID",
        "cseq" => "CSeq",
        "record-route" => "Record-Route",
        _ => {
            // The tag is ours, and stands once.
            let tag = line
                .split(";tag=")
                .nth(1)
                .map(|tag| tag.split(';').next().unwrap_or(tag));
            return match tag {
                Some(tag) if !within_dialog => format!("[last_To:];tag={tag}"),
                _ => "[last_To:]".to_owned(),
            };
        }
    };
    format!("[last_{full}:]")
}

/// The ACK of a refusal belongs to the transaction of its INVITE (RFC 3261 section 17.1.1.3).
fn via(line: &str, is_first: bool, message: &SipMessage, answered: u16) -> String {
    if !is_first {
        return line.to_owned();
    }
    if message.method() == Some("ACK") && answered >= 300 {
        return "[last_Via:]".to_owned();
    }
    match line.split_once("branch=") {
        Some((before, rest)) => {
            let end = rest.find([';', ',']).unwrap_or(rest.len());
            format!("{before}branch=[branch]{}", &rest[end..])
        }
        None => line.to_owned(),
    }
}

fn before_tag(line: &str) -> &str {
    line.find(";tag=").map_or(line, |at| &line[..at])
}

/// Both ends as SIPp is told them.
fn addressed(text: &str, seen: &Observation, call: &Call) -> String {
    let system = if seen.from == call.terminal {
        seen.to
    } else {
        seen.from
    };
    text.replace(&call.terminal.to_string(), "[local_ip]:[local_port]")
        .replace(&system.to_string(), "[remote_ip]:[remote_port]")
}

fn printable(text: &str) -> String {
    let known = |c: &char| !c.is_control() || *c == '\n' || *c == '\t';
    text.chars().filter(known).collect()
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::sample;

    const ALICE: &str = "127.0.0.1:40001";
    const CORE: &str = "127.0.0.1:5060";

    fn seen(to_system: bool, text: &str) -> Observation {
        let (alice, core) = (ALICE.parse().unwrap(), CORE.parse().unwrap());
        let octets = text.replace('\n', "\r\n");
        Observation {
            frames: vec![1],
            at: 0,
            interface: "gm".to_owned(),
            from: if to_system { alice } else { core },
            to: if to_system { core } else { alice },
            direction: match to_system {
                true => Direction::ToSystem,
                false => Direction::FromSystem,
            },
            transport: "udp",
            retransmission_of: None,
            comment: None,
            fact: Fact::Sip(Box::new(SipMessage::parse(octets.as_bytes()).unwrap())),
        }
    }

    fn refused_call() -> Trace {
        let rest = "From: <sip:a@x>;tag=1\nCall-ID: abc@x\nCSeq: 1";
        let via = "Via: SIP/2.0/UDP 127.0.0.1:40001;branch=z9hG4bK1";
        let facts = vec![
            seen(true, &format!("INVITE sip:c@127.0.0.1:5060 SIP/2.0\n{via}\n{rest} INVITE\nTo: <sip:c@x>\nContact: <sip:a@127.0.0.1:40001>\nContent-Length: 4\n\nv=0\n").replace("v=0\n", "v=0\r")),
            seen(false, &format!("SIP/2.0 100 Trying\n{via}\n{rest} INVITE\nTo: <sip:c@x>\nContent-Length: 0\n\n")),
            seen(false, &format!("SIP/2.0 603 Decline\n{via}\n{rest} INVITE\nTo: <sip:c@x>;tag=9\nContent-Length: 0\n\n")),
            seen(true, &format!("ACK sip:c@127.0.0.1:5060 SIP/2.0\n{via}\n{rest} ACK\nTo: <sip:c@x>;tag=9\nContent-Length: 0\n\n")),
        ];
        Trace {
            facts,
            ..Trace::default()
        }
    }

    fn made(trace: &Trace) -> Result<Vec<Scenario>, NotSip> {
        let record = sample::one(Verdict::Fail);
        scenarios(&record, &record.cases[0], trace)
    }

    #[test]
    fn says_again_what_the_terminal_said_and_waits_for_what_the_system_said() {
        let all = made(&refused_call()).unwrap();
        let [scenario] = all.as_slice() else {
            unreachable!("{all:?}");
        };
        assert_eq!(scenario.name, "1-INVITE.xml");
        let xml = &scenario.xml;
        for words in [
            "INVITE sip:c@[remote_ip]:[remote_port] SIP/2.0",
            "Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]\n",
            "Call-ID: [call_id]\n",
            "Content-Length: [len]\n",
            "<recv response=\"100\" optional=\"true\"/>\n  <recv response=\"603\" rrs=\"true\"/>\n  <send>\n",
            "ACK sip:c@[remote_ip]:[remote_port] SIP/2.0\n      [last_Via:]\n",
            "To: <sip:c@x>[peer_tag_param]\n",
            "observed: the invitation was answered 200 OK",
        ] {
            assert!(xml.contains(words), "{words} in {xml}");
        }
        let options = roxmltree::ParsingOptions {
            allow_dtd: true,
            ..Default::default()
        };
        roxmltree::Document::parse_with_options(xml, options).unwrap();
    }

    #[test]
    fn what_is_not_sip_alone_has_no_scenario() {
        let mut trace = refused_call();
        let mut other = trace.facts[0].clone();
        other.fact = Fact::Malformed {
            protocol: "MSRP",
            error: crate::wire::Malformed::new(0, "x", "y"),
            octets: Vec::new(),
        };
        trace.facts.push(other);
        assert_eq!(made(&trace).unwrap_err(), "malformed MSRP was exchanged");
        assert!(made(&Trace::default()).is_err());
    }

    #[test]
    fn hostile_words_stay_words() {
        let mut record = sample::one(Verdict::Fail);
        record.cases[0].findings[0].observed = "--><send/> ]]> -- &".to_owned();
        let all = scenarios(&record, &record.cases[0], &refused_call()).unwrap();
        assert!(!all[0].xml.contains("--><send/>"));
    }
}
