//! The problem file's grammar. Everything is checked while it is read, so that the JSON reader can add the line.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::mdp::{check_action_count, check_discount, check_horizon, check_initial, check_observations, check_row};
use super::{Problem, TabularMdp, Transition};

const KEYS: [&str; 7] = ["kind", "description", "horizon", "discount", "initial", "observation", "P"];

/// Parses a problem file. The first pass only counts the states, which the second needs for its checks.
pub(super) fn problem(text: &str) -> serde_json::Result<Problem> {
    let outline: Outline = serde_json::from_str(text)?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let problem = File { states: outline.0 }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(problem)
}

/// The number of states of a file: the number of keys of `P`, where it is an object.
struct Outline(usize);

impl<'de> serde::Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Outline;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a problem: an object with the keys kind, horizon, discount, initial and P")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Outline, M::Error> {
                let mut states = 0;
                while let Some(key) = map.next_key::<String>()? {
                    if key == "P" {
                        states = map.next_value::<Count>()?.0;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Outline(states))
            }
        }
        reader.deserialize_map(Keys)
    }
}

struct Count(usize);

impl<'de> serde::Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Count;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str(
                    "`P` to be an object {\"state\": {\"action\": [[probability, next, reward, terminated], …]}}",
                )
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Count, M::Error> {
                let mut count = 0;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Count(count))
            }
        }
        reader.deserialize_map(Keys)
    }
}

/// The whole file.
struct File {
    states: usize,
}

impl<'de> DeserializeSeed<'de> for File {
    type Value = Problem;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Problem, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for File {
    type Value = Problem;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a problem: an object with the keys kind, horizon, discount, initial and P")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Problem, M::Error> {
        let states = self.states;
        let (mut kind, mut description, mut horizon, mut discount) = (None, None, None, None);
        let (mut initial, mut observation, mut table) = (None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            let seen = match key.as_str() {
                "kind" => {
                    let name: String = map.next_value()?;
                    if name != "tabular" {
                        return Err(M::Error::custom(format!(
                            "unknown kind \"{name}\"; this version reads \"tabular\""
                        )));
                    }
                    kind.replace(()).is_some()
                }
                "description" => description.replace(map.next_value::<String>()?).is_some(),
                "horizon" => {
                    let steps = map.next_value::<serde_json::Value>()?;
                    let steps = whole(&steps).ok_or_else(|| {
                        M::Error::custom(format!("the horizon is {steps}; it must be a whole number, at least 1"))
                    })?;
                    check_horizon(steps).map_err(M::Error::custom)?;
                    horizon.replace(steps).is_some()
                }
                "discount" => {
                    let gamma = map.next_value::<f64>()?;
                    check_discount(gamma).map_err(M::Error::custom)?;
                    discount.replace(gamma).is_some()
                }
                "initial" => {
                    let given = map.next_value::<Vec<f64>>()?;
                    // Without states the missing table is the error to report.
                    let checked = if states == 0 { Ok(given) } else { check_initial(given, states) };
                    initial.replace(checked.map_err(M::Error::custom)?).is_some()
                }
                "observation" => {
                    let given = map.next_value::<Vec<usize>>()?;
                    if states > 0 {
                        check_observations(&given, states).map_err(M::Error::custom)?;
                    }
                    observation.replace(given).is_some()
                }
                "P" => table.replace(map.next_value_seed(Table { states })?).is_some(),
                unknown => return Err(M::Error::custom(unknown_key(unknown))),
            };
            if seen {
                return Err(M::Error::custom(format!("the key \"{key}\" stands twice; keep one")));
            }
        }
        let missing = |key: &str| M::Error::custom(format!("the key \"{key}\" is missing; add it"));
        kind.ok_or_else(|| missing("kind"))?;
        let mdp = TabularMdp::new(
            horizon.ok_or_else(|| missing("horizon"))?,
            discount.ok_or_else(|| missing("discount"))?,
            initial.ok_or_else(|| missing("initial"))?,
            table.ok_or_else(|| missing("P"))?,
        )
        .map_err(M::Error::custom)?;
        let mdp = match observation {
            Some(list) => mdp.with_observations(list).map_err(M::Error::custom)?,
            None => mdp,
        };
        Ok(Problem { description, mdp })
    }
}

/// A whole number from 0, also when it is written `3.0` as JSON Schema allows.
fn whole(value: &serde_json::Value) -> Option<usize> {
    const MOST: f64 = 9_007_199_254_740_992.0;
    let from_float = || value.as_f64().filter(|x| x.fract() == 0.0 && (0.0..=MOST).contains(x)).map(|x| x as u64);
    value.as_u64().or_else(from_float).and_then(|n| usize::try_from(n).ok())
}

fn unknown_key(unknown: &str) -> String {
    let close = KEYS.iter().find(|key| key.eq_ignore_ascii_case(unknown) || unknown.starts_with(*key));
    let hint =
        close.map_or_else(|| format!("known keys are {}", KEYS.join(", ")), |key| format!("did you mean \"{key}\"?"));
    format!("unknown key \"{unknown}\"; {hint}")
}

/// Reads an object whose keys are the integers `0 .. count` in any order, each once.
struct Numbered<'a, F> {
    what: &'a str,
    place: String,
    count: Option<usize>,
    entry: F,
}

impl<'de, F, Seed> DeserializeSeed<'de> for Numbered<'_, F>
where
    F: FnMut(usize) -> Seed,
    Seed: DeserializeSeed<'de>,
{
    type Value = Vec<Seed::Value>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de, F, Seed> Visitor<'de> for Numbered<'_, F>
where
    F: FnMut(usize) -> Seed,
    Seed: DeserializeSeed<'de>,
{
    type Value = Vec<Seed::Value>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}an object keyed by {} numbers", self.place, self.what)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let Self { what, place, count, mut entry } = self;
        let mut entries: Vec<Option<Seed::Value>> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let number = key.parse::<usize>().ok().filter(|n| n.to_string() == key).ok_or_else(|| {
                M::Error::custom(format!("{place}the {what} \"{key}\" is not a number; name {what}s \"0\", \"1\", …"))
            })?;
            // A gap shows as a number past the end, since the count is that of the keys.
            if count.is_some_and(|count| number >= count) || number > 1_000_000 {
                let count = count.unwrap_or(entries.len());
                return Err(M::Error::custom(format!(
                    "{place}{what} {number} stands among {count} {what}s; number them from 0 without gaps or repeats"
                )));
            }
            if entries.len() <= number {
                entries.resize_with(number + 1, || None);
            }
            let value = map.next_value_seed(entry(number))?;
            if entries[number].replace(value).is_some() {
                return Err(M::Error::custom(format!("{place}{what} {number} stands twice; keep one")));
            }
        }
        let missing = entries.iter().position(Option::is_none);
        if let Some(missing) = missing {
            return Err(M::Error::custom(format!(
                "{place}{what} {missing} is missing; number {what}s from 0 without gaps"
            )));
        }
        Ok(entries.into_iter().flatten().collect())
    }
}

/// The table `P`.
#[derive(Clone, Copy)]
struct Table {
    states: usize,
}

impl<'de> DeserializeSeed<'de> for Table {
    type Value = Vec<Vec<Vec<Transition>>>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        let states = self.states;
        let entry = |state| Actions { state, states };
        let rows = Numbered { what: "state", place: String::new(), count: Some(states), entry }.deserialize(reader)?;
        let actions = rows.first().map_or(0, Vec::len);
        for (state, row) in rows.iter().enumerate() {
            check_action_count(state, row.len(), actions).map_err(D::Error::custom)?;
        }
        Ok(rows)
    }
}

/// The actions of one state.
struct Actions {
    state: usize,
    states: usize,
}

impl<'de> DeserializeSeed<'de> for Actions {
    type Value = Vec<Vec<Transition>>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        let Self { state, states } = self;
        let entry = |action| Row { state, action, states };
        let rows =
            Numbered { what: "action", place: format!("state {state}: "), count: None, entry }.deserialize(reader)?;
        check_action_count(state, rows.len(), rows.len()).map_err(D::Error::custom)?;
        Ok(rows)
    }
}

/// The outcomes of one action in one state.
struct Row {
    state: usize,
    action: usize,
    states: usize,
}

impl<'de> DeserializeSeed<'de> for Row {
    type Value = Vec<Transition>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Row {
    type Value = Vec<Transition>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { state, action, .. } = self;
        write!(f, "state {state}, action {action} to be a list of [probability, next, reward, terminated]")
    }

    fn visit_seq<Q: SeqAccess<'de>>(self, mut entries: Q) -> Result<Self::Value, Q::Error> {
        let Self { state, action, states } = self;
        let mut row = Vec::new();
        while let Some(outcome) = entries.next_element_seed(Outcome { state, action })? {
            row.push(outcome);
        }
        check_row(state, action, &row, states).map_err(Q::Error::custom)?;
        Ok(row)
    }
}

/// One outcome `[probability, next, reward, terminated]`.
struct Outcome {
    state: usize,
    action: usize,
}

impl<'de> DeserializeSeed<'de> for Outcome {
    type Value = Transition;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Transition, D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Outcome {
    type Value = Transition;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { state, action } = self;
        write!(f, "state {state}, action {action}: each outcome to be [probability, next, reward, terminated]")
    }

    fn visit_seq<Q: SeqAccess<'de>>(self, mut parts: Q) -> Result<Transition, Q::Error> {
        let Self { state, action } = self;
        let wrong = |what: &str, found: &serde_json::Value| {
            Q::Error::custom(format!("state {state}, action {action}: the {what}, not {found}"))
        };
        let mut part = |what: &str| {
            parts.next_element::<serde_json::Value>()?.ok_or_else(|| {
                Q::Error::custom(format!(
                    "state {state}, action {action}: an outcome ends before its {what}; \
                     write [probability, next, reward, terminated]"
                ))
            })
        };
        let (probability, next, reward, terminated) =
            (part("probability")?, part("next state")?, part("reward")?, part("terminated flag")?);
        let transition = Transition {
            probability: probability.as_f64().ok_or_else(|| wrong("probability must be a number", &probability))?,
            next: whole(&next).ok_or_else(|| wrong("next state must be a whole number from 0", &next))?,
            reward: reward.as_f64().ok_or_else(|| wrong("reward must be a number", &reward))?,
            terminated: terminated
                .as_bool()
                .ok_or_else(|| wrong("terminated flag must be true or false", &terminated))?,
        };
        if parts.next_element::<IgnoredAny>()?.is_some() {
            return Err(Q::Error::custom(format!(
                "state {state}, action {action}: an outcome has more than four entries; \
                 write [probability, next, reward, terminated]"
            )));
        }
        Ok(transition)
    }
}
