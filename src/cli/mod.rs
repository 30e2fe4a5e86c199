//! FLOOR 9: arguments and exit codes. Reads the command line, calls the floors below, says how it ended.
//!
//! Standard output carries what was asked for, standard error everything else, so that both can be redirected.
pub mod arguments;
mod book;
mod bundle;
mod catalogue_text;
mod check;
pub mod check_run;
mod compare;
mod coverage;
mod doctor;
mod evidence;
mod executed;
mod exit_code;
mod exports;
mod ics;
mod init;
mod kills;
mod load;
mod merge;
mod own;
mod part;
mod places;
mod probe;
mod redact;
mod report;
mod reproduced;
mod review;
mod run;
mod scratch;
mod verify;
mod virtual_clock;

use crate::runner::{RunError, load::LoadError, select::SelectionError};
use crate::sut::{SutError, secret};
use anyhow::Result;
use arguments::{Arguments, Command, SchemaOf};
use clap::Parser;
pub use exit_code::ExitCode;
pub use own::OwnFiles;
use std::io::{ErrorKind, Write};

/// Runs the command line of this process. `own` are the suite's own files, for when there are none at hand.
pub fn main(own: &'static OwnFiles) -> std::process::ExitCode {
    own::set(own);
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error).into(),
    };
    match dispatch(arguments) {
        Ok(code) => code.into(),
        Err(error) => {
            complain(&format!("ims-conformance: {}", chain(&error)));
            code_of(&error).into()
        }
    }
}

/// An error and what caused it, each said once.
fn chain(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |said, cause| {
        let cause = cause.to_string();
        match (said.is_empty(), said.contains(&cause)) {
            (true, _) => cause,
            (_, true) => said,
            _ => format!("{said}: {cause}"),
        }
    })
}

fn code_of(error: &anyhow::Error) -> ExitCode {
    if error.is::<SelectionError>() {
        return ExitCode::Usage;
    }
    match error.downcast_ref() {
        Some(LoadError::NotPositive { .. }) => return ExitCode::Usage,
        Some(LoadError::Nothing(_) | LoadError::NotApplicable { .. }) => {
            return ExitCode::NothingJudged;
        }
        _ => {}
    }
    match error.downcast_ref() {
        Some(RunError::Ics(_) | RunError::System(SutError::Waivers { .. })) => ExitCode::Hygiene,
        _ => ExitCode::Error,
    }
}

/// `--help` and `--version` were understood; everything else clap reports was not.
fn usage(error: &clap::Error) -> ExitCode {
    if error.print().is_err() {
        return ExitCode::Error;
    }
    match error.use_stderr() {
        true => ExitCode::Usage,
        false => ExitCode::Pass,
    }
}

fn dispatch(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        None => run::run(arguments.run),
        Some(Command::Run(run)) => run::run(*run),
        Some(Command::Check(arguments)) => check::run(&arguments),
        Some(Command::Load(arguments)) => load::load(*arguments),
        Some(Command::Init(arguments)) => init::init(&arguments),
        Some(Command::Doctor(arguments)) => doctor::examine(&arguments),
        Some(Command::Probe(arguments)) => probe::look(&arguments),
        Some(Command::List(list)) => run::list(&list),
        Some(Command::Explain(explain)) => run::explain(&explain),
        Some(Command::Report(report)) => report::report(&report),
        Some(Command::Redact(arguments)) => redact::redact(&arguments),
        Some(Command::Bundle(arguments)) => bundle::bundle(&arguments),
        Some(Command::Verify(arguments)) => verify::verify(&arguments),
        Some(Command::Book(arguments)) => book::book(&arguments),
        Some(Command::Export(arguments)) => book::export(&arguments),
        Some(Command::Review(review)) => review::review(review),
        Some(Command::Lint(places)) => run::lint(&places),
        Some(Command::Reference(reference)) => {
            crate::reference::run(*reference)?;
            Ok(ExitCode::Pass)
        }
        Some(Command::Schema { of }) => {
            let schema = match of {
                SchemaOf::Load => crate::report::schema::load_record()?,
                SchemaOf::Run => crate::report::schema::run_record()?,
                SchemaOf::Personalities => crate::report::schema::personalities()?,
                SchemaOf::Waivers => crate::report::schema::waivers()?,
                SchemaOf::Profile => crate::report::schema::profile()?,
            };
            say(schema.trim_end());
            Ok(ExitCode::Pass)
        }
    }
}

/// A line on standard output, free of secrets. A reader that went away (`| head`) ends the program quietly, as it does others.
fn say(line: &str) {
    let line = secret::known().text(line);
    if let Err(error) = writeln!(std::io::stdout(), "{line}") {
        let code = match error.kind() {
            ErrorKind::BrokenPipe => 0,
            _ => ExitCode::Error as i32,
        };
        std::process::exit(code);
    }
}

/// A line on standard error, free of secrets; if that fails there is nowhere left to say so.
fn complain(line: &str) {
    let line = secret::known().text(line);
    writeln!(std::io::stderr(), "{line}").unwrap_or_default();
}
