# A Hugging Face text classifier as a folder: pip install torch transformers onnx; python from_hugging_face.py models/reviews [NAME or FOLDER]
# Without a name a small model with random weights is made, to see the layout. (optimum-cli export onnx writes the same layout.)
import os
import sys

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertConfig, BertForSequenceClassification, BertTokenizerFast

folder, *source = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
if source:
    tokenizer, model = AutoTokenizer.from_pretrained(source[0]), AutoModelForSequenceClassification.from_pretrained(source[0])
else:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film", "a", "the"]
    with open(os.path.join(folder, "vocab.txt"), "w") as file:
        file.write("\n".join(words))
    tokenizer = BertTokenizerFast(os.path.join(folder, "vocab.txt"), model_max_length=64)
    torch.manual_seed(1)
    names = {0: "negative", 1: "positive"}
    model = BertForSequenceClassification(BertConfig(len(words), 16, 1, 2, 32, max_position_embeddings=64, id2label=names))
model.config.return_dict = False
model.config.architectures = [type(model).__name__]  # tells the server that these are labels
inputs = tokenizer("a good film", return_tensors="pt")
# In the order of the model's own arguments, which is that of the inputs in the file.
names = [name for name in ("input_ids", "attention_mask", "token_type_ids") if name in inputs]
open_dims = {0: "batch", 1: "sequence"}
torch.onnx.export(
    model.eval(), (dict(inputs),), os.path.join(folder, "model.onnx"), input_names=names,
    output_names=["logits"], dynamic_axes={**{name: open_dims for name in names}, "logits": {0: "batch"}}, opset_version=14)
model.config.save_pretrained(folder)
tokenizer.save_pretrained(folder)
print(torch.softmax(model(**inputs)[0], -1)[0].tolist())
