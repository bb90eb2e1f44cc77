//! A small record for tests: two panels, three swept values, three series; a zero, a number that is only sampled, and one
//! that is missing.

use crate::experiment::Comparison;

pub(super) fn record() -> Comparison {
    let text = r#"{
        "record": "comparison", "form": 1, "version": "0.1.0",
        "command": "unbiased compare experiments/small.toml", "name": "small", "seed": 7,
        "experiment": {
            "title": "A small one", "question": "What is seen?", "finding": "This is.", "analysis": "An *essay*.",
            "metrics": ["noise", "bias"],
            "sweep": {"parameter": "horizon", "values": [1, 2, 10], "logarithmic": true},
            "sampled": {"trajectories": 64},
            "panel": [{"label": "one | two"}, {"label": "second"}],
            "series": [{"label": "plain"}, {"label": "with, \"comma\""}, {"label": "a | b"}]
        },
        "experiment_hash": "abc", "problems": [{"name": "p", "hash": "01"}, {"name": "q", "hash": "02"}],
        "settings": 6, "results": []
    }"#;
    let mut record = serde_json::from_str::<Comparison>(text).unwrap();
    for index in 0..6 {
        let x = [1.0, 2.0, 10.0][index % 3];
        let noise = 2.345_678 * x + 0.1 * (index / 3) as f64;
        let point = |factor: f64, bias: f64, verdict: &str| {
            serde_json::json!({
                "verdict": verdict,
                "metrics": {
                    "noise": {"exact": factor * noise, "sampled": {"value": factor * noise + 0.054_322, "standard_error": 0.123_456}},
                    "bias": {"exact": bias}
                },
                "agreement": {"comparisons": 5, "mean": 1.5 + 0.1 * index as f64, "metrics": 0.44, "resolution": 0.02 * x}
            })
        };
        let only_sampled = serde_json::json!({
            "metrics": {"noise": {"sampled": {"value": 7.1 + x, "standard_error": 0.25}}}
        });
        let points = serde_json::json!([
            point(1.0, 0.0, "unbiased"),
            point(1.0 + 0.1 / 3.0, 1.25e-4 * x, "turned"),
            only_sampled
        ]);
        let setting = serde_json::json!({"index": index, "panel": index / 3, "x": x, "points": points});
        record.results.push(serde_json::from_value(setting).unwrap());
    }
    record
}

/// The same without anything sampled.
pub(super) fn exact_record() -> Comparison {
    let mut record = record();
    record.experiment.sampled = None;
    for point in record.results.iter_mut().flat_map(|setting| &mut setting.points) {
        point.agreement = None;
        point.metrics.values_mut().for_each(|number| number.sampled = None);
        point.metrics.retain(|_, number| number.exact.is_some());
    }
    record
}
