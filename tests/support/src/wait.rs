//! Waits for what happens in the background.

use std::time::Duration;

/// Asks every 50 ms, for ten seconds, until `so` is true. Panics with `what` if it never is.
pub async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    for _ in 0..200 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never: {what}");
}
