//! A comparison of runs as text for a terminal and as Markdown: of two, what changed; of more, a matrix of what is not alike.
use super::compare::{Cell, Change, Comparison, Row};
use super::markdown::cell as escaped;

/// What changes are called, worst first.
const CHANGES: [(Change, &str); 3] = [
    (Change::Worse, "passed before, and do no more"),
    (Change::Better, "pass now, and did not before"),
    (
        Change::Other,
        "came to something else, and pass neither way",
    ),
];

pub fn text(comparison: &Comparison) -> String {
    let mut out = String::new();
    if comparison.is_of_two() {
        for (change, words) in CHANGES {
            let rows: Vec<&Row> = comparison.changed(change).collect();
            if rows.is_empty() {
                continue;
            }
            out.push_str(&format!("{} {words}\n", rows.len()));
            for row in rows {
                out.push_str(&format!("  {}   {}\n", row.id, kinds(row, " -> ")));
                let cause = row.cells.last().map(|cell| cell.cause.as_str());
                for line in cause.unwrap_or_default().lines() {
                    out.push_str(&format!("      {line}\n"));
                }
            }
            out.push('\n');
        }
        let ladders: Vec<(&Row, &str)> = comparison.ladders().collect();
        if !ladders.is_empty() {
            out.push_str(&format!("{} changed ladders\n", ladders.len()));
            for (row, line) in ladders {
                out.push_str(&format!("  {}   {line}\n", row.id));
            }
            out.push('\n');
        }
    } else {
        out.push_str(&table(comparison));
    }
    out.push_str(&legend(comparison));
    out.push_str(&format!("{}\n", comparison.count()));
    out
}

fn kinds(row: &Row, between: &str) -> String {
    let kinds: Vec<&str> = row.cells.iter().map(|cell| cell.kind.as_str()).collect();
    kinds.join(between)
}

/// The rows that differ, in columns.
fn table(comparison: &Comparison) -> String {
    let rows: Vec<&Row> = comparison.rows.iter().filter(|row| row.differs()).collect();
    if rows.is_empty() {
        return String::new();
    }
    let mut lines = vec![vec!["test case".to_owned()]];
    lines[0].extend(comparison.runs.iter().map(|run| run.letter.clone()));
    for row in rows {
        let cells = row.cells.iter().map(|cell| cell.kind.clone());
        lines.push([row.id.clone()].into_iter().chain(cells).collect());
    }
    let width = |column: usize| {
        let cells = lines.iter().map(|line| line[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..=comparison.runs.len()).map(width).collect();
    let mut out = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    out.push('\n');
    out
}

fn legend(comparison: &Comparison) -> String {
    let mut out = String::new();
    for run in &comparison.runs {
        out.push_str(&format!(
            "{}  {}  {}  {}: {}\n",
            run.letter, run.system, run.started, run.path, run.totals
        ));
    }
    for line in &comparison.unlike {
        out.push_str(&format!("not alike  {line}\n"));
    }
    out
}

pub fn markdown(comparison: &Comparison) -> String {
    let mut out = "## Comparison of runs\n\n| Run | System | Started | Verdicts | Record |\n|---|---|---|---|---|\n".to_owned();
    for run in &comparison.runs {
        out.push_str(&format!(
            "| {} | {} | {} | {} | {} |\n",
            run.letter,
            escaped(&run.system),
            escaped(&run.started),
            escaped(&run.totals),
            escaped(&run.path)
        ));
    }
    for line in &comparison.unlike {
        out.push_str(&format!("\n**Not alike:** {}\n", escaped(line)));
    }
    out.push_str(&format!("\n{}.\n", comparison.count()));
    if comparison.is_of_two() {
        for (change, words) in CHANGES {
            let rows: Vec<&Row> = comparison.changed(change).collect();
            if !rows.is_empty() {
                out.push_str(&format!("\n### {} {words}\n\n", rows.len()));
                out.push_str(&matrix(comparison, &rows, true));
            }
        }
        let ladders: Vec<(&Row, &str)> = comparison.ladders().collect();
        if !ladders.is_empty() {
            out.push_str(&format!(
                "\n### {} changed ladders\n\n| Test case | First difference |\n|---|---|\n",
                ladders.len()
            ));
            for (row, line) in ladders {
                out.push_str(&format!("| {} | {} |\n", escaped(&row.id), escaped(line)));
            }
        }
    } else {
        let rows: Vec<&Row> = comparison.rows.iter().filter(|row| row.differs()).collect();
        if !rows.is_empty() {
            out.push('\n');
            out.push_str(&matrix(comparison, &rows, false));
        }
    }
    let all: Vec<&Row> = comparison.rows.iter().collect();
    out.push_str(&format!(
        "\n<details><summary>All test cases</summary>\n\n{}\n</details>\n",
        matrix(comparison, &all, false)
    ));
    out
}

fn matrix(comparison: &Comparison, rows: &[&Row], with_cause: bool) -> String {
    let mut out = "| Requirement | Test case |".to_owned();
    for run in &comparison.runs {
        out.push_str(&format!(" {} |", run.letter));
    }
    let columns = comparison.runs.len() + 2 + usize::from(with_cause);
    out.push_str(if with_cause { " Cause |\n|" } else { "\n|" });
    out.push_str(&"---|".repeat(columns));
    out.push('\n');
    for row in rows {
        out.push_str(&format!(
            "| {} | {} |",
            escaped(&row.requirement),
            escaped(&row.id)
        ));
        for cell in &row.cells {
            out.push_str(&format!(" {} |", shown(cell)));
        }
        if with_cause {
            let cause = row.cells.last().map_or("", |cell| cell.cause.as_str());
            out.push_str(&format!(" {} |", escaped(cause)));
        }
        out.push('\n');
    }
    out
}

fn shown(cell: &Cell) -> String {
    escaped(&cell.kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::compare::{compare, tests::runs};
    use crate::verdict::Verdict::{Fail, Inconc, Pass};

    #[test]
    fn of_two_runs_what_changed_is_listed_with_its_cause() {
        let two = compare(&runs(&[
            &[Some(Pass), Some(Pass)],
            &[Some(Fail), Some(Pass)],
        ]));
        let said = text(&two);
        assert!(said.contains("1 passed before, and do no more\n  TC-POL-01-01   PASS -> FAIL/wrong-value\n      the invitation was answered 200 OK\n"), "{said}");
        assert!(!said.contains("TC-POL-02-01"), "{said}");
        let said = markdown(&two);
        assert!(
            said.contains("| POL-01 | TC-POL-01-01 | PASS | FAIL/wrong-value |"),
            "{said}"
        );
        assert!(
            said.contains("| POL-02 | TC-POL-02-01 | PASS | PASS |"),
            "{said}"
        );
    }

    #[test]
    fn of_more_runs_there_is_a_matrix() {
        let three = compare(&runs(&[
            &[Some(Pass), Some(Pass)],
            &[Some(Inconc), Some(Pass)],
            &[None, Some(Pass)],
        ]));
        let said = text(&three);
        assert!(
            said.starts_with("test case     A     B                      C\nTC-POL-01-01  PASS  INCONC/not-stimulated  not run\n\nA  box-1"),
            "{said}"
        );
        assert!(markdown(&three).contains("| PASS | INCONC/not-stimulated | not run |"));
    }
}
