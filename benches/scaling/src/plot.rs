//! The figures as a picture: children to the right, CPU time up, both logarithmic.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 360.0;
/// Where the axes are.
const LEFT: f64 = 60.0;
const BOTTOM: f64 = 310.0;
const RIGHT: f64 = 600.0;
const TOP: f64 = 30.0;
const COLOURS: [&str; 3] = ["#1b6ca8", "#c7522a", "#4c8c4a"];

/// A line for each name, through a point for each number of children.
pub(crate) fn svg(children: &[usize], lines: &[(&str, Vec<f64>)]) -> String {
    let decades = |value: f64| value.log10();
    let (first, last) = (children[0] as f64, children[children.len() - 1] as f64);
    let x = |n: usize| {
        let part = (decades(n as f64) - decades(first)) / (decades(last) - decades(first));
        LEFT + part * (RIGHT - LEFT)
    };
    // From 0.1 us to 1 ms.
    let y = |micros: f64| BOTTOM - (decades(micros) + 1.0) / 4.0 * (BOTTOM - TOP);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    );
    for (label, micros) in
        [("0.1 us", 0.1), ("1 us", 1.0), ("10 us", 10.0), ("100 us", 100.0), ("1 ms", 1_000.0)]
    {
        let y = y(micros);
        add(&mut out, format_args!("<path d=\"M{LEFT} {y:.1}H{RIGHT}\" stroke=\"#dddddd\"/>"));
        text(&mut out, LEFT - 6.0, y + 4.0, "end", label);
    }
    for &n in children {
        text(&mut out, x(n), BOTTOM + 20.0, "middle", &crate::grouped(n));
    }
    text(&mut out, f64::midpoint(LEFT, RIGHT), BOTTOM + 42.0, "middle", "children in the tree");
    for ((name, values), colour) in lines.iter().zip(COLOURS) {
        let points = children.iter().zip(values).map(|(&n, &micros)| (x(n), y(micros)));
        let mut path = String::new();
        for (x, y) in points.clone() {
            write!(path, "{x:.1},{y:.1} ").expect("a string");
        }
        add(
            &mut out,
            format_args!(
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                path.trim_end()
            ),
        );
        for (x, y) in points.clone() {
            add(
                &mut out,
                format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"),
            );
        }
        if let Some((x, y)) = points.last() {
            text(&mut out, x + 10.0, y + 4.0, "start", name);
        }
    }
    out.push_str("</svg>\n");
    out
}

fn add(out: &mut String, element: std::fmt::Arguments<'_>) {
    writeln!(out, "{element}").expect("a string");
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    add(
        out,
        format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"#333333\">{text}</text>"
        ),
    );
}
