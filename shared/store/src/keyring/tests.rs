//! Tests of sealing and opening.

use super::*;

const ONE: &str = r#"{"index":"1","current":"1","1":"0123456789abcdefghijklmnopqrstuv"}"#;
const TWO: &str = r#"{"index":"1","current":"2","1":"0123456789abcdefghijklmnopqrstuv",
                      "2":"another-key-of-more-than-32-letters"}"#;
const NEW_ALONE: &str = r#"{"index":"2","current":"2","2":"another-key-of-more-than-32-letters"}"#;

fn keys(secret: &str) -> Keyring {
    secret.parse().expect("a secret")
}

fn place(owner: &'static str, item: &'static str, attribute: &'static str) -> Place<'static> {
    Place { owner, names: [item, attribute] }
}

#[test]
fn sealed_bytes_open_in_their_place_alone() {
    let (keys, here) = (keys(ONE), place("alice", "g", "contacts"));
    let sealed = keys.seal(here, b"Gordie Kann".to_vec());
    assert_eq!(sealed.len(), b"Gordie Kann".len() + SEAL_BYTES);
    assert_eq!(keys.open(here, &sealed).as_deref(), Ok(&b"Gordie Kann"[..]));
    assert_ne!(keys.seal(here, b"Gordie Kann".to_vec()), sealed, "the nonce is random");
    for elsewhere in [
        place("bob", "g", "contacts"),
        place("alice", "dpixel", "contacts"),
        place("alice", "g", "leaving"),
        place("alic", "eg", "contacts"),
    ] {
        assert_eq!(keys.open(elsewhere, &sealed), Err(SealError));
    }
}

#[test]
fn every_changed_byte_and_every_cut_is_noticed() {
    let (keys, here) = (keys(ONE), place("alice", "g", "contacts"));
    let sealed = keys.seal(here, b"Gordie Kann".to_vec());
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert_eq!(keys.open(here, &changed), Err(SealError), "byte {at}");
        assert_eq!(keys.open(here, &sealed[..at]), Err(SealError), "cut at {at}");
    }
}

#[test]
fn an_older_key_reads_what_it_sealed_and_the_current_one_seals_what_is_next() {
    let here = place("alice", "g", "contacts");
    let (before, rotated, without_old) = (keys(ONE), keys(TWO), keys(NEW_ALONE));
    let old = before.seal(here, b"Gordie Kann".to_vec());
    assert_eq!(rotated.open(here, &old).as_deref(), Ok(&b"Gordie Kann"[..]));
    let new = rotated.seal(here, b"Gordie Kann".to_vec());
    assert_eq!(new[1], 2, "the current key's id");
    assert_eq!(without_old.open(here, &new).as_deref(), Ok(&b"Gordie Kann"[..]));
    assert_eq!(without_old.open(here, &old), Err(SealError));
    assert_eq!(
        rotated.name("user", "alice"),
        before.name("user", "alice"),
        "names stay where they are"
    );
}

#[test]
fn the_next_secret_has_another_key_for_items_and_opens_what_the_old_one_sealed() {
    let here = place("alice", "g", "contacts");
    let sealed = keys(ONE).seal(here, b"Gordie Kann".to_vec());
    let next = keys(&Keyring::next_secret(ONE).expect("a secret"));
    assert_eq!(next.open(here, &sealed).as_deref(), Ok(&b"Gordie Kann"[..]));
    assert_ne!(next.name("user", "alice"), keys(ONE).name("user", "alice"));
    let after = Keyring::next_secret(&Keyring::next_secret(TWO).expect("a secret"));
    assert_eq!(keys(&after.expect("a secret")).seal(here, vec![])[1], 4, "the current key");
    assert_eq!(Keyring::next_secret("{}"), Err(KeyringError::Role("index")));
}

#[test]
fn a_name_in_a_key_is_always_the_same_and_comes_back() {
    let keys = keys(ONE);
    let part = keys.name("user", "alice");
    assert_eq!(part, keys.name("user", "alice"));
    assert_ne!(part, keys.name("device", "alice"));
    assert!(!part.contains("alice"));
    assert_eq!(keys.read_name("user", &part).as_deref(), Some("alice"));
    for (kind, part) in [
        ("device", &*part),
        ("user", "alice"),
        ("user", ""),
        ("user", "____"),
        ("user", &part[1..]),
    ] {
        assert_eq!(keys.read_name(kind, part), None, "{kind} {part}");
    }
}

#[test]
fn what_is_sealed_and_what_is_not_are_never_taken_for_each_other() {
    let (here, plain) = (place("alice", "g", "contacts"), Keyring::default());
    let sealed = keys(ONE).seal(here, b"16505550123".to_vec());
    assert_eq!(plain.open(here, &sealed), Err(SealError));
    assert_eq!(plain.open(here, b"16505550123").as_deref(), Ok(&b"16505550123"[..]));
    assert_eq!(keys(ONE).open(here, b"16505550123"), Err(SealError));
}

/// Measures the figures of `docs/SECURITY.md`:
///
/// `cargo test -p store --release what_sealing_costs -- --ignored --nocapture`
#[test]
#[ignore = "it measures, and asserts nothing"]
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn what_sealing_costs() {
    let time = |what: &str, work: &mut dyn FnMut()| {
        let started = std::time::Instant::now();
        (0..20).for_each(|_| work());
        println!("{what}: {:.3} ms", started.elapsed().as_secs_f64() * 1000.0 / 20.0);
    };
    let (secret, here) = (keys(ONE), place("alice", "g", "contacts"));
    let phones: Vec<numbering::Phone> =
        (0..1_000).map(|n| format!("1650555{n:04}").parse().expect("a phone")).collect();
    let book = vec![7; 16 * 1024];
    let sealed = secret.seal(here, book.clone());
    time("the keys of a secret", &mut || drop(keys(ONE)));
    let phone_keys = crate::phone_keys::PhoneKeys::from(&secret);
    time("1,000 phones in keys", &mut || {
        phones.iter().for_each(|phone| drop(phone_keys.key(*phone)));
    });
    time("1,000 names in keys", &mut || {
        phones.iter().for_each(|_| drop(secret.name("user", "some-28-letters-of-a-subject")));
    });
    time("sealing a book of 16 KB", &mut || drop(secret.seal(here, book.clone())));
    time("opening a book of 16 KB", &mut || {
        drop(secret.open(here, &sealed).expect("sealed here"));
    });
}

#[test]
fn a_secret_that_makes_no_sense_is_refused_without_a_quote_of_it() {
    let short = r#"{"index":"1","current":"1","1":"too-short"}"#;
    for (secret, expected) in [
        ("", KeyringError::Format),
        ("[]", KeyringError::Format),
        (r#"{"index":1}"#, KeyringError::Format),
        ("{}", KeyringError::Role("index")),
        (
            r#"{"index":"1","current":"2","1":"0123456789abcdefghijklmnopqrstuv"}"#,
            KeyringError::Role("current"),
        ),
        (
            r#"{"index":"1","current":"1","0":"0123456789abcdefghijklmnopqrstuv"}"#,
            KeyringError::Key,
        ),
        (short, KeyringError::Key),
    ] {
        let error = secret.parse::<Keyring>().expect_err(secret);
        assert_eq!(error, expected, "{secret}");
        assert!(!error.to_string().contains("too-short"));
    }
    assert!(Keyring::generate_secret().parse::<Keyring>().is_ok());
    assert_ne!(Keyring::generate_secret(), Keyring::generate_secret());
    assert_eq!(format!("{:?} {:?}", keys(ONE), Keyring::default()), "Keyring(…) Keyring(none)");
}
