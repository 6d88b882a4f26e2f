//! Chooses what a spelling means.

use crate::country::Country;
use crate::fold::{Folded, fold};
use crate::home::HomeRegion;
use crate::international::{Number, international};
use crate::national::{National, national};
use crate::phone::MIN_DIGITS;
use crate::plan::{Plan, Status};

/// A phone as it was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub digits: String,
    pub evidence: Evidence,
}

/// What a spelling itself says about the number that it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// It has a plus, or an international prefix and no other valid reading.
    Certain,
    /// It is a number of the home country, or has an international prefix.
    Likely,
    /// It may be a number of any country, or none.
    Bare,
}

/// Reads a phone as a person of the home region writes it.
pub(crate) fn read(raw: &str, home: &HomeRegion) -> Reading {
    let folded = fold(raw);
    if folded.plus || folded.digits.is_empty() {
        return folded.number(&folded.digits).reading(Evidence::Certain);
    }
    let Some(plan) = home.plan() else {
        let rest = folded.digits.strip_prefix("00");
        let evidence = if rest.is_some() { Evidence::Certain } else { Evidence::Bare };
        return folded.number(rest.unwrap_or(&folded.digits)).reading(evidence);
    };
    after_prefix(&folded, plan).unwrap_or_else(|| bare(&folded, plan))
}

/// Reads digits that begin with an international prefix: `00`, or the region's own.
fn after_prefix(folded: &Folded, plan: &Plan) -> Option<Reading> {
    let digits = &*folded.digits;
    let own = plan.after_international_prefix(digits);
    let double_zero = digits.strip_prefix("00").filter(|rest| !rest.starts_with('0'));
    let rests = [own, double_zero.filter(|rest| Some(*rest) != own)];
    let numbers = rests.into_iter().flatten().map(|rest| (folded.number(rest), rest));
    let numbers: Vec<(Number, &str)> =
        numbers.filter(|(number, _)| number.is_of_a_country()).collect();
    // Of equals, the last one would be taken.
    let likeliest = numbers.iter().rev().max_by_key(|(number, rest)| number.rank(rest))?.0.clone();

    let national = national(plan, digits);
    let valid = numbers.iter().filter(|(number, _)| number.status.is_valid()).count();
    match (national.status.is_valid(), valid) {
        (false, 1) => Some(likeliest.reading(Evidence::Certain)),
        (false, _) => Some(likeliest.reading(Evidence::Likely)),
        // Google reads a national number unless the digits begin with the region's own prefix.
        (true, 1..) if own.is_some() => Some(likeliest.reading(Evidence::Likely)),
        (true, _) => Some(national.reading()),
    }
}

/// Reads digits that begin with no international prefix.
fn bare(folded: &Folded, plan: &Plan) -> Reading {
    let number = folded.number(&folded.digits);
    let national = national(plan, &folded.digits);
    let is_home = is_of(&number.digits, plan);
    let is_dialled_abroad = folded.digits.starts_with("00")
        || plan.after_international_prefix(&folded.digits).is_some();
    let is_national = match (national.status.is_valid(), number.status.is_valid()) {
        (true, true) => is_rather_national(&national, &number, plan),
        (false, false) => national.is_plausible(plan) && !is_dialled_abroad,
        (national, _) => national,
    };
    let evidence = if is_home { Evidence::Likely } else { Evidence::Bare };
    if is_national { national.reading() } else { number.reading(evidence) }
}

/// Of two valid readings, whether the national one is meant.
fn is_rather_national(national: &National, number: &Number, plan: &Plan) -> bool {
    let is_mobile = |status| status == Status::Mobile;
    let is_short = number.digits.len() < MIN_DIGITS;
    match (is_mobile(national.status), is_mobile(number.status)) {
        _ if national.has_trunk => true,
        (_, false) => true,
        // Few people leave out a trunk prefix that their neighbours write.
        (true, true) => !plan.writes_trunk,
        // North American digits don't tell which numbers are mobile ones.
        (false, true) if plan.country_code == 1 => true,
        // Few people know anybody in a country whose numbers are so short.
        (false, true) => is_short && !plan.writes_trunk,
    }
}

fn is_of(digits: &str, plan: &Plan) -> bool {
    Country::split(digits).is_some_and(|(country, _)| country.has(plan))
}

impl Folded {
    /// Reads the last digits, which begin with a country code.
    fn number(&self, rest: &str) -> Number {
        let before = self.digits.len() - rest.len();
        international(rest, self.bracketed_zero.and_then(|zero| zero.checked_sub(before)))
    }
}

impl Number {
    fn reading(self, evidence: Evidence) -> Reading {
        Reading { digits: self.digits, evidence }
    }

    fn is_of_a_country(&self) -> bool {
        Country::split(&self.digits).is_some()
    }

    /// How likely it is that somebody has the number and wrote it as `rest`.
    fn rank(&self, rest: &str) -> u8 {
        let split = Country::split(&self.digits);
        let is_possible =
            |(country, national): (Country, &str)| country.main().is_possible(national.len());
        match self.status {
            Status::Invalid => u8::from(split.is_some_and(is_possible)),
            _ if self.digits != rest => 2,
            Status::Valid => 3,
            Status::Mobile => 4,
        }
    }
}

impl National {
    fn reading(self) -> Reading {
        Reading { digits: self.digits, evidence: Evidence::Likely }
    }

    /// Whether the number is meant, though the plans don't know it.
    ///
    /// A trunk prefix says so. In a country without one, digits that are too few for a phone of
    /// another country are a number of this one.
    fn is_plausible(&self, plan: &Plan) -> bool {
        let digits = self.digits.len() - plan.country_code.to_string().len();
        let is_without_trunk = plan.trunk.is_empty() && digits < MIN_DIGITS;
        self.is_former || (self.has_trunk || is_without_trunk) && plan.is_long_enough(digits)
    }
}
