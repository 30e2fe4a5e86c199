//! `report kills`, and the kill matrix of the book: from the features, the register and what is listed of faults.
use super::arguments::PlaceArguments;
use super::{ExitCode, report::deliver, run::Suite};
use crate::reference::faults::Fault;
use crate::report::kills::{Matrix, Tried};
use crate::sut::faults::{Faults, Reviewed};
use anyhow::Result;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct KillsArguments {
    /// Format of the table
    #[arg(long = "as", value_name = "FORMAT", default_value = "markdown")]
    pub format: KillsFormat,
    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub places: PlaceArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KillsFormat {
    /// Figures, requirement by requirement, and what fails under no fault
    Markdown,
    /// One line for each test case that fails under a fault
    Csv,
}

pub(super) fn kills(arguments: &KillsArguments) -> Result<ExitCode> {
    let matrix = matrix(&Suite::read(&arguments.places)?)?;
    let text = match arguments.format {
        KillsFormat::Markdown => matrix.markdown(),
        KillsFormat::Csv => matrix.csv(),
    };
    deliver(arguments.output.as_deref(), &text)
}

pub(super) fn matrix(suite: &Suite) -> Result<Matrix> {
    let faults = Faults::load(&suite.places.fixtures)?.0;
    let reviewed = Reviewed::load(&suite.places.fixtures)?;
    let cases = suite.catalogue.cases.iter();
    let tried: Vec<Tried> = cases
        .map(|case| Tried {
            id: case.id.clone(),
            requirement: case.requirement.clone(),
            title: case.title.clone(),
            control: case.control,
        })
        .collect();
    let what = |name: &str| name.parse::<Fault>().map_or("", Fault::what);
    let register = &suite.register.requirements;
    Ok(Matrix::of(register, &tried, &faults, what, &reviewed))
}
