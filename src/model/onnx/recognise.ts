/** What a file that is no ONNX model is instead, told from its first bytes (up to 64), or undefined where it may be one. */
export function recogniseOther(head: Uint8Array): string | undefined {
  const text = Buffer.from(head).toString('latin1');
  if (head.length === 0) return 'it is empty';
  if (text.startsWith('version https://git-lfs'))
    return 'it is a Git LFS pointer (run `git lfs pull` to fetch the model)';
  if (text.slice(4, 8) === 'ORTM') return 'it is in the ORT format (serve the ONNX file that it was made from)';
  if (text.slice(4, 8) === 'TFL3') return 'it is a TensorFlow Lite model (convert it to ONNX)';
  if (text.startsWith('PK\u0003\u0004')) return 'it is a ZIP archive, as PyTorch saves them (export the model to ONNX)';
  if (text.startsWith('\u0089HDF')) return 'it is an HDF5 file, as Keras saves them (convert the model to ONNX)';
  if (/^\s*<(!doctype|html|\?xml)/i.test(text)) return 'it is a page of HTML or XML (a download that went wrong?)';
  if (isPath(text))
    return `it is a text that names '${text.trim()}': a symbolic link that was saved as a file (git does so where core.symlinks is off)`;
  return undefined;
}

/** `../../blobs/5e1c`: what a link holds, without a line break in between. */
function isPath(text: string): boolean {
  return text.length < 64 && /^\.{0,2}\/?[\w@.-]+(\/[\w@.-]+)+\n?$/.test(text);
}
