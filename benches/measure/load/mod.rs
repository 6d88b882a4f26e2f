//! Measures warm handlers under concurrent callers.

mod town;
mod work;

use std::sync::Arc;
use std::time::Instant;

use town::Town;
use work::Work;

use crate::report::number;

/// Callers, each with a book of their own.
const CALLERS: [usize; 3] = [1, 8, 64];
/// Requests of each measurement. A caller may change a book 2,000 times at once.
const REQUESTS: usize = 1_500;

/// Measures all handlers, and returns the table as Markdown.
pub fn run() -> String {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut rows: Vec<Vec<String>> = Work::ALL.map(|_| vec![]).into();
    for callers in CALLERS {
        let town = Arc::new(runtime.block_on(Town::new(callers)));
        for (work, rows) in Work::ALL.into_iter().zip(&mut rows) {
            eprintln!("load: {}, {callers} callers", work.name());
            let (seconds, mut times) = runtime.block_on(measure(&town, work));
            times.sort_by(f64::total_cmp);
            let quantile = |of: f64| times[((times.len() - 1) as f64 * of) as usize];
            let rate = number((times.len() as f64 / seconds).round());
            let (half, most) = (quantile(0.5), quantile(0.99));
            rows.push(format!(
                "| {} | {callers} | {rate} | {half:.2} ms | {most:.2} ms |",
                work.name()
            ));
        }
    }
    let head = "| handler | callers | requests per second | p50 | p99 |\n|---|--:|--:|--:|--:|\n";
    head.to_owned() + &rows.concat().join("\n")
}

/// Returns the seconds that all requests took together, and the milliseconds of each.
async fn measure(town: &Arc<Town>, work: Work) -> (f64, Vec<f64>) {
    let each = work.most().min(REQUESTS / town.callers());
    let events = work.events(town, each).await;
    let started = Instant::now();
    let tasks: Vec<_> = events
        .into_iter()
        .map(|events| {
            let town = Arc::clone(town);
            tokio::spawn(async move {
                let mut times = vec![];
                for event in events {
                    let sent = Instant::now();
                    town.answer(event).await;
                    times.push(sent.elapsed().as_secs_f64() * 1_000.0);
                    // The database answers at once, so without this a caller would never let others
                    // run.
                    tokio::task::yield_now().await;
                }
                times
            })
        })
        .collect();
    let mut all = vec![];
    for task in tasks {
        all.extend(task.await.expect("no panic"));
    }
    (started.elapsed().as_secs_f64(), all)
}
