//! The kill matrix as text: its figures in words, CSV with a line for each kill, Markdown requirement by requirement.
use super::kills::{Figures, Matrix, stated};
use super::markdown::cell;
use std::fmt::Write;

impl Matrix {
    /// One line for each kill.
    pub fn csv(&self) -> String {
        let mut out = String::from(
            "fault,breaks,carriage,test_case,failing_requirement,on_the_row,only_test_case_on_the_row\n",
        );
        for row in self.proofs.iter().flat_map(|proof| &proof.faults) {
            for kill in &row.kills {
                let yes = |so: bool| if so { "yes" } else { "no" };
                let only = row.only.as_deref() == Some(stated(&kill.id)) && kill.on_the_row;
                writeln!(
                    out,
                    "{},{},{},{},{},{},{}",
                    row.fault,
                    row.breaks,
                    row.carriage.as_deref().unwrap_or_default(),
                    kill.id,
                    kill.requirement,
                    yes(kill.on_the_row),
                    yes(only)
                )
                .unwrap_or_default();
            }
        }
        out
    }

    /// Figures, requirement by requirement, and what fails under no fault.
    pub fn markdown(&self) -> String {
        let mut out = String::from("# Kill matrix\n\n");
        for (count, of, what) in self.figures.lines() {
            let of = of.map_or(String::new(), |of| format!(" of {of}{}", share(count, of)));
            writeln!(out, "- **{count}**{of} {what}").unwrap_or_default();
        }
        out.push_str("\n| Requirement | Faults | Test cases that fail on the row | Faults with one such test case only |\n|---|---|---|---|\n");
        for proof in &self.proofs {
            let names: Vec<&str> = proof.faults.iter().map(|row| row.fault.as_str()).collect();
            let names = match &proof.why {
                Some(why) => format!("none: {why}"),
                None => names.join(", "),
            };
            let only = proof.faults.iter().filter(|row| row.only.is_some()).count();
            writeln!(
                out,
                "| {} | {names} | {} of {} | {only} |",
                proof.id, proof.killers, proof.cases
            )
            .unwrap_or_default();
        }
        out.push_str("\n## Test cases that fail under no fault\n\n| Test case | Title | Why |\n|---|---|---|\n");
        for case in &self.idle {
            let gap = if case.gap { "Gap. " } else { "" };
            let title = cell(&case.title);
            writeln!(out, "| {} | {title} | {gap}{} |", case.id, case.why).unwrap_or_default();
        }
        out
    }
}

fn share(count: usize, of: usize) -> String {
    match of {
        0 => String::new(),
        _ => {
            let thousandths = (count * 1000 + of / 2) / of;
            format!(" ({}.{} %)", thousandths / 10, thousandths % 10)
        }
    }
}

impl Figures {
    /// A count, what it is out of, and what is counted.
    pub fn lines(&self) -> [(usize, Option<usize>, &'static str); 7] {
        [
            (
                self.caught,
                Some(self.faults),
                "faults make a test case fail on the requirement they break",
            ),
            (
                self.on_the_row,
                Some(self.kills),
                "kills name the requirement that the fault breaks",
            ),
            (
                self.beside,
                Some(self.kills),
                "kills name another one that cannot hold beside the fault, with the reason in writing",
            ),
            (
                self.unique,
                Some(self.faults),
                "faults are met by one test case only, which nothing could replace",
            ),
            (
                self.proven,
                Some(self.judged),
                "judged requirements are broken by a fault of their own",
            ),
            (
                self.killers,
                Some(self.cases - self.controls),
                "test cases, not counting controls, fail under some fault",
            ),
            (
                self.gaps,
                None,
                "test cases wait for a fault that nobody has written yet",
            ),
        ]
    }
}
