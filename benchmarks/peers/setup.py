"""Make the measured virtual environments: taskfit, TRL, LLaMA-Factory, lm-evaluation-harness, with pinned packages.

taskfit is measured against them, not built on them, so they never share an environment with it. torch is installed
first and held by a constraint: a plain `pip install llamafactory` would replace it (torchvision pins another one).
"""

import argparse
import subprocess
import sys
import venv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import bench_home, peer_python

TORCH = "torch==2.13.*"
TRL = ("trl==1.16.*", "transformers==5.23.*", "peft==0.21.*", "numpy")
NEAR = ("datasketch==2.0.*", "rensa==0.5.*")
LM_EVAL = ("lm-eval==0.4.13", "transformers==5.23.*", "peft==0.21.*", "accelerate", "numpy")
# LLaMA-Factory 0.9.5's own upper bounds, without what only its web page, audio and video need
# (gradio, fastapi, modelscope, av, matplotlib, torchvision, torchaudio).
LLAMAFACTORY = (
    "transformers==5.6.0",
    "peft==0.18.1",
    "trl==0.24.0",
    "accelerate==1.11.0",
    "datasets==4.0.0",
    "torchdata==0.11.0",
    "tyro<0.9.0",
    *("numpy", "pandas", "scipy", "omegaconf", "fire", "sentencepiece", "tiktoken", "protobuf"),
    *("pyyaml", "pydantic", "packaging", "safetensors", "pillow", "einops"),
)
STUB = '"""Text runs never load audio: this empty module satisfies the import of LLaMA-Factory\'s data code."""\n'


def pip(python: Path, *words: str) -> None:
    """Run pip of one environment with torch held at its version."""
    constraint = python.parents[1] / "constraint.txt"
    constraint.write_text(TORCH + "\n", encoding="utf-8")
    subprocess.run([str(python), "-m", "pip", "install", "-q", "-c", str(constraint), *words], check=True)


def make(name: str) -> Path:
    """Create the empty environment `name` with torch in it; return its Python."""
    folder = bench_home() / name
    if not peer_python(name).exists():
        print(f"{name}: new environment in {folder}", flush=True)
        venv.create(folder, with_pip=True)
    pip(peer_python(name), TORCH)
    return peer_python(name)


def set_up_trl() -> None:
    pip(make("trl"), *TRL)


def set_up_lm_eval() -> None:
    pip(make("lm-eval"), *LM_EVAL)


def set_up_taskfit() -> None:
    """taskfit with only what it needs to run: test extras (scikit-learn) would slow down the start of transformers."""
    pip(make("taskfit"), "-e", str(Path(__file__).resolve().parents[2]))


def set_up_llamafactory() -> None:
    python = make("llamafactory")
    pip(python, *LLAMAFACTORY)
    pip(python, "--no-deps", "llamafactory==0.9.5")
    purelib = subprocess.check_output([str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])
    (Path(purelib.decode().strip()) / "torchaudio.py").write_text(STUB, encoding="utf-8")


def set_up_near() -> None:
    """datasketch and rensa, which need no torch."""
    folder = bench_home() / "near"
    if not peer_python("near").exists():
        venv.create(folder, with_pip=True)
    subprocess.run([str(peer_python("near")), "-m", "pip", "install", "-q", *NEAR], check=True)


PEERS = {
    "taskfit": set_up_taskfit,
    "trl": set_up_trl,
    "llamafactory": set_up_llamafactory,
    "lm-eval": set_up_lm_eval,
    "near": set_up_near,
}
PROOF = {
    "near": "import datasketch, rensa; print('datasketch', datasketch.__version__)",
    "taskfit": "import torch, taskfit; print('taskfit', taskfit.__version__, 'torch', torch.__version__)",
    "lm-eval": "import torch, lm_eval.models.huggingface; print('lm-eval, torch', torch.__version__)",
    "trl": "import torch, trl; print('trl', trl.__version__, 'torch', torch.__version__)",
    "llamafactory": "import torch; from llamafactory.train.tuner import run_exp; print('torch', torch.__version__)",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peers", nargs="*", default=list(PEERS), help=f"which of {', '.join(PEERS)} (default: all)")
    for name in parser.parse_args().peers:
        PEERS[name]()
        subprocess.run([str(peer_python(name)), "-c", PROOF[name]], check=True)


if __name__ == "__main__":
    main()
