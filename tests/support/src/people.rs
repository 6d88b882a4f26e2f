//! People for address books, the same in every run. Their names come from seven languages, from
//! lists that nobody here made. Their phones are of the names' countries, and spelled as phones
//! export them.

use fake::locales::{AR_SA, DE_DE, Data, EN, FR_FR, IT_IT, JA_JP, PT_BR};
use serde_json::{Value, json};

/// A name and a phone as a device has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    /// With a plus.
    pub phone: String,
}

impl Person {
    /// Returns the phone without its plus and its spaces.
    pub fn digits(&self) -> String {
        self.phone.chars().filter(char::is_ascii_digit).collect()
    }

    /// Returns the contact as an upload sends it.
    pub fn contact(&self) -> Value {
        json!({"name": self.name, "phone": self.phone})
    }
}

struct Country {
    given: &'static [&'static str],
    family: &'static [&'static str],
    /// The digits that mobile numbers begin with.
    prefix: &'static str,
    /// The number of digits after the prefix.
    digits: u32,
}

const fn country<L: Data>(prefix: &'static str, digits: u32) -> Country {
    Country { given: L::NAME_FIRST_NAME, family: L::NAME_LAST_NAME, prefix, digits }
}

const COUNTRIES: [Country; 7] = [
    country::<EN>("1", 10),
    country::<DE_DE>("491", 10),
    country::<FR_FR>("336", 8),
    country::<IT_IT>("393", 9),
    country::<PT_BR>("55119", 8),
    country::<AR_SA>("9665", 8),
    country::<JA_JP>("81", 10),
];

/// Returns people without end. No two have the same phone.
pub fn people(seed: u64) -> impl Iterator<Item = Person> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut phones = std::collections::HashSet::new();
    std::iter::repeat_with(move || person(&mut random))
        .filter(move |person| phones.insert(person.digits()))
}

fn person(random: &mut fastrand::Rng) -> Person {
    let Country { given, family, prefix, digits } = &COUNTRIES[random.usize(..COUNTRIES.len())];
    let names = [given, family].map(|names| names[random.usize(..names.len())]);
    // Numbers of a reserved exchange would all look alike, and would compress better than real
    // ones.
    let power = 10_u64.pow(digits - 1);
    let number = random.u64(2 * power..10 * power).to_string();
    let phone = if random.u8(..3) == 0 {
        format!("+{prefix} {} {}", &number[..3], &number[3..])
    } else {
        format!("+{prefix}{number}")
    };
    Person { name: names.join(" "), phone }
}
