import { readFileSync } from 'node:fs';

/** A package of NVIDIA's with those of its libraries that ONNX Runtime's CUDA provider needs. */
export interface NvidiaPackage {
  readonly name: string;
  readonly version: string;
  readonly libraries: readonly string[];
}

/** What docker/cuda12-apt.txt or docker/cuda13-apt.txt records. */
export interface NvidiaRecord {
  readonly base: string;
  readonly env: Readonly<Record<string, string>>;
  /** In the base. */
  readonly present: readonly NvidiaPackage[];
  /** What Dockerfile.gpu asks the repository for. */
  readonly asked: readonly NvidiaPackage[];
}

export const cudaMajors = ['12', '13'] as const;
export type CudaMajor = (typeof cudaMajors)[number];

/** Reads the record of a CUDA major; tests run in the project's root. */
export function readNvidiaRecord(major: CudaMajor): NvidiaRecord {
  const lines = readFileSync(`docker/cuda${major}-apt.txt`, 'utf8').split('\n');
  const of = (kind: string): readonly string[] =>
    lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1));
  const packages = (kind: string): readonly NvidiaPackage[] =>
    of(kind).map((line) => {
      const [name = '', version = '', ...libraries] = line.split(' ');
      return { name, version, libraries };
    });
  const variables = of('env').map((line): [string, string] => {
    const end = line.indexOf('=');
    return [line.slice(0, end), line.slice(end + 1)];
  });
  return {
    base: of('base')[0] ?? '',
    env: Object.fromEntries(variables),
    present: packages('present'),
    asked: packages('asked'),
  };
}
