//! `review`: a person looks at ladders that differ from the accepted ones and decides.
use super::{
    ExitCode,
    arguments::{ReviewAction, ReviewArguments, ReviewNames},
    places, say,
};
use crate::runner::snapshots::Snapshots;
use anyhow::Result;

pub(super) fn review(arguments: ReviewArguments) -> Result<ExitCode> {
    let reference = || places::project().join("captures").join("reference");
    let folder = arguments.ladders.unwrap_or_else(reference);
    let snapshots = Snapshots::new(&folder);
    let action = arguments.action;
    let action = action.unwrap_or_else(|| ReviewAction::Show(ReviewNames::default()));
    let waiting = snapshots.pending()?;
    let chosen = |names: ReviewNames| match names.names.is_empty() {
        true => waiting.clone(),
        false => names.names,
    };
    if waiting.is_empty() {
        say(&format!("no ladder is waiting in {}", folder.display()));
    }
    match action {
        ReviewAction::Show(names) => {
            for name in chosen(names) {
                say(snapshots.show(&name)?.trim_end());
                say("");
            }
            if !waiting.is_empty() {
                say(&format!(
                    "{} waiting: `ims-conformance review accept [ID…]` or `reject [ID…]`",
                    waiting.len()
                ));
            }
        }
        ReviewAction::Accept(names) => {
            for name in chosen(names) {
                snapshots.accept(&name)?;
                say(&format!("accepted  {name}"));
            }
        }
        ReviewAction::Reject(names) => {
            for name in chosen(names) {
                snapshots.reject(&name)?;
                say(&format!("rejected  {name}"));
            }
        }
    }
    Ok(ExitCode::Pass)
}
