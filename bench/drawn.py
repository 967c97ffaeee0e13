"""What the dataset `drawn` is good for: `python -m bench.drawn FOLDER`.

    python -m handwriting build runs/drawn
    UNIPEN_DIR=... MNIST_CSV=... python -m bench.drawn runs/drawn

It trains the network of PyTorch's MNIST example on `drawn` alone, with that example's settings (Adadelta, 14
epochs of batches of 64, learning rate 1 that falls by 0.7 an epoch), and reads MNIST's and UNIPEN's digits.
Nothing trains on those. It takes about 30 minutes on two cores.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from bench import mnist, sets, unipen
from bench.classifiers import inputs_of
from handwriting.dataset import SHARD
from model import DigitCNN
from training import metrics
from training.fitting import logits
from training.upstream import standardise

EPOCHS, BATCH, DECAY = 14, 64, 0.7
# Mean and deviation of MNIST's pixels, by which the example standardises its input.
MEAN, DEVIATION = 0.1307, 0.3081


def example_network() -> nn.Sequential:
    """The example's layers: two convolutions, one pooling, two dense layers, with dropout."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(64 * 12 * 12, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
    )


def read_drawn(folder: Path) -> tuple[Tensor, Tensor]:
    """The training split that `python -m handwriting build` wrote: inputs and labels."""
    import datasets

    split = datasets.Dataset.from_parquet(str(folder / SHARD.format(split="train")))
    images = split.with_format("numpy")["image"][:]
    return standardise(np.stack(images) / 255, MEAN, DEVIATION), torch.tensor(split["label"][:])


def train(images: Tensor, labels: Tensor, epochs: int = EPOCHS, seed: int = 1) -> nn.Module:
    """The example's network after its training."""
    torch.manual_seed(seed)
    net = example_network().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adadelta(net.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=DECAY)
    for epoch in range(epochs):
        net.train()
        for picks in tqdm(torch.randperm(len(images)).split(BATCH), f"epoch {epoch + 1}", leave=False):
            optimizer.zero_grad()
            F.cross_entropy(net(images[picks]), labels[picks]).backward()
            optimizer.step()
        schedule.step()
    return net


def main() -> None:
    """Train, and print a line for each set that is there."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="what `python -m handwriting build` wrote")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    options = parser.parse_args()
    net = train(*read_drawn(options.folder), options.epochs)

    def report(name: str, inputs: Tensor, labels: np.ndarray) -> None:
        right = int((logits(net, inputs).argmax(1).numpy() == labels).sum())
        print(f"{name}: {metrics.describe(metrics.counted(right, len(labels)))}", flush=True)

    if (file := mnist.file()) is not None:
        for name, (pictures, labels) in mnist.read(file).items():
            report(name, standardise(pictures, MEAN, DEVIATION), labels)
    if (root := unipen.folder()) is not None:
        ours = DigitCNN.from_pretrained(Path(__file__).parent.parent / "weights")
        for looked_at in (True, False):
            parts = list(sets.collections(root, looked_at))
            inputs = torch.cat([inputs_of(ours, part.pictures)[0] for part in parts])
            name = f"UNIPEN, {'looked at' if looked_at else 'nobody looked at'}"
            labels = np.concatenate([part.labels for part in parts])
            report(name, standardise(inputs[:, 0].numpy(), MEAN, DEVIATION), labels)


if __name__ == "__main__":
    main()
