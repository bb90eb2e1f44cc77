"""A clipped surrogate with PyTorch's autograd: the loss is differentiated in the log-probabilities.

unbiased audit --exec 'python3 examples/ppo_torch.py' --promise ratio=step,clip=pessimistic
"""

import json
import sys

import torch

torch.set_default_dtype(torch.float64)
for line in sys.stdin:
    batch = json.loads(line)
    settings = batch["settings"]
    mask = torch.tensor(batch["mask"], dtype=torch.bool)
    tensor = lambda name: torch.where(mask, torch.tensor(batch[name]), 0.0)
    log_probs = tensor("log_probs").requires_grad_()
    steps = torch.arange(batch["steps"])
    returns = (tensor("rewards") * settings["discount"] ** steps).sum(1, keepdim=True)
    ratio = (log_probs - tensor("behaviour_log_probs")).exp()
    clipped = ratio.clamp(1 - settings["clip_below"], 1 + settings["clip_above"])
    surrogate = torch.minimum(ratio * returns, clipped * returns)
    loss = -(surrogate * mask).sum() / batch["sequences"]
    loss.backward()
    print(json.dumps({"id": batch["id"], "loss_gradient": log_probs.grad.tolist()}), flush=True)
