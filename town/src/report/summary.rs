//! The few lines that are printed at the end.

use std::fmt::Write as _;
use std::path::Path;

use super::Report;
use crate::check::{MatchCheck, PushCheck};

/// Returns what happened, for people.
pub fn summary(report: &Report, page: &Path) -> String {
    let Report { town, run, requests, joins, units, .. } = report;
    let mut text = String::new();
    let mut line = |line: std::fmt::Arguments<'_>| {
        let _ = writeln!(text, "{line}");
    };
    line(format_args!(
        "Town      {} people, {:.0} contacts each in the mean (most: {}), seed {}",
        town.people, town.contacts_mean, town.contacts_most, town.seed
    ));
    line(format_args!(
        "Use       {} signed up, {} requests in {:.0} s: {:.0} a second",
        run.signed_up,
        requests.attempts(),
        run.use_seconds,
        run.requests_per_second
    ));
    if run.stopped_early {
        line(format_args!(
            "          Stopped early, after {} of {} days: the {} minutes were over.",
            run.days_done, run.days, run.minutes
        ));
    }
    for kind in &requests.kinds {
        let latency = kind.latency;
        line(format_args!(
            "          {:<32} {:>8}   p50 {:>7.1}   p99 {:>7.1} ms",
            kind.kind.title(),
            kind.count,
            latency.p50_ms,
            latency.p99_ms
        ));
    }
    let failed: Vec<String> = requests
        .statuses
        .iter()
        .filter(|(status, _)| **status >= 400)
        .map(|(status, count)| format!("{count} × {status}"))
        .chain(requests.failures.iter().map(|(reason, count)| format!("{count} × {reason}")))
        .collect();
    if !failed.is_empty() {
        line(format_args!("Failures  {}; {} retries", failed.join(", "), requests.retries));
    }
    match joins {
        Some(joins) => line(format_args!(
            "Joins     {} pushes, half of them within {:.0} ms of the sign-up, 99 % within {:.0} ms",
            joins.pushes, joins.delay.p50_ms, joins.delay.p99_ms
        )),
        None => line(format_args!("Joins     pushes aren't told by this server")),
    }
    match units {
        Some(units) => line(format_args!(
            "DynamoDB  {:.0} read units, {:.0} write units: ${:.2}, or ${:.2} for 1,000 people",
            units.read,
            units.write,
            units.dollars,
            units.dollars_per_person * 1000.0
        )),
        None => line(format_args!("DynamoDB  units aren't told by this server")),
    }
    if report.nothing_lost {
        line(format_args!("Checked   nothing was lost: {}", what_was_checked(report)));
    } else {
        line(format_args!("Checked   SOMETHING IS WRONG: {}", problems(report).join(", ")));
    }
    line(format_args!("Report    {}", page.display()));
    text
}

/// Says what was compared.
pub fn what_was_checked(report: &Report) -> String {
    let matches = format!(
        "{} matches of {} people are exactly who is here",
        report.matches.expected, report.matches.people
    );
    match report.joins.as_ref().and_then(|joins| joins.check) {
        Some(pushes) => format!("{matches}, and {} pushes came exactly once", pushes.expected),
        None => matches,
    }
}

/// Says what is wrong, in parts of a sentence.
pub fn problems(report: &Report) -> Vec<String> {
    let MatchCheck { people_unchecked, missing, unexpected, misnamed, rejected, .. } =
        report.matches;
    let pushes = report.joins.as_ref().and_then(|joins| joins.check).unwrap_or_default();
    let PushCheck { events_missed, .. } = pushes;
    let counted = [
        (people_unchecked, "people couldn't be checked"),
        (missing, "matches are missing"),
        (unexpected, "matches are too many"),
        (misnamed, "matches have another name than in the book"),
        (rejected, "contacts were refused"),
        (pushes.missing, "pushes are missing"),
        (pushes.repeated, "pushes came again"),
        (pushes.unexpected, "pushes are about strangers"),
    ];
    let mut problems: Vec<String> = counted
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if pushes.missing > 0 && events_missed > 0 {
        problems.push(format!(
            "{events_missed} events were forgotten by the server before they were read, which may \
             be why"
        ));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report;

    #[test]
    fn the_lines_say_whether_something_was_lost() {
        let mut report = report();
        let text = summary(&report, Path::new("x/report.html"));
        let checked =
            "nothing was lost: 2 matches of 2 people are exactly who is here, and 1 pushes";
        assert!(text.contains(checked) && text.contains("x/report.html"), "{text}");
        assert!(text.contains("1 × can't connect") && !text.contains("Stopped early"), "{text}");

        report.nothing_lost = false;
        report.matches.missing = 3;
        report.run.stopped_early = true;
        (report.joins, report.units) = (None, None);
        let text = summary(&report, Path::new("x"));
        for part in
            ["SOMETHING IS WRONG: 3 matches are missing\n", "Stopped early", "units aren't told"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
