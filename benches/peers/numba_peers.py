"""W1, W2, W3, W4 and W6 of the workloads in Numba, to be run in the same minutes as `make bench`.

    pip install numba
    python benches/peers/numba_peers.py

Same formulas, f64, all threads. W1 draws action and next state from one joint alias table a state with an inlined
xoroshiro128+, one trajectory at a time; W3 one trajectory at a time with Numba's own normals; W4 in sixteen lanes; W6 has the policy's matrix built once and the actions left to the end, as in
`exact::evaluator`.
"""

import math
import time

import numba
import numpy as np
from numba import njit, prange


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def tabular(states, actions):
    s = np.arange(states)[:, None, None]
    a = np.arange(actions)[None, :, None]
    n = np.arange(states)[None, None, :]
    p = softmax(2 * np.sin(1.3 * s + 2.1 * a + 0.7 * (n + 1) * (a + 1)))
    r = np.cos(0.9 * s[..., 0] + 1.7 * a[..., 0])
    theta = 0.5 * np.sin(0.8 * s[..., 0] + 1.1 * a[..., 0])
    start = softmax(0.3 * np.cos(1.9 * np.arange(states)))
    return p, r, theta, start


def alias_table(p):
    """Thresholds in [0, 1) and aliases (Vose)."""
    n = len(p)
    scaled, alias = p * n, np.arange(n)
    small = [i for i in range(n) if scaled[i] < 1]
    large = [i for i in range(n) if scaled[i] >= 1]
    scaled = scaled.copy()
    threshold = np.ones(n)
    while small and large:
        poor, rich = small.pop(), large.pop()
        threshold[poor], alias[poor] = scaled[poor], rich
        scaled[rich] -= 1 - scaled[poor]
        (small if scaled[rich] < 1 else large).append(rich)
    return threshold, alias.astype(np.int32)


@njit(inline="always")
def rotate(x, k):
    return (x << np.uint64(k)) | (x >> np.uint64(64 - k))


@njit(inline="always")
def uniform(state):
    a, b = state[0], state[1]
    out = a + b
    b ^= a
    state[0] = rotate(a, 24) ^ b ^ (b << np.uint64(16))
    state[1] = rotate(b, 37)
    return (out >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(parallel=True, fastmath=True)
def w1(trajectories, chunks, horizon, states, actions, threshold, alias, reward, values, pi, start):
    cells = states * actions
    width = actions * states
    sums = np.zeros((chunks, 6, cells))
    each = trajectories // chunks
    for chunk in prange(chunks):
        rng = np.array([np.uint64(0x9E3779B97F4A7C15) * np.uint64(chunk + 1), np.uint64(88172645463325252)])
        for _ in range(20):
            uniform(rng)
        c = np.zeros((3, cells))
        path = np.zeros(horizon, np.int32)
        ahead = np.zeros(horizon)
        for _ in range(each):
            u = uniform(rng)
            s = 0
            while u > start[s] and s < states - 1:
                s += 1
            for t in range(horizon):
                x = uniform(rng) * width
                j = int(x)
                k = j if x - j < threshold[s, j] else alias[s, j]
                path[t] = s * actions + k // states
                s = k % states
            c[:] = 0.0
            go = 0.0
            for t in range(horizon - 1, -1, -1):
                cell = path[t]
                go += reward[cell]
                c[0, cell] += 1.0
                c[1, cell] += go
                c[2, cell] += go - values[t, cell // actions]
            for o in range(states):
                for q in range(3):
                    visits = 0.0
                    for a in range(actions):
                        visits += c[q, o * actions + a]
                    scale = go if q == 0 else 1.0
                    for a in range(actions):
                        e = (c[q, o * actions + a] - pi[o, a] * visits) * scale
                        sums[chunk, 2 * q, o * actions + a] += e
                        sums[chunk, 2 * q + 1, o * actions + a] += e * e
    return sums.sum(axis=0)


@njit(parallel=True, fastmath=True)
def w2(samples, chunks, threshold, alias, q):
    arms = len(q)
    sums = np.zeros((chunks, 3, arms))
    each = samples // chunks
    for chunk in prange(chunks):
        rng = np.array([np.uint64(0x9E3779B97F4A7C15) * np.uint64(chunk + 1), np.uint64(88172645463325252)])
        for _ in range(20):
            uniform(rng)
        own = np.zeros((arms, 4))
        for _ in range(each // 2):
            radius = math.sqrt(-2.0 * math.log(1.0 - uniform(rng)))
            angle = 2.0 * math.pi * uniform(rng)
            for z in (radius * math.cos(angle), radius * math.sin(angle)):
                x = uniform(rng) * arms
                j = int(x)
                k = j if x - j < threshold[j] else alias[j]
                r = q[k] + z
                own[k, 0] += 1.0
                own[k, 1] += r
                own[k, 2] += r * r
        for k in range(arms):
            for i in range(3):
                sums[chunk, i, k] = own[k, i]
    return sums.sum(axis=0)


@njit(parallel=True, fastmath=True)
def w3(trajectories, chunks, horizon, a, b, k, sigma):
    n, m = b.shape
    sums = np.zeros((chunks, 2, m, n))
    each = trajectories // chunks
    for chunk in prange(chunks):
        np.random.seed(chunk)
        states, normals, rewards = np.zeros((horizon, n)), np.zeros((horizon, m)), np.zeros(horizon)
        action, estimate, ahead = np.zeros(m), np.zeros((m, n)), np.zeros(n)
        for _ in range(each):
            for i in range(n):
                states[0, i] = np.random.standard_normal()
            for t in range(horizon):
                cost = 0.0
                for i in range(m):
                    normals[t, i] = np.random.standard_normal()
                    x = sigma * normals[t, i]
                    for j in range(n):
                        x += k[i, j] * states[t, j]
                    action[i] = x
                    cost += 0.1 * x * x
                for j in range(n):
                    cost += states[t, j] * states[t, j]
                rewards[t] = -cost
                if t + 1 < horizon:
                    for i in range(n):
                        x = 0.1 * np.random.standard_normal()
                        for j in range(n):
                            x += a[i, j] * states[t, j]
                        for j in range(m):
                            x += b[i, j] * action[j]
                        states[t + 1, i] = x
            estimate[:] = 0.0
            go = 0.0
            for t in range(horizon - 1, -1, -1):
                go += rewards[t]
                for i in range(m):
                    pull = normals[t, i] / sigma * go
                    for j in range(n):
                        estimate[i, j] += pull * states[t, j]
            for i in range(m):
                for j in range(n):
                    sums[chunk, 0, i, j] += estimate[i, j]
                    sums[chunk, 1, i, j] += estimate[i, j] * estimate[i, j]
    return sums.sum(axis=0)


@njit(parallel=True, fastmath=True)
def w4(trajectories, chunks, horizon, states, threshold, alias, reward, ratio, start):
    lanes = 16
    width = threshold.shape[1]
    sums = np.zeros((chunks, horizon, 4))
    each = trajectories // chunks // lanes
    for chunk in prange(chunks):
        rng = np.array([np.uint64(0x9E3779B97F4A7C15) * np.uint64(chunk + 1), np.uint64(88172645463325252)])
        for _ in range(20):
            uniform(rng)
        s, w, total = np.zeros(lanes, np.int32), np.zeros(lanes), np.zeros(lanes)
        own = np.zeros((horizon, 4))
        for _ in range(each):
            for lane in range(lanes):
                u = uniform(rng)
                first = 0
                while u > start[first] and first < states - 1:
                    first += 1
                s[lane] = first
                w[lane] = 1.0
                total[lane] = 0.0
            for t in range(horizon):
                a = b = c = d = 0.0
                for lane in range(lanes):
                    x = uniform(rng) * width
                    j = int(x)
                    k = j if x - j < threshold[s[lane], j] else alias[s[lane], j]
                    cell = s[lane] * (width // states) + k // states
                    s[lane] = k % states
                    w[lane] *= ratio[cell]
                    total[lane] += reward[cell]
                for lane in range(lanes):
                    y = w[lane] * total[lane]
                    a += w[lane]
                    b += w[lane] * w[lane]
                    c += y
                    d += y * y
                own[t, 0] += a
                own[t, 1] += b
                own[t, 2] += c
                own[t, 3] += d
        sums[chunk] = own
    return sums.sum(axis=0)


@njit(fastmath=True)
def w6(p, r, theta, start, horizon):
    states, actions = theta.shape
    pi = np.empty_like(theta)
    for s in range(states):
        e = np.exp(theta[s] - theta[s].max())
        pi[s] = e / e.sum()
    matrix = np.zeros((states, states))
    reward = np.zeros(states)
    for s in range(states):
        for a in range(actions):
            reward[s] += pi[s, a] * r[s, a]
            for n in range(states):
                matrix[s, n] += pi[s, a] * p[s, a, n]
    values = np.zeros((horizon + 1, states))
    for t in range(horizon - 1, -1, -1):
        values[t] = reward + np.dot(matrix, values[t + 1])
    occupancy = np.zeros((horizon, states))
    occupancy[0] = start
    for t in range(1, horizon):
        occupancy[t] = np.dot(occupancy[t - 1], matrix)
    product = np.dot(occupancy.T, values[1:])
    visits = occupancy.sum(axis=0)
    gradient = np.empty_like(theta)
    for s in range(states):
        mean = 0.0
        for a in range(actions):
            q = r[s, a] * visits[s]
            for n in range(states):
                q += p[s, a, n] * product[s, n]
            gradient[s, a] = q
            mean += pi[s, a] * q
        for a in range(actions):
            gradient[s, a] = pi[s, a] * (gradient[s, a] - mean)
    return np.dot(start, values[0]), gradient


def best(runs, work):
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def main():
    threads = numba.get_num_threads()
    print(f"Numba {numba.__version__}, {threads} threads")
    p, r, theta, start = tabular(10, 4)
    pi = softmax(theta)
    tables = [alias_table((pi[s][:, None] * p[s]).ravel()) for s in range(10)]
    threshold, alias = np.array([t for t, _ in tables]), np.array([a for _, a in tables])
    values = np.zeros((21, 10))
    for t in range(19, -1, -1):
        values[t] = (pi * (r + p @ values[t + 1])).sum(axis=1)
    work = lambda: w1(1_000_000, 64, 20, 10, 4, threshold, alias, r.ravel(), values, pi, np.cumsum(start))
    work()
    print(f"W1: {20e6 / best(7, work) / 1e6:.0f} M steps/s")
    shifted = softmax(theta + 0.3 * np.cos(1.3 * np.arange(10)[:, None] + 0.9 * np.arange(4)[None, :]))
    ratio = (shifted / pi).ravel()
    work = lambda: w4(1_000_000, 64, 100, 10, threshold, alias, r.ravel(), ratio, np.cumsum(start))
    work()
    print(f"W4: {100e6 / best(5, work) / 1e6:.0f} M steps/s")
    i, j = np.arange(8)[:, None], np.arange(8)[None, :]
    a = 0.9 * np.eye(8) + 0.05 * np.sin(1 + i + 2 * j)
    b = 0.3 * np.cos(1 + 2 * i + 3 * np.arange(4)[None, :])
    k = -0.1 * np.sin(1 + np.arange(4)[:, None] + j)
    work = lambda: w3(100_000, 64, 50, a, b, k, 0.5)
    work()
    print(f"W3: {5e6 / best(5, work) / 1e6:.1f} M steps/s")
    logits = 0.5 * np.sin(1.1 * np.arange(10))
    threshold, alias = alias_table(softmax(logits))
    q = np.cos(0.7 * np.arange(10))
    work = lambda: w2(1 << 24, 64, threshold, alias, q)
    work()
    print(f"W2: {(1 << 24) / best(7, work) / 1e6:.0f} M samples/s through sums an arm")
    problem = (*tabular(100, 10), 100)
    w6(*problem)
    print(f"W6: {1e6 * best(300, lambda: w6(*problem)):.0f} µs")


if __name__ == "__main__":
    main()
