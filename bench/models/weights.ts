/** `count` values of zero mean and the standard deviation given, uniform: cheap to draw and bounded. */
export function drawWeights(random: () => number, count: number, deviation: number): Float32Array<ArrayBuffer> {
  const weights = new Float32Array(count);
  const reach = deviation * Math.sqrt(12);
  for (let i = 0; i < count; i++) weights[i] = (random() - 0.5) * reach;
  return weights;
}
