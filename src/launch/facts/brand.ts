/** Brands that nvidia-smi writes in other words than a condition of NVIDIA_REQUIRE_CUDA. */
const brandWords: Readonly<Record<string, string>> = {
  'nvidia virtual applications': 'vapps',
  'nvidia virtual pc': 'vpc',
  'nvidia virtual compute server': 'vcs',
  'nvidia rtx virtual workstation': 'vws',
  'nvidia cloud gaming': 'cloudgaming',
};

/** The brand of each GPU in the order of `nvidia-smi -q`, in the words of NVIDIA_REQUIRE_CUDA: `nvidia`, `geforce`, `quadrortx`. */
export function parseBrands(text: string): readonly string[] {
  return [...text.matchAll(/^\s*Product Brand\s*:\s*(.+?)\s*$/gm)].map(([, brand = '']) => {
    const name = brand.toLowerCase();
    return brandWords[name] ?? name.replace(/ /g, '');
  });
}

const byName: readonly (readonly [RegExp, string])[] = [
  [/geforce/i, 'geforce'],
  [/titan/i, 'titan'],
  [/quadro rtx/i, 'quadrortx'],
  [/quadro/i, 'quadro'],
  [/tesla/i, 'tesla'],
  [/grid/i, 'grid'],
  [/\bRTX\b/, 'nvidiartx'],
  [/\b[ABHLPTV]\d+/, 'nvidia'],
];

/** The brand that a GPU's name tells, where nvidia-smi was not asked for it; undefined for names that tell none. */
export function brandOfName(name: string): string | undefined {
  return byName.find(([pattern]) => pattern.test(name))?.[1];
}
