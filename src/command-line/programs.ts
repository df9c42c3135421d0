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
  if (!Object.hasOwn(meant[program], word)) return undefined;
  return `${program} has no ${word}.\n  type: ${[meant[program][word], ...rest].join(' ')}`;
}
