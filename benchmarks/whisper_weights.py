"""The weights of a CTranslate2 Whisper model for other engines: openai-whisper's checkpoint and whisper.cpp's ggml file.

    PEERS/bin/python benchmarks/whisper_weights.py MODEL.BIN FOLDER      writes FOLDER/base.pt and FOLDER/ggml-base.bin

Run by the interpreter that has openai-whisper, whose package holds the mel filters and the vocabulary. Nothing is rounded: the
file holds 16-bit floats (`WhisperSpec` revision 3, binary version 6), and so do both results.
"""

import base64
import os
import struct
import sys
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import numpy as np

KINDS = (np.float32, np.int8, np.int16, np.int32, np.float16)
HEAD = 64
"""Numbers of one attention head, in every Whisper model."""
WIDE = {
    "encoder.conv1.bias",
    "encoder.conv2.bias",
    "encoder.positional_embedding",
    "decoder.positional_embedding",
}
"""What whisper.cpp wants in 32 bits although it has two dimensions."""
# ours fuse query, key and value; openai-whisper has no bias for keys, which is zero here
FUSED = {
    "self_attention": ("attn", (("query", "key", "value"), ("out",))),
    "attention": ("cross_attn", (("query",), ("key", "value"), ("out",))),
}


def read(file: Path) -> dict[str, Any]:
    """Every array by its name."""
    found = {}
    with file.open("rb") as opened:
        version, spec, revision, count = _number(opened), _name(opened), _number(opened), _number(opened)
        assert (version, spec, revision) == (6, "WhisperSpec", 3), (
            f"another format: {version} {spec} {revision}"
        )
        for _ in range(count):
            name = _name(opened)
            shape = [_number(opened) for _ in range(opened.read(1)[0])]
            kind = KINDS[opened.read(1)[0]]
            found[name] = np.frombuffer(opened.read(_number(opened)), dtype=kind).reshape(shape)
    return found


def _number(file: IO[bytes]) -> int:
    return int.from_bytes(file.read(4), "little")


def _name(file: IO[bytes]) -> str:
    return file.read(int.from_bytes(file.read(2), "little"))[:-1].decode()


def renamed(ours: dict[str, Any]) -> dict[str, Any]:
    """The arrays under openai-whisper's names, the fused ones taken apart."""
    theirs: dict[str, Any] = {"decoder.token_embedding.weight": ours["decoder/embeddings/weight"]}
    for side, last in (("encoder", "ln_post"), ("decoder", "ln")):
        theirs[f"{side}.positional_embedding"] = ours[f"{side}/position_encodings/encodings"]
        _norm(theirs, f"{side}.{last}", ours, f"{side}/layer_norm")
        for number in range(layers(ours, side)):
            _block(theirs, f"{side}.blocks.{number}", ours, f"{side}/layer_{number}")
    for conv in ("conv1", "conv2"):
        for part in ("weight", "bias"):
            theirs[f"encoder.{conv}.{part}"] = ours[f"encoder/{conv}/{part}"]
    return theirs


def layers(ours: dict[str, Any], side: str) -> int:
    """How many blocks it has."""
    return sum(name.startswith(f"{side}/") and name.endswith("/ffn/linear_0/weight") for name in ours)


def _norm(theirs: dict[str, Any], to: str, ours: dict[str, Any], of: str) -> None:
    theirs[f"{to}.weight"], theirs[f"{to}.bias"] = ours[f"{of}/gamma"], ours[f"{of}/beta"]


def _block(theirs: dict[str, Any], to: str, ours: dict[str, Any], of: str) -> None:
    _norm(theirs, f"{to}.mlp_ln", ours, f"{of}/ffn/layer_norm")
    for number, place in enumerate((0, 2)):
        for part in ("weight", "bias"):
            theirs[f"{to}.mlp.{place}.{part}"] = ours[f"{of}/ffn/linear_{number}/{part}"]
    for kind, (name, parts) in FUSED.items():
        if f"{of}/{kind}/layer_norm/gamma" not in ours:
            continue
        _norm(theirs, f"{to}.{name}_ln", ours, f"{of}/{kind}/layer_norm")
        for number, fused in enumerate(parts):
            for part in ("weight", "bias"):
                pieces = np.split(ours[f"{of}/{kind}/linear_{number}/{part}"], len(fused))
                for piece, which in zip(pieces, fused, strict=True):
                    if (part, which) != ("bias", "key"):
                        theirs[f"{to}.{name}.{which}.{part}"] = piece


def sizes(ours: dict[str, Any]) -> dict[str, int]:
    """The dimensions, in the order of both formats."""
    audio, text = ours["encoder/position_encodings/encodings"], ours["decoder/position_encodings/encodings"]
    return {
        "n_mels": ours["encoder/conv1/weight"].shape[1],
        "n_vocab": ours["decoder/embeddings/weight"].shape[0],
        "n_audio_ctx": audio.shape[0],
        "n_audio_state": audio.shape[1],
        "n_audio_head": audio.shape[1] // HEAD,
        "n_audio_layer": layers(ours, "encoder"),
        "n_text_ctx": text.shape[0],
        "n_text_state": text.shape[1],
        "n_text_head": text.shape[1] // HEAD,
        "n_text_layer": layers(ours, "decoder"),
    }


def checkpoint(file: Path, dims: dict[str, int], arrays: dict[str, Any]) -> None:
    """Writes openai-whisper's form."""
    torch = import_module("torch")
    state = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
    torch.save({"dims": dims, "model_state_dict": state}, file)


def ggml(file: Path, dims: dict[str, int], arrays: dict[str, Any], assets: Path) -> None:
    """Writes whisper.cpp's form: sizes, mel filters, vocabulary, arrays."""
    filters = np.load(assets / "mel_filters.npz")[f"mel_{dims['n_mels']}"].astype(np.float32)
    lines = (assets / "multilingual.tiktoken").read_bytes().splitlines()
    tokens = [base64.b64decode(line.split()[0]) for line in lines if line]
    others = [size for name, size in dims.items() if name != "n_mels"]
    with file.open("wb") as out:
        out.write(struct.pack("<12i", 0x67676D6C, *others, dims["n_mels"], 1))
        out.write(struct.pack("<2i", *filters.shape) + filters.tobytes())
        out.write(struct.pack("<i", len(tokens)))
        for token in tokens:
            out.write(struct.pack("<i", len(token)) + token)
        for name, given in arrays.items():
            array = given.reshape(-1, 1) if name.startswith("encoder.conv") and given.ndim == 1 else given
            wide = array.ndim < 2 or name in WIDE
            out.write(struct.pack("<3i", array.ndim, len(name), 0 if wide else 1))
            out.write(struct.pack(f"<{array.ndim}i", *reversed(array.shape)) + name.encode())
            out.write(array.astype(np.float32 if wide else np.float16).tobytes())


def main(model: str, folder: str) -> None:
    """Writes both files, each whole or not at all."""
    ours = read(Path(model))
    arrays, dims = renamed(ours), sizes(ours)
    assets = Path(str(import_module("whisper").__file__)).parent / "assets"
    for name in ("base.pt", "ggml-base.bin"):
        unfinished = Path(folder, f"{name}.{os.getpid()}")
        if name == "base.pt":
            checkpoint(unfinished, dims, arrays)
        else:
            ggml(unfinished, dims, arrays, assets)
        unfinished.rename(Path(folder, name))


if __name__ == "__main__":
    main(*sys.argv[1:3])
