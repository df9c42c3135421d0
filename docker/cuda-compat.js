// NVIDIA's compatibility libraries run newer CUDA on older drivers of data-centre GPUs. NVIDIA's container tools put them before the driver's own
// where they are new enough and set up for it; a device that came in by a CDI spec of an older toolkit finds the driver's libcuda first. Here the server does it.
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import process from 'node:process';

/** Cards that the libraries do not support, as the driver names them. */
const consumer = /\b(?:GeForce|TITAN)\b/i;
const folder = '/usr/local/cuda/compat';

function read(path, pattern) {
  try {
    return pattern.exec(readFileSync(path, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/** Models of the GPUs whose device files are in this container; the driver lists those of the whole machine. */
function listModels(root) {
  const gpus = `${root}/proc/driver/nvidia/gpus`;
  if (!existsSync(gpus)) return [];
  return readdirSync(gpus).flatMap((bus) => {
    const minor = read(`${gpus}/${bus}/information`, /^Device Minor:\s*(\d+)/m);
    const isHere = minor !== undefined && existsSync(`${root}/dev/nvidia${minor}`);
    return isHere ? [read(`${gpus}/${bus}/information`, /^Model:\s*(.+?)\s*$/m) ?? ''] : [];
  });
}

/** Driver version of the libraries: libcuda.so.1 is a link to libcuda.so.580.95.05. */
function readCompat(root) {
  try {
    return /\.so\.(\d+\.[\d.]+)$/.exec(readlinkSync(`${root}${folder}/libcuda.so.1`))?.[1];
  } catch {
    return undefined;
  }
}

/**
 * The folder to put first, with both versions, where the driver of this machine is of a branch that the libraries stand on and every GPU
 * here is of a kind that they support; undefined where they have nothing to do, or come first already.
 *
 * @param {object} options
 * @param {string} [options.root] what stands before every path, for trials
 * @param {NodeJS.ProcessEnv} options.env NVIDIA_REQUIRE_CUDA names the branches, LD_LIBRARY_PATH what comes first
 * @returns {{ folder: string, driver: string, compat: string } | undefined}
 */
export function findCompat({ root = '', env }) {
  const { NVIDIA_REQUIRE_CUDA: condition = '', LD_LIBRARY_PATH: first = '' } = env;
  const driver = read(`${root}/proc/driver/nvidia/version`, /Kernel Module\s.*?(\d{3,}\.\d[\d.]*)/);
  const compat = readCompat(root);
  const models = listModels(root);
  if (driver === undefined || compat === undefined || first.split(':').includes(folder)) return undefined;
  const branch = Number.parseInt(driver, 10);
  if (branch >= Number.parseInt(compat, 10) || models.length === 0 || models.some((model) => consumer.test(model)))
    return undefined;
  const clauses = [...condition.matchAll(/brand=[^\s,]+,driver>=(\d+),driver<(\d+)/g)];
  const isSupported = clauses.some(([, from, below]) => branch >= Number(from) && branch < Number(below));
  return isSupported ? { folder, driver, compat } : undefined;
}

/** Goes on as the same process with these libraries first, which the loader reads at a start alone; returns where Node.js cannot. */
export function startAgainWith({ folder: libraries, driver, compat }) {
  const path = [libraries, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  const what = `driver ${driver} is older than this image's CUDA, and NVIDIA's compatibility libraries (${compat})`;
  if (typeof process.execve !== 'function') {
    process.stderr.write(`slipway: ${what} do not come first: start the container with -e LD_LIBRARY_PATH=${path}\n`);
    return;
  }
  process.stderr.write(`slipway: ${what} come first, from ${libraries}.\n`);
  const args = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, args, { ...process.env, LD_LIBRARY_PATH: path });
}
