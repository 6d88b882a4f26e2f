//! Questions to the person at the terminal.

use std::io::{BufRead, IsTerminal, Write, stderr, stdin};

/// Asks a question that is answered by yes or no. If nobody is there to answer it, the answer is no.
pub(crate) fn is_confirmed(question: &str) -> bool {
    let is_attended = stdin().is_terminal() && stderr().is_terminal();
    is_attended && asked(question, &mut stdin().lock(), &mut stderr())
}

/// Returns whether the answer is yes. Any other answer is no, and so is none.
fn asked(question: &str, answers: &mut impl BufRead, questions: &mut impl Write) -> bool {
    let mut answer = String::new();
    let is_asked = write!(questions, "{question} [y/N] ").and_then(|()| questions.flush()).is_ok();
    let is_answered = is_asked && answers.read_line(&mut answer).is_ok();
    is_answered && ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        for (answer, expected) in [
            ("y\n", true),
            ("Yes\n", true),
            ("  yes  ", true),
            ("n\n", false),
            ("yes please\n", false),
            ("\n", false),
            ("", false),
        ] {
            let mut questions = vec![];
            assert_eq!(
                asked("Sure?", &mut answer.as_bytes(), &mut questions),
                expected,
                "{answer:?}"
            );
            assert_eq!(questions, b"Sure? [y/N] ");
        }
    }
}
