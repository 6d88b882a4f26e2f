//! Tests of what a restore refuses. `tests/deploy/proof/test_drill.py` restores a deployed stack.

use clap::Parser;
use local::{Args, Server};
use operator::restore::{RestoreArgs, restore};

#[derive(Parser)]
struct CommandLine {
    #[command(flatten)]
    args: RestoreArgs,
}

#[tokio::test]
async fn a_local_server_has_no_recovery_and_the_command_says_what_to_do_instead() {
    let server = Server::start(&Args { port: 0, ..Args::default() }).await.expect("a server");
    let url = format!("http://{}", server.address());
    let line = ["restore", "--local", &url, "--at", "2026-11-24T08:00:00Z", "--yes"];
    let refused = restore(&CommandLine::parse_from(line).args).await.expect_err("no recovery");
    assert_eq!(
        refused.to_string(),
        "the local server's tables can't be restored to a second: copy its file while it is stopped"
    );
    server.stop().await.expect("stopped");
}
