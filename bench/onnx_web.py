"""Our page with its network run by ONNX Runtime Web, for `bench/latency.py`: the same worker and preprocessing, other layers.

Needs npm, which fetches the runtime into data/cache/, and the Python package onnx, which exports the network.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path

from model import DigitCNN
from publishing import exporter

ROOT = Path(__file__).parent.parent
ORT = "onnxruntime-web@1.30.0"
ORT_FILES = (
    "ort.wasm.min.mjs",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
)  # the plain backend

# digit.js with the network's layers left to ONNX Runtime; preprocessing, temperature and threshold are ours.
ONNX_NETWORK = """
import { DigitCNN as Ours, preprocess } from "./digit.js";
import * as ort from "./ort.wasm.min.mjs";
export * from "./digit.js";

ort.env.wasm.numThreads = 1;
export class DigitCNN {
  static async fromPretrained(base) {
    const net = new DigitCNN();
    net.config = (await Ours.fromPretrained(base)).config;
    net.session = await ort.InferenceSession.create(new URL("net.onnx", import.meta.url).href, { executionProviders: ["wasm"] });
    const seven = [{ points: [[130, 100], [310, 100], [200, 340]] }];
    for (let i = 0; i < 12; i++) await net.predict(preprocess(seven));
    return net;
  }

  async preprocess(image) { return preprocess(image); }

  async predict(tensor) {
    const found = await this.session.run({ image: new ort.Tensor("float32", tensor, [1, 1, 28, 28]) });
    const probabilities = found.probabilities.data, margin = found.margin.data[0];
    const digit = margin < this.config.threshold ? null : String(probabilities.indexOf(Math.max(...probabilities)));
    return { probabilities, margin, digit };
  }
}
"""


class Unavailable(RuntimeError):
    """The ONNX Runtime rows cannot be measured. The message is one sentence."""


def fetch_runtime(cache: Path = ROOT / "data" / "cache") -> Path:
    """The folder with ONNX Runtime Web's files, from npm's registry unless it is there. Raises Unavailable."""
    folder = cache / ORT.replace("@", "-")
    if all((folder / name).is_file() for name in ORT_FILES):
        return folder
    if not shutil.which("npm"):
        raise Unavailable("ONNX Runtime Web comes from npm's registry, and there is no npm; install Node.js.")
    cache.mkdir(parents=True, exist_ok=True)
    command = ["npm", "pack", ORT, "--silent", "--pack-destination", str(cache)]
    packed = subprocess.run(command, capture_output=True, text=True)
    if packed.returncode:
        raise Unavailable(f"npm could not fetch {ORT}: {packed.stderr.strip().splitlines()[-1:]}")
    archive = cache / packed.stdout.split()[-1]
    folder.mkdir(exist_ok=True)
    with tarfile.open(archive) as files:
        for name in ORT_FILES:
            (folder / name).write_bytes(files.extractfile(f"package/dist/{name}").read())
    archive.unlink()
    return folder


def export_onnx(path: Path) -> None:
    """Write the shipped network as publish.py does. Raises Unavailable."""
    try:
        exporter.export(DigitCNN.from_pretrained(ROOT / "weights"), path)
    except exporter.ExportError as error:
        raise Unavailable(str(error)) from error


def replace_network(site: Path) -> None:
    """Let the static edition in a folder run its network by ONNX Runtime. Raises Unavailable."""
    for name in ORT_FILES:
        shutil.copyfile(fetch_runtime() / name, site / name)
    export_onnx(site / "net.onnx")
    (site / "onnx.js").write_text(ONNX_NETWORK)
    script = (site / "worker.js").read_text()
    changed = script.replace("./digit.js", "./onnx.js").replace("= net.predict(", "= await net.predict(")
    assert changed.count("onnx.js") == changed.count("await net.predict") == 1, "worker.js has changed"
    (site / "worker.js").write_text(changed)
