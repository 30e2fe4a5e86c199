//! MMTel terminals and Ut in a search: what was ordered of them, and whether they have behaved so.
use super::super::course::{Lack, Reach, Scene};
use super::super::locate::{self, Behaved, Located, Stance, mmtel_behaved};
use super::Seeker;
use crate::peer::mmtel_ue::MmtelCommand;
use crate::peer::xcap_client::{SIMSERVS, XcapRequest};
use crate::wire::http::HttpMessage;
use crate::wire::xml::simservs::{MEDIA_TYPE, SimServs};

impl Seeker {
    /// Where the recording has what an MMTel terminal is told to do.
    pub(super) fn mmtel(
        &mut self,
        scene: &Scene<'_>,
        name: &str,
        command: &MmtelCommand,
    ) -> Located {
        let since = scene.recording.last_frame();
        let (mut stance, mut behaves_since) =
            self.stances.remove(name).unwrap_or((Stance::default(), 0));
        stance.keep(command);
        if matches!(command, MmtelCommand::Behave(_)) {
            behaves_since = since;
        }
        let order = format!("{name} {command:?}");
        let located = self.look(scene, order, |place| {
            locate::mmtel(command, name, &stance, place)
        });
        self.stances
            .insert(name.to_owned(), (stance, behaves_since));
        located
    }

    /// Whether a person with an MMTel terminal has behaved as the scenario has him; nothing of others.
    pub(super) fn mmtel_behaved(
        &self,
        scene: &Scene<'_>,
        name: &str,
        until: u32,
    ) -> Option<Behaved> {
        let (stance, since) = self.stances.get(name)?;
        let place = locate::Place {
            trace: scene.recording.whole(),
            cast: scene.cast,
            labels: &self.labels,
            after: *since,
        };
        Some(mmtel_behaved(&stance.behaviour, name, &place, until))
    }

    /// Where the recording has a request on Ut, and what was answered. A whole document may have been put in parts.
    pub(super) fn ask(
        &mut self,
        scene: &Scene<'_>,
        name: &str,
        request: &XcapRequest,
        unnamed: bool,
    ) -> Result<(Reach, Option<HttpMessage>), Lack> {
        let place = locate::Place {
            trace: scene.recording.whole(),
            cast: scene.cast,
            labels: &self.labels,
            after: self.reached,
        };
        let mut asked = locate::ut(request, unnamed, name, &place);
        if let (Located::Absent { .. }, Some(document)) = (&asked.located, whole(request)) {
            let parts = locate::configured(&document, false, name, &place);
            if matches!(parts.located, Located::Found { .. }) {
                asked = parts;
            }
        }
        let reach = match &asked.located {
            Located::Found { frames, at, .. } => Reach {
                last_frame: frames.last().copied().unwrap_or(0),
                now: (*at).max(scene.now),
            },
            _ => Reach {
                last_frame: scene.recording.last_frame(),
                now: scene.now,
            },
        };
        self.found(name, asked.located, scene.recording.whole())?;
        // The response has been waited for.
        let (frame, now) = self.begin(scene)?;
        let reach = self.reach(reach.last_frame.max(frame), reach.now.max(now));
        Ok((reach, asked.response))
    }
}

/// The services that a request puts as a whole, where it asks for nothing beside.
fn whole(request: &XcapRequest) -> Option<SimServs> {
    let XcapRequest {
        method,
        auid,
        document: _,
        global,
        xui: _,
        node,
        query,
        media_type,
        if_match,
        if_none_match,
        body,
    } = request;
    let plain = !global
        && node.is_none()
        && query.is_none()
        && if_match.is_none()
        && if_none_match.is_none()
        && media_type.as_deref() == Some(MEDIA_TYPE);
    let puts = *method == "PUT" && *auid == SIMSERVS;
    (puts && plain).then(|| SimServs::parse(body).ok())?
}
