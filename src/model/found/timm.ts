import { describeValue } from '../complete/contradiction.js';
import { findMethod } from './filters.js';
import { findImageInput } from './image-input.js';
import { isRecord, isSide, numbersOf, parseObject } from './json.js';
import { nothingFound, type Finding, type FindingSubject } from './types.js';

/** timm's `config.json`: what `pretrained_cfg` says of size, mean, std, crop_pct and interpolation, for a classifier. */
export function findTimm({ header, companions }: FindingSubject): Finding {
  const config = parseObject(companions.get('config.json'));
  const given = config?.['pretrained_cfg'];
  if (config === undefined || !isRecord(given) || typeof config['architecture'] !== 'string') return nothingFound;
  const refused = (what: string): Finding => ({ json: {}, notes: [`Found in config.json (timm), not used: ${what}.`] });
  const [, height, width] = numbersOf(given['input_size']) ?? [];
  const [mean, std] = [numbersOf(given['mean']), numbersOf(given['std'])];
  const input = findImageInput(header);
  const [output] = header.outputs;
  const classes = config['num_classes'] ?? given['num_classes'];
  if (typeof classes !== 'number') return refused('num_classes is missing');
  if (input === undefined) return refused('no single input takes an image');
  if (!isSide(width) || !isSide(height) || mean?.length !== 3 || std?.length !== 3)
    return refused('input_size, mean or std are missing');
  if ((input.width !== -1 && input.width !== width) || (input.height !== -1 && input.height !== height)) {
    return refused(`input_size is ${width}x${height}, but ${describeValue('input', input.input)}`);
  }
  if (output?.shape.length !== 2 || (output.shape[1] !== -1 && output.shape[1] !== classes)) {
    return refused(
      `${classes} classes, but ${output === undefined ? 'there is no output' : describeValue('output', output)}`,
    );
  }
  const crop = cropOf(given, { width, height });
  if (crop === undefined) return refused(`crop_mode ${JSON.stringify(given['crop_mode'])} is not supported`);
  const labels = labelsOf(given, classes);
  // timm's own default.
  const filter = findMethod(given['interpolation'] ?? 'bicubic', 'config.json (timm)');
  if (typeof filter === 'string') return refused(filter);
  const { resample, called, notes } = filter;
  return {
    json: {
      image: { input: input.input.name, ...crop, ...(resample === undefined ? {} : { resample }), mean, std },
      classification: { output: output.name, ...(labels === undefined ? {} : { labels }) },
    },
    notes: [
      `Found in config.json (timm): ${config['architecture']}, classification of ${classes} classes, images ${width}x${height}, ${called}.`,
      ...notes,
    ],
  };
}

/** Its own names of the classes, if they are as many. */
function labelsOf({ label_names: labels }: Readonly<Record<string, unknown>>, classes: number): string[] | undefined {
  const isList = Array.isArray(labels) && labels.every((label) => typeof label === 'string');
  return isList && labels.length === classes ? labels : undefined;
}

type Image = NonNullable<Finding['json']['image']>;

function cropOf(
  { crop_pct: part = 0.875, crop_mode: mode = 'center' }: Readonly<Record<string, unknown>>,
  crop: { readonly width: number; readonly height: number },
): Pick<Image, 'resize' | 'crop'> | undefined {
  const share = typeof part === 'number' && part > 0 && part <= 1 ? part : 0.875;
  const [width, height] = [Math.floor(crop.width / share), Math.floor(crop.height / share)];
  const cut = { ...crop, rounding: 'even' } as const;
  if (mode === 'squash') return { resize: { width, height, fit: 'fill' }, crop: cut };
  // Squares are left to torchvision; timm's own resize of others goes to the nearest pixel.
  const rounding = width === height ? { rounding: 'down' as const } : {};
  return mode === 'center' ? { resize: { width, height, fit: 'outside', ...rounding }, crop: cut } : undefined;
}
