//! Lambda's side of a function: the Runtime API, and the times that it measures.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::http::Connection;

/// Milliseconds and megabytes of one start.
#[derive(Clone, Copy, Debug)]
pub struct Started {
    /// From the process's start to its first poll for an event.
    pub first_poll: f64,
    /// From the first poll to the first answer.
    pub first_answer: f64,
    /// The part of `first_answer` that the database itself took.
    pub database: f64,
    /// The part of `first_answer` that the function's own thread computed.
    pub computed: f64,
    /// From the second event to its answer.
    pub second_answer: f64,
    /// The most memory that was resident.
    pub peak_mb: f64,
}

/// Starts `command` as Lambda does, gives it `events` one after the other, and ends it.
pub fn start(mut command: Command, events: [&str; 2], database_ms: impl Fn() -> f64) -> Started {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let api = listener.local_addr().expect("bound").to_string();
    database_ms();
    let started = Instant::now();
    let mut child = command
        .env("AWS_LAMBDA_RUNTIME_API", api)
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut api = RuntimeApi::accept(&listener);
    let first_poll = api.poll(&listener, started);
    let before = computed_ms(&child);
    let first_answer = api.serve(&listener, events[0]);
    let computed = computed_ms(&child) - before;
    let database = database_ms();
    api.poll(&listener, started);
    let second_answer = api.serve(&listener, events[1]);
    let peak_mb = peak_mb(&child);
    end(&mut child);
    Started { first_poll, first_answer, database, computed, second_answer, peak_mb }
}

struct RuntimeApi(Connection<TcpStream>);

impl RuntimeApi {
    fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().expect("the function connects");
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket");
        Self(Connection::new(stream))
    }

    /// Waits for a poll, which may come on another connection. Returns the milliseconds since
    /// `since`.
    fn poll(&mut self, listener: &TcpListener, since: Instant) -> f64 {
        let request = self.next(listener);
        assert!(request.ends_with("/invocation/next"), "{request}");
        ms(since)
    }

    /// Answers a poll with `event`. Returns the milliseconds until the function's answer.
    fn serve(&mut self, listener: &TcpListener, event: &str) -> f64 {
        let headers = "Content-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: r1\r\n\
            Lambda-Runtime-Deadline-Ms: 99999999999999\r\n\
            Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:f\r\n";
        let since = Instant::now();
        self.0.answer(200, headers, event.as_bytes()).expect("it listens");
        let request = self.next(listener);
        let elapsed = ms(since);
        assert!(request.ends_with("/response"), "{request}");
        self.0.answer(202, "Content-Type: application/json\r\n", b"{}").expect("it listens");
        elapsed
    }

    /// Returns the path of the next request. If the request has a body, it must be an answer of
    /// 200.
    fn next(&mut self, listener: &TcpListener) -> String {
        let request = loop {
            match self.0.next() {
                Some(request) => break request,
                None => *self = Self::accept(listener),
            }
        };
        let body = String::from_utf8_lossy(&request.body);
        assert!(request.method == "GET" || body.contains("\"statusCode\":20"), "{body}");
        request.path
    }
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}

/// Returns the milliseconds that the process's one busy thread has run.
fn computed_ms(child: &Child) -> f64 {
    let schedule = std::fs::read_to_string(format!("/proc/{}/schedstat", child.id()))
        .expect("it runs on Linux");
    let run: f64 =
        schedule.split(' ').next().and_then(|run| run.parse().ok()).expect("nanoseconds");
    run / 1_000_000.0
}

fn peak_mb(child: &Child) -> f64 {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("it runs on Linux");
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line of peak memory");
    let kilobytes: f64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
    kilobytes / 1_024.0
}

fn end(child: &mut Child) {
    child.kill().expect("it still runs");
    child.wait().expect("it ended");
}
