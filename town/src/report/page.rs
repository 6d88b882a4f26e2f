//! The report as a page, which needs nothing from elsewhere.

use super::chart::{area, bars, escaped, number, ranges};
use super::summary::{problems, what_was_checked};
use super::{FORMAT, Report, dollars};

const STYLE: &str = include_str!("page.css");

/// Returns the page.
pub fn page(report: &Report) -> String {
    let Report { town, run, .. } = report;
    let lead = format!(
        "{} people with {:.0} contacts each in the mean, seed {}, against {}. {} of {} days in {}, \
         {} at once.",
        number(f64::from(town.people)),
        town.contacts_mean,
        town.seed,
        escaped(&run.url),
        run.days_done,
        run.days,
        duration(run.use_seconds + run.settle_seconds),
        run.at_once
    );
    let early = if run.stopped_early {
        format!(
            "<p class=\"verdict bad\">It stopped early: the {} minutes were over.</p>",
            run.minutes
        )
    } else {
        String::new()
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"generator\" content=\"{FORMAT}\">\n<title>A town</title>\n\
         <style>\n{STYLE}</style>\n<main>\n<h1>A town</h1>\n<p class=\"lead\">{lead}</p>\n\
         {}{early}{}{}{}{}</main>\n</html>\n",
        verdict(report),
        figures(report),
        charts(report),
        requests(report),
        units(report)
    )
}

fn verdict(report: &Report) -> String {
    let (class, what, why) = if report.nothing_lost {
        ("verdict", "Nothing was lost", what_was_checked(report))
    } else {
        ("verdict bad", "Something is wrong", problems(report).join(", "))
    };
    format!("<p class=\"{class}\"><b>{what}</b>: {}.</p>\n", escaped(&why))
}

fn figures(report: &Report) -> String {
    let Report { run, requests, joins, units, .. } = report;
    let mut figures = vec![
        (number(f64::from(run.signed_up)), "people signed up".to_owned()),
        (number(run.contacts_uploaded as f64), "contacts uploaded".to_owned()),
        (number(run.requests_per_second), "requests a second".to_owned()),
        (number(requests.attempts() as f64), "requests".to_owned()),
    ];
    match joins {
        Some(joins) => {
            figures.push((number(joins.pushes as f64), "pushes".to_owned()));
            let median = format!("{} ms", number(joins.delay.p50_ms));
            figures.push((median, "from sign-up to push, in the median".to_owned()));
        }
        None => figures.push(("–".to_owned(), "pushes, which this server doesn't tell".to_owned())),
    }
    match units {
        Some(units) => {
            let thousand = units.dollars_per_person * 1000.0;
            figures.push((
                format!("${:.2}", units.dollars),
                format!("for DynamoDB; ${thousand:.2} for 1,000 people"),
            ));
        }
        None => figures.push(("–".to_owned(), "units, which this server doesn't tell".to_owned())),
    }
    let figures = figures
        .iter()
        .map(|(figure, what)| format!("<div><strong>{figure}</strong><span>{what}</span></div>\n"));
    format!("<div class=\"figures\">\n{}</div>\n", figures.collect::<String>())
}

fn charts(report: &Report) -> String {
    let Report { town, run, requests, joins, .. } = report;
    let mut charts = String::new();
    let mut add = |title: &str, chart: String, caption: &str| {
        charts.push_str(&format!(
            "<figure>\n<h2>{title}</h2>\n{chart}\n<figcaption>{caption}</figcaption>\n</figure>\n"
        ));
    };

    let mut here = 0.0;
    let sum = |new: &u32| {
        here += f64::from(*new);
        here
    };
    let curve: Vec<f64> = run.sign_ups_by_day.iter().map(sum).collect();
    let title = "People who have the app";
    add(title, area(title, &curve, "days"), "At the end of each day.");

    let values = as_floats(&town.contacts_histogram);
    let title = "People by the number of their contacts";
    let caption = format!(
        "Each bar begins at its number. Half have at most {}, one of a hundred has more than {}, \
         and somebody has {}. {:.0} % of the contacts live in the town.",
        town.contacts_median,
        town.contacts_p99,
        town.contacts_most,
        town.contacts_of_town_share * 100.0
    );
    add(title, bars(title, &powers_of_two(values.len(), ""), &values), &caption);

    let rows: Vec<_> =
        requests.kinds.iter().map(|kind| (kind.kind.title(), kind.latency)).collect();
    let title = "How long requests took";
    let caption = "The bar is from the median to the 99th percentile, with a dot at the 90th. The \
                   grey dot is the slowest.";
    add(title, ranges(title, &rows), caption);

    let by_second: Vec<f64> = requests.by_second.iter().map(|count| f64::from(*count)).collect();
    let title = "Requests in each second";
    add(title, area(title, &by_second, "seconds"), "With those of the check at the end.");

    if let Some(joins) = joins.as_ref().filter(|joins| !joins.delay_histogram.is_empty()) {
        let values = as_floats(&joins.delay_histogram);
        let title = "From a sign-up to the pushes about it";
        let labels = powers_of_two(values.len(), " s");
        let caption = format!(
            "Seconds from the answer; each bar begins at its number. 99 % came within {} ms, and the last within {} ms.",
            number(joins.delay.p99_ms),
            number(joins.delay.max_ms)
        );
        add(title, bars(title, &labels, &values), &caption);
    }
    format!("<div class=\"charts\">\n{charts}</div>\n")
}

fn requests(report: &Report) -> String {
    let all: f64 = report.requests.kinds.iter().map(|kind| kind.busy_seconds).sum();
    let rows = report.requests.kinds.iter().map(|kind| {
        let statuses: Vec<String> =
            kind.statuses.iter().map(|(status, count)| format!("{count} × {status}")).collect();
        let latency = kind.latency;
        format!(
            "<tr><td>{}<td>{}<td>{:.1}<td>{:.1}<td>{:.1}<td>{:.1}<td>{:.0} %<td>{}</tr>\n",
            kind.kind.title(),
            number(kind.count as f64),
            latency.p50_ms,
            latency.p90_ms,
            latency.p99_ms,
            latency.max_ms,
            100.0 * kind.busy_seconds / all.max(f64::MIN_POSITIVE),
            statuses.join(", ")
        )
    });
    let failures = report.requests.failures.iter().map(|(reason, count)| {
        format!("<p class=\"note\">{count} requests had no answer: {}.</p>\n", escaped(reason))
    });
    format!(
        "<section>\n<h2>Requests</h2>\n<table>\n<tr><th>request<th>count<th>p50 ms<th>p90 ms<th>p99 ms\
         <th>max ms<th>share of the time<th>statuses</tr>\n{}</table>\n{}</section>\n",
        rows.collect::<String>(),
        failures.collect::<String>()
    )
}

fn units(report: &Report) -> String {
    let Some(units) = &report.units else { return String::new() };
    let rows = units.by_work.iter().map(|(work, of)| {
        format!(
            "<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{:.4}</tr>\n",
            escaped(work),
            number(of.times as f64),
            number(of.calls as f64),
            number(of.read),
            number(of.write),
            dollars(of.read, of.write)
        )
    });
    let missed = match units.events_missed {
        0 => String::new(),
        missed => format!(
            "<p class=\"note\">{} events were forgotten by the server before they were read. Their \
             units aren't counted.</p>\n",
            number(missed as f64)
        ),
    };
    format!(
        "<section>\n<h2>DynamoDB</h2>\n<table>\n<tr><th>work<th>times<th>calls<th>read units\
         <th>write units<th>$</tr>\n{}</table>\n{missed}<p class=\"note\">On demand in us-east-1. \
         Lambda, API Gateway, SQS and SNS come on top.</p>\n</section>\n",
        rows.collect::<String>()
    )
}

fn as_floats(counts: &[u32]) -> Vec<f64> {
    counts.iter().map(|count| f64::from(*count)).collect()
}

/// Returns the labels of [`super::by_powers_of_two`]: where each begins.
fn powers_of_two(count: usize, unit: &str) -> Vec<String> {
    let label = |power: usize| match power {
        0 => format!("0{unit}"),
        power => format!("{}{unit}", 1_u64 << (power - 1)),
    };
    (0..count).map(label).collect()
}

fn duration(seconds: f64) -> String {
    match seconds {
        short if short < 120.0 => format!("{short:.0} seconds"),
        long => format!("{:.1} minutes", long / 60.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report;

    #[test]
    fn the_page_needs_nothing_from_elsewhere_and_has_every_part() {
        let page = page(&report());
        for foreign in ["src=", "href=", "url(", "<script", "@import"] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        assert_eq!(page.matches("<svg").count(), 5);
        for part in
            ["Nothing was lost", "POST /address_book", "first upload", "can't connect", FORMAT]
        {
            assert!(page.contains(part), "{part}");
        }
    }

    #[test]
    fn a_deployed_stack_and_a_loss_are_said() {
        let mut report = report();
        (report.joins, report.units, report.nothing_lost) = (None, None, false);
        report.matches.missing = 2;
        report.run.url = "https://<b>".to_owned();
        let page = page(&report);
        for part in
            ["Something is wrong</b>: 2 matches are missing.", "doesn't tell", "https://&lt;b&gt;"]
        {
            assert!(page.contains(part), "{part}");
        }
        assert_eq!(page.matches("<svg").count(), 4);
    }
}
