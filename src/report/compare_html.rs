//! A comparison of runs as one HTML file that needs nothing else: the matrix of all test cases, those that differ first to be seen.
use super::compare::{Cell, Comparison, Row};
use crate::verdict::Verdict;

const HEAD: &str = r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Comparison of runs</title>
<style>
:root { color-scheme: light dark; --line: #8886; --pass: #1a7f37; --fail: #b3261e; --inconc: #8a5a00; --other: #5a6470; }
@media (prefers-color-scheme: dark) { :root { --pass: #5fd07f; --fail: #ff8a80; --inconc: #f0b95a; --other: #a5b0bc; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 90rem; padding: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .5rem; text-align: left; vertical-align: top; }
thead th { position: sticky; top: 0; background: Canvas; }
.pass { color: var(--pass); } .fail, .error, .none { color: var(--fail); font-weight: 600; }
.inconc { color: var(--inconc); font-weight: 600; } .absent, .not-applicable { color: var(--other); }
.scroll { overflow-x: auto; } small { color: var(--other); } pre { white-space: pre-wrap; margin: 0; }
#differ:checked ~ .scroll tr.alike { display: none; }
@media print { #differ, label { display: none; } tr { break-inside: avoid; } }
</style></head><body>
<h1>Comparison of runs</h1>
"#;

pub fn html(comparison: &Comparison) -> String {
    let mut out = HEAD.to_owned();
    out.push_str("<div class=\"scroll\"><table><thead><tr><th>Run</th><th>System</th><th>Started</th><th>Verdicts</th><th>Record</th></tr></thead><tbody>\n");
    for run in &comparison.runs {
        let cells = [
            &run.letter,
            &run.system,
            &run.started,
            &run.totals,
            &run.path,
        ];
        let cells: String = cells
            .map(|text| format!("<td>{}</td>", escaped(text)))
            .concat();
        out.push_str(&format!("<tr>{cells}</tr>\n"));
    }
    out.push_str("</tbody></table></div>\n");
    for line in &comparison.unlike {
        out.push_str(&format!(
            "<p><strong>Not alike:</strong> {}</p>\n",
            escaped(line)
        ));
    }
    out.push_str(&format!("<p>{}.</p>\n", escaped(&comparison.count())));
    out.push_str(
        "<input type=\"checkbox\" id=\"differ\" checked> <label for=\"differ\">Only what is not alike</label>\n",
    );
    out.push_str("<div class=\"scroll\"><table><thead><tr><th>Requirement</th><th>Test case</th>");
    for run in &comparison.runs {
        out.push_str(&format!(
            "<th title=\"{}\">{}</th>",
            escaped(&run.system),
            escaped(&run.letter)
        ));
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in &comparison.rows {
        out.push_str(&tr(row));
    }
    out.push_str("</tbody></table></div>\n</body></html>\n");
    out
}

fn tr(row: &Row) -> String {
    let alike = match row.differs() || row.ladder.is_some() {
        true => "",
        false => " class=\"alike\"",
    };
    let mut out = format!(
        "<tr{alike}><td>{}</td><td>{}<br><small>{}</small>",
        escaped(&row.requirement),
        escaped(&row.id),
        escaped(&row.title)
    );
    if let Some(line) = &row.ladder {
        out.push_str(&format!(
            "<pre><small>ladder: {}</small></pre>",
            escaped(line)
        ));
    }
    out.push_str("</td>");
    for cell in &row.cells {
        let cause = match cell.cause.as_str() {
            "" => String::new(),
            cause => format!("<br><small>{}</small>", escaped(cause)),
        };
        out.push_str(&format!(
            "<td class=\"{}\">{}{cause}</td>",
            class(cell),
            escaped(&cell.kind)
        ));
    }
    out.push_str("</tr>\n");
    out
}

fn class(cell: &Cell) -> &'static str {
    match cell.verdict {
        Some(Verdict::Pass) => "pass",
        Some(Verdict::Fail) => "fail",
        Some(Verdict::Inconc) => "inconc",
        Some(Verdict::Error) => "error",
        Some(Verdict::None) => "none",
        Some(Verdict::NotApplicable) => "not-applicable",
        None => "absent",
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push(c),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::compare::{compare, tests::runs};
    use crate::verdict::Verdict::{Fail, Pass};

    #[test]
    fn what_is_alike_can_be_hidden_and_hostile_words_stay_words() {
        let mut two = runs(&[&[Some(Pass), Some(Pass)], &[Some(Fail), Some(Pass)]]);
        two[1].1.system.name = "<script>alert(1)</script>".to_owned();
        two[1].1.cases[0].cause = "\"<b>\" 'x'".to_owned();
        let said = html(&compare(&two));
        assert_eq!(said.matches("<tr class=\"alike\">").count(), 1);
        assert!(!said.contains("<script>") && !said.contains("<b>"));
        assert!(
            said.contains("<td class=\"fail\">FAIL/wrong-value"),
            "{said}"
        );
    }

    #[test]
    fn only_a_pass_has_the_colour_of_a_pass() {
        let all = [
            Verdict::None,
            Verdict::NotApplicable,
            Verdict::Inconc,
            Verdict::Fail,
            Verdict::Error,
        ];
        for verdict in all {
            let said = html(&compare(&runs(&[&[Some(verdict)], &[None]])));
            assert!(!said.contains("class=\"pass\""), "{verdict:?}");
            assert!(!said.contains("PASS"), "{verdict:?}");
        }
    }
}
