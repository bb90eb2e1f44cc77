"""Records trajectories of Gymnasium's classic control for tests/tasks.rs: states in full double precision.

    pip install gymnasium==1.4.0
    python tools/record_gymnasium.py tests/data

States are `env.unwrapped.state`, not the observations, which Gymnasium rounds to float32. Actions of Pendulum are doubles,
so that its arithmetic is that of doubles throughout; some lie outside the limits of the torque.
"""

import json
import pathlib
import sys

import gymnasium
import numpy


def record(name, seed, steps, act):
    """One episode of at most `steps` steps: the states from the first on, actions, rewards, and whether the world ended."""
    env = gymnasium.make(name).unwrapped
    env.reset(seed=seed)
    random = numpy.random.default_rng(seed)
    states, actions, rewards, terminated = [env.state.tolist()], [], [], False
    while len(actions) < steps and not terminated:
        action = act(random, env.state, len(actions))
        given = numpy.array([action], dtype=numpy.float64) if name.startswith("Pendulum") else action
        _, reward, terminated, _, _ = env.step(given)
        states.append(env.state.tolist())
        actions.append(action)
        rewards.append(float(reward))
    return {"states": states, "actions": actions, "rewards": rewards, "terminated": terminated}


def at_random(random, state, step):
    return int(random.integers(2))


def always_right(random, state, step):
    return 1


def balanced(random, state, step):
    return int(0.1 * state[0] + 0.3 * state[1] + state[2] + 0.5 * state[3] > 0)


def drifting(random, state, step):
    """Keeps the pole up and lets the cart run off the track."""
    return int(state[2] + 0.5 * state[3] > 0.02)


def noisy_torque(random, state, step):
    return float(random.uniform(-3.0, 3.0))


def pumping(random, state, step):
    """Pushes along the motion."""
    return 2.0 if state[1] > 0 else -2.0


def cart_pole():
    episodes = [record("CartPole-v1", seed, 500, at_random) for seed in range(24)]
    episodes += [record("CartPole-v1", 24, 500, always_right)]
    episodes += [record("CartPole-v1", 25, 500, balanced)]
    episodes += [record("CartPole-v1", seed, 500, drifting) for seed in (26, 27)]
    return episodes


def pendulum():
    episodes = [record("Pendulum-v1", seed, 40, noisy_torque) for seed in range(20)]
    episodes += [record("Pendulum-v1", 20 + seed, 200, pumping) for seed in range(2)]
    return episodes


def main(folder):
    note = f"written by tools/record_gymnasium.py with Gymnasium {gymnasium.__version__}, numpy {numpy.__version__}"
    for file, episodes in [("cart-pole", cart_pole()), ("pendulum", pendulum())]:
        lines = ",\n".join(json.dumps(episode, separators=(",", ":")) for episode in episodes)
        text = f'{{"note": "{note}", "episodes": [\n{lines}\n]}}\n'
        (pathlib.Path(folder) / f"{file}.json").write_text(text)


if __name__ == "__main__":
    main(sys.argv[1])
