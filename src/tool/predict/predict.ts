import { writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import type { Connection } from '../../client/connection.js';
import { openHttp, type HttpClient } from '../../client/http.js';
import { taskOf } from '../../client/task.js';
import { AppError, messageOf, toPlainError, type ErrorCode } from '../../errors.js';
import { makeFolders } from '../../private-folder.js';
import { escapeMisleading } from '../../protocol/paths.js';
import { readAccess, type AccessFlags } from '../access.js';
import type { ToolContext } from '../context.js';
import { exitCodes } from '../exit-codes.js';
import { listReady } from '../ready-models.js';
import { serveOnce } from '../serve-once.js';
import { parseAnswerBody, type AnswerBody } from './answer-body.js';
import { askModel, type Answer, type Asked } from './ask.js';
import { chooseModel, type Candidate } from './choose-model.js';
import { findServer } from './find-server.js';
import { findInputs, type Input, type InputFlags } from './inputs.js';
import type { Question } from './question.js';
import { resultFiles } from './result-files.js';
import { showAnswer } from './show.js';

/** Flags of `slipway predict`. */
export interface PredictFlags extends AccessFlags, InputFlags {
  readonly model?: string;
  readonly models?: string;
  readonly timeout: number;
  readonly json?: boolean;
  readonly query: Readonly<Record<string, string>>;
}

/** Requests that are under way at once, so that the server can batch them. */
const atOnce = 4;

/** Asks a server about every input and shows the answers in their order; answers the exit code of the first that failed. */
export async function predict(files: readonly string[], flags: PredictFlags, context: ToolContext): Promise<number> {
  const inputs = findInputs(files, flags, context);
  const access = await readAccess(flags, context.env);
  const own = flags.models === undefined ? undefined : await serveOnce(flags.models, context);
  try {
    const options = {
      headers: access.headers,
      tls: access.tls,
      timeoutMs: flags.timeout * 1000,
      signal: context.signal,
    };
    const { connection, isForeign } = await findServer(own?.url ?? access.url, options, context);
    const http = openHttp(connection.url, options);
    try {
      return await predictAll(inputs, { flags, context, http, isForeign, models: new Models(connection) });
    } finally {
      http.close();
      connection.close();
    }
  } finally {
    await own?.stop();
  }
}

/** The models of a server, each asked for once. */
class Models {
  readonly #connection: Connection;
  #candidates: Promise<readonly Candidate[]> | undefined;
  readonly #known = new Map<string, Promise<Asked>>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The model that is named, else the only one that fits. */
  async find(named: string | undefined, question: Question): Promise<Asked> {
    const [, own, version] = /^(.+?)(?:\/(\d+))?$/.exec(named ?? '') ?? [];
    if (own !== undefined) return this.#describe(own, version);
    this.#candidates ??= this.#list();
    return this.#describe(chooseModel(await this.#candidates, { question, url: this.#connection.url }), undefined);
  }

  async #list(): Promise<readonly Candidate[]> {
    const names = await listReady(this.#connection);
    return Promise.all(names.map((name) => this.#describe(name, undefined)));
  }

  #describe(name: string, version: string | undefined): Promise<Asked> {
    const key = `${name}/${version ?? ''}`;
    const known = this.#known.get(key) ?? this.#ask(name, version);
    this.#known.set(key, known);
    return known;
  }

  async #ask(name: string, version: string | undefined): Promise<Asked> {
    const metadata = await this.#connection.model(name, version).metadata();
    return { name, ...(version === undefined ? {} : { version }), metadata, task: taskOf(metadata) };
  }
}

interface Run {
  readonly flags: PredictFlags;
  readonly context: ToolContext;
  readonly http: HttpClient;
  readonly isForeign: boolean;
  readonly models: Models;
}

interface Outcome {
  readonly input: Input;
  readonly question: Question;
  readonly asked: Asked;
  readonly answer: Answer;
}

async function predictAll(inputs: readonly Input[], run: Run): Promise<number> {
  const { console, signal } = run.context;
  const pending: Promise<Outcome | { readonly thrown: unknown }>[] = [];
  let code = 0;
  const start = (input: Input): void => {
    pending.push(predictOne(input, run).catch((thrown: unknown) => ({ thrown })));
  };
  inputs.slice(0, atOnce).forEach(start);
  for (const [at, input] of inputs.entries()) {
    if (inputs.length > 1) console.progress(`${at} of ${inputs.length}`);
    const outcome = await pending[at];
    if (outcome === undefined) break;
    const next = inputs[at + atOnce];
    const failure =
      'thrown' in outcome
        ? outcome.thrown
        : await tell(outcome, run).then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
    const failed = failure === undefined ? 0 : tellFailure(input, failure, run);
    code ||= failed;
    if (signal.aborted) return exitCodes.CLIENT_GONE;
    if (next !== undefined) start(next);
  }
  return code;
}

async function predictOne(input: Input, { flags, context, http, isForeign, models }: Run): Promise<Outcome> {
  const question = await input.read();
  const asked = await models.find(flags.model, question);
  const isMaskWanted = flags.json === true || flags.out !== undefined || asked.task.name !== 'segmentation';
  const query = isMaskWanted ? flags.query : { mask: 'none', ...flags.query };
  const options = { query, isForeign, asJson: flags.json === true, signal: context.signal };
  return { input, question, asked, answer: await askModel(http, { asked, question, options }) };
}

async function tell({ input, question, asked, answer }: Outcome, { flags, context: { console } }: Run): Promise<void> {
  const body: AnswerBody = answer.outputs === undefined ? parseAnswerBody(answer.text) : {};
  if (flags.out !== undefined)
    await writeResults(flags.out, { input, files: resultFiles(body, { question, outputs: answer.outputs }), console });
  if (flags.json === true) {
    console.result(`{"file":${JSON.stringify(input.name)},${answer.text.trim().slice(1)}`);
    return;
  }
  const where = answer.device === '' ? '' : ` on ${escapeMisleading(answer.device)}`;
  console.result(`${console.paint('bold', input.name)}  ${asked.name}${where}`);
  console.result(showAnswer(body, answer.outputs).replace(/^(?=.)/gm, '  '));
}

interface Results {
  readonly input: Input;
  readonly files: ReturnType<typeof resultFiles>;
  readonly console: ToolContext['console'];
}

/** One result goes to the path itself where that has an ending; else the path is a folder. */
async function writeResults(out: string, { input, files, console }: Results): Promise<void> {
  const isFile = files.length === 1 && extname(out) !== '';
  for (const { ending, content } of files) {
    const path = isFile ? out : join(out, input.stem + ending);
    try {
      makeFolders(dirname(path), 0o777);
      await writeFile(path, content);
    } catch (thrown) {
      throw new AppError('USAGE', `--out ${out} cannot be written: ${messageOf(thrown)}.`, { cause: thrown });
    }
    console.note(`wrote ${path}`);
  }
  if (files.length === 0) console.warn(`${input.name}: this answer has no mask, boxes, vectors or tensors to write`);
}

function tellFailure(input: Input, thrown: unknown, { flags, context: { console, signal } }: Run): number {
  const { code, message, details } = toPlainError(thrown);
  const own: ErrorCode = signal.aborted ? 'CLIENT_GONE' : code;
  if (own === 'CLIENT_GONE') return exitCodes[own];
  if (flags.json === true) console.result(JSON.stringify({ file: input.name, error: { code, message, details } }));
  console.fail(message.includes(input.name) ? message : `${input.name}: ${message}`);
  if (!(thrown instanceof AppError) && thrown instanceof Error) console.note(thrown.stack ?? '');
  return exitCodes[own];
}
