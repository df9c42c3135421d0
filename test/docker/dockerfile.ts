import { DockerfileParser, type Dockerfile } from 'dockerfile-ast';
import { readFileSync } from 'node:fs';
import { containerVariants, type ContainerVariant } from '../../src/launch/labels.js';

/** A Dockerfile of ours: its text and its syntax tree. */
export interface OwnDockerfile {
  readonly variant: ContainerVariant;
  readonly text: string;
  readonly tree: Dockerfile;
}

/** All Dockerfiles of the project; tests run in its root. */
export const dockerfiles: readonly OwnDockerfile[] = containerVariants.map((variant) => {
  const text = readFileSync(`docker/Dockerfile.${variant}`, 'utf8');
  return { variant, text, tree: DockerfileParser.parse(text) };
});

/** Default of an ARG before the first FROM, without quotes. */
export function globalArgument({ text, variant }: OwnDockerfile, name: string): string {
  const value = new RegExp(`^ARG ${name}=(.*)$`, 'm').exec(text.slice(0, text.search(/^FROM /m)))?.[1];
  if (value === undefined) throw new Error(`docker/Dockerfile.${variant} has no global ARG ${name}`);
  return value.replace(/^"(.*)"$/, '$1');
}

/** What each RUN runs, without its --mount and --network, with the line on which it begins. */
export function listCommands({ tree }: OwnDockerfile): readonly { readonly line: number; readonly script: string }[] {
  return tree
    .getInstructions()
    .filter((instruction) => instruction.getKeyword() === 'RUN')
    .map((instruction) => ({
      line: instruction.getRange().start.line + 1,
      script: instruction
        .getTextContent()
        .replace(/^RUN\s+/, '')
        .replace(/^(?:--\S+\s+(?:\\\n\s*)?)+/, ''),
    }));
}

/** Default of an ARG in the stage of that name. */
export function stageArgument({ tree, variant }: OwnDockerfile, stage: string, name: string): string {
  const from = tree.getFROMs().find((instruction) => instruction.getBuildStage() === stage);
  const start = from?.getRange().start.line ?? Infinity;
  const end =
    tree
      .getFROMs()
      .map((other) => other.getRange().start.line)
      .find((line) => line > start) ?? Infinity;
  const value = tree
    .getARGs()
    .find((argument) => {
      const { line } = argument.getRange().start;
      return line > start && line < end && argument.getProperty()?.getName() === name;
    })
    ?.getProperty()
    ?.getValue();
  if (value === undefined || value === null)
    throw new Error(`docker/Dockerfile.${variant} has no ARG ${name}=... in ${stage}`);
  return value;
}
