"""Records what Pillow and OpenCV make of small images: `python make.py > resized.json`, with pillow and opencv-python-headless.

The images are those of test/image/images.ts ("noise" and "checker"), by the same formulas.
"""

import base64
import json

import cv2
import numpy as np
import PIL
from PIL import Image

PILLOW = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC, "lanczos": Image.LANCZOS, "area": Image.BOX}
OPENCV = {"nearest": cv2.INTER_NEAREST, "bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC, "lanczos": cv2.INTER_LANCZOS4, "area": cv2.INTER_AREA}
SIZES = [
    ((64, 48), (16, 12)),
    ((65, 47), (13, 17)),
    ((9, 7), (21, 16)),
    ((20, 150), (11, 9)),
    ((150, 20), (9, 31)),
    ((1, 40), (7, 5)),
    ((700, 3), (5, 3)),
    ((12, 10), (18, 10)),
]


def noise(width, height):
    x, y = np.arange(width, dtype=np.int64)[None, :], np.arange(height, dtype=np.int64)[:, None]
    return np.stack([(x * 7919 + y * 104729) % 256, (x * x * 31 + y * 17) % 256, (x * 13 + y * y * 57) % 256], axis=-1)


def checker(width, height):
    x, y = np.arange(width)[None, :], np.arange(height)[:, None]
    odd = (((x >> 3) + (y >> 3)) & 1)[..., None]
    return np.where(odd == 1, np.array([255, 255, 0]), np.array([0, 40, 255]))


def main():
    cases = []
    for (width, height), size in SIZES:
        for pattern in (noise, checker):
            image = pattern(width, height).astype(np.uint8)
            for library, methods in (("pillow", PILLOW), ("opencv", OPENCV)):
                for method, code in methods.items():
                    if library == "pillow":
                        made = np.asarray(Image.fromarray(image).resize(size, code))
                    else:
                        made = cv2.resize(image, size, interpolation=code)
                    rgb = base64.b64encode(made.tobytes()).decode()
                    cases.append({"pattern": pattern.__name__, "from": [width, height], "to": size, "library": library, "method": method, "rgb": rgb})
    print(json.dumps({"pillow": PIL.__version__, "opencv": cv2.__version__, "cases": cases}))


main()
