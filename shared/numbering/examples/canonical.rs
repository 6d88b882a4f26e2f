//! Reads lines `REGION<TAB>phone` from standard input and writes the canonical digits of each, or
//! an empty line if the phone is refused: to compare this crate with another library.
//!
//! `cargo run --release -p numbering --example canonical < phones.tsv`

use std::io::{self, BufRead as _, BufWriter, Write as _};

use numbering::{HomeRegion, Phone, Region};

fn main() -> io::Result<()> {
    let mut output = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (region, phone) = line.split_once('\t').ok_or(io::ErrorKind::InvalidData)?;
        let region: Region = region.parse().map_err(io::Error::other)?;
        match Phone::read(phone, &HomeRegion::from(region)) {
            Ok(phone) => writeln!(output, "{}", phone.digits())?,
            Err(_) => writeln!(output)?,
        }
    }
    output.flush()
}
