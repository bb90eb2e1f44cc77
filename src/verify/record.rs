//! What a run found, as data for reports and machines.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::claim::{Finding, Origin, Role, Route};
use super::judge::Verdict;

/// The result of a run over claims.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// The root seed of every stream.
    pub seed: u64,
    /// The error rates of the whole run.
    pub budget: BudgetRecord,
    /// The claims, in the ledger's order.
    pub claims: Vec<ClaimRecord>,
}

impl Ledger {
    /// Whether every finding is the recorded one.
    pub fn as_recorded(&self) -> bool {
        self.claims.iter().all(|claim| claim.finding == claim.recorded)
    }

    /// Whether a finding is undecided.
    pub fn undecided(&self) -> bool {
        self.claims.iter().any(|claim| claim.finding == Finding::Undecided)
    }
}

/// The error rates of a whole run, and over how many tests they are divided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BudgetRecord {
    /// The probability, over the root seed, that any right sampled subject is judged *violated* is at most this, given the
    /// declared variances and ranges.
    pub false_alarm: f64,
    /// The probability that any sampled subject that is off by its margin or more is judged to *hold* is at most this.
    pub false_holds: f64,
    /// The sampled subjects of the whole ledger, counterfeits included, among which both rates are divided evenly.
    pub shares: usize,
    /// The most samples of a subject; then it is *undecided*.
    pub most_samples: u64,
}

/// One claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClaimRecord {
    /// Its name.
    pub id: String,
    /// Its chapter.
    pub chapter: u32,
    /// Whose sentence it is.
    pub origin: Origin,
    /// The sentence as it stands in the guide.
    pub quote: String,
    /// What it says, precisely.
    pub statement: String,
    /// Why it is so.
    pub because: String,
    /// The condition, or what is right.
    pub lesson: String,
    /// What this run found.
    pub finding: Finding,
    /// What was found last time.
    pub recorded: Finding,
    /// The numbers that it reports, by key.
    #[serde(with = "by_key")]
    pub quantities: Vec<QuantityRecord>,
    /// How each of them was found, by key.
    pub routes: BTreeMap<String, Route>,
    /// The 99 % intervals of those from seeded runs, by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub intervals: BTreeMap<String, [f64; 2]>,
    /// What was measured.
    pub trials: Vec<TrialRecord>,
}

/// A reported number.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantityRecord {
    /// Its name.
    pub key: String,
    /// What it is; not part of the record's JSON.
    pub what: String,
    /// The number or numbers.
    pub value: Numbers,
}

/// One number or several, as JSON writes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Numbers {
    /// One number.
    Number(f64),
    /// Several.
    List(Vec<f64>),
}

impl Numbers {
    /// The numbers as a slice.
    pub fn as_slice(&self) -> &[f64] {
        match self {
            Self::Number(x) => std::slice::from_ref(x),
            Self::List(list) => list,
        }
    }
}

impl From<Vec<f64>> for Numbers {
    fn from(list: Vec<f64>) -> Self {
        match list[..] {
            [x] => Self::Number(x),
            _ => Self::List(list),
        }
    }
}

/// One trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialRecord {
    /// Its name.
    pub name: String,
    /// What its coming true says about the claim.
    pub role: Role,
    /// Where it was measured.
    pub setting: String,
    /// How it was measured.
    pub route: Route,
    /// What the judge asked.
    pub judge: String,
    /// Why its number is what it is.
    pub why: String,
    /// What was measured; of a sampled trial, the mean so far.
    pub measured: Numbers,
    /// The nominal standard error of each sampled mean, where the variance is known: as if the number of samples had been
    /// fixed beforehand.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub standard_error: Option<Numbers>,
    /// The nominal 99 % interval of each sampled mean: normal where the variance is known, Hoeffding's where a range is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub interval: Option<Vec<[f64; 2]>>,
    /// What was expected.
    pub expected: Numbers,
    /// The answer.
    pub verdict: Verdict,
    /// How many samples it took; 0 where nothing was drawn.
    pub samples: u64,
    /// Whether a sample is a whole training run; not part of the record's JSON.
    #[serde(skip)]
    pub runs: bool,
    /// The length of the difference, where the judge asks for one; not part of the record's JSON.
    #[serde(skip)]
    pub distance: Option<f64>,
    /// The wrong subjects, and what was said of them.
    pub counterfeits: Vec<CounterfeitRecord>,
}

/// A wrong subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CounterfeitRecord {
    /// What is wrong with it.
    pub story: String,
    /// What was measured.
    pub measured: Numbers,
    /// The answer, *violated* if all is well.
    pub verdict: Verdict,
    /// How many samples it took.
    pub samples: u64,
}

/// Quantities as a map from key to numbers, in their order.
mod by_key {
    use serde::de::{Deserializer, MapAccess, Visitor};
    use serde::ser::{SerializeMap, Serializer};

    use super::{Numbers, QuantityRecord};

    pub(super) fn serialize<S: Serializer>(all: &[QuantityRecord], serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(all.len()))?;
        for quantity in all {
            map.serialize_entry(&quantity.key, &quantity.value)?;
        }
        map.end()
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<QuantityRecord>, D::Error> {
        struct Quantities;
        impl<'de> Visitor<'de> for Quantities {
            type Value = Vec<QuantityRecord>;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a map from keys to numbers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, Numbers>()? {
                    all.push(QuantityRecord { key, what: String::new(), value });
                }
                Ok(all)
            }
        }
        deserializer.deserialize_map(Quantities)
    }
}
