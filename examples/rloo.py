"""REINFORCE with a leave-one-out baseline, without dependencies, for `unbiased audit --exec 'python3 examples/rloo.py' --promise groups`."""

import json
import sys

for line in sys.stdin:
    batch = json.loads(line)
    discount = batch["settings"]["discount"]
    returns = [
        sum(discount**t * reward for t, reward in enumerate(row[:length]))
        for row, length in zip(batch["rewards"], batch["lengths"])
    ]
    weights = []
    for i, group in enumerate(batch["groups"]):
        others = [r for j, r in enumerate(returns) if j != i and batch["groups"][j] == group]
        baseline = sum(others) / len(others) if others else 0.0
        weights.append([(returns[i] - baseline) * mask for mask in batch["mask"][i]])
    print(json.dumps({"id": batch["id"], "weights": weights}), flush=True)
