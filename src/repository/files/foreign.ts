import { join } from 'node:path';
import { butOthers } from './model-folder.js';
import { listFolder } from './place.js';

/** Models of PyTorch, TorchServe, TensorRT, TensorFlow, Keras, scikit-learn, Core ML, PaddlePaddle, llama.cpp and Hugging Face. */
const foreign =
  /\.(pt|pth|mar|plan|engine|trt|pb|tflite|h5|keras|pkl|pickle|joblib|mlmodel|pdmodel|gguf|safetensors|ckpt)$/i;

/** More subfolders than this are not looked into. */
const mostLooked = 64;

/**
 * Of a folder in which no model was found, what lies there and in its subfolders instead, as `, but resnet/model.pt and 2 more: only ONNX
 * files are served`; empty where there is nothing of the kind.
 */
export async function butForeign(folder: string): Promise<string> {
  const list = (path: string) => listFolder(path).catch(() => []);
  const entries = await list(folder);
  const folders = entries.filter((entry) => entry.isDirectory()).slice(0, mostLooked);
  const inside = await Promise.all(
    folders.map(async ({ name }) => (await list(join(folder, name))).map((entry) => `${name}/${entry.name}`)),
  );
  return butOthers([...entries.map(({ name }) => name), ...inside.flat()].filter((name) => foreign.test(name)));
}
