//! Charts of a load as SVG: lines over seconds or percentiles, drawn once wide and once narrow, so that words stay readable on a phone.
//!
//! Colours are those of the page around them. Every value can be read: a column of the chart says its values when it is pointed at.
use std::fmt::Write as _;

/// A line, or an area down to the axis.
pub(super) struct Series {
    pub name: &'static str,
    /// Class of its colour.
    pub class: &'static str,
    pub area: bool,
    /// Nothing leaves a gap.
    pub values: Vec<Option<f64>>,
}

/// A chart whose columns lie side by side at even distances.
pub(super) struct Chart {
    pub title: &'static str,
    /// What the values are, such as `ms`.
    pub unit: &'static str,
    pub series: Vec<Series>,
    /// What stands below the columns at some of them.
    pub ticks: Vec<(usize, String)>,
    /// What each column is, for whoever points at it.
    pub columns: Vec<String>,
    /// A line across, with its name.
    pub limit: Option<(f64, String)>,
    /// Decades instead of even distances.
    pub decades: bool,
}

const HEIGHT: f64 = 220.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 24.0;

impl Chart {
    /// The figure: heading, key, and the drawing for a wide and for a narrow screen.
    pub fn figure(&self) -> String {
        let key: String = self
            .series
            .iter()
            .map(|one| format!("<li class=\"{}\">{}</li>", one.class, one.name))
            .collect();
        let limit = self.limit.as_ref();
        let limit = limit.map_or(String::new(), |(_, name)| {
            format!("<li class=\"limit\">{name}</li>")
        });
        format!(
            "<figure><figcaption>{} <span class=\"quiet\">{}</span></figcaption><ul class=\"key\">{key}{limit}</ul>{}{}</figure>\n",
            self.title,
            self.unit,
            self.svg(720.0, "wide"),
            self.svg(340.0, "narrow"),
        )
    }

    fn most(&self) -> f64 {
        let values = self
            .series
            .iter()
            .flat_map(|one| one.values.iter().flatten());
        let limit = self.limit.as_ref().map_or(0.0, |(at, _)| *at);
        values.fold(limit, |most, value| most.max(*value))
    }

    /// Values at which lines are drawn across, the last one above all that is shown.
    fn grid(&self) -> Vec<f64> {
        let most = Some(self.most()).filter(|most| *most > 0.0).unwrap_or(1.0);
        if self.decades {
            let (least, top) = (self.least().log10().floor(), most.log10().ceil());
            let count = (top - least).max(1.0) as u32;
            return (0..=count)
                .map(|n| 10_f64.powf(least + f64::from(n)))
                .collect();
        }
        let rough = most / 4.0;
        let decade = 10_f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|n| n * decade);
        let step = steps.into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        let count = (most / step).ceil().max(1.0) as u32;
        (0..=count).map(|n| f64::from(n) * step).collect()
    }

    fn least(&self) -> f64 {
        let values = self
            .series
            .iter()
            .flat_map(|one| one.values.iter().flatten());
        let positive = values.copied().filter(|value| *value > 0.0);
        positive.fold(f64::INFINITY, f64::min).clamp(1e-3, 1e6)
    }

    fn svg(&self, width: f64, class: &str) -> String {
        let grid = self.grid();
        let (bottom, top) = (
            grid.first().copied().unwrap_or(0.0),
            grid.last().copied().unwrap_or(1.0),
        );
        let scale = |value: f64| match self.decades {
            true => (value.max(bottom) / bottom).log10() / (top / bottom).log10(),
            false => (value - bottom) / (top - bottom),
        };
        let y = |value: f64| HEIGHT - BOTTOM - scale(value) * (HEIGHT - BOTTOM - TOP);
        let columns = self.columns.len().max(1) as f64;
        let step = (width - LEFT - RIGHT) / columns;
        let x = |column: usize| LEFT + (column as f64 + 0.5) * step;
        let mut out = format!(
            "<svg class=\"{class}\" viewBox=\"0 0 {width} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
            self.title
        );
        // Writing to a String cannot fail.
        for value in &grid {
            let at = y(*value);
            write!(
                out,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                width - RIGHT,
                LEFT - 6.0,
                at + 4.0,
                number(*value)
            )
            .ok();
        }
        let words = if self.decades { 48.0 } else { 64.0_f64 };
        let apart = (words / step).ceil().max(1.0) as usize;
        let mut free = 0;
        for (column, text) in &self.ticks {
            if *column >= free {
                write!(
                    out,
                    "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>",
                    x(*column),
                    HEIGHT - 7.0
                )
                .ok();
                free = column + apart;
            }
        }
        for one in &self.series {
            out.push_str(&drawn(one, &x, &y, (step, y(bottom))));
        }
        if let Some((at, _)) = &self.limit {
            let at = y(*at);
            write!(
                out,
                "<line class=\"limit\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>",
                width - RIGHT
            )
            .ok();
        }
        for (column, what) in self.columns.iter().enumerate() {
            write!(
                out,
                "<rect class=\"column\" x=\"{:.1}\" y=\"{TOP}\" width=\"{step:.2}\" height=\"{:.1}\"><title>{what}{}</title></rect>",
                LEFT + column as f64 * step,
                HEIGHT - BOTTOM - TOP,
                self.values_at(column)
            )
            .ok();
        }
        out.push_str("</svg>");
        out
    }

    fn values_at(&self, column: usize) -> String {
        let values = self.series.iter().filter_map(|one| {
            let value = one.values.get(column).copied().flatten()?;
            Some(format!("\n{} {}", one.name, number(value)))
        });
        values.collect()
    }
}

/// A line through the columns that have a value; a single one is a dash as wide as its column.
fn drawn(
    series: &Series,
    x: &impl Fn(usize) -> f64,
    y: &impl Fn(f64) -> f64,
    (step, floor): (f64, f64),
) -> String {
    let mut out = String::new();
    let values = &series.values;
    let mut at = 0;
    while at < values.len() {
        let run: Vec<(f64, f64)> = values[at..]
            .iter()
            .enumerate()
            .map_while(|(offset, value)| value.map(|value| (x(at + offset), y(value))))
            .collect();
        if run.is_empty() {
            at += 1;
            continue;
        }
        at += run.len();
        let mut points = vec![(run[0].0 - step / 2.0, run[0].1)];
        points.extend(&run);
        let last = run[run.len() - 1];
        points.push((last.0 + step / 2.0, last.1));
        let line: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let line = line.join(" ");
        if series.area {
            let (from, to) = (points[0].0, points[points.len() - 1].0);
            write!(
                out,
                "<polygon class=\"area {}\" points=\"{from:.1},{floor:.1} {line} {to:.1},{floor:.1}\"/>",
                series.class
            )
            .ok();
        }
        write!(
            out,
            "<polyline class=\"{}\" points=\"{line}\"/>",
            series.class
        )
        .ok();
    }
    out
}

/// As short as it can be read.
pub(super) fn number(value: f64) -> String {
    let digits = match value.abs() {
        value if value >= 100.0 || value.fract() == 0.0 => 0,
        value if value >= 10.0 => 1,
        value if value >= 0.1 => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: Vec<Option<f64>>, decades: bool) -> Chart {
        Chart {
            title: "A chart",
            unit: "ms",
            columns: values.iter().map(|_| "second".to_owned()).collect(),
            series: vec![Series {
                name: "p50",
                class: "median",
                area: false,
                values,
            }],
            ticks: vec![(0, "0".to_owned())],
            limit: None,
            decades,
        }
    }

    #[test]
    fn a_gap_divides_the_line() {
        let svg = chart(vec![Some(1.0), None, Some(3.0), Some(2.0)], false).figure();
        assert_eq!(
            svg.matches("<polyline").count(),
            4,
            "two, each wide and narrow"
        );
        assert!(svg.contains("second\np50 3"));
    }

    #[test]
    fn the_grid_goes_above_the_highest_value_in_round_steps() {
        assert_eq!(
            chart(vec![Some(9.0)], false).grid(),
            [0.0, 2.5, 5.0, 7.5, 10.0]
        );
        assert_eq!(
            chart(vec![Some(0.5), Some(80.0)], true).grid(),
            [0.1, 1.0, 10.0, 100.0]
        );
        assert_eq!(chart(vec![], false).grid().len(), 5);
    }

    #[test]
    fn numbers_are_short() {
        let texts = [0.0, 0.052, 0.25, 12.34, 1234.5].map(number);
        assert_eq!(texts, ["0", "0.052", "0.25", "12.3", "1234"]);
    }
}
