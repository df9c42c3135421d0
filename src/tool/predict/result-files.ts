import { arrayOf } from '../../tensor/datatype.js';
import type { Tensor } from '../../tensor/tensor.js';
import { vectorsOf, type AnswerBody, type Found, type Segmented } from './answer-body.js';
import { formatNpy } from './npy.js';
import type { Question } from './question.js';

/** A file that an answer makes: what its name ends with, and its content. */
export interface ResultFile {
  /** `.mask.png` */
  readonly ending: string;
  readonly content: Uint8Array | string;
}

/** What of an answer is a file by nature: masks as PNG, boxes on their image as a page, vectors and tensors as NumPy arrays. */
export function resultFiles(
  body: AnswerBody,
  { question, outputs }: { readonly question: Question; readonly outputs?: ReadonlyMap<string, Tensor> | undefined },
): readonly ResultFile[] {
  const isImage = question.kind === 'image';
  return [
    ...masksOf(body.segmentation),
    ...(body.detections !== undefined && isImage
      ? [{ ending: '.boxes.html', content: boxesPage(question.bytes, body.detections as readonly Found[]) }]
      : []),
    ...vectorFiles(body),
    ...[...(outputs ?? [])].flatMap(([name, tensor]) => tensorFile(name, tensor)),
  ];
}

function masksOf(segmentation: AnswerBody['segmentation']): readonly ResultFile[] {
  const all = segmentation === undefined ? [] : ([segmentation].flat() as readonly Segmented[]);
  return all.flatMap(({ mask }, at) =>
    mask === undefined
      ? []
      : [{ ending: `${all.length === 1 ? '' : `.${at}`}.mask.png`, content: Buffer.from(mask, 'base64') }],
  );
}

function vectorFiles(body: AnswerBody): readonly ResultFile[] {
  const vectors = vectorsOf(body);
  const content = formatNpy({
    datatype: 'FP32',
    shape: [vectors.length, vectors[0]?.length ?? 0],
    data: Float32Array.from(vectors.flat()),
  });
  return vectors.length === 0 || content === undefined ? [] : [{ ending: '.npy', content }];
}

function tensorFile(name: string, tensor: Tensor): readonly ResultFile[] {
  if (tensor.datatype === 'BYTES') return [];
  const Elements = arrayOf(tensor.datatype);
  const content = tensor.data instanceof Elements ? formatNpy(tensor) : undefined;
  return content === undefined ? [] : [{ ending: `.${name.replace(/[^\w.-]/g, '_')}.npy`, content }];
}

const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** A page without anything from outside: the image, which browsers turn upright as the boxes are, and the boxes over it. */
function boxesPage(image: Buffer, found: readonly Found[]): string {
  const boxes = found.map(({ box: [left = 0, top = 0, right = 0, bottom = 0], label, index, score }) => {
    const place = `left:${left}px;top:${top}px;width:${right - left}px;height:${bottom - top}px`;
    const text = escapeHtml(`${label ?? `class ${index}`} ${(score * 100).toFixed(0)} %`);
    return `<div style="${place};--hue:${(index * 67) % 360}"><span>${text}</span></div>`;
  });
  return `<!doctype html>
<meta charset="utf-8">
<title>${found.length} found</title>
<style>
body { margin: 0 } main { position: relative; display: inline-block } img { display: block }
div { position: absolute; box-sizing: border-box; border: 2px solid hsl(var(--hue) 90% 50%) }
span { font: 12px sans-serif; background: hsl(var(--hue) 90% 30%); color: #fff; padding: 0 3px; white-space: nowrap }
</style>
<main><img alt="" src="data:image;base64,${image.toString('base64')}">
${boxes.join('\n')}
</main>
`;
}
