import { nearest } from './suggestion.js';

/** The commands of `slipway`; a test holds them against the program's own. */
const slipwayWords = ['predict', 'bench', 'completion', 'inspect', 'init'] as const;

/** The first words of launch's lines that `slipway` has not; a test holds them against launch's own commands. */
const launchWords =
  'up plan doctor ps logs stats exec shell port stop kill rm prune scale rollback restart events images build tag pull push history rmi export network models';

/** What says in the place of a first word what it was meant to: the other program's, or what other tools call so. */
const meant: Readonly<Record<'slipway' | 'launch', Readonly<Record<string, string>>>> = {
  slipway: {
    ...Object.fromEntries(launchWords.split(' ').map((word) => [word, `launch ${word}`])),
    ...{ serve: 'slipway', start: 'slipway', run: 'slipway' },
    ...{ help: 'slipway --help', version: 'slipway --version', validate: 'launch models validate' },
  },
  launch: {
    ...{ predict: 'slipway predict', bench: 'slipway bench', serve: 'slipway' },
    ...{ init: 'launch models init', validate: 'launch models validate' },
  },
};

/** What to type for a line of which the first word is no command of this program; undefined for words that nobody means something else by. */
export function otherLine(program: 'slipway' | 'launch', [word = '', ...rest]: readonly string[]): string | undefined {
  if (program === 'launch' && word === 'inspect' && rest.some((path) => /[/\\]|\.onnx$/i.test(path)))
    return `launch inspect is for containers.\n  type: ${['launch models inspect', ...rest].join(' ')}`;
  const topic = program === 'slipway' && word === 'help' ? slipwayWords.find((own) => own === rest[0]) : undefined;
  if (topic !== undefined) return `slipway has no help.\n  type: slipway ${topic} --help`;
  if (!Object.hasOwn(meant[program], word)) return undefined;
  return `${program} has no ${word}.\n  type: ${[meant[program][word], ...rest].join(' ')}`;
}

/** What to type for a line of `slipway` that cannot be read, where a command was meant: one that does not come first, or is misspelt. */
export function meantCommand(argv: readonly string[]): string | undefined {
  const later = argv.slice(1).find((word) => slipwayWords.some((own) => own === word));
  return later === undefined ? undefined : `The command comes first: slipway ${later}`;
}

/** The command of `slipway` that is nearest to a first word; undefined for a command itself, a flag and a path. */
export function nearCommand(word: string): string | undefined {
  const near = /^[a-z]{3,}$/i.test(word) ? nearest(word.toLowerCase(), slipwayWords) : undefined;
  return near === word ? undefined : near;
}
