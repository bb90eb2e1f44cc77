"""Generalised advantages without dependencies, for `unbiased audit --exec 'python3 examples/gae.py' --kind advantages`."""

import json
import sys

for line in sys.stdin:
    question = json.loads(line)
    rewards, values, after = question["rewards"], question["values"], question["next_values"]
    advantages, following = [], 0.0
    for t in reversed(range(len(rewards))):
        ends = question["terminated"][t] or question["truncated"][t]
        bootstrap = 0.0 if question["terminated"][t] else question["discount"] * after[t]
        carried = 0.0 if ends else question["discount"] * question["lambda"] * following
        following = rewards[t] + bootstrap - values[t] + carried
        advantages.append(following)
    print(json.dumps({"id": question["id"], "answer": advantages[::-1]}), flush=True)
