//! Receipts: which phones were paid for a few minutes ago, in 800 bytes.
//!
//! The phones lie in 256 drawers, by a keyed hash. The receipt has a checksum of each drawer. If a
//! set of phones is paid for and then comes again with a few other phones in it, only the drawers
//! of those few have another checksum, and only what is in these drawers is charged again. So a
//! receipt has the same size for ten phones and for 20,000, and is never a write unit more.
//!
//! A list of hashes or a Bloom filter would grow with the phones: a write unit more for each 700
//! phones even at 1.5 bytes a phone. At that size one phone of 300 that wasn't paid for would pass,
//! and a person could try one phone after another until one does.

use aws_lc_rs::hmac;
use aws_lc_rs::rand;
use numbering::Phone;

/// How long a receipt is valid: long enough for an app to repeat an upload that was cut off, short
/// enough that phones can't be removed and added again for ever.
const VALID_MS: u64 = 15 * 60 * 1000;
/// One drawer for each value of a byte.
const DRAWERS: usize = 256;
/// Bytes of a checksum. A drawer with other phones passes once in 16 million times.
const CHECKSUM_BYTES: usize = 3;
const SALT_BYTES: usize = 16;

/// What was paid for last. It tells nobody which phones these were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// When the first of the phones were paid for, in milliseconds since 1970.
    began_at_ms: u64,
    /// Random, so that nobody can look for phones that have the same checksums.
    salt: [u8; SALT_BYTES],
    drawers: Vec<u8>,
}

impl Receipt {
    /// Makes the receipt for phones of which the first were paid for at `began_at_ms`.
    ///
    /// # Panics
    /// Panics if the system has no random numbers.
    #[must_use]
    pub fn new(phones: &[Phone], began_at_ms: u64) -> Self {
        let mut salt = [0; SALT_BYTES];
        rand::fill(&mut salt).expect("the system has random numbers");
        let drawers = checksums(&salt, phones).concat();
        Self { began_at_ms, salt, drawers }
    }

    /// Returns when the first of the phones were paid for, in milliseconds since 1970.
    #[must_use]
    pub fn began_at_ms(&self) -> u64 {
        self.began_at_ms
    }

    /// Returns whether the receipt still counts.
    #[must_use]
    pub fn is_valid(&self, now_ms: u64) -> bool {
        now_ms < self.began_at_ms + VALID_MS
    }

    /// Returns those of `phones` that the receipt doesn't show to be paid for.
    #[must_use]
    pub fn unpaid(&self, phones: &[Phone]) -> Vec<Phone> {
        let asked = checksums(&self.salt, phones);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.salt);
        let paid = |phone: &&Phone| {
            let drawer = usize::from(hash(&key, **phone)[0]);
            let seen = self.drawers.chunks(CHECKSUM_BYTES).nth(drawer);
            seen.is_some_and(|checksum| checksum == asked[drawer])
        };
        phones.iter().filter(|phone| !paid(phone)).copied().collect()
    }

    /// Returns the bytes that are stored: salt and checksums. The time is stored beside them.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        [&self.salt[..], &self.drawers].concat()
    }

    /// Reads what [`Receipt::to_bytes`] wrote.
    pub(crate) fn read(began_at_ms: u64, bytes: &[u8]) -> Option<Self> {
        let (salt, drawers) = bytes.split_first_chunk::<SALT_BYTES>()?;
        let drawers = drawers.to_vec();
        let is_whole = drawers.len() == DRAWERS * CHECKSUM_BYTES;
        is_whole.then_some(Self { began_at_ms, salt: *salt, drawers })
    }
}

/// Returns a checksum for each drawer: the sum of its phones' hashes.
fn checksums(salt: &[u8; SALT_BYTES], phones: &[Phone]) -> Vec<[u8; CHECKSUM_BYTES]> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, salt);
    let mut sums = vec![0_u32; DRAWERS];
    for phone in phones {
        let [drawer, first, second, third] = hash(&key, *phone);
        let sum = &mut sums[usize::from(drawer)];
        *sum = sum.wrapping_add(u32::from_le_bytes([first, second, third, 0]));
    }
    let three = |sum: u32| {
        let [first, second, third, _] = sum.to_le_bytes();
        [first, second, third]
    };
    sums.into_iter().map(three).collect()
}

fn hash(key: &hmac::Key, phone: Phone) -> [u8; 4] {
    let tag = hmac::sign(key, phone.digits().as_bytes());
    let tag = tag.as_ref();
    [tag[0], tag[1], tag[2], tag[3]]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phones(numbers: std::ops::Range<u32>) -> Vec<Phone> {
        numbers.map(|n| format!("1650{n:07}").parse().expect("a phone")).collect()
    }

    #[test]
    fn the_same_phones_are_paid_for_in_any_order_and_for_a_quarter_of_an_hour() {
        let mut paid = phones(0..20_000);
        let receipt = Receipt::new(&paid, 1_000);
        paid.reverse();
        assert_eq!(receipt.unpaid(&paid), []);
        assert_eq!(receipt.unpaid(&[]), []);
        assert!(receipt.is_valid(1_000 + VALID_MS - 1) && !receipt.is_valid(1_000 + VALID_MS));
    }

    #[test]
    fn a_few_other_phones_cost_themselves_and_little_more() {
        for (count, most) in [(100, 25), (1_000, 90), (20_000, 900)] {
            let receipt = Receipt::new(&phones(0..count), 0);
            // Three phones are missing, and five are new.
            let unpaid = receipt.unpaid(&phones(3..count + 5));
            assert!(unpaid.len() <= most, "{} of {count} are charged again", unpaid.len());
            assert!(phones(count..count + 5).iter().all(|new| unpaid.contains(new)), "{count}");
        }
    }

    #[test]
    fn other_phones_are_never_free() {
        for count in [1, 100, 20_000] {
            let receipt = Receipt::new(&phones(0..count), 0);
            assert_eq!(receipt.unpaid(&phones(20_000..60_000)).len(), 40_000, "{count}");
            let is_free = |n: &u32| receipt.unpaid(&phones(*n..*n + 1)).is_empty();
            // One of 16 million is free, so one of a thousand is bad luck, and two are a defect.
            assert!((20_000..21_000).filter(is_free).count() <= 1, "{count}");
        }
    }

    #[test]
    fn a_receipt_is_read_as_it_was_written_and_fits_into_its_write_unit() {
        let receipt = Receipt::new(&phones(0..20_000), 7);
        let bytes = receipt.to_bytes();
        assert_eq!(bytes.len(), 784);
        assert_eq!(Receipt::read(7, &bytes), Some(receipt));
        assert_eq!(Receipt::read(7, &bytes[1..]), None);
        assert_eq!(Receipt::read(7, &[]), None);
    }
}
