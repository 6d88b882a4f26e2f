//! The part of HTTP/1.1 that an SDK and a Lambda runtime need.

use std::io::{BufRead, BufReader, Read, Write};

/// A request.
pub struct Request {
    pub method: String,
    pub path: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// Returns the value of a header, whose name is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A connection on which one client sends requests and we answer.
pub struct Connection<S: Read + Write>(BufReader<S>);

impl<S: Read + Write> Connection<S> {
    pub fn new(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    /// Reads the next request. Returns `None` if the client has closed the connection.
    pub fn next(&mut self) -> Option<Request> {
        let first = self.line()?;
        let mut words = first.split(' ');
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = vec![];
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_lowercase(), value.trim().to_owned()));
        }
        let mut request = Request { method, path, headers, body: vec![] };
        if request.header("transfer-encoding").is_some() {
            request.body = self.chunks()?;
        } else if let Some(length) = request.header("content-length") {
            request.body = vec![0; length.parse().ok()?];
            self.0.read_exact(&mut request.body).ok()?;
        }
        Some(request)
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim_end().to_owned())
    }

    fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = vec![];
        loop {
            let size = usize::from_str_radix(&self.line()?, 16).ok()?;
            let start = body.len();
            body.resize(start + size, 0);
            self.0.read_exact(&mut body[start..]).ok()?;
            self.line()?;
            if size == 0 {
                return Some(body);
            }
        }
    }

    /// Writes an answer. `headers` are whole lines.
    pub fn answer(&mut self, status: u16, headers: &str, body: &[u8]) -> Option<()> {
        let length = body.len();
        let mut answer =
            format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\n\r\n")
                .into_bytes();
        answer.extend_from_slice(body);
        let stream = self.0.get_mut();
        stream.write_all(&answer).and_then(|()| stream.flush()).ok()
    }
}
