"""Handwritten digits: the fixed split, the picture a digit becomes, and the distortions it is trained with."""

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SPLIT_SEED = 20240611
SIDE = 28  # pixels of the model's square input
INK = 20  # pixels that the 8x8 grid of a digit covers in a plain picture


def split():
    """Train, validation and test as (images [n,8,8] in 0..1, labels [n]): 60, 20 and 20 %, stratified by digit."""
    digits = load_digits()
    images, labels = (digits.images / 16).astype(np.float32), digits.target.astype(np.int32)
    rest, test, rest_labels, test_labels = train_test_split(
        images, labels, test_size=360, stratify=labels, random_state=SPLIT_SEED)
    train, val, train_labels, val_labels = train_test_split(
        rest, rest_labels, test_size=360, stratify=rest_labels, random_state=SPLIT_SEED)
    return (train, train_labels), (val, val_labels), (test, test_labels)


def render(images, side=SIDE, ink=INK):
    """Plain pictures [n,side,side] in 0..1, bright on dark: the grid enlarged with a Catmull-Rom kernel, in the middle."""
    coordinates = (np.arange(ink) + 0.5) * 8 / ink - 0.5
    weights = np.zeros((ink, 8), np.float32)
    for row, at in enumerate(coordinates):
        for tap in range(int(np.floor(at)) - 1, int(np.floor(at)) + 3):
            weights[row, np.clip(tap, 0, 7)] += catmull_rom(abs(at - tap))
    grown = np.clip(np.einsum("yi,nij,xj->nyx", weights, images, weights), 0, 1)
    margin = (side - ink) // 2
    return np.pad(grown, ((0, 0), (margin, side - ink - margin), (margin, side - ink - margin)))


def catmull_rom(distance):
    """Keys' cubic with a = -1/2 at a distance of 0..2 samples."""
    if distance < 1:
        return 1.5 * distance**3 - 2.5 * distance**2 + 1
    return -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2 if distance < 2 else 0.0


@jax.jit
def distort(pictures, key):
    """Plain pictures [n,28,28] as users bring them: moved, turned, sized, thick or thin, blurred, on any paper, either polarity."""
    warp_key, ink_key, paper_key = jax.random.split(key, 3)
    inked = write(warp(pictures, warp_key), ink_key)
    return photograph(inked, paper_key)


def warp(pictures, key):
    """Affine and gently wavy resampling: turn up to 0.28 rad, size 0.6..1.25, slant 0.3, aspect 0.75..1.33, shift as room allows."""
    n = pictures.shape[0]
    keys = jax.random.split(key, 6)
    uniform = lambda i, low, high, shape=(n, 1, 1): jax.random.uniform(keys[i], shape, minval=low, maxval=high)
    angle, slant = uniform(0, -0.28, 0.28), uniform(1, -0.3, 0.3)
    size, aspect = jnp.exp(uniform(2, jnp.log(0.6), jnp.log(1.25))), jnp.exp(uniform(3, -0.14, 0.14))
    room = jnp.maximum(1.5, (SIDE - INK * size) / 2)
    shift = uniform(4, -1, 1, (2, n, 1, 1)) * room
    y, x = jnp.meshgrid(jnp.arange(SIDE) - 13.5, jnp.arange(SIDE) - 13.5, indexing="ij")
    y, x = y[None] - shift[0], x[None] - shift[1]
    turned_y = (jnp.cos(angle) * y + jnp.sin(angle) * x) / (size * aspect)
    turned_x = (jnp.cos(angle) * x - jnp.sin(angle) * y) / size * aspect + slant * turned_y
    waves = jax.image.resize(jax.random.normal(keys[5], (2, n, 4, 4)) * 0.7, (2, n, SIDE, SIDE), "cubic")
    at = jnp.stack([turned_y + waves[0] + 13.5, turned_x + waves[1] + 13.5], axis=1)
    sample = lambda picture, where: jax.scipy.ndimage.map_coordinates(picture, [where[0], where[1]], order=1)
    return jax.vmap(sample)(pictures, at)


def write(pictures, key):
    """Another pen: the edge of a stroke moved in or out and made hard or soft."""
    n = pictures.shape[0]
    keys = jax.random.split(key, 3)
    edge = jax.random.uniform(keys[0], (n, 1, 1), minval=0.22, maxval=0.62)
    steep = jnp.exp(jax.random.uniform(keys[1], (n, 1, 1), minval=jnp.log(4.0), maxval=jnp.log(24.0)))
    drawn = jax.nn.sigmoid(steep * (pictures - edge))
    floor, top = jax.nn.sigmoid(-steep * edge), jax.nn.sigmoid(steep * (1 - edge))
    hardened = (drawn - floor) / (top - floor)
    return jnp.where(jax.random.bernoulli(keys[2], 0.75, (n, 1, 1)), hardened, pictures)


def photograph(pictures, key):
    """Blur, contrast, a gradient of light, grain, and dark on light for every other picture."""
    n = pictures.shape[0]
    keys = jax.random.split(key, 6)
    uniform = lambda i, low, high, shape=(n, 1, 1): jax.random.uniform(keys[i], shape, minval=low, maxval=high)
    side = uniform(0, 0.0, 0.25)
    across = lambda p: side * jnp.roll(p, 1, 2) + (1 - 2 * side) * p + side * jnp.roll(p, -1, 2)
    down = lambda p: side * jnp.roll(p, 1, 1) + (1 - 2 * side) * p + side * jnp.roll(p, -1, 1)
    contrast = uniform(1, 0.35, 1.0)
    tilt = uniform(2, -0.08, 0.08, (2, n, 1, 1))
    ramp = jnp.linspace(-1, 1, SIDE)
    light = tilt[0] * ramp[None, :, None] + tilt[1] * ramp[None, None, :]
    grain = jax.random.normal(keys[3], pictures.shape) * uniform(4, 0.0, 0.05)
    out = across(down(pictures)) * contrast + (light + grain) * contrast
    out = jnp.where(jax.random.bernoulli(keys[5], 0.5, (n, 1, 1)), 1 - out, out)
    return jnp.clip(out, 0, 1)
