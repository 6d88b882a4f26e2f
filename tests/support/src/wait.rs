//! Waiting for what happens in the background.

use std::time::Duration;

/// Asks again and again for ten seconds; panics with `what` where it is never so.
pub async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    for _ in 0..200 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never: {what}");
}
