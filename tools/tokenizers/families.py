"""Small tokenizers of the kinds that models in use have, beside the three of record.py."""
import io, json, os, tempfile
from tokenizers import Regex, Tokenizer, models, normalizers as N, pre_tokenizers as P, processors, trainers

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
SENTENCES = ["Το τρένο για την ΕΛΛΑΔΑ φεύγει στις 8.", "Поезд отправляется в Москву.", "Straße, naïve ÉCOLE, İstanbul ½ ﬁn",
             "הרכבת יוצאת בשעה שמונה", "القطار يغادر في الساعة", "रेलगाड़ी ८ बजे", "the stations' trains, don't (it's 3.14)…", "東京 駅"]
GPT4 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CLIP = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def train(t, corpus, trainer, lstrip=()):
    t.train_from_iterator(corpus, trainer)
    file = json.loads(t.to_str())
    for token in file["added_tokens"]:
        token["lstrip"] = token["content"] in lstrip
    return Tokenizer.from_str(json.dumps(file))


def around(t, single, pair, names):
    t.post_processor = processors.TemplateProcessing(single=single, pair=pair, special_tokens=[(n, t.token_to_id(n)) for n in names])
    return t


def bert_cased(corpus, size):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = N.BertNormalizer(lowercase=False)
    t.pre_tokenizer = P.BertPreTokenizer()
    t = train(t, corpus, trainers.WordPieceTrainer(vocab_size=size, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]))
    t.post_processor = processors.BertProcessing(("[SEP]", t.token_to_id("[SEP]")), ("[CLS]", t.token_to_id("[CLS]")))
    return t


def byte_bpe(corpus, size, before, lstrip=()):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = before
    return train(t, corpus, trainers.BpeTrainer(vocab_size=size, special_tokens=SPECIAL, initial_alphabet=P.ByteLevel.alphabet()), lstrip)


def gpt2(corpus, size):
    t = byte_bpe(corpus, size, P.ByteLevel(add_prefix_space=False))
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    return t


def gpt4(corpus, size):
    t = byte_bpe(corpus, size, P.Sequence([P.Split(Regex(GPT4), "isolated"), P.ByteLevel(add_prefix_space=False, use_regex=False)]))
    return around(t, "<s> $A", "<s> $A <s>:1 $B:1", ["<s>"])


def roberta(corpus, size):
    t = byte_bpe(corpus, size, P.ByteLevel(add_prefix_space=True), lstrip=["<mask>"])
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=True)
    return t


def clip(corpus, size):
    t = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    t.normalizer = N.Sequence([N.NFC(), N.Replace(Regex(r"\s+"), " "), N.Lowercase()])
    t.pre_tokenizer = P.Sequence([P.Split(Regex(CLIP), "removed", invert=True), P.ByteLevel(add_prefix_space=False)])
    alphabet = P.ByteLevel.alphabet()
    t = train(t, corpus, trainers.BpeTrainer(vocab_size=size, special_tokens=SPECIAL, initial_alphabet=alphabet, end_of_word_suffix="</w>"))
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=False, add_prefix_space=False)
    return t


def llama(corpus, size):
    t = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    t.normalizer = N.Sequence([N.Prepend("▁"), N.Replace(" ", "▁")])
    bytes_ = [f"<0x{n:02X}>" for n in range(256)]
    t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=size + 256, special_tokens=SPECIAL + bytes_))
    file = json.loads(t.to_str())
    file["added_tokens"] = [a for a in file["added_tokens"] if a["content"] not in bytes_]
    return around(Tokenizer.from_str(json.dumps(file)), "<s> $A", "<s> $A <s>:1 $B:1", ["<s>"])


def unigram(corpus, size, normalizer, before, lstrip=()):
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizer
    t.pre_tokenizer = before
    return train(t, corpus, trainers.UnigramTrainer(vocab_size=size, special_tokens=SPECIAL, unk_token="<unk>"), lstrip)


def xlmr(corpus, size):
    spaces = N.Sequence([N.NFKC(), N.Strip(left=False, right=True), N.Replace(Regex(" {2,}"), "▁")])
    t = unigram(corpus, size, spaces, P.Metaspace(), lstrip=["<mask>"])
    return around(t, "<s> $A </s>", "<s> $A </s> </s> $B </s>", ["<s>", "</s>"])


def t5(corpus, size):
    t = unigram(corpus, size, charsmap(size < 1000), P.Sequence([P.WhitespaceSplit(), P.Metaspace()]))
    return around(t, "$A </s>", "$A </s> $B </s>", ["</s>"])


def charsmap(is_small):
    """SentencePiece's own table for T5, or a few rules of the same form."""
    import sentencepiece

    with tempfile.TemporaryDirectory() as folder:
        rules = os.path.join(folder, "rules.tsv")
        with open(rules, "w", encoding="utf-8") as file:
            for source, target in [("ﬁ", "fi"), ("½", "1/2"), ("E\u0301", "É"), ("\u200b", " "), ("\t", " "), ("\ufeff", ""), ("…", "..."), ("Σ", "σ")]:
                file.write(f"{' '.join(f'{ord(c):x}' for c in source)}\t{' '.join(f'{ord(c):x}' for c in target)}\n")
        model = io.BytesIO()
        how = {"normalization_rule_tsv": rules} if is_small else {"normalization_rule_name": "nmt_nfkc"}
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(SENTENCES * 20), model_writer=model, vocab_size=150, hard_vocab_limit=False, minloglevel=2, **how)
    return N.Precompiled(fields(fields(model.getvalue())[3])[2])  # normalizer_spec.precompiled_charsmap


def fields(message):
    """The last value of each field of a protobuf message."""
    found, at = {}, 0

    def number():
        nonlocal at
        value, shift = 0, 0
        while True:
            value, at, shift = value | (message[at] & 127) << shift, at + 1, shift + 7
            if message[at - 1] < 128:
                return value

    while at < len(message):
        tag = number()
        length = {0: None, 1: 8, 5: 4}.get(tag & 7, -1)
        if length is None:
            found[tag >> 3] = number()
            continue
        length = number() if length == -1 else length
        found[tag >> 3], at = message[at:at + length], at + length
    return found


def albert(corpus, size):
    signs = [N.Replace("``", '"'), N.Replace("''", '"'), N.NFKD(), N.StripAccents(), N.Lowercase()]
    t = unigram(corpus, size, N.Sequence(signs), P.Sequence([P.WhitespaceSplit(), P.Metaspace()]))
    return around(t, "<s> $A </s>", "<s> $A </s> $B:1 </s>:1", ["<s>", "</s>"])


def punctuation(corpus, size):
    t = Tokenizer(models.BPE(unk_token="<unk>"))
    t.normalizer = N.NFD()
    t.pre_tokenizer = P.Sequence([P.WhitespaceSplit(), P.Punctuation("merged_with_previous"), P.Digits(False)])
    return train(t, corpus, trainers.BpeTrainer(vocab_size=size, special_tokens=SPECIAL))


def word_level(corpus, size):
    t = Tokenizer(models.WordLevel(unk_token="<unk>"))
    t.pre_tokenizer = P.Sequence([P.Whitespace(), P.Digits(True)])
    return train(t, corpus, trainers.WordLevelTrainer(vocab_size=size, special_tokens=SPECIAL))


FAMILIES = [bert_cased, gpt2, gpt4, roberta, clip, llama, xlmr, t5, albert, punctuation, word_level]
