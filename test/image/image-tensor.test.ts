import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../src/errors.js';
import { toHalfBits } from '../../src/tensor/half.js';
import { imagesToTensor, imageToTensor } from '../../src/image/image-tensor.js';
import type { ImageConfig } from '../../src/model/config.js';
import type { Datatype } from '../../src/tensor/datatype.js';
import type { NumericTensor, TensorSpec } from '../../src/tensor/tensor.js';
import { encoder, patterns, plainConfig, resizeTo } from './images.js';
import { draw, resize, type Image } from './reference.js';

const specOf = (shape: readonly number[], datatype: Datatype = 'FP32'): TensorSpec => ({
  name: 'image',
  datatype,
  shape,
});
const pngOf = (image: Image) => encoder(image).png().toBuffer();

const numbersOf = ({ data }: Pick<NumericTensor, 'data'>) => Array.from(data as Float64Array);

/** Two pixels beside each other. */
const pair = draw(2, 1, (x) => (x === 0 ? [10, 20, 30] : [200, 100, 0]));

/** The rule of docs/images.md for one pixel, in float64. */
function valuesOf([red, green, blue]: readonly number[], config: ImageConfig): readonly number[] {
  const gray = Math.floor((19_595 * red! + 38_470 * green! + 7_471 * blue! + 32_768) / 65_536);
  const channels = { rgb: [red!, green!, blue!], bgr: [blue!, green!, red!], gray: [gray] }[config.color];
  return channels.map((pixel, c) => {
    const shown = config.invert ? 255 - pixel : pixel;
    return (shown * config.scale - (config.mean[c] ?? config.mean[0]!)) / (config.std[c] ?? config.std[0]!);
  });
}

describe('imageToTensor', () => {
  const normalise = { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
  for (const color of ['rgb', 'bgr', 'gray'] as const) {
    for (const layout of ['NHWC', 'NCHW'] as const) {
      it(`writes ${color} values as ${layout}`, async () => {
        const statistics = color === 'gray' ? { scale: 1 / 255, mean: [0.13], std: [0.31] } : normalise;
        const config = plainConfig(2, 1, { color, layout, ...statistics });
        const channels = color === 'gray' ? 1 : 3;
        const shape = layout === 'NHWC' ? [1, 1, 2, channels] : [1, channels, 1, 2];
        const tensor = await imageToTensor(await pngOf(pair), config, specOf([-1, ...shape.slice(1)]));
        assert.deepEqual(tensor.shape, shape);
        const pixels = [pair.rgb.slice(0, 3), pair.rgb.slice(3)].map((rgb) => valuesOf(rgb, config));
        const inOrder = layout === 'NHWC' ? pixels.flat() : pixels[0]!.flatMap((value, c) => [value, pixels[1]![c]!]);
        assert.deepEqual(numbersOf(tensor), Array.from(Float32Array.from(inOrder)));
      });
    }
  }

  it('inverts before the scale', async () => {
    const config = plainConfig(2, 1, { invert: true, scale: 0.5, mean: [1] });
    const { data } = await imageToTensor(await pngOf(pair), config, specOf([-1, 1, 2, 3]));
    assert.deepEqual(numbersOf({ data }), [121.5, 116.5, 111.5, 26.5, 76.5, 126.5]);
  });

  const rounded: readonly (readonly [Datatype, Partial<ImageConfig>, readonly number[]])[] = [
    ['UINT8', {}, [10, 20, 30, 200, 100, 0]],
    ['UINT8', { scale: 2 }, [20, 40, 60, 255, 200, 0]],
    ['UINT8', { scale: 0.25 }, [3, 5, 8, 50, 25, 0]],
    ['INT8', { mean: [128] }, [-118, -108, -98, 72, -28, -128]],
    ['INT8', {}, [10, 20, 30, 127, 100, 0]],
    ['INT32', { scale: 100 }, [1000, 2000, 3000, 20_000, 10_000, 0]],
    ['FP64', { scale: 0.1 }, [1, 2, 3, 20, 10, 0]],
    ['FP16', { scale: 0.5 }, [5, 10, 15, 100, 50, 0].map(toHalfBits)],
  ];
  for (const [datatype, more, expected] of rounded) {
    it(`rounds to ${datatype} with ${JSON.stringify(more)}`, async () => {
      const tensor = await imageToTensor(await pngOf(pair), plainConfig(2, 1, more), specOf([-1, 1, 2, 3], datatype));
      assert.equal(tensor.datatype, datatype);
      assert.deepEqual(numbersOf(tensor), expected);
    });
  }

  it('resizes, then cuts the crop from the centre', async () => {
    const image = patterns['checker']!(90, 60);
    const config = plainConfig(30, 30, {
      resize: resizeTo(30, 30, { fit: 'outside' }),
      crop: { width: 24, height: 24 },
    });
    const { data, shape } = await imageToTensor(await pngOf(image), config, specOf([1, 24, 24, 3]));
    assert.deepEqual(shape, [1, 24, 24, 3]);
    const small = resize(image, config.resize);
    const cut = draw(24, 24, (x, y) => small.rgb.slice(((y + 3) * 45 + x + 10) * 3).slice(0, 3));
    const most = cut.rgb.reduce((sum, value, n) => Math.max(sum, Math.abs(value - Number(data[n]))), 0);
    assert.ok(most <= 2, `differs by ${most}`);
  });

  const large: readonly (readonly [
    width: number,
    height: number,
    crop: { width: number; height: number } | undefined,
  ])[] = [
    [150, 131, undefined],
    [150, 131, { width: 127, height: 99 }],
    [9001, 3, undefined],
    [9001, 3, { width: 8999, height: 2 }],
  ];
  for (const [width, height, crop] of large) {
    for (const color of ['rgb', 'bgr', 'gray'] as const) {
      for (const layout of ['NHWC', 'NCHW'] as const) {
        const cut = crop === undefined ? '' : `, cut to ${crop.width}x${crop.height},`;
        it(`writes each value of two images of ${width}x${height}${cut} where ${color} and ${layout} have it`, async () => {
          const images = [7, 90].map((seed) =>
            draw(width, height, (x, y) => [x * seed, y * 3 + x, x * y + seed].map((v) => v % 256)),
          );
          const files = await Promise.all(images.map(pngOf));
          const statistics = color === 'gray' ? { scale: 0.01, mean: [0.13], std: [0.31] } : normalise;
          const config = plainConfig(width, height, {
            color,
            layout,
            ...statistics,
            ...(crop === undefined ? {} : { crop }),
          });
          const { width: cutWidth, height: cutHeight } = crop ?? { width, height };
          const [left, top] = [Math.floor((width - cutWidth) / 2), Math.floor((height - cutHeight) / 2)];
          const channels = color === 'gray' ? 1 : 3;
          const expected = new Float32Array(2 * channels * cutWidth * cutHeight);
          const whole = new Int32Array(expected.length);
          for (const [n, { rgb }] of images.entries()) {
            for (let y = 0; y < cutHeight; y += 1) {
              for (let x = 0; x < cutWidth; x += 1) {
                const at = ((y + top) * width + x + left) * 3;
                const pixel = Array.from(rgb.slice(at, at + 3));
                const plain = valuesOf(pixel, { ...config, scale: 1, mean: [-1000], std: [1] });
                valuesOf(pixel, config).forEach((value, c) => {
                  const row =
                    layout === 'NHWC' ? (y * cutWidth + x) * channels + c : (c * cutHeight + y) * cutWidth + x;
                  expected[n * channels * cutWidth * cutHeight + row] = value;
                  whole[n * channels * cutWidth * cutHeight + row] = plain[c]!;
                });
              }
            }
          }
          const any = specOf([-1, -1, -1, -1]);
          assert.ok(
            Buffer.from(expected.buffer).equals(Buffer.from((await imagesToTensor(files, config, any)).data.buffer)),
          );
          const integers = { ...config, scale: 1, mean: [-1000], std: [1] };
          const { data } = await imagesToTensor(files, integers, { ...any, datatype: 'INT32' });
          assert.ok(Buffer.from(whole.buffer).equals(Buffer.from(data.buffer)));
        });
      }
    }
  }

  it('stacks several images, a row each', async () => {
    const other = draw(2, 1, () => [1, 2, 3]);
    const images = await Promise.all([pngOf(pair), pngOf(other)]);
    const { shape, data } = await imagesToTensor(images, plainConfig(2, 1), specOf([-1, 1, 2, 3]));
    assert.deepEqual(shape, [2, 1, 2, 3]);
    assert.deepEqual(numbersOf({ data }), [...pair.rgb, ...other.rgb]);
  });

  const refusals: readonly (readonly [string, Image[], ImageConfig, TensorSpec, string, RegExp])[] = [
    [
      'several images that come to different sizes',
      [draw(8, 4, () => [0, 0, 0]), draw(4, 8, () => [0, 0, 0])],
      plainConfig(4, 4, { resize: resizeTo(4, 4, { fit: 'inside' }) }),
      specOf([-1, -1, -1, 3]),
      'INVALID_INPUT',
      /Image 2 of 2 is 2x4 .* image 1 is 4x2/,
    ],
    [
      'more images than the model takes',
      [pair, pair],
      plainConfig(2, 1),
      specOf([1, 1, 2, 3]),
      'INVALID_INPUT',
      /Expected shape \[1,1,2,3\] .* give \[2,1,2,3\]/,
    ],
    ['no image', [], plainConfig(2, 1), specOf([-1, 1, 2, 3]), 'INVALID_INPUT', /No image/],
    [
      'an image smaller than the crop',
      [draw(8, 2, () => [0, 0, 0])],
      plainConfig(4, 4, { resize: resizeTo(4, 4, { fit: 'inside' }), crop: { width: 4, height: 4 } }),
      specOf([-1, 4, 4, 3]),
      'INVALID_INPUT',
      /4x1 after the resize, too small for the crop to 4x4/,
    ],
    [
      'an input that takes no image',
      [pair],
      plainConfig(2, 1),
      specOf([-1, 1, 2, 3], 'INT64'),
      'MODEL_INVALID',
      /datatype INT64/,
    ],
  ];
  for (const [title, images, config, spec, code, words] of refusals) {
    it(`refuses ${title}`, async () => {
      const files = await Promise.all(images.map(pngOf));
      await assert.rejects(imagesToTensor(files, config, spec), (error: unknown) => {
        assert.ok(error instanceof AppError);
        assert.equal(error.code, code);
        assert.match(error.message, words);
        return true;
      });
    });
  }

  it('says which of several images cannot be read', async () => {
    const files = [await pngOf(pair), Buffer.from('hello')];
    await assert.rejects(imagesToTensor(files, plainConfig(2, 1), specOf([-1, 1, 2, 3])), /Image 2 of 2: .*plain text/);
  });
});

describe('toHalfBits', () => {
  /** The number that half bits stand for. */
  const fromBits = (bits: number): number => {
    const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
    const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
    return (bits & 0x8000) === 0 ? size : -size;
  };

  it('keeps every finite half and rounds what lies between to the nearest, ties to even', () => {
    for (let bits = 0; bits < 0x7bff; bits += 1) {
      const [value, next] = [fromBits(bits), fromBits(bits + 1)];
      const even = bits % 2 === 0 ? bits : bits + 1;
      assert.equal(toHalfBits(value), bits);
      assert.equal(toHalfBits(-value), bits | 0x8000);
      assert.equal(toHalfBits((value + next) / 2), even);
      assert.equal(toHalfBits(value * 0.75 + next * 0.25), bits);
    }
  });

  it('goes to infinity from 65520 on and keeps NaN', () => {
    assert.deepEqual([65_519, 65_520, -1e9, NaN].map(toHalfBits), [0x7bff, 0x7c00, 0xfc00, 0x7e00]);
  });
});
