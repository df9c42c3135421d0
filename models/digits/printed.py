"""Measures 1/model.onnx on printed digits, which it was never trained on: every face of DejaVu and Liberation under /usr/share/fonts."""

from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).parent
FONTS = Path("/usr/share/fonts/truetype")
SIDE = 28  # pixels of the model's square input
INK = 20  # pixels that the longer side of a digit covers
SCALE = 10  # drawn larger, then averaged down


def render(digit, face):
    """The digit in the middle of a picture [28,28] in 0..1, bright on dark."""
    font = ImageFont.truetype(face, 400, layout_engine=ImageFont.Layout.BASIC)
    left, top, right, bottom = font.getbbox(digit)
    glyph = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(glyph).text((-left, -top), digit, fill=255, font=font)
    factor = INK * SCALE / max(glyph.size)
    glyph = glyph.resize([round(side * factor) for side in glyph.size], Image.Resampling.BOX)
    sheet = Image.new("L", (SIDE * SCALE, SIDE * SCALE))
    sheet.paste(glyph, [(SIDE * SCALE - side) // 2 for side in glyph.size])
    return np.asarray(sheet.resize((SIDE, SIDE), Image.Resampling.BOX), np.float32) / 255


def main():
    faces = sorted([*FONTS.glob("dejavu/*.ttf"), *FONTS.glob("liberation/*.ttf")])
    if not faces:
        raise SystemExit(f"No font under {FONTS}: apt-get install fonts-dejavu-extra fonts-liberation")
    shown = [(face, digit) for face in faces for digit in range(10)]
    plain = np.stack([render(str(digit), face) for face, digit in shown])
    session = onnxruntime.InferenceSession(HERE / "1" / "model.onnx", providers=["CPUExecutionProvider"])
    for name, pictures in (("bright on dark", plain), ("dark on light", 1 - plain)):
        (logits,) = session.run(["logits"], {"image": pictures[:, None]})
        guesses = np.argmax(logits, axis=1)
        wrong = [f"{face.stem} {digit} as {guess}" for (face, digit), guess in zip(shown, guesses) if digit != guess]
        print(f"{name}: {len(shown) - len(wrong)} of {len(shown)} right, {len(faces)} faces; wrong: {', '.join(wrong) or 'none'}")


if __name__ == "__main__":
    main()
