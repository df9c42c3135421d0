import type { Graph } from '../../src/model/onnx/writer.js';
import { Network } from './network.js';

interface Stage {
  readonly blocks: number;
  readonly width: number;
  readonly stride: number;
}

/** Stages of a residual network of 50 layers (He et al. 2016, table 1). */
const stages: readonly Stage[] = [
  { blocks: 3, width: 64, stride: 1 },
  { blocks: 4, width: 128, stride: 2 },
  { blocks: 6, width: 256, stride: 2 },
  { blocks: 3, width: 512, stride: 2 },
];

interface ConvOptions {
  readonly channels: readonly [from: number, to: number];
  readonly kernel: number;
  readonly stride?: number;
  readonly gain?: number;
}

function conv(net: Network, x: string, { channels: [from, to], kernel, stride = 1, gain = 2 }: ConvOptions): string {
  const pad = (kernel - 1) / 2;
  const weights = net.weights([to, from, kernel, kernel], from * kernel * kernel, gain);
  const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] };
  return net.add('Conv', [x, weights, net.fill(to, 0)], attributes);
}

/** 1x1, 3x3, 1x1 and a shortcut; the residual branch is scaled down so that sums of blocks keep their size. */
function bottleneck(net: Network, x: string, block: { from: number; width: number; stride: number }): string {
  const { from, width, stride } = block;
  const to = width * 4;
  const narrow = net.add('Relu', [conv(net, x, { channels: [from, width], kernel: 1 })]);
  const middle = net.add('Relu', [conv(net, narrow, { channels: [width, width], kernel: 3, stride })]);
  const branch = conv(net, middle, { channels: [width, to], kernel: 1, gain: 0.2 });
  const isSame = from === to && stride === 1;
  const shortcut = isSame ? x : conv(net, x, { channels: [from, to], kernel: 1, stride, gain: 1 });
  return net.add('Relu', [net.add('Add', [branch, shortcut])]);
}

/** A convolution net of ResNet-50's size: `image` FP32 [batch,3,224,224] -> `logits` FP32 [batch,1000]; 25.5 million random weights. */
export function buildConvolutionNet(seed: number): Graph {
  const net = new Network(seed);
  const stem = net.add('Relu', [conv(net, 'image', { channels: [3, 64], kernel: 7, stride: 2 })]);
  let x = net.add('MaxPool', [stem], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  let from = 64;
  for (const { blocks, width, stride } of stages) {
    for (let i = 0; i < blocks; i++) {
      x = bottleneck(net, x, { from, width, stride: i === 0 ? stride : 1 });
      from = width * 4;
    }
  }
  const pooled = net.add('Flatten', [net.add('GlobalAveragePool', [x])], { axis: 1 });
  const logits = net.dense(pooled, [from, 1000]);
  return net.graph('convolution-net', [{ name: 'image', datatype: 'FP32', shape: ['batch', 3, 224, 224] }], {
    name: 'logits',
    datatype: 'FP32',
    shape: ['batch', 1000],
    from: logits,
  });
}
