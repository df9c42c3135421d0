/** What keeps a GPU from computing though its driver lists it, and the line that helps. */
export interface GpuHindrance {
  readonly cause: string;
  readonly fix: string;
}

/** Settings and states of one GPU in `nvidia-smi -q`, from the nearest to the rarest. */
const signs: readonly (readonly [pattern: RegExp, GpuHindrance])[] = [
  [
    /^ {4}Compute Mode\s*: Prohibited/m,
    { cause: 'its compute mode is Prohibited, so that nothing may compute on it', fix: 'sudo nvidia-smi -c DEFAULT' },
  ],
  [
    /^ {4}Compute Mode\s*: Exclusive/m,
    {
      cause: 'its compute mode is Exclusive_Process, so that only one process computes on it at a time',
      fix: 'sudo nvidia-smi -c DEFAULT',
    },
  ],
  [
    /^ {4}Fabric\n(?: {8}.*\n)*? {8}State\s*: (In Progress|Not Started)/m,
    {
      cause: 'its NVSwitch fabric is not set up, without which CUDA does not start (error 802)',
      fix: 'sudo systemctl enable --now nvidia-fabricmanager, of the same version as the driver',
    },
  ],
  [
    /^ {4}GPU Recovery Action\s*: (?!None|N\/A)\w/m,
    { cause: 'the driver asks for it to be reset', fix: 'sudo nvidia-smi --gpu-reset, or reboot' },
  ],
];

/** A GPU that is shared out in slices of which there are none. */
const unsliced: GpuHindrance = {
  cause: 'MIG is on, and no MIG device was made of it',
  fix: 'sudo nvidia-smi mig -cgi 0 -C, or sudo nvidia-smi -mig 0',
};

/** What the part of `nvidia-smi -q` about one GPU tells against it; `migDevices` is undefined where they could not be listed. */
export function findHindrances(block: string, migDevices: number | undefined): readonly GpuHindrance[] {
  const isSliced = /^ {4}MIG Mode\n(?: {8}.*\n)*? {8}Current\s*: Enabled/m.test(block);
  const found = signs.flatMap(([pattern, hindrance]) => (pattern.test(block) ? [hindrance] : []));
  return isSliced && migDevices === 0 ? [unsliced, ...found] : found;
}
