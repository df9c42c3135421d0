import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Dim } from '../headers.js';
import { findFolder as of, processor, vit } from './find.js';

describe('a processor of Hugging Face', () => {
  it('resizes the shortest edge and cuts the middle out, as the processor says', () => {
    const resizeOf = (more: object, side: Dim = 224) => {
      const { json, notes } = of(vit, { ...processor, ...more }, { input: [null, 3, side, side] });
      return { made: json.image && [json.image.resize, json.image.crop], note: notes.at(-1) ?? '' };
    };
    const crop = { width: 224, height: 224 };
    const outside = (side: number) => ({ width: side, height: side, fit: 'outside', rounding: 'down' });
    assert.deepEqual(resizeOf({ size: { shortest_edge: 256 }, do_center_crop: true, crop_size: crop }).made, [
      outside(256),
      crop,
    ]);
    const center = { size: { shortest_edge: 224 }, do_center_crop: true, crop_size: crop };
    const pool = { image_processor_type: 'PoolFormerImageProcessor', crop_pct: 0.9 };
    assert.deepEqual(resizeOf({ ...center, ...pool }).made, [outside(248), crop]);
    assert.deepEqual(resizeOf({ ...center, ...pool, size: crop }).made, [outside(248), crop]);
    assert.deepEqual(resizeOf({ ...center, ...pool, size: { height: 180, width: 270 }, crop_size: 200 }, 200).made, [
      { width: 300, height: 200, fit: 'fill' },
      { width: 200, height: 200 },
    ]);
    assert.deepEqual(resizeOf({ ...center, image_processor_type: 'LevitImageProcessor' }).made, [outside(256), crop]);
    assert.match(
      resizeOf({ size: { shortest_edge: 800, longest_edge: 1333 } }).note,
      /images of various sizes, but the model takes 224x224\. Give "image"/,
    );
    assert.match(
      resizeOf({ size: { height: 384, width: 384 } }).note,
      /it makes 384x384, but input 'images' FP32 \[-1,3,224,224\]/,
    );
    assert.match(
      resizeOf({ ...center, size: { shortest_edge: 256, longest_edge: 300 } }).note,
      /the longest_edge of its size is not known of this processor/,
    );
    assert.match(resizeOf({ do_resize: false }).note, /does not resize/);
    assert.match(resizeOf({ size: crop, image_std: [1, 2] }).note, /are not three numbers each/);
  });

  it('bounds both edges as DETR and its kin do, where the model takes images of any size', () => {
    const found = (more: object, input: readonly Dim[] = [null, 3, null, null]) =>
      of(vit, { ...processor, image_processor_type: 'DetrImageProcessor', ...more }, { input });
    const resizeOf = (more: object) => found(more).json.image?.resize;
    const bound = (side: number, longest: number) => ({ width: side, height: side, fit: 'outside', longest });
    const size = { shortest_edge: 800, longest_edge: 1333 };
    assert.deepEqual(resizeOf({ size }), bound(800, 1333));
    assert.deepEqual(resizeOf({ size, image_processor_type: 'ConditionalDetrImageProcessorFast' }), bound(800, 1333));
    assert.deepEqual(resizeOf({ size: 800, max_size: 1000 }), bound(800, 1000));
    assert.deepEqual(resizeOf({ size: 640 }), bound(640, 1333));
    assert.deepEqual(resizeOf({ size, do_pad: true, image_processor_type: 'YolosFeatureExtractor' }), {
      ...bound(800, 1333),
      multipleOf: 16,
      multipleBy: 'stretch',
      rounding: 'down',
    });
    assert.match(
      found({ size }).notes.at(-1) ?? '',
      /how images are prepared \(shortest side 800, longest at most 1333, /,
    );
    assert.match(
      found({ size }, [null, 3, 800, null]).notes.at(-1) ?? '',
      /various sizes, but the model takes anyx800/,
    );
    assert.match(
      found({ size, image_processor_type: 'ViltImageProcessor' }).notes.at(-1) ?? '',
      /the longest_edge of its size is not known of this processor/,
    );
  });

  it('reads a size of one number as the family does: both sides, or the shortest edge', () => {
    const resizeOf = (more: object, config: object = vit) =>
      of(config, { ...processor, ...more }, { input: [null, 3, 224, 224] }).json.image;
    const cut = { do_center_crop: true, crop_size: 224 };
    const square = (side: number) => ({ width: side, height: side });
    for (const [family, fit] of [
      ['ViTImageProcessor', 'fill'],
      ['DeiTFeatureExtractor', 'fill'],
      ['BeitImageProcessorFast', 'fill'],
      ['CLIPFeatureExtractor', 'outside'],
      ['BitImageProcessor', 'outside'],
      ['MobileNetV2ImageProcessor', 'outside'],
    ] as const) {
      const made = resizeOf({ image_processor_type: family, size: 256, ...cut });
      assert.deepEqual([made?.resize?.fit, made?.resize?.width, made?.crop], [fit, 256, square(224)], family);
    }
    assert.deepEqual(resizeOf({ size: 224 })?.resize, { ...square(224), fit: 'fill' });
    const bare = { ...vit, architectures: ['ResNetForImageClassification'] };
    assert.equal(resizeOf({ size: 256, ...cut }, bare)?.resize?.fit, 'outside');
  });

  it('makes the edge longer as ConvNeXt does it below 384, and takes both sides from there on', () => {
    const found = (shortest: number, family = 'ConvNextFeatureExtractor') => {
      const size = { size: { shortest_edge: shortest }, crop_pct: 0.875, feature_extractor_type: family };
      return of(vit, { ...processor, ...size }, { input: [null, 3, shortest, shortest] });
    };
    const resizeOf = (shortest: number) => {
      const { image } = found(shortest).json;
      return [image?.resize, image?.crop];
    };
    const square = (side: number) => ({ width: side, height: side });
    assert.deepEqual(resizeOf(224), [{ ...square(256), fit: 'outside', rounding: 'down' }, square(224)]);
    assert.deepEqual(resizeOf(383), [{ ...square(437), fit: 'outside', rounding: 'down' }, square(383)]);
    assert.deepEqual(resizeOf(384), [{ ...square(384), fit: 'fill' }, undefined]);
    assert.match(found(224, 'ViTImageProcessor').notes.join(), /its crop_pct is not known of this processor/);
  });

  it('takes one number for every channel, and never leaves values as they are where it was told to change them', () => {
    const imageOf = (more: object) => of(vit, { ...processor, ...more });
    const { json } = imageOf({ image_mean: 0.5, image_std: 0.25 });
    assert.deepEqual(
      [json.image?.mean, json.image?.std],
      [
        [0.5, 0.5, 0.5],
        [0.25, 0.25, 0.25],
      ],
    );
    for (const own of [
      { image_mean: undefined, image_std: undefined },
      { image_mean: [0.5] },
      { image_std: undefined },
    ]) {
      assert.match(imageOf(own).notes.at(-1) ?? '', /image_mean and image_std are not three numbers each/);
    }
    const plain = imageOf({ do_normalize: false, image_mean: undefined }).json.image;
    assert.deepEqual([plain?.mean, plain?.std, plain?.scale], [undefined, undefined, 0.5]);
    const mobile = { image_processor_type: 'MobileViTImageProcessor', do_normalize: undefined };
    assert.equal(imageOf(mobile).json.image?.mean, undefined);
    assert.deepEqual(imageOf({ ...mobile, do_normalize: true }).json.image?.mean, processor.image_mean);
    const divided = imageOf({ do_normalize: false, include_top: true }).json.image;
    assert.deepEqual([divided?.mean, divided?.std], [[0, 0, 0], processor.image_std]);
  });

  it('takes the order of channels and the deviation as the processor uses them, and not what it cannot do', () => {
    const imageOf = (more: object) => of(vit, { ...processor, ...more });
    assert.equal(imageOf({ do_flip_channel_order: true }).json.image?.color, 'bgr');
    assert.equal(imageOf({ do_flip_channel_order: false }).json.image?.color, undefined);
    const twice = { image_mean: [0.5, 0.25, 0], image_std: [0.5, 0.25, 2], include_top: true };
    assert.deepEqual(imageOf(twice).json.image?.std, [0.25, 0.0625, 4]);
    for (const [key, more] of [
      ['rescale_offset', { rescale_offset: true }],
      ['keep_aspect_ratio', { keep_aspect_ratio: true }],
      ['do_thumbnail', { do_thumbnail: true }],
      ['pad_size', { do_pad: true, pad_size: { height: 96, width: 96 } }],
      ['size_divisor', { do_pad: true, size_divisor: 32 }],
      ['size_divisor', { size_divisor: 32 }],
      ['ensure_multiple_of', { ensure_multiple_of: 32 }],
    ] as const) {
      const { json, notes } = imageOf(more);
      assert.equal(json.image, undefined);
      assert.match(notes.at(-1) ?? '', new RegExp(`its ${key} is not supported\\. Give "image"`));
    }
    const alike = { do_pad: true, do_thumbnail: false, do_convert_rgb: true, pad_size: null, ensure_multiple_of: 1 };
    assert.deepEqual(imageOf(alike).json, imageOf({}).json);
  });

  it("resizes with the filter that Pillow's number means, and says where it is not done or not told", () => {
    const filterOf = (resample?: unknown) => {
      const { json, notes } = of(vit, { ...processor, resample });
      return [json.image?.resample, notes.at(-1)];
    };
    for (const [number, method] of ['nearest', 'lanczos', 'bilinear', 'bicubic', 'area'].entries()) {
      const found = `Found in preprocessor_config.json: how images are prepared (96x64, ${method}).`;
      assert.deepEqual(filterOf(number), [method, found]);
    }
    for (const [number, name] of [
      [5, 'hamming'],
      [6, '6'],
      [-1, '-1'],
      [1.5, '1.5'],
      ['cubic', '"cubic"'],
    ])
      assert.deepEqual(filterOf(number), [
        undefined,
        `Found in preprocessor_config.json, not used: its resize filter ${String(name)} is not supported. Give "image" in model.json.`,
      ]);
    const untold = 'preprocessor_config.json names no resize filter: bilinear is used.';
    assert.deepEqual(filterOf(), [undefined, untold]);
  });

  it('is not used where it says what no model.json may, such as a deviation of zero', () => {
    const edge = { size: { shortest_edge: 64 }, do_center_crop: true, crop_size: { height: 64, width: 96 } };
    const poolFormer = { ...edge, image_processor_type: 'PoolFormerImageProcessor' };
    for (const [given, expected] of [
      [
        { image_std: [0.5, 0, 0.5] },
        /None of it is used: image\.std is \[0\.5,0,0\.5\], expected a number other than 0/,
      ],
      [{ ...poolFormer, crop_pct: 0 }, /None of it is used: image\.resize\.width is null, expected an integer/],
      [{ ...poolFormer, crop_pct: 2 ** -10 }, /None of it is used: image\.resize\.width is 65536, expected an integer/],
    ] as const) {
      const { json, notes } = of(vit, { ...processor, ...given });
      assert.deepEqual(json, {});
      assert.match(notes.join(' '), expected);
    }
    const { json } = of(vit, { ...processor, ...poolFormer, crop_pct: 0.5 });
    assert.deepEqual(json.image?.resize, { width: 128, height: 128, fit: 'outside', rounding: 'down' });
  });
});
