"""Exports Gymnasium's toy-text tables as problem files for `unbiased exact`.

    pip install gymnasium==1.2.3
    python problems/export_gymnasium.py problems

Any environment whose `env.unwrapped` has `P` and `initial_state_distrib` exports the same way.
"""

import json
import pathlib
import sys

import gymnasium

# File name, environment, its arguments, horizon. FrozenLake 8x8 is cut at 100 steps like 4x4 (Gymnasium: 200), and
# CliffWalking, which Gymnasium leaves endless, at 100.
PROBLEMS = [
    ("frozen-lake-4x4", "FrozenLake-v1", {"map_name": "4x4", "is_slippery": True}, 100),
    ("frozen-lake-8x8", "FrozenLake-v1", {"map_name": "8x8", "is_slippery": True}, 100),
    ("cliff-walking", "CliffWalking-v1", {}, 100),
    ("taxi", "Taxi-v3", {}, 200),
]


def problem_text(environment, description, horizon, discount=1.0):
    """The problem file of an environment: one line a state and action, so that errors can name the line."""
    world = environment.unwrapped
    states = []
    for state in range(len(world.P)):
        actions = []
        for action in range(len(world.P[state])):
            row = [
                [float(probability), int(following), float(reward), bool(terminated)]
                for probability, following, reward, terminated in world.P[state][action]
            ]
            actions.append(f'      "{action}": {json.dumps(row)}')
        states.append(f'    "{state}": {{\n' + ",\n".join(actions) + "\n    }")
    initial = json.dumps([float(probability) for probability in world.initial_state_distrib])
    return (
        "{\n"
        '  "kind": "tabular",\n'
        f'  "description": {json.dumps(description)},\n'
        f'  "horizon": {horizon},\n'
        f'  "discount": {discount},\n'
        f'  "initial": {initial},\n'
        '  "P": {\n' + ",\n".join(states) + "\n  }\n}\n"
    )


def main(folder):
    for name, identifier, arguments, horizon in PROBLEMS:
        environment = gymnasium.make(identifier, **arguments)
        options = "".join(f", {key}={value}" for key, value in arguments.items())
        description = f"{identifier}{options} of Gymnasium {gymnasium.__version__}"
        path = pathlib.Path(folder) / f"{name}.json"
        path.write_text(problem_text(environment, description, horizon), encoding="utf-8")
        print(f"{path}: {len(environment.unwrapped.P)} states")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else ".")
