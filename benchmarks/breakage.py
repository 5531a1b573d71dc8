"""Ways to damage a model folder: each function changes files of a copy at random.

`DAMAGE` is what happens to files by accident. `HOSTILE` is what an attacker could write, who then
computes the checksums again (`update_checksums`).
"""

import json
import math
import os
import random
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from sentiment.artifacts.checksums import (
    CHECKSUMS,
    CONFIG_FILE,
    FILES,
    VOCAB_FILE,
    WEIGHTS_FILE,
    hash_of,
    hash_of_content,
)
from sentiment.models.sizes import MAX_PARAMETERS

Change = Callable[[random.Random, Path], None]

NUMBERS: list[Any] = [0, -1, 1, 2, 10**9, 10**18, 10**400, -(2**63), 0.5, 1e-300, 1e300]
NUMBERS += [float("nan"), float("inf")]
VALUES: list[Any] = [
    *NUMBERS,
    None,
    True,
    False,
    "",
    "x",
    "en.punctuation",
    "../en",
    "\0",
    "\ud800",
    "max+max",
]
VALUES += ["\x1b[31m", "x" * 10**5, [], {}, [1, 2], ["a", "a"], {"a": []}, ["neg\n", "pos"]]


def flip_bits(rng: random.Random, folder: Path) -> None:
    path = folder / rng.choice(FILES)
    content = bytearray(path.read_bytes())
    for _ in range(rng.choice([1, 1, 1, 8, 64])):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def truncate(rng: random.Random, folder: Path) -> None:
    path = folder / rng.choice(FILES)
    os.truncate(path, rng.choice([0, 1, 7, 8, 9, rng.randrange(path.stat().st_size)]))


def lengthen(rng: random.Random, folder: Path) -> None:
    path = folder / rng.choice(FILES)
    if rng.random() < 0.2:
        os.truncate(path, rng.choice([2**22 + 1, 2**26, 2**33, 2**42]))  # Sparse, reads as 0.
        return
    with path.open("ab") as file:
        file.write(rng.choice([b"\n", b" ", b"\0", rng.randbytes(99), path.read_bytes()]))


def swap_files(rng: random.Random, folder: Path) -> None:
    originals = folder.parent.glob("original-*")
    others = [other for other in originals if other.name != "original-classifier"]
    if rng.random() < 0.5:
        first, second = rng.sample(FILES, 2)
        content = (folder / first).read_bytes()
        shutil.copy(folder / second, folder / first)
        (folder / second).write_bytes(content)
    else:
        for name in rng.sample(FILES, rng.choice([1, 2])):
            shutil.copy(rng.choice(others) / name, folder / name)


def mix_blocks(rng: random.Random, folder: Path) -> None:
    path = folder / rng.choice(FILES)
    content = path.read_bytes()
    at, other, size = rng.randrange(len(content)), rng.randrange(len(content)), rng.randrange(4096)
    block = rng.choice([bytes(size), rng.randbytes(size), content[other : other + size]])
    path.write_bytes(content[:at] + block + content[at + rng.choice([0, size]) :])


def replace_file(rng: random.Random, folder: Path) -> None:
    path = folder / rng.choice(FILES)
    path.unlink()
    make: Callable[[], Any] = rng.choice(
        [
            lambda: None,
            path.mkdir,
            lambda: os.mkfifo(path),
            lambda: path.symlink_to("/dev/zero"),
            lambda: path.symlink_to(path.name),
            lambda: path.symlink_to("/etc/passwd"),
            lambda: path.write_bytes(b""),
        ]
    )
    make()


def hostile_config(rng: random.Random, folder: Path) -> None:
    """Replace or delete a value anywhere in config.json."""
    content = json.loads((folder / CONFIG_FILE).read_text())
    for _ in range(rng.choice([1, 1, 3])):
        place: Any = content
        while True:
            key = rng.choice(list(place) if isinstance(place, dict) else range(len(place)))
            if isinstance(place[key], (dict, list)) and place[key] and rng.random() < 0.9:
                place = place[key]
                continue
            break
        if rng.random() < 0.1:
            del place[key]
        else:
            place[key] = rng.choice(VALUES)
    write_config(folder, content)


def hostile_sizes(rng: random.Random, folder: Path) -> None:
    """Claim sizes in config.json that the weights do not have."""
    content = json.loads((folder / CONFIG_FILE).read_text())
    if rng.random() < 0.005:
        huge_embedding(rng, folder)
        return
    shape, some = content["settings"]["model"], [1, 15, 17, 64, 4096, 10**4, 10**6, 10**9, 10**30]
    for name in rng.sample(["embedding_dim", "hidden_size", "num_layers"], rng.choice([1, 2, 3])):
        shape[name] = rng.choice(some)
    if "id2label" in content:
        numbered = {str(id): str(id) for id in range(rng.choice(some[:6]))}
        content["id2label"] = rng.choice([content["id2label"], numbered])
    write_config(folder, content)


def huge_embedding(rng: random.Random, folder: Path) -> None:
    """Write very wide word vectors, all zero, in a sparse file that takes no disk space."""
    content = json.loads((folder / CONFIG_FILE).read_text())
    header, _ = read_header(folder)
    words = (folder / VOCAB_FILE).read_bytes().count(b"\n")
    width = int(rng.choice([0.5, 0.95, 1.1, 100]) * MAX_PARAMETERS / words)
    content["settings"]["model"]["embedding_dim"] = width
    end = 0
    for name, entry in header.items():
        if name.endswith(("embedding.weight", "weight_ih_l0")):
            entry["shape"][1] = width
        if name != "__metadata__":
            start, end = end, end + 4 * math.prod(entry["shape"])
            entry |= {"dtype": "F32", "data_offsets": [start, end]}
    write_weights(folder, header, b"")
    path = folder / WEIGHTS_FILE
    os.truncate(path, path.stat().st_size + end)
    write_config(folder, content)


def json_bomb(rng: random.Random, folder: Path) -> None:
    path = folder / CONFIG_FILE
    depth = rng.choice([100, 500, 900, 950, 980, 10**3, 10**5])
    size = rng.choice([10**4, 10**6])
    bomb = rng.choice(
        [
            "[" * depth + "]" * depth,
            '{"a":' * depth + "1" + "}" * depth,
            "[" + "[]," * size + "0]",
            "1" * depth,
            '"' + "x" * size + '"',
            "{" + ",".join(f'"{n}":{n}' for n in range(size // 10)) + "}",
        ]
    )
    content = json.loads(path.read_text())
    part = rng.choice(
        [content, content["settings"], content["settings"]["model"], content["training"]]
    )
    part[rng.choice(list(part))] = "BOMB"
    path.write_text(json.dumps(content).replace('"BOMB"', bomb))


def hostile_vocab(rng: random.Random, folder: Path) -> None:
    path = folder / VOCAB_FILE
    lines = path.read_text().split("\n")[:-1]
    at = rng.randrange(len(lines))
    kind = rng.randrange(100)
    if kind < 2:
        lines = lines[:2] + [f"{n:x}" for n in range(rng.choice([10**5, 10**6, 2 * 10**6]))]
    elif kind < 4:
        lines = ["<pad>", "<unk>"] + ["x"] * rng.choice([10**6, 8 * 10**6, 10**7])
    elif kind < 40:
        lines[at] = rng.choice(["", "\0", "\r", "a\rb", lines[at - 1], "<pad>", "x" * 10**6, "\0b"])
    elif kind < 60:
        lines.insert(at, rng.choice(["new", "\0", "\u2028", lines[at - 1]]))
    elif kind < 80:
        del lines[at : at + rng.choice([1, 1, 100])]
    else:
        rng.shuffle(lines) if kind < 90 else lines.reverse()
    path.write_bytes("".join(line + "\n" for line in lines).encode())
    if kind >= 95:
        path.write_bytes(
            rng.choice([b"\xff\n", b"\xed\xa0\x80\n", b"\xef\xbb\xbf"]) + path.read_bytes()
        )


def hostile_header(rng: random.Random, folder: Path) -> None:
    """Write a wrong safetensors header."""
    header, data = read_header(folder)
    name, other = rng.sample([name for name in header if name != "__metadata__"], 2)
    entry = header[name]
    start, end = entry["data_offsets"]
    far = rng.choice([2**20, 2**32, 2**63, 2**64, 10**30])
    kind = rng.randrange(12)
    if kind == 0:
        entry["data_offsets"] = rng.choice(
            [[start, end + far], [end, start], [far, far + end - start], [-1, end], [start], None]
        )
    elif kind == 1:
        entry["data_offsets"] = header[other]["data_offsets"]
    elif kind == 2:
        entry["dtype"] = rng.choice(["F64", "BF16", "I64", "U8", "BOOL", "F4", "C64", "PICKLE", 1])
    elif kind == 3:
        entry["shape"] = rng.choice(
            [[far], [far, far], [*entry["shape"], 1], entry["shape"][::-1], [], [0], [-1], [1.5]]
        )
    elif kind == 4:
        del header[name]
    elif kind == 5:
        header[rng.choice(["x", "", "\0", "x" * 10**5, "__class__"])] = header.pop(name)
    elif kind == 6:
        header[name], header[other] = header[other], header[name]
    elif kind == 7:
        header["__metadata__"] = rng.choice([{"x": "y" * 10**6}, {"x": 1}, [], None, {"x": {}}])
    elif kind == 8:
        empty = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
        header |= {f"x{n}": empty for n in range(rng.choice([1, 100, 10**4, 10**5]))}
    text = json.dumps(header)
    if kind == 9:  # A duplicate name.
        text = text[:-1] + f', "{name}": {json.dumps(header[other])}}}'
    elif kind == 10:
        text = rng.choice(["[" * 10**5, '{"a":' * 10**5, "", "null", "[]", text[:-1], text * 2])
    size = len(text.encode())
    if kind == 11:
        size = rng.choice([0, size - 1, size + 1, size + len(data), 2**27, 2**62, 2**64 - 1])
    write_weights(folder, text, data, size)


def hostile_weights(rng: random.Random, folder: Path) -> None:
    """Write valid safetensors with NaN, too large numbers, other types or other shapes."""
    path = folder / WEIGHTS_FILE
    weights = load_file(path)
    name = rng.choice(sorted(weights))
    flat = weights[name].flatten()
    kind = rng.randrange(6)
    if kind < 3:
        number = rng.choice([float("nan"), float("inf"), -float("inf"), 3e38, -7e4, 6e4, 1e-45])
        places = slice(None) if kind == 0 else rng.randrange(len(flat))
        flat[places] = number
        weights[name] = flat.reshape(weights[name].shape)
    elif kind == 3:
        types = [torch.float64, torch.bfloat16, torch.float16, torch.int64, torch.uint8, torch.bool]
        weights[name] = weights[name].to(rng.choice(types))
    elif kind == 4:
        shape = rng.choice([(), (0,), (len(flat),), (1, *weights[name].shape), (5,), (2**22,)])
        weights[name] = torch.zeros(shape)
    else:
        weights[name] = weights[name].flip(0).contiguous()
    save_file(weights, path)


DAMAGE: list[Change] = [flip_bits, truncate, lengthen, swap_files, mix_blocks, replace_file]
HOSTILE: list[Change] = [hostile_config, hostile_sizes, json_bomb, hostile_vocab, hostile_header]
HOSTILE += [hostile_weights]


def write_config(folder: Path, content: Any) -> None:
    (folder / CONFIG_FILE).write_text(json.dumps(content))


def read_header(folder: Path) -> tuple[dict[str, Any], bytes]:
    """Return the header of the safetensors file, and the bytes after it."""
    content = (folder / WEIGHTS_FILE).read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + size]), content[8 + size :]


def write_weights(folder: Path, header: Any, data: bytes, size: int | None = None) -> None:
    """Write a safetensors file.

    Args:
        folder: of the model.
        header: JSON content, or text.
        data: the bytes after the header.
        size: the claimed size of the header; its own by default.
    """
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    start = struct.pack("<Q", len(text) if size is None else size)
    (folder / WEIGHTS_FILE).write_bytes(start + text + data)


def update_checksums(folder: Path) -> None:
    """Compute the checksums again, if config.json is valid JSON."""
    try:
        content = json.loads((folder / CONFIG_FILE).read_text())
        content[CHECKSUMS] = {name: hash_of(folder / name) for name in (VOCAB_FILE, WEIGHTS_FILE)}
        content[CHECKSUMS][CONFIG_FILE] = hash_of_content(content, CONFIG_FILE)
        write_config(folder, content)
    except (ValueError, RecursionError):
        pass
