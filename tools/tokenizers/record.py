"""Tokenizers and ids of the reference implementation (PyPI `tokenizers`).

    pip install tokenizers sentencepiece
    python record.py make FOLDER           trains the tokenizers of the tests and writes them there, with the numbers of varied texts
    python record.py record FOLDER N FILE  writes N varied texts and pairs with the numbers that FOLDER's tokenizers give them
    python record.py train FOLDER          trains larger ones of every kind, for `record`
"""
import glob, json, os, random, sys
from families import FAMILIES, SENTENCES
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

KINDS = ["wordpiece", "bpe", "unigram"]
MAX_LENGTH = 16


def documents():
    return [line for path in sorted(glob.glob("docs/*.md")) for line in open(path, encoding="utf-8")]


def corpus(most=0x1100):
    """Documents, and texts in scripts up to a code point: what a vocabulary does not know would all be one unknown token."""
    texts = [text for text in make_texts(3000, seed=3, longest=200) if isinstance(text, str) and max(map(ord, text)) < most]
    return documents() + SENTENCES * 20 + texts


def bert(tokenizer, first, last):
    ids = [(token, tokenizer.token_to_id(token)) for token in (first, last)]
    return processors.TemplateProcessing(
        single=f"{first} $A {last}", pair=f"{first} $A {last} $B:1 {last}:1", special_tokens=ids)


def make_wordpiece():
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    t.train_from_iterator(corpus(), trainers.WordPieceTrainer(vocab_size=2000, special_tokens=special))
    t.post_processor = bert(t, "[CLS]", "[SEP]")
    t.decoder = decoders.WordPiece()
    return t


def make_bpe():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    t.train_from_iterator(corpus(), trainers.BpeTrainer(vocab_size=2000, special_tokens=special, initial_alphabet=alphabet))
    t.post_processor = processors.RobertaProcessing(
        ("</s>", t.token_to_id("</s>")), ("<s>", t.token_to_id("<s>")), trim_offsets=True, add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    return t


def make_unigram():
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(__import__("tokenizers").Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    t.train_from_iterator(corpus(), trainers.UnigramTrainer(vocab_size=2000, special_tokens=special, unk_token="<unk>"))
    t.post_processor = bert(t, "<s>", "</s>")
    t.decoder = decoders.Metaspace()
    return t


RANGES = [(0x20, 0x7E), (0xA0, 0x24F), (0x370, 0x3FF), (0x400, 0x4FF), (0x5D0, 0x5EA), (0x620, 0x64A), (0x64B, 0x652),
          (0x900, 0x97F), (0xE01, 0xE3A), (0x1100, 0x11FF), (0x1E00, 0x1EFF), (0x2000, 0x206F), (0x20A0, 0x20BF),
          (0x2190, 0x21FF), (0x3040, 0x30FF), (0x4E00, 0x4FFF), (0xAC00, 0xAD00), (0xFB00, 0xFB06), (0xFF00, 0xFFEF),
          (0x1D400, 0x1D4FF), (0x1F300, 0x1F64F), (0x1F900, 0x1F9FF), (0x20000, 0x200FF)]
SPECIAL = ["\u0000", "\u0001", "\t", "\n", "\r\n", "\u007f", "\u0085", "\u00ad", "\u200b", "\u200d", "\u202e", "\u2028", "\ufeff",
           "\ufffd", "\ue000", "e\u0301", "\u0130", "\u1e9e", "\u03a3\u03c2", "\U0001f469\u200d\U0001f680", "\U0001f1e9\U0001f1ea",
           "[CLS]", "[MASK]", "</s>", "<mask>", "don't", "it's", "3.14", "...", "  ", "\u3000", "\u00a0"]


def make_text(rng, words):
    kind = rng.random()
    if kind < 0.35:
        return " ".join(rng.choice(words) for _ in range(rng.randint(1, 40)))
    if kind < 0.55:
        low, high = rng.choice(RANGES)
        return "".join(chr(rng.randint(low, high)) for _ in range(rng.randint(1, 40)))
    if kind < 0.75:
        parts = [rng.choice(SPECIAL) if rng.random() < 0.4 else rng.choice(words) for _ in range(rng.randint(1, 20))]
        return rng.choice(["", " "]).join(parts)
    if kind < 0.97:
        out = ""
        for _ in range(rng.randint(1, 12)):
            low, high = rng.choice(RANGES)
            out += "".join(chr(rng.randint(low, high)) for _ in range(rng.randint(1, 5))) + rng.choice(["", " ", rng.choice(SPECIAL)])
        return out
    if kind < 0.985:
        return rng.choice(words) * rng.randint(20, 300)
    return " ".join(rng.choice(words) for _ in range(rng.randint(200, 2000)))


def make_texts(count, seed, longest):
    rng = random.Random(seed)
    words = [word for line in documents() + SENTENCES for word in line.split()] + ["Straße", "naïve", "ÉCOLE", "Привет", "東京", "안녕하세요", "نص"]
    texts = []
    while len(texts) < count:
        item = make_text(rng, words)
        if len(texts) % 5 == 4:
            item = [item, make_text(rng, words)]
        if all(item) and len(json.dumps(item)) <= longest:
            texts.append(item)
    return texts


def record(folder, count, seed, longest=10**6):
    texts = make_texts(count, seed, longest)
    ids = {}
    for file in sorted(glob.glob(f"{folder}/*.json")):
        kind = os.path.basename(file)[:-5]
        if kind in ("recorded", "families"):
            continue
        t = Tokenizer.from_file(file)
        encode = lambda item: t.encode(*item) if isinstance(item, list) else t.encode(item)
        whole = [encode(item) for item in texts]
        t.enable_truncation(MAX_LENGTH)
        cut = [encode(item) for item in texts]
        ids[kind] = {"whole": [e.ids for e in whole], "types": [e.type_ids for e in whole],
                     "cut": [None if a.ids == b.ids else b.ids for a, b in zip(whole, cut)]}
    return {"maxLength": MAX_LENGTH, "texts": texts, "ids": ids}


def write(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=True, separators=(",", ":"))
        file.write("\n")


def shorten(recorded):
    """The first token of type 1, -1 where there is none: all after it have it too."""
    for entry in recorded["ids"].values():
        entry["types"] = [types.index(1) if 1 in types else -1 for types in entry["types"]]
    return recorded


def make(folder):
    for kind, train in zip(KINDS, [make_wordpiece, make_bpe, make_unigram]):
        write(f"{folder}/{kind}.json", json.loads(train().to_str()))
    write(f"{folder}/recorded.json", shorten(record(folder, 300, seed=7, longest=110)))
    tokenizers = {train.__name__: train(SENTENCES * 20, 450) for train in FAMILIES}
    texts = make_texts(150, seed=13, longest=110) + SENTENCES + ["  <mask> ΟΔΟΣ", "a\ufeff<mask>\u0085b", "E\u0301\u0301 \ufb01\u0301"]
    encoded = {}
    for name, t in tokenizers.items():
        rows = [t.encode(*text) if isinstance(text, list) else t.encode(text) for text in texts]
        encoded[name] = {"tokenizer": json.loads(t.to_str()), "ids": [row.ids for row in rows], "types": [row.type_ids for row in rows]}
    write(f"{folder}/families.json", {"texts": texts, "families": encoded})


if __name__ == "__main__":
    command, folder = sys.argv[1], sys.argv[2]
    if command == "make":
        make(folder)
    elif command == "train":
        os.makedirs(folder, exist_ok=True)
        for train in FAMILIES:
            write(f"{folder}/{train.__name__}.json", json.loads(train(corpus(0x110000), 6000).to_str()))
    else:
        write(sys.argv[4], record(folder, int(sys.argv[3]), seed=11))
